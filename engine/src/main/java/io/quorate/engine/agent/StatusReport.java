package io.quorate.engine.agent;

import io.quorate.engine.decision.Decision;
import io.quorate.engine.epoch.Succession;
import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.membership.MemberTable;
import io.quorate.engine.membership.PartitionGuard;
import io.quorate.engine.membership.Swim;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.EngineCounter;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.metrics.LatencyRecorder;
import io.quorate.engine.metrics.MembershipCounter;
import io.quorate.engine.metrics.NetworkHealth;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.metrics.Turnout;
import io.quorate.engine.node.PeerWatch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.pbft.PbftListener;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.engine.quorum.Quorum;
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
import org.agrona.concurrent.NanoClock;

/** Remembers what the status of a peer is made of, and makes it when asked. On the consensus thread. */
final class StatusReport implements PbftListener, MemberTable.Listener {
    private static final int ROUNDS_MAX = 32;

    private final EngineStatus identity;
    private final LongSupplier packetsRefused;
    private final ArrayDeque<EngineStatus.ClosedRound> rounds = new ArrayDeque<>();
    private final JournalRing journal;
    private final Roster roster;
    private final NanoClock clock;
    private final NetworkHealth health;
    private Turnout turnout;
    private String stableDigest = "";

    StatusReport(final Surroundings surroundings, final NetworkHealth health) {
        this.health = health;
        journal = surroundings.journal();
        identity = surroundings.identity();
        packetsRefused = surroundings.packetsRefused();
        roster = surroundings.place().roster();
        clock = surroundings.clock();
    }

    /** The replica that it reports of is made. */
    void follow(final Turnout newTurnout) {
        turnout = newTurnout;
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
        if (turnout != null) {
            health.onCheckpoint(turnout, sequence);
        }
    }

    @Override
    public void onViewChangeStarted(final long view) {
        health.onViewLeft(clock.nanoTime());
    }

    @Override
    public void onViewChanged(final long view, final int primaryId) {
        health.onViewEntered(clock.nanoTime());
    }

    @Override
    public void onState(
            final int memberId, final MemberTable.State before, final MemberTable.State after, final long nowNs) {
        // The table has it; nothing is remembered here.
    }

    @Override
    public void onAnswered(final int memberId, final long roundTripNs, final long nowNs) {
        health.onRoundTrip(roundTripNs);
    }

    /** @param watch null if the peers are not watched */
    EngineStatus status(
            final PbftReplica replica,
            final Succession succession,
            final boolean hasLeft,
            final PeerWatch watch,
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
                mesh(replica, watch),
                health(replica, watch),
                identity.kernelName(),
                identity.kernelBits(),
                identity.cryptoProvider(),
                decisionLatency.percentileNs(50),
                decisionLatency.percentileNs(99),
                journal == null ? EngineStatus.Journal.none() : journal.status(),
                counters(replica, watch, counters, links));
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

    private EngineStatus.Mesh mesh(final PbftReplica replica, final PeerWatch watch) {
        final List<EngineStatus.Member> members = new ArrayList<>();
        for (int id = 0; id < roster.size(); id++) {
            members.add(member(id, replica, watch));
        }
        if (watch == null) {
            return new EngineStatus.Mesh("off", true, "", 0, members);
        }
        final PartitionGuard.Refusal refusal = watch.swim().guard().refusal();
        return new EngineStatus.Mesh(
                watch.context().profile().name().toLowerCase(Locale.ROOT),
                refusal == null,
                refusal == null ? "" : refusal.message(),
                watch.swim().health(),
                members);
    }

    private EngineStatus.Member member(final int id, final PbftReplica replica, final PeerWatch watch) {
        final boolean isSelf = id == identity.peerId();
        final long voted =
                isSelf ? replica.committedSequence() : replica.turnout().lastSequence(id);
        if (watch == null) {
            return new EngineStatus.Member(id, roster.peer(id).name(), "unwatched", true, 0, 0, 0, voted);
        }
        final Swim swim = watch.swim();
        return new EngineStatus.Member(
                id,
                roster.peer(id).name(),
                swim.table().state(id).name().toLowerCase(Locale.ROOT),
                !swim.guard().isLost(id),
                swim.table().incarnation(id),
                swim.reputation().of(id),
                watch.view().roundTripNs(id),
                voted);
    }

    private EngineStatus.Health health(final PbftReplica replica, final PeerWatch watch) {
        final long nowNs = clock.nanoTime();
        final int faultyMax = Quorum.of(roster.size()).faultyMax();
        return new EngineStatus.Health(
                watch == null ? roster.size() : watch.swim().guard().reachedCount(),
                EngineStatus.Latency.of(health.roundTrip()),
                health.requestsPerSecond(),
                health.splits(),
                EngineStatus.Latency.of(health.readOnly()),
                EngineStatus.Latency.of(health.heal()),
                EngineStatus.Latency.of(health.viewChange()),
                health.viewAgeNs(nowNs),
                health.participationPermille(),
                faultyMax,
                faultyMax - faultyCount(replica, watch));
    }

    /** Peers that count against f now: gone, doubted, not reached, proven liars, and this one while it has no vote. */
    private int faultyCount(final PbftReplica replica, final PeerWatch watch) {
        int count = 0;
        for (int id = 0; id < roster.size(); id++) {
            boolean isFaulty = id == identity.peerId() && !replica.isVoting();
            for (final Evidence found : replica.evidence()) {
                isFaulty |= found.accusedId() == id;
            }
            if (watch != null && id != identity.peerId()) {
                isFaulty |= watch.swim().table().state(id) != MemberTable.State.ALIVE
                        || watch.swim().guard().isLost(id);
            }
            count += isFaulty ? 1 : 0;
        }
        return count;
    }

    private Map<String, Long> counters(
            final PbftReplica replica,
            final PeerWatch watch,
            final Counters<EngineCounter> engine,
            final LinkCounters links) {
        final Map<String, Long> values = new LinkedHashMap<>();
        for (final EngineCounter counter : EngineCounter.values()) {
            values.put(counter.label(), engine.get(counter));
        }
        for (final PbftCounter counter : PbftCounter.values()) {
            values.put("pbft." + label(counter), replica.counters().get(counter));
        }
        for (final MembershipCounter counter : MembershipCounter.values()) {
            if (watch != null) {
                values.put("membership." + label(counter), watch.counters().get(counter));
            }
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
