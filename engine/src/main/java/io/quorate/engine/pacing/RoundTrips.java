package io.quorate.engine.pacing;

import java.util.Arrays;

/**
 * How long it takes peers to answer, measured on the protocol's own exchanges, and how long to wait for an answer therefore:
 * {@code max(pauseMinNs, 2 x round trip)}, at most {@code pauseMaxNs}.
 *
 * <p>A peer's round trip is smoothed by an eighth a sample (RFC 6298, section 2). What is sent to everybody waits for the
 * middle one of all other peers' round trips: with at most f liars among at least 3f others it lies between those of two
 * correct peers, and a peer that was never heard counts as infinitely far. One peer's own value decides only what is sent to
 * it alone. Before that much is known, {@code pauseStartNs} holds.
 *
 * <p>A sample counts from the first sending also where it was repeated: lost and repeated messages lengthen the pause a
 * little, and an overloaded group repeats itself less, not more.
 */
public final class RoundTrips {
    private static final int SMOOTHING = 8;
    private static final long UNKNOWN = Long.MAX_VALUE;

    private final int selfId;
    private final long pauseStartNs;
    private final long pauseMinNs;
    private final long pauseMaxNs;
    private final long[] smoothedNs;
    private final long[] sorted;
    private long pauseNs;
    private boolean isStale;

    public RoundTrips(
            final int peerCount,
            final int selfId,
            final long pauseStartNs,
            final long pauseMinNs,
            final long pauseMaxNs) {
        this.selfId = selfId;
        this.pauseStartNs = pauseStartNs;
        this.pauseMinNs = pauseMinNs;
        this.pauseMaxNs = pauseMaxNs;
        smoothedNs = new long[peerCount];
        Arrays.fill(smoothedNs, UNKNOWN);
        sorted = new long[peerCount];
        pauseNs = pauseStartNs;
    }

    /** A peer answered so long after it was spoken to; longer than the longest pause counts as that. */
    public void onSample(final int peerId, final long roundTripNs) {
        final long sampleNs = Math.max(0, Math.min(roundTripNs, pauseMaxNs));
        final long beforeNs = smoothedNs[peerId];
        smoothedNs[peerId] = beforeNs == UNKNOWN ? sampleNs : beforeNs + (sampleNs - beforeNs) / SMOOTHING;
        isStale = true;
    }

    /** A peer's smoothed round trip; the start value's half while there is no sample. */
    public long roundTripNs(final int peerId) {
        return smoothedNs[peerId] == UNKNOWN ? pauseStartNs / 2 : smoothedNs[peerId];
    }

    /** How long to wait before something is sent to everybody again for the first time. */
    public long pauseNs() {
        if (isStale) {
            isStale = false;
            int count = 0;
            for (int peerId = 0; peerId < smoothedNs.length; peerId++) {
                if (peerId != selfId) {
                    insert(count++, smoothedNs[peerId]);
                }
            }
            final long middleNs = count == 0 ? UNKNOWN : sorted[(count - 1) / 2];
            pauseNs = middleNs == UNKNOWN ? pauseStartNs : pauseOf(middleNs);
        }
        return pauseNs;
    }

    /** How long to wait for an answer of one peer. */
    public long pauseNs(final int peerId) {
        return smoothedNs[peerId] == UNKNOWN ? pauseStartNs : pauseOf(smoothedNs[peerId]);
    }

    private long pauseOf(final long roundTripNs) {
        return Math.min(Math.max(2 * roundTripNs, pauseMinNs), pauseMaxNs);
    }

    private void insert(final int count, final long value) {
        int at = count;
        while (at > 0 && sorted[at - 1] > value) {
            sorted[at] = sorted[at - 1];
            at--;
        }
        sorted[at] = value;
    }
}
