package io.quorate.engine.quorum;

/** Thresholds that are wrong on purpose, for the twins that the simulator must catch. */
public final class BrokenQuorum {
    private BrokenQuorum() {}

    /** A quorum that is one vote too small: two of them need not meet in a correct peer. */
    public static Quorum oneTooSmall(final int peerCount) {
        final Quorum right = Quorum.of(peerCount);
        return new Quorum(peerCount, right.faultyMax(), right.quorum() - 1);
    }

    /** Whoever counts with this believes the first that speaks. */
    public static Quorum one(final int peerCount) {
        return new Quorum(peerCount, Quorum.of(peerCount).faultyMax(), 1);
    }
}
