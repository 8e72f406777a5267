package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * The point with the least sum of distances to the rows, by smoothed Weiszfeld steps in float64 (Pillutla 2019, arXiv
 * 1912.13445): z &lt;- sum of b_i x_i / sum of b_i with b_i = 1 / max(nu, |z - x_i|). One step is single-query attention with the
 * logits -ln max(nu, |z - x_i|).
 *
 * <p>Needs 2f &lt; n; then |z - g| &lt;= 2 / (n - 2f) * (sum of the honest |x_i - g|) for any point g (Cohen 2016), hence (f,
 * kappa)-robust with kappa = 4 ((n - f) / (n - 2f))^2 once it has come to rest; a fixed number of steps has no such bound.
 * The bits of the result may depend on the order of the rows, as sums go by ascending row.
 *
 * <p>{@link #converging} starts at the coordinate-wise median m and measures by s, the median of |x_i - m|, which a minority cannot
 * move far: nu = {@value #NU} s, at rest when a step is at most {@value #TOLERANCE} s long, never more than {@value #STEPS_MAX}
 * steps. If s is 0, more than half of the rows lie at m, which is the answer then. The scratch says how many steps it took and
 * whether it came to rest.
 *
 * <p>Where there are at least {@value #COLS_PER_ROW} columns for each row, the steps are taken on the distances between rows: z is
 * a mean of rows with weights w, so |z - x_i|^2 = sum of w_j D_ij - (sum of w_j w_k D_jk) / 2, and a step costs n^2 instead of
 * n d operations. Only the last z is made from the rows, and steps go on there if it is not at rest. Rows farther out than
 * {@value #REACH} s would take the digits from the nearer ones, so with such rows all steps are taken on the rows.
 */
public final class GeometricMedian implements AggregationRule {
    /** Of s; small, so that the answer is the geometric median itself unless a row lies that near. */
    public static final double NU = 1e-5;

    /** Of s; smaller than nu, so that the slow first steps away from a row are not taken for rest. */
    public static final double TOLERANCE = 1e-7;

    public static final int STEPS_MAX = 500;

    /** As many columns for each row make steps on distances worth their preparation. */
    public static final int COLS_PER_ROW = 4;

    /** Of s; squared and times the error of a float64 it is still far below the tolerance. */
    public static final double REACH = 1e6;

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
        return converging(primitives, Start.MEDIAN);
    }

    /** The same from another start; s is measured at the coordinate-wise median all the same. */
    public static GeometricMedian converging(final Primitives primitives, final Start start) {
        return new GeometricMedian(primitives, 0.0, 0, start);
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
        requireMajority(rows, faultyMax);
        RowChecks.requireRows(primitives, rows, scratch);
        final long target = RowChecks.outAddress(rows, 1, out);
        findCentre(rows, null, scratch);
        primitives.divideToFloat(scratch.centre(), 1.0, target, rows.cols());
        Reference.reachabilityFence(out);
    }

    @Override
    public void aggregate(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int faultyMax,
            final FloatMatrix out,
            final AggregationScratch scratch) {
        requireMajority(rows, faultyMax);
        pairs.requireOf(rows);
        scratch.require(rows);
        final long target = RowChecks.outAddress(rows, 1, out);
        findCentre(rows, pairs, scratch);
        primitives.divideToFloat(scratch.centre(), 1.0, target, rows.cols());
        Reference.reachabilityFence(out);
    }

    /**
     * How far each row lies from the geometric median, before that is rounded to float32.
     *
     * @param rows n x d, finite
     * @param pairs measured of these very rows, which have not changed since
     * @param faultyMax f, 2f &lt; n
     * @param distances at least n, the first n overwritten
     * @param scratch room for n x d, overwritten
     * @return how far the geometric median lies from zero
     * @throws IllegalArgumentException if an argument is not as said
     */
    public double measure(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int faultyMax,
            final double[] distances,
            final AggregationScratch scratch) {
        requireMajority(rows, faultyMax);
        if (distances.length < rows.rows()) {
            throw new IllegalArgumentException(
                    "there is room for " + distances.length + " distances, given " + rows.rows() + " rows");
        }
        pairs.requireOf(rows);
        scratch.require(rows);
        findCentre(rows, pairs, scratch);
        if (iterations > 0) {
            distances(rows, scratch);
        }
        System.arraycopy(scratch.distances(), 0, distances, 0, rows.rows());
        return Math.sqrt(
                primitives.squaredDistanceToCentre(scratch.zeros(), scratch.centre(), rows.cols(), scratch.lanes()));
    }

    private static void requireMajority(final FloatMatrix rows, final int faultyMax) {
        RowChecks.requireMajority("the geometric median", rows.rows(), faultyMax);
    }

    /** Leaves the result, in float64, in {@code scratch.centre()}. Pairs that are not given are measured when needed. */
    private void findCentre(final FloatMatrix rows, final PairDistances pairs, final AggregationScratch scratch) {
        if (iterations == 0) {
            converge(rows, pairs, scratch);
            return;
        }
        begin(rows, scratch);
        for (int step = 0; step < iterations; step++) {
            distances(rows, scratch);
            weigh(rows.rows(), nu, scratch);
            step(rows, scratch);
        }
        scratch.report(iterations, false);
    }

    private void begin(final FloatMatrix rows, final AggregationScratch scratch) {
        if (start == Start.ZERO) {
            primitives.fillDoubles(scratch.centre(), 0.0, rows.cols());
        } else {
            CoordinateMedian.findCentre(primitives, rows, scratch);
        }
    }

    /** Leaves the distances from the result in the scratch, too. */
    private void converge(final FloatMatrix rows, final PairDistances given, final AggregationScratch scratch) {
        final int count = rows.rows();
        CoordinateMedian.findCentre(primitives, rows, scratch);
        distances(rows, scratch);
        final double spread = median(scratch.distances(), count, scratch.sorted());
        if (spread == 0.0) {
            scratch.report(0, true);
            return;
        }
        if (start == Start.ZERO) {
            begin(rows, scratch);
            distances(rows, scratch);
        }
        final double smallest = NU * spread;
        final double tolerance = TOLERANCE * spread;
        weigh(count, smallest, scratch);
        int taken = 0;
        if (COLS_PER_ROW * (long) count <= rows.cols() && isWithin(scratch.distances(), count, REACH * spread)) {
            final PairDistances pairs = given == null ? scratch.measured(primitives, rows) : given;
            taken = convergeOnPairs(pairs.squared(), count, smallest, tolerance, scratch);
        }
        while (taken < STEPS_MAX) {
            final double moved = step(rows, scratch);
            taken++;
            distances(rows, scratch);
            if (moved <= tolerance || weigh(count, smallest, scratch) <= tolerance) {
                scratch.report(taken, true);
                return;
            }
        }
        scratch.report(STEPS_MAX, false);
    }

    private static boolean isWithin(final double[] values, final int count, final double most) {
        for (int i = 0; i < count; i++) {
            if (values[i] > most) {
                return false;
            }
        }
        return true;
    }

    /**
     * Steps on the squared distances of the pairs until the next one is at rest. Leaves the weights of the z that would be next.
     *
     * @return how many steps, all but that next one
     */
    private static int convergeOnPairs(
            final double[] squared,
            final int count,
            final double smallest,
            final double tolerance,
            final AggregationScratch scratch) {
        for (int taken = 1; taken < STEPS_MAX; taken++) {
            distancesOnPairs(squared, count, scratch);
            if (weigh(count, smallest, scratch) <= tolerance * 0.5) {
                return taken;
            }
        }
        return STEPS_MAX - 1;
    }

    /** Leaves |x_i - z| in {@code scratch.distances()} for the z of the weights in the scratch. */
    private static void distancesOnPairs(final double[] squared, final int count, final AggregationScratch scratch) {
        final double[] weights = scratch.weights();
        final double[] products = scratch.distances();
        Arrays.fill(products, 0, count, 0.0);
        for (int row = 0; row < count; row++) {
            final double weight = weights[row];
            final int first = row * count;
            for (int other = 0; other < count; other++) {
                products[other] = Math.fma(weight, squared[first + other], products[other]);
            }
        }
        double twice = 0.0;
        for (int row = 0; row < count; row++) {
            twice = Math.fma(weights[row], products[row], twice);
        }
        for (int row = 0; row < count; row++) {
            products[row] = Math.sqrt(Math.max(0.0, products[row] - 0.5 * twice));
        }
    }

    /**
     * Turns the distances in the scratch into weights that sum to 1.
     *
     * @return sum of |new weight - old weight| * distance: no less than the length of the step from the z of the old weights, if
     *     the distances are from there, to the z of the new ones
     */
    private static double weigh(final int count, final double smallest, final AggregationScratch scratch) {
        final double[] distances = scratch.distances();
        final double[] weights = scratch.weights();
        final double[] inverses = scratch.sorted();
        double total = 0.0;
        for (int row = 0; row < count; row++) {
            inverses[row] = 1.0 / Math.max(smallest, distances[row]);
            total += inverses[row];
        }
        double moved = 0.0;
        for (int row = 0; row < count; row++) {
            final double weight = inverses[row] / total;
            moved = Math.fma(Math.abs(weight - weights[row]), distances[row], moved);
            weights[row] = weight;
        }
        return moved;
    }

    /** One step with the weights in the scratch; returns how far the centre moved. */
    private double step(final FloatMatrix rows, final AggregationScratch scratch) {
        final long source = rows.address();
        final double[] weights = scratch.weights();
        primitives.fillDoubles(scratch.sums(), -0.0, rows.cols());
        for (int row = 0; row < rows.rows(); row++) {
            primitives.accumulateScaled(source + row * rows.strideBytes(), weights[row], scratch.sums(), rows.cols());
        }
        Reference.reachabilityFence(rows);
        return Math.sqrt(primitives.moveCentre(scratch.sums(), 1.0, scratch.centre(), rows.cols(), scratch.lanes()));
    }

    /** Leaves |x_i - centre| of every row in {@code scratch.distances()}. */
    private void distances(final FloatMatrix rows, final AggregationScratch scratch) {
        final long source = rows.address();
        final double[] distances = scratch.distances();
        for (int row = 0; row < rows.rows(); row++) {
            distances[row] = Math.sqrt(primitives.squaredDistanceToCentre(
                    source + row * rows.strideBytes(), scratch.centre(), rows.cols(), scratch.lanes()));
        }
        Reference.reachabilityFence(rows);
    }

    /** The median of the first {@code count} values, which are copied and left as they are. */
    private static double median(final double[] values, final int count, final double[] sorted) {
        System.arraycopy(values, 0, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        return (sorted[(count - 1) / 2] + sorted[count / 2]) * 0.5;
    }
}
