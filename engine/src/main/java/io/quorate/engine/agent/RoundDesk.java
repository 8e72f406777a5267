package io.quorate.engine.agent;

import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.CertificateCollector;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionAdapter;
import io.quorate.engine.decision.DecisionContext;
import io.quorate.engine.decision.DecisionPublisher;
import io.quorate.engine.decision.RoundDeadlines;
import io.quorate.engine.delivery.DeliveryAdapter;
import io.quorate.engine.delivery.DeliveryPublisher;
import io.quorate.engine.delivery.MissedDecisions;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.EngineCounter;
import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.LatencyRecorder;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.DirectBuffer;

/**
 * What the consensus agent does about rounds: their deadlines, certificates, decisions that a restored state passed over, and
 * the embedder, who is told each certified decision once in a life. On the consensus thread.
 */
final class RoundDesk {
    private final Surroundings surroundings;
    private final Counters<EngineCounter> counters;
    private final StatusReport report;
    private final CertificateCollector collector;
    private final DecisionAdapter decisionAdapter;
    private final MissedDecisions missed;
    private final DeliveryAdapter deliveryAdapter;
    private final RoundDeadlines deadlines;
    private final RoundClock rounds;
    private final LatencyRecorder decisionLatency;
    private long nowNs;

    /**
     * @param decision concluded
     * @param counters of the agent
     * @param before the desk of the epoch before, or null
     */
    RoundDesk(
            final Surroundings surroundings,
            final DecisionContext decision,
            final Counters<EngineCounter> counters,
            final StatusReport report,
            final RoundDeadlines.Submission submission,
            final RoundDesk before) {
        this.surroundings = surroundings;
        this.counters = counters;
        this.report = report;
        collector = new CertificateCollector(
                decision,
                surroundings.signer(),
                surroundings.verifier(),
                new DecisionPublisher(surroundings.transport().outbox()),
                new CertificateListener());
        decisionAdapter = new DecisionAdapter(collector);
        missed = new MissedDecisions(
                decision,
                new DeliveryPublisher(
                        surroundings.transport().outbox(),
                        surroundings.transport().limits().messageLengthMax()),
                this::onFetched);
        deliveryAdapter = new DeliveryAdapter(missed);
        deadlines = new RoundDeadlines(decision, submission);
        rounds = before == null ? new RoundClock() : before.rounds;
        decisionLatency = before == null ? new LatencyRecorder() : before.decisionLatency;
        if (before != null) {
            missed.adopt(before.missed);
        }
    }

    LatencyRecorder decisionLatency() {
        return decisionLatency;
    }

    /** An earlier life told every decision up to this sequence. */
    void seenUpTo(final long sequence) {
        missed.seenUpTo(sequence);
    }

    /** The peer itself contributes. */
    void onContribution(final String round, final long startNs) {
        rounds.onStart(round, startNs);
    }

    boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long atNs) {
        nowNs = atNs;
        return decisionAdapter.onMessage(senderId, buffer, offset, lengthBytes, atNs)
                || deliveryAdapter.onMessage(senderId, buffer, offset, lengthBytes, atNs);
    }

    int endRounds(final long atNs) {
        return deadlines.onTick(atNs);
    }

    int onTick(final long atNs) {
        nowNs = atNs;
        final int workCount = collector.onTick(atNs) + missed.onTick(atNs);
        counters.set(EngineCounter.DECISIONS_FETCHED, missed.fetchedCount());
        counters.set(EngineCounter.DECISIONS_LOST, missed.lostCount());
        return workCount;
    }

    void onEvent(final RoundEvent event, final long atNs) {
        nowNs = atNs;
        if (event instanceof RoundEvent.Opened opened) {
            onRoundOpened(opened.round());
        } else if (event instanceof RoundEvent.Closed closed) {
            onRoundClosed(closed.decision());
        } else if (event instanceof RoundEvent.Restored restored) {
            onRestored(restored);
        }
    }

    private void onRestored(final RoundEvent.Restored restored) {
        deadlines.onRestored();
        restored.open().forEach(opened -> onRoundOpened(opened.round()));
        long last = 0;
        for (final RoundEvent.Recovered closed : restored.closed()) {
            report.onRoundClosed(closed.round(), closed.sequence(), closed.status(), closed.digest());
            missed.onRoundRecovered(closed.sequence(), closed.digest());
            collector.onRoundRecovered(closed.round(), closed.sequence(), closed.digest(), nowNs);
            last = Math.max(last, closed.sequence());
        }
        missed.seenUpTo(last);
    }

    private void onRoundOpened(final String round) {
        counters.increment(EngineCounter.ROUNDS_OPENED);
        rounds.onStart(round, nowNs);
        deadlines.onRoundOpened(round, nowNs);
    }

    private void onRoundClosed(final Decision decision) {
        counters.increment(EngineCounter.ROUNDS_CLOSED);
        deadlines.onRoundClosed(decision.round());
        report.onRoundClosed(decision.round(), decision.sequence(), decision.status(), decision.digest());
        missed.onDecision(decision);
        // First, for it stops this peer if the certificate that came before is of another result.
        collector.onRoundClosed(decision.round(), decision.sequence(), decision.digest(), nowNs);
        deliver(rounds.onDecision(decision, collector.certificate(decision.round()), nowNs));
    }

    private void onFetched(final Decision decision) {
        deliver(rounds.onDecision(decision, collector.certificate(decision.round()), nowNs));
    }

    private void deliver(final CertifiedDecision certified) {
        if (certified != null) {
            counters.increment(EngineCounter.DECISIONS_CERTIFIED);
            decisionLatency.record(certified.decisionNanos());
            if (!surroundings.mailbox().offer(certified)) {
                counters.increment(EngineCounter.EVENTS_DISCARDED);
            }
            listen(certified);
        }
    }

    /** The embedder's code: its error is not the peer's, and the same error on every peer would stop the whole group. */
    private void listen(final CertifiedDecision certified) {
        try {
            surroundings.onDecision().accept(certified);
        } catch (final RuntimeException e) {
            counters.increment(EngineCounter.LISTENER_FAILURES);
        }
    }

    /** Certificates as they come together. */
    private final class CertificateListener implements CertificateCollector.Listener {
        @Override
        public void onCertificate(final Certificate certificate) {
            deliver(rounds.onCertificate(certificate, nowNs));
        }

        @Override
        public void onConflictingVotes(
                final int peerId,
                final String round,
                final long sequence,
                final String firstDigest,
                final String secondDigest) {
            counters.increment(EngineCounter.RESULT_CONFLICTS);
        }

        @Override
        public void onDiverged(final Certificate certificate) {
            Invariant.check(
                    false,
                    "the result of round " + certificate.round() + " differs from the one that f + 1 peers signed");
        }
    }

    /** Brings a round's decision, its certificate and its start together, whichever comes first; bounded, the oldest gives way. */
    private static final class RoundClock {
        private static final int ROUNDS_MAX = 1024;

        private final Map<String, Long> startNs = new LinkedHashMap<>();
        private final Map<String, Decision> uncertified = new LinkedHashMap<>();

        /** A round begins for this peer: by its own contribution or because it saw the round open; the first counts. */
        void onStart(final String round, final long nowNs) {
            startNs.putIfAbsent(round, nowNs);
            trim(startNs);
        }

        /** The round's decision; complete if its certificate is known already. */
        CertifiedDecision onDecision(final Decision decision, final Certificate known, final long nowNs) {
            if (known != null && known.sequence() == decision.sequence()) {
                return complete(decision, known, nowNs);
            }
            uncertified.put(decision.round(), decision);
            trim(uncertified);
            return null;
        }

        /** The round's certificate; complete if its decision is known already, else null. */
        CertifiedDecision onCertificate(final Certificate certificate, final long nowNs) {
            final Decision decision = uncertified.get(certificate.round());
            if (decision == null || decision.sequence() != certificate.sequence()) {
                return null;
            }
            return complete(decision, certificate, nowNs);
        }

        private CertifiedDecision complete(final Decision decision, final Certificate certificate, final long nowNs) {
            uncertified.remove(decision.round());
            final Long start = startNs.remove(decision.round());
            return new CertifiedDecision(decision, certificate, start == null ? 0 : nowNs - start);
        }

        private static void trim(final Map<String, ?> table) {
            if (table.size() > ROUNDS_MAX) {
                table.remove(table.keySet().iterator().next());
            }
        }
    }
}
