package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * The mean of rows by given weights: sum of w_i x_i / sum of w_i. No protection against a liar whatever its weight; the weights
 * are the caller's judgement.
 */
public final class WeightedMean {
    private final Primitives primitives;

    public WeightedMean(final Primitives primitives) {
        this.primitives = primitives;
    }

    /** The plain mean as a rule: the control that has no condition on f and no bound, since one liar moves it anywhere. */
    public static AggregationRule equal(final Primitives primitives) {
        return (rows, faultyMax, out, scratch) -> {
            if (faultyMax < 0) {
                throw new IllegalArgumentException("the average needs 0 <= f, given f = " + faultyMax);
            }
            RowChecks.requireRows(primitives, rows, scratch);
            final long target = RowChecks.outAddress(rows, 1, out);
            primitives.fillDoubles(scratch.sums(), -0.0, rows.cols());
            for (int row = 0; row < rows.rows(); row++) {
                primitives.accumulateScaled(
                        rows.address() + row * rows.strideBytes(), 1.0, scratch.sums(), rows.cols());
            }
            primitives.divideToFloat(scratch.sums(), rows.rows(), target, rows.cols());
            Reference.reachabilityFence(rows);
            Reference.reachabilityFence(out);
        };
    }

    /**
     * @param rows n x d, finite
     * @param weights at least n; finite, not negative, the first n not all zero
     * @param out 1 x d, overwritten; must not overlap the rows
     * @throws IllegalArgumentException if an argument is not as said; {@code out} is untouched then
     */
    public void aggregate(
            final FloatMatrix rows, final float[] weights, final FloatMatrix out, final AggregationScratch scratch) {
        if (weights.length < rows.rows()) {
            throw new IllegalArgumentException(
                    "every row needs a weight, given " + weights.length + " weights and " + rows.rows() + " rows");
        }
        double total = 0.0;
        for (int row = 0; row < rows.rows(); row++) {
            if (!(weights[row] >= 0.0f) || weights[row] > Float.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "a weight must be finite and not negative, given " + weights[row] + " for row " + row);
            }
            total += weights[row];
        }
        if (total == 0.0) {
            throw new IllegalArgumentException("the weights must not all be zero");
        }
        RowChecks.requireRows(primitives, rows, scratch);
        final long target = RowChecks.outAddress(rows, 1, out);
        final long source = rows.address();
        primitives.fillDoubles(scratch.sums(), -0.0, rows.cols());
        for (int row = 0; row < rows.rows(); row++) {
            primitives.accumulateScaled(source + row * rows.strideBytes(), weights[row], scratch.sums(), rows.cols());
        }
        primitives.divideToFloat(scratch.sums(), total, target, rows.cols());
        Reference.reachabilityFence(rows);
        Reference.reachabilityFence(out);
    }
}
