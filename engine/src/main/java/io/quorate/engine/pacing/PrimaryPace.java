package io.quorate.engine.pacing;

import java.util.Arrays;

/**
 * Whether the group makes way under its primary: how long each batch kept it busy, and who finds that too long.
 *
 * <p>A batch keeps the group busy from the moment when it is the next one and one of its requests is known until it commits. So
 * neither an idle group nor a queue of requests looks slow, and a slow backup does not, as long as a quorum does without it. Too
 * slow is a primary under which {@value #SLOW_MIN} of the last {@value #BATCHES} batches took longer than the patience: one pause
 * of a process counts as one batch.
 *
 * <p>Whether another primary would do better only a trial tells (Clement et al., Aardvark, NSDI 2009, section 4.3). A view is left
 * when a quorum finds it slow, so that a liar and a replica with slow links cannot drive the group from view to view. The patience
 * doubles with each view left for slowness, up to its cap, so that a group whose network or disk is slow settles, and halves
 * after {@value #CALM_SECONDS} s in which every batch took less than a quarter of it.
 */
public final class PrimaryPace {
    private static final int BATCHES = 16;
    private static final int SLOW_MIN = 6;
    private static final int CALM_SECONDS = 10;
    private static final int CALM_SHARE = 4;
    private static final long CALM_NS = CALM_SECONDS * 1_000_000_000L;
    private static final long MASK = (1L << BATCHES) - 1;
    private static final long NO_VIEW = -1;

    private final int selfId;
    private final long patienceMinNs;
    private final long patienceMaxNs;
    private final long verdictNs;
    private final long[] slowView;
    private final long[] toldAtNs;
    private long patienceNs;
    private long calmSinceNs;
    private long slow;
    private long busyUntilNs;

    /**
     * @param patienceMinNs how long a batch may take at first; 0: nothing is ever found slow
     * @param patienceMaxNs up to which that doubles
     * @param verdictNs how long a peer's verdict holds
     * @param nowNs the time at the start
     */
    public PrimaryPace(
            final int peerCount,
            final int selfId,
            final long patienceMinNs,
            final long patienceMaxNs,
            final long verdictNs,
            final long nowNs) {
        this.selfId = selfId;
        this.patienceMinNs = patienceMinNs;
        this.patienceMaxNs = patienceMaxNs;
        this.verdictNs = verdictNs;
        slowView = new long[peerCount];
        Arrays.fill(slowView, NO_VIEW);
        toldAtNs = new long[peerCount];
        patienceNs = patienceMinNs;
        calmSinceNs = nowNs;
        busyUntilNs = nowNs;
    }

    /** A view is left or entered: what comes is not measured by what was. */
    public void onViewMoved(final long nowNs) {
        slow = 0;
        busyUntilNs = Math.max(busyUntilNs, nowNs);
    }

    /**
     * A batch was executed, in order of sequences.
     *
     * @param arrivedNs when its first request came here
     * @param committedNs when it committed here
     */
    public void onBatch(final long arrivedNs, final long committedNs) {
        final long tookNs = committedNs - Math.max(busyUntilNs, arrivedNs);
        busyUntilNs = Math.max(busyUntilNs, committedNs);
        slow = (slow << 1 | (tookNs > patienceNs ? 1 : 0)) & MASK;
        if (tookNs > patienceNs / CALM_SHARE) {
            calmSinceNs = committedNs;
        } else if (patienceNs > patienceMinNs && committedNs - calmSinceNs >= CALM_NS) {
            patienceNs = Math.max(patienceMinNs, patienceNs / 2);
            calmSinceNs = committedNs;
        }
    }

    /** True if this replica finds the present primary too slow. */
    public boolean isSlow() {
        return patienceMinNs > 0 && Long.bitCount(slow) >= SLOW_MIN;
    }

    /** A peer told whether it finds the primary of its view too slow. */
    public void onVerdict(final int peerId, final long view, final boolean isSlow, final long nowNs) {
        slowView[peerId] = isSlow ? view : NO_VIEW;
        toldAtNs[peerId] = nowNs;
    }

    /** True if this replica and enough others find the primary of a view too slow. */
    public boolean isAgreed(final long view, final int quorum, final long nowNs) {
        if (!isSlow()) {
            return false;
        }
        int count = 1;
        for (int peerId = 0; peerId < slowView.length; peerId++) {
            final boolean holds = slowView[peerId] == view && nowNs - toldAtNs[peerId] <= verdictNs;
            count += peerId != selfId && holds ? 1 : 0;
        }
        return count >= quorum;
    }

    /** The view that this replica found slow is left: if the next one is no better, something else is to blame. */
    public void onLeft() {
        patienceNs = Math.min(patienceMaxNs, 2 * patienceNs);
    }

    /** How long a batch may take now, in nanoseconds. */
    public long patienceNs() {
        return patienceNs;
    }
}
