package io.quorate.engine.decision;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * When this peer asks for the end of a round: {@link DecisionContext#roundDeadlineNs()} after it saw the round open. Called on
 * the consensus thread. Holds as many rounds as the decision machine has open.
 */
public final class RoundDeadlines {
    private final long deadlineNs;
    private final Submission submission;
    private final Map<String, Long> dueNs = new LinkedHashMap<>();

    /** No round is due before; saves the search in most ticks. */
    private long firstDueNs;

    /** Hands a Deadline command for a round to the ordering. */
    @FunctionalInterface
    public interface Submission {
        /** @return false if the ordering takes nothing now; the same round is offered again on the next tick */
        boolean submitDeadline(String round);
    }

    /** @param context concluded settings */
    public RoundDeadlines(final DecisionContext context, final Submission submission) {
        context.requireConcluded();
        this.deadlineNs = context.roundDeadlineNs();
        this.submission = submission;
    }

    public void onRoundOpened(final String round, final long nowNs) {
        if (dueNs.isEmpty()) {
            firstDueNs = nowNs + deadlineNs;
        }
        dueNs.put(round, nowNs + deadlineNs);
    }

    public void onRoundClosed(final String round) {
        dueNs.remove(round);
    }

    /** A snapshot replaced the rounds: those that are open in it are told anew by {@link #onRoundOpened}. */
    public void onRestored() {
        dueNs.clear();
    }

    /** Submits what is due, the oldest round first, once a round; returns how many rounds. */
    public int onTick(final long nowNs) {
        if (dueNs.isEmpty() || nowNs - firstDueNs < 0) {
            return 0;
        }
        int submittedCount = 0;
        final Iterator<Map.Entry<String, Long>> rounds = dueNs.entrySet().iterator();
        while (rounds.hasNext()) {
            final Map.Entry<String, Long> round = rounds.next();
            firstDueNs = round.getValue();
            // Opened later means due later, so the first that is not due ends the search.
            if (nowNs - round.getValue() < 0 || !submission.submitDeadline(round.getKey())) {
                break;
            }
            rounds.remove();
            submittedCount++;
        }
        return submittedCount;
    }

    /** Rounds whose deadline this peer has not submitted yet. */
    public int pendingCount() {
        return dueNs.size();
    }
}
