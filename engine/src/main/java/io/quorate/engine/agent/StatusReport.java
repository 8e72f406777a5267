package io.quorate.engine.agent;

import io.quorate.engine.decision.Decision;
import io.quorate.engine.epoch.Succession;
import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.EngineCounter;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.metrics.LatencyRecorder;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.pbft.PbftListener;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.transport.DropReason;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.auth.Roster;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;

/** Remembers what the status of a peer is made of, and makes it when asked. On the consensus thread. */
final class StatusReport implements PbftListener {
    private static final int ROUNDS_MAX = 32;

    private final EngineStatus identity;
    private final LongSupplier packetsRefused;
    private final ArrayDeque<EngineStatus.ClosedRound> rounds = new ArrayDeque<>();
    private final JournalRing journal;
    private String stableDigest = "";

    /**
     * @param identity a status whose unchanging parts are filled in
     * @param journal null in memory-only mode
     */
    StatusReport(final EngineStatus identity, final LongSupplier packetsRefused, final JournalRing journal) {
        this.journal = journal;
        this.identity = identity;
        this.packetsRefused = packetsRefused;
    }

    /** Goes on with what the report of the epoch before knew of rounds. */
    void adopt(final StatusReport before) {
        rounds.addAll(before.rounds);
    }

    void onRoundClosed(final String round, final long sequence, final Decision.Status status, final byte[] digest) {
        rounds.removeIf(known -> known.round().equals(round));
        rounds.addLast(new EngineStatus.ClosedRound(
                round, sequence, status.label(), HexFormat.of().formatHex(digest)));
        if (rounds.size() > ROUNDS_MAX) {
            rounds.removeFirst();
        }
    }

    @Override
    public void onStableCheckpoint(final long sequence, final Digest256 stateDigest) {
        stableDigest = stateDigest.toString();
    }

    EngineStatus status(
            final PbftReplica replica,
            final Succession succession,
            final boolean hasLeft,
            final Counters<EngineCounter> counters,
            final LatencyRecorder decisionLatency,
            final LinkCounters links) {
        return new EngineStatus(
                identity.peerId(),
                identity.peerName(),
                identity.peerCount(),
                identity.group(),
                identity.epoch(),
                progress(replica, succession, hasLeft),
                replica.view(),
                replica.primaryId(),
                replica.isVoting(),
                replica.committedSequence(),
                replica.stableSequence(),
                stableDigest,
                new ArrayList<>(rounds),
                accusations(replica),
                identity.kernelName(),
                identity.kernelBits(),
                identity.cryptoProvider(),
                decisionLatency.percentileNs(50),
                decisionLatency.percentileNs(99),
                journal == null ? EngineStatus.Journal.none() : journal.status(),
                counters(replica, counters, links));
    }

    private static EngineStatus.Epoch progress(
            final PbftReplica replica, final Succession succession, final boolean hasLeft) {
        final long end = replica.endSequence() == Long.MAX_VALUE ? 0 : replica.endSequence();
        if (succession.isEnded()) {
            final Roster next = succession.certificate().next();
            return new EngineStatus.Epoch(
                    hasLeft ? "left" : "over",
                    succession.certificate().handover().sequence(),
                    next.epoch());
        }
        if (succession.isClosed()) {
            return new EngineStatus.Epoch("closed", end, 0);
        }
        return new EngineStatus.Epoch(!replica.isOpen() ? "fetches" : end > 0 ? "ends" : "open", end, 0);
    }

    private static List<EngineStatus.Accusation> accusations(final PbftReplica replica) {
        final List<EngineStatus.Accusation> accusations = new ArrayList<>();
        for (final Evidence found : replica.evidence()) {
            accusations.add(new EngineStatus.Accusation(
                    found.accusedId(), label(found.kind()).replace('.', '-'), found.view(), found.sequence()));
        }
        return accusations;
    }

    private Map<String, Long> counters(
            final PbftReplica replica, final Counters<EngineCounter> engine, final LinkCounters links) {
        final Map<String, Long> values = new LinkedHashMap<>();
        for (final EngineCounter counter : EngineCounter.values()) {
            values.put(counter.label(), engine.get(counter));
        }
        for (final PbftCounter counter : PbftCounter.values()) {
            values.put("pbft." + label(counter), replica.counters().get(counter));
        }
        for (final LinkCounter counter : LinkCounter.values()) {
            values.put("link." + label(counter), links.total(counter));
        }
        values.put("link.packets.refused", packetsRefused.getAsLong());
        for (final DropReason reason : DropReason.values()) {
            values.put("link.dropped." + label(reason), links.dropped(reason));
        }
        return values;
    }

    private static String label(final Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '.');
    }
}
