package io.quorate.engine.agent;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.metrics.EngineStatus;
import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.concurrent.ManyToManyConcurrentArrayQueue;

/**
 * The way from the consensus agent to the embedder's threads. The agent only offers to a bounded queue and never waits; the
 * embedder's threads sort what arrived into bounded tables, under a lock that the agent does not touch. The oldest entry of a
 * full table gives way.
 */
public final class Mailbox {
    private static final int WAITING_MAX = 1024;
    private static final int OUTCOMES_MAX = 4096;
    private static final int DECISIONS_MAX = 1024;

    /** What the group answered to one query. */
    record Answer(long ticket, RoundStatus status) {}

    /** What became of one command for another roster. */
    record Told(long ticket, Verdict.Told told) {}

    /** What became of one contribution. */
    record Outcome(long ticket, ContributionOutcome outcome) {}

    private final ManyToManyConcurrentArrayQueue<Object> arrived = new ManyToManyConcurrentArrayQueue<>(WAITING_MAX);
    private final Map<Long, ContributionOutcome> outcomes = new LinkedHashMap<>();
    private final Map<Long, RoundStatus> answers = new LinkedHashMap<>();
    private final Map<Long, Verdict.Told> verdicts = new LinkedHashMap<>();
    private final Map<String, CertifiedDecision> decisions = new LinkedHashMap<>();
    private final ArrayDeque<CertifiedDecision> unread = new ArrayDeque<>();
    private EngineStatus status;
    private long statusCount;

    /** Agent side: false if the embedder left the queue full; its oldest event has then given way. */
    public boolean offer(final Object event) {
        if (arrived.offer(event)) {
            return true;
        }
        arrived.poll();
        arrived.offer(event);
        return false;
    }

    /** Takes what arrived into the tables. */
    public synchronized void sort() {
        for (Object event = arrived.poll(); event != null; event = arrived.poll()) {
            if (event instanceof Outcome outcome) {
                outcomes.put(outcome.ticket(), outcome.outcome());
                trim(outcomes, OUTCOMES_MAX);
            } else if (event instanceof Answer answer) {
                answers.put(answer.ticket(), answer.status());
                trim(answers, OUTCOMES_MAX);
            } else if (event instanceof Told step) {
                verdicts.put(step.ticket(), step.told());
                trim(verdicts, OUTCOMES_MAX);
            } else if (event instanceof CertifiedDecision certified) {
                decisions.put(certified.decision().round(), certified);
                trim(decisions, DECISIONS_MAX);
                unread.addLast(certified);
                if (unread.size() > DECISIONS_MAX) {
                    unread.removeFirst();
                }
            } else if (event instanceof EngineStatus latest) {
                status = latest;
                statusCount++;
            }
        }
    }

    /** The outcome of a contribution, or null if it is not known yet or no longer kept. */
    public synchronized ContributionOutcome outcome(final long ticket) {
        sort();
        return outcomes.get(ticket);
    }

    /** The answer to a query, or null if it is not known yet or no longer kept. */
    public synchronized RoundStatus answer(final long ticket) {
        sort();
        return answers.get(ticket);
    }

    /** What became of a command for another roster, or null if it is not known yet or no longer kept. */
    public synchronized Verdict.Told verdict(final long ticket) {
        sort();
        return verdicts.get(ticket);
    }

    /** The certified decision of a round, or null if there is none yet or it is no longer kept. */
    public synchronized CertifiedDecision decision(final String round) {
        sort();
        return decisions.get(round);
    }

    /** The oldest certified decision that no call returned before, or null. */
    public synchronized CertifiedDecision nextDecision() {
        sort();
        return unread.pollFirst();
    }

    /** How many status answers have arrived. */
    public synchronized long statusCount() {
        sort();
        return statusCount;
    }

    /** The newest status, or null. */
    public synchronized EngineStatus status() {
        sort();
        return status;
    }

    private static <K, V> void trim(final Map<K, V> table, final int sizeMax) {
        if (table.size() > sizeMax) {
            table.remove(table.keySet().iterator().next());
        }
    }
}
