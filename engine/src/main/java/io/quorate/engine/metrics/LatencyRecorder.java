package io.quorate.engine.metrics;

import org.HdrHistogram.Histogram;

/** A histogram of latencies in nanoseconds, 1 us to 1 min at two digits. Written and read by one thread; allocates nothing after construction. */
public final class LatencyRecorder {
    private static final long HIGHEST_NS = 60_000_000_000L;
    private static final int DIGITS = 2;

    private final Histogram histogram = new Histogram(1_000, HIGHEST_NS, DIGITS);

    /** Records one latency; longer ones count as the longest. */
    public void record(final long latencyNs) {
        histogram.recordValue(Math.max(0, Math.min(latencyNs, HIGHEST_NS)));
    }

    public long count() {
        return histogram.getTotalCount();
    }

    /** The latency below which the given share (0 to 100) of the recorded ones lies; 0 if none was recorded. */
    public long percentileNs(final double percentile) {
        return histogram.getTotalCount() == 0 ? 0 : histogram.getValueAtPercentile(percentile);
    }
}
