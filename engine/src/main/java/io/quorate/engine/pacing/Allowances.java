package io.quorate.engine.pacing;

import java.util.Arrays;

/**
 * What each peer may cost: a number of pieces at once, and one more an interval (a token bucket a peer). Integer arithmetic on
 * the caller's time, so that equal calls give equal answers.
 */
public final class Allowances {
    private final int burstMax;
    private final long intervalNs;
    private final int[] left;
    private final long[] refilledNs;
    private final boolean[] started;

    /**
     * @param burstMax pieces that a peer has at the start, and at most
     * @param intervalNs in which one piece comes back
     */
    public Allowances(final int peerCount, final int burstMax, final long intervalNs) {
        this.burstMax = burstMax;
        this.intervalNs = intervalNs;
        left = new int[peerCount];
        Arrays.fill(left, burstMax);
        refilledNs = new long[peerCount];
        started = new boolean[peerCount];
    }

    /** True if the peer has a piece left. */
    public boolean has(final int peerId, final long nowNs) {
        refill(peerId, nowNs);
        return left[peerId] > 0;
    }

    /** Takes a piece; false, and nothing taken, if none is left. */
    public boolean take(final int peerId, final long nowNs) {
        if (!has(peerId, nowNs)) {
            return false;
        }
        left[peerId]--;
        return true;
    }

    private void refill(final int peerId, final long nowNs) {
        if (left[peerId] == burstMax || !started[peerId]) {
            // A full one does not save up.
            started[peerId] = true;
            refilledNs[peerId] = nowNs;
            return;
        }
        final long elapsedNs = nowNs - refilledNs[peerId];
        if (elapsedNs >= intervalNs) {
            final long pieces = elapsedNs / intervalNs;
            left[peerId] = (int) Math.min(burstMax, left[peerId] + pieces);
            refilledNs[peerId] += pieces * intervalNs;
        }
    }
}
