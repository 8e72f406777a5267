package io.quorate.benchmarks.decide;

import io.quorate.engine.ConsensusEngine;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import org.HdrHistogram.Histogram;

/**
 * One client: sends requests at one peer and records how long each took. In a closed loop the next request leaves when an answer
 * has come. In an open loop requests have times at which they are due, whatever the group does, and a latency counts from the
 * time at which its request was due: a stall is felt by all requests that came due in it, sent or not. One thread.
 */
final class LoadGenerator {
    /** So many unanswered requests are looked at beyond the oldest one: answers come in order but for lost ones. */
    private static final int LOOKAHEAD = 4;

    private static final long LATENCY_MAX_NS = 60_000_000_000L;
    private static final int DIGITS = 3;
    private static final long NONE = -1;

    private final ConsensusEngine engine;
    private final Histogram latencies = new Histogram(1, LATENCY_MAX_NS, DIGITS);
    private long[] tickets = new long[0];
    private long[] dueNs = new long[0];
    private String round;
    private double pauseNs;
    private long startNs;
    private long endNs;
    private long sentCount;
    private long oldest;
    private long answeredInTime;
    private int waitingCount;

    LoadGenerator(final ConsensusEngine engine) {
        this.engine = engine;
    }

    /**
     * Begins a run.
     *
     * @param newPauseNs between two requests' due times; 0 for a closed loop
     * @param newRound what to ask about
     */
    void start(
            final long newStartNs,
            final long lengthNs,
            final int inFlight,
            final double newPauseNs,
            final String newRound) {
        startNs = newStartNs;
        endNs = newStartNs + lengthNs;
        pauseNs = newPauseNs;
        round = newRound;
        tickets = new long[inFlight];
        dueNs = new long[inFlight];
        sentCount = 0;
        oldest = 0;
        waitingCount = 0;
        answeredInTime = 0;
        latencies.reset();
    }

    /** Takes the answers that are there and sends what is due; how much was done. */
    int poll(final long nowNs) {
        return receive(nowNs) + send(nowNs);
    }

    /** True once everything that was due before the end has been answered. */
    boolean isDone(final long nowNs) {
        return nowNs - endNs >= 0 && waitingCount == 0 && (pauseNs == 0 || due(sentCount) - endNs >= 0);
    }

    /** Records what is not answered as having taken up to now; how many requests those are. */
    long giveUp(final long nowNs) {
        long count = 0;
        for (long number = oldest; number < sentCount; number++) {
            if (tickets[cell(number)] != NONE) {
                record(nowNs - dueNs[cell(number)]);
                count++;
            }
        }
        while (pauseNs > 0 && due(sentCount) - endNs < 0) {
            record(nowNs - due(sentCount));
            sentCount++;
            count++;
        }
        return count;
    }

    /** Latencies of all requests that were due before the end. */
    Histogram latencies() {
        return latencies;
    }

    /** Answers that came before the end. */
    long answeredInTime() {
        return answeredInTime;
    }

    private int receive(final long nowNs) {
        int answers = 0;
        int unanswered = 0;
        for (long number = oldest; number < sentCount && unanswered < LOOKAHEAD; number++) {
            final int cell = cell(number);
            if (tickets[cell] == NONE) {
                continue;
            }
            final RoundStatus status = engine.answer(tickets[cell]);
            if (status == null) {
                unanswered++;
                continue;
            }
            if (status.standing() != RoundStatus.Standing.UNKNOWN) {
                throw new IllegalStateException("the group answered " + status + " about a round that never was");
            }
            final long answeredNs = System.nanoTime();
            record(answeredNs - dueNs[cell]);
            answeredInTime += answeredNs - endNs < 0 ? 1 : 0;
            tickets[cell] = NONE;
            waitingCount--;
            answers++;
        }
        while (oldest < sentCount && tickets[cell(oldest)] == NONE) {
            oldest++;
        }
        return answers;
    }

    private int send(final long nowNs) {
        int sent = 0;
        while (sentCount - oldest < tickets.length) {
            final long dueAtNs = pauseNs == 0 ? System.nanoTime() : due(sentCount);
            if (dueAtNs - endNs >= 0 || (pauseNs > 0 && dueAtNs - nowNs > 0)) {
                return sent;
            }
            final int cell = cell(sentCount);
            tickets[cell] = engine.askRoundStatus(round);
            dueNs[cell] = dueAtNs;
            sentCount++;
            waitingCount++;
            sent++;
        }
        return sent;
    }

    private void record(final long latencyNs) {
        latencies.recordValue(Math.clamp(latencyNs, 1, LATENCY_MAX_NS));
    }

    private long due(final long number) {
        return startNs + (long) (number * pauseNs);
    }

    private int cell(final long number) {
        return (int) (number % tickets.length);
    }
}
