package io.quorate.engine.metrics;

/**
 * How well a peer's group and its network do, as histograms and gauges that real events move: round trips, splits and their ends, view
 * changes, requests a second, votes. Consensus thread; allocates nothing after construction. docs/protocols/membership.md, section 13.
 */
public final class NetworkHealth {
    private static final long NEVER = Long.MIN_VALUE;
    private static final long NS_PER_S = 1_000_000_000L;
    private static final int SECONDS = 10;

    /** What a share of one is in {@link #participationPermille()}. */
    private static final long PERMILLE = 1_000;

    private final LatencyRecorder roundTrip = new LatencyRecorder();
    private final LatencyRecorder readOnly = new LatencyRecorder();
    private final LatencyRecorder heal = new LatencyRecorder();
    private final LatencyRecorder viewChange = new LatencyRecorder();

    /** Requests executed by the beginning of each second: the present one, and ten before it. */
    private final long[] executedBySecond = new long[SECONDS + 1];

    private final long startNs;
    private long second;
    private long splits;
    private boolean wasWritable;
    private long readOnlySinceNs = NEVER;
    private long lostHeardNs = NEVER;
    private long viewLeftNs = NEVER;
    private long viewSinceNs;
    private long stableBefore = NEVER;
    private int participationPermille = (int) PERMILLE;

    public NetworkHealth(final long nowNs) {
        startNs = nowNs;
        viewSinceNs = nowNs;
    }

    /** A ping was answered. */
    public void onRoundTrip(final long lengthNs) {
        roundTrip.record(lengthNs);
    }

    /** Something came from a peer that counts as lost. */
    public void onLostHeard(final long nowNs) {
        if (readOnlySinceNs != NEVER && lostHeardNs == NEVER) {
            lostHeardNs = nowNs;
        }
    }

    /** Whether a quorum is reached now. Before it was for the first time nothing is split. */
    public void onWritable(final boolean isWritable, final long nowNs) {
        if (isWritable == wasWritable) {
            return;
        }
        wasWritable = isWritable;
        if (!isWritable) {
            splits++;
            readOnlySinceNs = nowNs;
        } else if (readOnlySinceNs != NEVER) {
            readOnly.record(nowNs - readOnlySinceNs);
            heal.record(lostHeardNs == NEVER ? 0 : nowNs - lostHeardNs);
            readOnlySinceNs = NEVER;
            lostHeardNs = NEVER;
        }
    }

    /** This peer stopped voting in its view. */
    public void onViewLeft(final long nowNs) {
        viewLeftNs = viewLeftNs == NEVER ? nowNs : viewLeftNs;
    }

    /** This peer entered a view. */
    public void onViewEntered(final long nowNs) {
        if (viewLeftNs != NEVER) {
            viewChange.record(nowNs - viewLeftNs);
            viewLeftNs = NEVER;
        }
        viewSinceNs = nowNs;
    }

    /** The checkpoint at a sequence is stable, so nearly all votes up to it have come. */
    public void onCheckpoint(final Turnout turnout, final long stable) {
        // A state that was fetched says nothing of who voted for it.
        if (stableBefore != NEVER && stable > stableBefore && stable - stableBefore <= turnout.windowLength()) {
            long votes = 0;
            for (long sequence = stableBefore + 1; sequence <= stable; sequence++) {
                votes += turnout.votes(sequence);
            }
            participationPermille = (int) (votes * PERMILLE / ((stable - stableBefore) * (turnout.peerCount() - 1)));
        }
        stableBefore = stable;
    }

    /** An epoch begins: other peers, whose votes count from its first checkpoint on. */
    public void onEpoch() {
        stableBefore = NEVER;
        participationPermille = (int) PERMILLE;
    }

    /** Time passes. */
    public void onTick(final long executed, final long nowNs) {
        final long now = (nowNs - startNs) / NS_PER_S;
        while (second < now) {
            second = Math.max(second + 1, now - SECONDS);
            executedBySecond[(int) (second % executedBySecond.length)] = executed;
        }
    }

    /** Requests executed in the last full seconds, ten at most, a second; 0 during the first. */
    public double requestsPerSecond() {
        final long newest = executedBySecond[(int) (second % executedBySecond.length)];
        final long oldest = executedBySecond[(int) ((second + 1) % executedBySecond.length)];
        return second == 0 ? 0 : (double) (newest - oldest) / Math.min(second, SECONDS);
    }

    /** From ping to ack. */
    public LatencyRecorder roundTrip() {
        return roundTrip;
    }

    /** How long this peer was read-only, of splits that are over. */
    public LatencyRecorder readOnly() {
        return readOnly;
    }

    /** From the first sign of somebody lost to a quorum. */
    public LatencyRecorder heal() {
        return heal;
    }

    /** From the last vote in one view to the beginning of the next. */
    public LatencyRecorder viewChange() {
        return viewChange;
    }

    /** How often a quorum was lost. */
    public long splits() {
        return splits;
    }

    /** How long the view has lasted; the time since the start if it is the first. */
    public long viewAgeNs(final long nowNs) {
        return nowNs - viewSinceNs;
    }

    /** Votes that came of those that could, between the last two stable checkpoints, in thousandths; 1000 before there were two. */
    public int participationPermille() {
        return participationPermille;
    }
}
