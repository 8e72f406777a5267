package io.quorate.engine.decision;

/** Learns what the ordered commands did to the rounds; called on the thread that applies them, in order. */
public interface RoundListener {
    /** The first contribution of a round was applied. */
    void onRoundOpened(String round, long sequence);

    /** A round ended with this decision; the same on every replica, apart from its cost. */
    void onRoundClosed(Decision decision);

    /**
     * A snapshot replaced the state: forget every round. What the snapshot holds follows at once: {@link #onRoundOpened}
     * for each open round, then {@link #onRoundRecovered} for each recently closed one, each kind in its old order.
     */
    void onRestored();

    /** A round closed before the snapshot; this peer did not compute its decision, but q peers vouch for the digest. */
    void onRoundRecovered(String round, long sequence, Decision.Status status, byte[] digest);
}
