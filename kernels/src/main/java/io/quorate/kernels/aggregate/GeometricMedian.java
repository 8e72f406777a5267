package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.util.Arrays;

/**
 * The point with the least sum of distances to the rows, by smoothed Weiszfeld steps in float64 (Pillutla 2019, arXiv
 * 1912.13445): z &lt;- sum of b_i x_i / sum of b_i with b_i = 1 / max(nu, |z - x_i|). One step is single-query attention with the
 * logits -ln max(nu, |z - x_i|).
 *
 * <p>Needs 2f &lt; n; then |z - g| &lt;= 2 (n - f) / (n - 2f) * (the greatest honest |x_i - g|) for any point g (Cohen 2016).
 * The bits of the result may depend on the order of the rows, as sums go by ascending row.
 *
 * <p>{@link #converging} starts at the coordinate-wise median m and measures by s, the median of |x_i - m|, which a minority cannot
 * move far: nu = {@value #NU} s, at rest when a step is at most {@value #TOLERANCE} s long, never more than {@value #STEPS_MAX}
 * steps. If s is 0, more than half of the rows lie at m, which is the answer then. The scratch says how many steps it took and
 * whether it came to rest.
 */
public final class GeometricMedian implements AggregationRule {
    /** Of s; small, so that the answer is the geometric median itself unless a row lies that near. */
    public static final double NU = 1e-5;

    /** Of s; smaller than nu, so that the slow first steps away from a row are not taken for rest. */
    public static final double TOLERANCE = 1e-7;

    public static final int STEPS_MAX = 500;

    private static final double NU_MIN = 1e-200;
    private static final double NU_MAX = 1e200;

    /** Where the steps begin. */
    public enum Start {
        ZERO,
        MEDIAN
    }

    private final Primitives primitives;
    private final double nu;
    private final int iterations;
    private final Start start;

    private GeometricMedian(final Primitives primitives, final double nu, final int iterations, final Start start) {
        this.primitives = primitives;
        this.nu = nu;
        this.iterations = iterations;
        this.start = start;
    }

    /** The geometric median, to the tolerance above. */
    public static GeometricMedian converging(final Primitives primitives) {
        return new GeometricMedian(primitives, 0.0, 0, Start.MEDIAN);
    }

    /**
     * Exactly {@code iterations} steps with a fixed nu.
     *
     * @param nu in the units of the rows, within 1e-200..1e200, where no weight can overflow
     * @throws IllegalArgumentException if nu is not as said or {@code iterations} is below 1
     */
    public static GeometricMedian ofSteps(
            final Primitives primitives, final double nu, final int iterations, final Start start) {
        if (!(nu >= NU_MIN) || nu > NU_MAX || iterations < 1) {
            throw new IllegalArgumentException("nu must be within " + NU_MIN + ".." + NU_MAX
                    + " and there must be a step, given nu = " + nu + " and " + iterations + " iterations");
        }
        return new GeometricMedian(primitives, nu, iterations, start);
    }

    @Override
    public void aggregate(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        RowChecks.requireMajority("the geometric median", rows.rows(), faultyMax);
        RowChecks.requireRows(primitives, rows, scratch);
        final long target = RowChecks.outAddress(rows, 1, out);
        findCentre(rows, scratch);
        primitives.divideToFloat(scratch.centre(), 1.0, target, rows.cols());
    }

    /**
     * How far each row lies from the geometric median, before that is rounded to float32.
     *
     * @param rows n x d, finite
     * @param faultyMax f, 2f &lt; n
     * @param distances at least n, the first n overwritten
     * @param scratch room for n x d, overwritten
     * @return how far the geometric median lies from zero
     * @throws IllegalArgumentException if an argument is not as said
     */
    public double measure(
            final FloatMatrix rows, final int faultyMax, final double[] distances, final AggregationScratch scratch) {
        RowChecks.requireMajority("the geometric median", rows.rows(), faultyMax);
        if (distances.length < rows.rows()) {
            throw new IllegalArgumentException(
                    "there is room for " + distances.length + " distances, given " + rows.rows() + " rows");
        }
        RowChecks.requireRows(primitives, rows, scratch);
        findCentre(rows, scratch);
        distances(primitives, rows, scratch);
        System.arraycopy(scratch.distances(), 0, distances, 0, rows.rows());
        return Math.sqrt(
                primitives.squaredDistanceToCentre(scratch.zeros(), scratch.centre(), rows.cols(), scratch.lanes()));
    }

    /** Leaves the result, in float64, in {@code scratch.centre()}. */
    private void findCentre(final FloatMatrix rows, final AggregationScratch scratch) {
        if (start == Start.ZERO) {
            primitives.fillDoubles(scratch.centre(), 0.0, rows.cols());
        } else {
            final int divisor = CoordinateMedian.sumOfMiddle(primitives, rows, scratch);
            primitives.fillDoubles(scratch.centre(), 0.0, rows.cols());
            primitives.moveCentre(scratch.sums(), divisor, scratch.centre(), rows.cols(), scratch.lanes());
        }
        if (iterations > 0) {
            for (int step = 0; step < iterations; step++) {
                distances(primitives, rows, scratch);
                step(rows, nu, scratch);
            }
            scratch.report(iterations, false);
        } else {
            converge(rows, scratch);
        }
    }

    private void converge(final FloatMatrix rows, final AggregationScratch scratch) {
        distances(primitives, rows, scratch);
        final double spread = median(scratch.distances(), rows.rows(), scratch.sorted());
        if (spread == 0.0) {
            scratch.report(0, true);
            return;
        }
        final double tolerance = TOLERANCE * spread;
        for (int step = 1; step <= STEPS_MAX; step++) {
            final double moved = step(rows, NU * spread, scratch);
            if (moved <= tolerance) {
                scratch.report(step, true);
                return;
            }
            distances(primitives, rows, scratch);
        }
        scratch.report(STEPS_MAX, false);
    }

    /** One step from the distances in the scratch; returns how far the centre moved. */
    private double step(final FloatMatrix rows, final double smallest, final AggregationScratch scratch) {
        final long source = rows.address();
        final double[] distances = scratch.distances();
        primitives.fillDoubles(scratch.sums(), -0.0, rows.cols());
        double total = 0.0;
        for (int row = 0; row < rows.rows(); row++) {
            final double weight = 1.0 / Math.max(smallest, distances[row]);
            total += weight;
            primitives.accumulateScaled(source + row * rows.strideBytes(), weight, scratch.sums(), rows.cols());
        }
        return Math.sqrt(primitives.moveCentre(scratch.sums(), total, scratch.centre(), rows.cols(), scratch.lanes()));
    }

    /** Leaves |x_i - centre| of every row in {@code scratch.distances()}. */
    private static void distances(
            final Primitives primitives, final FloatMatrix rows, final AggregationScratch scratch) {
        final long source = rows.address();
        final double[] distances = scratch.distances();
        for (int row = 0; row < rows.rows(); row++) {
            distances[row] = Math.sqrt(primitives.squaredDistanceToCentre(
                    source + row * rows.strideBytes(), scratch.centre(), rows.cols(), scratch.lanes()));
        }
    }

    /** The median of the first {@code count} values, which are copied and left as they are. */
    private static double median(final double[] values, final int count, final double[] sorted) {
        System.arraycopy(values, 0, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        return (sorted[(count - 1) / 2] + sorted[count / 2]) * 0.5;
    }
}
