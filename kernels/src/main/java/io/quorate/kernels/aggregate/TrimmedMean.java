package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * Per coordinate, the mean of what is left after the f lowest and the f highest values are dropped (Yin 2018, arXiv
 * 1803.01498). Needs 2f &lt; n; each coordinate of the result then lies within the range of the honest rows' coordinates. (f,
 * kappa)-robust with kappa = f / (n - 2f), which no rule can beat. With f = 0 it is the plain mean. The order of the rows does
 * not matter at all: values are added in ascending order.
 */
public final class TrimmedMean implements AggregationRule {
    private final Primitives primitives;

    public TrimmedMean(final Primitives primitives) {
        this.primitives = primitives;
    }

    @Override
    public void aggregate(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        RowChecks.requireMajority("the trimmed mean", rows.rows(), faultyMax);
        RowChecks.requireRows(primitives, rows, scratch);
        final long target = RowChecks.outAddress(rows, 1, out);
        final int last = rows.rows() - 1 - faultyMax;
        OrderedColumns.sum(primitives, rows, faultyMax, last, scratch);
        primitives.divideToFloat(scratch.sums(), last - faultyMax + 1, target, rows.cols());
        Reference.reachabilityFence(out);
    }
}
