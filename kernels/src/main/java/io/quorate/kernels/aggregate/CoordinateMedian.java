package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * The median of each coordinate by itself; of an even count the mean of the middle two. Needs 2f &lt; n; each coordinate of
 * the result then lies within the range of the honest rows' coordinates (Yin 2018, arXiv 1803.01498). (f, kappa)-robust with
 * kappa = 2 (n - f) / (n - 2f). The order of the rows does not matter at all.
 */
public final class CoordinateMedian implements AggregationRule {
    private final Primitives primitives;

    public CoordinateMedian(final Primitives primitives) {
        this.primitives = primitives;
    }

    @Override
    public void aggregate(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        RowChecks.requireMajority("the coordinate-wise median", rows.rows(), faultyMax);
        RowChecks.requireRows(primitives, rows, scratch);
        final long target = RowChecks.outAddress(rows, 1, out);
        final int divisor = sumOfMiddle(primitives, rows, scratch);
        primitives.divideToFloat(scratch.sums(), divisor, target, rows.cols());
        Reference.reachabilityFence(out);
    }

    /** Leaves the median, in float64, in {@code scratch.centre()}. */
    static void findCentre(final Primitives primitives, final FloatMatrix rows, final AggregationScratch scratch) {
        final int divisor = sumOfMiddle(primitives, rows, scratch);
        primitives.fillDoubles(scratch.centre(), 0.0, rows.cols());
        primitives.moveCentre(scratch.sums(), divisor, scratch.centre(), rows.cols(), scratch.lanes());
    }

    /** Leaves the sum of the middle one or two in {@code scratch.sums()}; returns how many there are. */
    private static int sumOfMiddle(
            final Primitives primitives, final FloatMatrix rows, final AggregationScratch scratch) {
        final int low = (rows.rows() - 1) / 2;
        final int high = rows.rows() / 2;
        OrderedColumns.sum(primitives, rows, low, high, scratch);
        return high - low + 1;
    }
}
