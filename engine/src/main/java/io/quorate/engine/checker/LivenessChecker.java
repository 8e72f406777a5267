package io.quorate.engine.checker;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Remembers what the group owes: a reply for every command of a correct client that still waits for it, every applied
 * command at every correct peer, and a vote for every peer that lost its memory. When faults have stopped, all of it must
 * come within a bounded time; what is still owed then is a stall.
 */
public final class LivenessChecker {
    /** A peer as the checker sees it. */
    public interface Watched {
        /** False for a liar, who is owed nothing. */
        boolean isCorrect();

        /** True if it is up and its vote counts. */
        boolean isVoting();

        /** True if it takes part in the newest epoch, and has the state for that. */
        boolean isCurrent();

        /** How many requests its state stands for. */
        long appliedCount();
    }

    private final Map<Long, Integer> waiting = new LinkedHashMap<>();

    /** A correct client submitted a command and waits. */
    public void onSubmitted(final int clientId, final long commandId) {
        waiting.put(commandId, clientId);
    }

    /** The client believes a reply. */
    public void onBelieved(final long commandId) {
        waiting.remove(commandId);
    }

    /** The client crashed: nobody waits any more for what it had submitted, which may commit or not. */
    public void onCrashed(final int clientId) {
        waiting.values().removeIf(client -> client == clientId);
    }

    /** How many commands wait for their reply. */
    public int waitingCount() {
        return waiting.size();
    }

    /** What is owed at this moment; empty if nothing is. */
    public List<String> owed(final Watched[] peers, final SafetyChecker order) {
        final List<String> owed = new ArrayList<>();
        for (final Map.Entry<Long, Integer> entry : waiting.entrySet()) {
            owed.add("client " + entry.getValue() + " waits for command " + Long.toHexString(entry.getKey())
                    + (order.isApplied(entry.getKey()) ? " (applied)" : " (not ordered)"));
        }
        if (order.earlyCount() > 0) {
            owed.add(order.earlyCount() + " believed replies are of requests that nobody has applied for good");
        }
        for (final Watched peer : peers) {
            if (peer.isCorrect() && peer.appliedCount() < order.appliedCount()) {
                owed.add(peer + " has applied " + peer.appliedCount() + " of " + order.appliedCount());
            }
            if (peer.isCorrect() && !peer.isVoting()) {
                owed.add(peer + " does not vote");
            }
            if (peer.isCorrect() && !peer.isCurrent()) {
                owed.add(peer + " has not reached the newest epoch");
            }
        }
        return owed;
    }

    /** True if nothing is owed; as {@link #owed}, without the words. */
    public boolean isSettled(final Watched[] peers, final SafetyChecker order) {
        if (!waiting.isEmpty() || order.earlyCount() > 0) {
            return false;
        }
        for (final Watched peer : peers) {
            if (peer.isCorrect()
                    && (peer.appliedCount() < order.appliedCount() || !peer.isVoting() || !peer.isCurrent())) {
                return false;
            }
        }
        return true;
    }
}
