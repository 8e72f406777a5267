package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * Steps from a start v: v &lt;- v + mean over all rows of (x_i - v) min(1, tau / |x_i - v|), L times, in float64 (Karimireddy
 * 2021, arXiv 2012.10333). Any f with 2f &lt; n.
 *
 * <p>What holds: one liar moves the result by at most 2 tau / n in a step, and the result lies within L tau of the start. It is
 * (f, kappa)-robust for no kappa, since tau and the start do not depend on the rows: the start must come from a good history,
 * and liars who know it can steer the result step by step (arXiv 2208.09894). For a start without history use
 * {@link #fromMedian}.
 */
public final class CenteredClipping implements AggregationRule {
    /** Greatest and, inverted, smallest length at which rows are clipped. */
    public static final double TAU_MAX = 1e200;

    public static final int ITERATIONS_MAX = 100_000;

    private final Primitives primitives;
    private final double tau;
    private final int iterations;
    private final float[] start;
    private final boolean isFromMedian;

    private CenteredClipping(
            final Primitives primitives,
            final double tau,
            final int iterations,
            final float[] start,
            final boolean isFromMedian) {
        if (!(tau >= 1 / TAU_MAX) || tau > TAU_MAX || iterations < 1 || iterations > ITERATIONS_MAX) {
            throw new IllegalArgumentException("tau must be within " + 1 / TAU_MAX + ".." + TAU_MAX
                    + " and there must be 1.." + ITERATIONS_MAX + " iterations, given tau = " + tau + " and "
                    + iterations + " iterations");
        }
        this.primitives = primitives;
        this.tau = tau;
        this.iterations = iterations;
        this.start = start;
        this.isFromMedian = isFromMedian;
    }

    /**
     * Starts where the caller says.
     *
     * @param tau in the units of the rows, within 1e-200..1e200
     * @param iterations L
     * @param start m: d finite floats, or one that stands for every coordinate; copied
     * @throws IllegalArgumentException if an argument is not as said
     */
    public static CenteredClipping from(
            final Primitives primitives, final double tau, final int iterations, final float... start) {
        if (start.length == 0) {
            throw new IllegalArgumentException("the start has a float for each column, or one for all, given none");
        }
        for (final float value : start) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("the start must be finite, given " + value);
            }
        }
        return new CenteredClipping(primitives, tau, iterations, start.clone(), false);
    }

    /** Starts at the coordinate-wise median; otherwise as {@link #from}. */
    public static CenteredClipping fromMedian(final Primitives primitives, final double tau, final int iterations) {
        return new CenteredClipping(primitives, tau, iterations, new float[0], true);
    }

    @Override
    public void aggregate(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        RowChecks.requireMajority("centered clipping", rows.rows(), faultyMax);
        if (start.length > 1 && start.length != rows.cols()) {
            throw new IllegalArgumentException(
                    "the start has " + start.length + " floats, given rows of " + rows.cols());
        }
        RowChecks.requireRows(primitives, rows, scratch);
        final long target = RowChecks.outAddress(rows, 1, out);
        begin(rows, scratch);
        for (int step = 0; step < iterations; step++) {
            step(rows, scratch);
        }
        primitives.divideToFloat(scratch.centre(), 1.0, target, rows.cols());
        Reference.reachabilityFence(out);
    }

    private void begin(final FloatMatrix rows, final AggregationScratch scratch) {
        if (isFromMedian) {
            CoordinateMedian.findCentre(primitives, rows, scratch);
            return;
        }
        for (int col = 0; col < rows.cols(); col++) {
            scratch.setCentre(col, start[start.length == 1 ? 0 : col]);
        }
    }

    /** v + mean of c_i (x_i - v) = (sum of c_i x_i + (n - sum of c_i) v) / n; without clipping the mean, and v is gone. */
    private void step(final FloatMatrix rows, final AggregationScratch scratch) {
        final int cols = rows.cols();
        final long source = rows.address();
        primitives.fillDoubles(scratch.sums(), -0.0, cols);
        double kept = 0.0;
        for (int row = 0; row < rows.rows(); row++) {
            final long address = source + row * rows.strideBytes();
            final double distance =
                    Math.sqrt(primitives.squaredDistanceToCentre(address, scratch.centre(), cols, scratch.lanes()));
            final double share = distance <= tau ? 1.0 : tau / distance;
            kept += 1.0 - share;
            primitives.accumulateScaled(address, share, scratch.sums(), cols);
        }
        Reference.reachabilityFence(rows);
        if (kept > 0.0) {
            scratch.addCentreToSums(kept, cols);
        }
        primitives.moveCentre(scratch.sums(), rows.rows(), scratch.centre(), cols, scratch.lanes());
    }
}
