package io.quorate.engine.quorum;

/**
 * Quorum arithmetic of a group of n peers, at most f = floor((n - 1) / 3) of them malicious. The only place in the code that
 * computes a threshold.
 *
 * <p>q = ceil((n + f + 1) / 2): any two quorums meet in at least f + 1 peers, so in a correct one, and the correct peers
 * alone are one (2q - n >= f + 1, q <= n - f). The familiar 2f + 1 is safe only where n = 3f + 1.
 */
public final class Quorum {
    public static final int PEER_COUNT_MIN = 1;
    public static final int PEER_COUNT_MAX = 200;

    private final int peerCount;
    private final int faultyMax;
    private final int quorum;

    /** For {@link #of}, and for the tests of this package that must show what a wrong threshold does. */
    Quorum(final int peerCount, final int faultyMax, final int quorum) {
        this.peerCount = peerCount;
        this.faultyMax = faultyMax;
        this.quorum = quorum;
    }

    /** @throws IllegalArgumentException if {@code peerCount} is not within {@value #PEER_COUNT_MIN}..{@value #PEER_COUNT_MAX} */
    public static Quorum of(final int peerCount) {
        if (peerCount < PEER_COUNT_MIN || peerCount > PEER_COUNT_MAX) {
            throw new IllegalArgumentException(
                    "a group has " + PEER_COUNT_MIN + " to " + PEER_COUNT_MAX + " peers, given " + peerCount);
        }
        final int faultyMax = (peerCount - 1) / 3;
        return new Quorum(peerCount, faultyMax, (peerCount + faultyMax + 2) / 2);
    }

    public int peerCount() {
        return peerCount;
    }

    /** f: how many malicious peers the group survives. */
    public int faultyMax() {
        return faultyMax;
    }

    /** q: how many equal votes decide. */
    public int quorum() {
        return quorum;
    }

    /** f + 1: at least one of so many peers is correct. */
    public int oneCorrect() {
        return faultyMax + 1;
    }

    /**
     * How many neighbours a peer needs, so that a value stays when it drops so many of theirs at either end. No quorum: it counts
     * values that are averaged, not votes.
     */
    public static int neighboursToTrim(final int droppedPerEnd) {
        return 2 * droppedPerEnd + 1;
    }
}
