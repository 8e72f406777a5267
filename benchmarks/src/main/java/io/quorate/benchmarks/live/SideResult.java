package io.quorate.benchmarks.live;

import io.quorate.benchmarks.sides.SideName;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * What one side came to.
 *
 * @param latencies of all measured requests, in nanoseconds
 * @param elapsedNs how long they took together, one after the other
 * @param sliceP50s the median of each slice, in turn
 */
record SideResult(SideName name, String description, Histogram latencies, long elapsedNs, List<Double> sliceP50s) {
    long nanos(final double percentile) {
        return latencies.getValueAtPercentile(percentile);
    }

    double requestsPerSecond() {
        return latencies.getTotalCount() * 1e9 / elapsedNs;
    }
}
