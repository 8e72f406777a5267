package io.quorate.kernels.outlier;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.GeometricMedian;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.util.Arrays;

/**
 * Names the rows that lie far out. With z the converged geometric median, d_i = |x_i - z|, their median and MAD (the median of
 * |d_i - median|), a row is a suspect when all of this holds:
 *
 * <ul>
 *   <li>0.6745 (d_i - median) / MAD &gt; 3.5, one-sided (Iglewicz and Hoaglin 1993); where MAD is 0 this is left out;
 *   <li>d_i &gt; 1.5 median, the guard: in high dimension honest distances are nearly equal, MAD is tiny, and the score alone
 *       would cry wolf;
 *   <li>d_i &gt; median + 2^-21 |z|, so that rounding of the inputs makes nobody a liar.
 * </ul>
 *
 * <p>At most f suspects are named, the most distant first, ties to the lower row. A flag is a hint for reputation and nothing
 * else: liars who stay within the honest spread are not seen by any such test, and an honest row on the rim may be named. No
 * vote and no input is dropped for it.
 */
public final class OutlierScores {
    /** Makes MAD an estimate of the standard deviation under a normal distribution. */
    public static final double NORMAL_FACTOR = 0.6745;

    public static final double SCORE_MIN = 3.5;
    public static final double GUARD = 1.5;

    /** Of |z|: four units in the last place of a float32. */
    public static final double RESOLUTION = 0x1p-21;

    private final Primitives primitives;
    private final GeometricMedian centre;

    public OutlierScores(final Primitives primitives) {
        this.primitives = primitives;
        this.centre = GeometricMedian.converging(primitives);
    }

    /**
     * @param rows n x d, finite
     * @param faultyMax f, the most suspects that are named; 2f &lt; n
     * @param report room for n rows, overwritten
     * @param scratch room for n x d, overwritten; says afterwards how many steps the geometric median took
     * @throws IllegalArgumentException if an argument is not as said
     */
    public void find(
            final FloatMatrix rows, final int faultyMax, final OutlierReport report, final AggregationScratch scratch) {
        require(rows, faultyMax, report);
        find(rows, scratch.measured(primitives, rows), faultyMax, report, scratch);
    }

    /**
     * The same, with distances that other rules use, too.
     *
     * @param pairs measured of these very rows, which have not changed since
     */
    public void find(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int faultyMax,
            final OutlierReport report,
            final AggregationScratch scratch) {
        require(rows, faultyMax, report);
        final int count = rows.rows();
        final double[] distances = report.distances();
        final double resolution = RESOLUTION * centre.measure(rows, pairs, faultyMax, distances, scratch);
        final double[] sorted = report.sorted();
        System.arraycopy(distances, 0, sorted, 0, count);
        final double median = median(sorted, count);
        for (int row = 0; row < count; row++) {
            sorted[row] = Math.abs(distances[row] - median);
        }
        final double deviation = median(sorted, count);
        report.begin(count, median, deviation);
        for (int row = 0; row < count; row++) {
            report.setScore(row, score(distances[row] - median, deviation));
        }
        for (int named = 0; named < faultyMax; named++) {
            final int row = mostDistant(report, resolution);
            if (row < 0) {
                return;
            }
            report.addSuspect(row);
        }
    }

    private static void require(final FloatMatrix rows, final int faultyMax, final OutlierReport report) {
        final int count = rows.rows();
        if (faultyMax < 0 || 2L * faultyMax >= count) {
            throw new IllegalArgumentException(
                    "the detector needs 0 <= 2f < n, given n = " + count + " and f = " + faultyMax);
        }
        if (report.rowsMax() < count) {
            throw new IllegalArgumentException("the report has room for " + report.rowsMax() + " rows, given " + count);
        }
    }

    /** The median of the first {@code count} values, which are sorted for it. */
    private static double median(final double[] values, final int count) {
        Arrays.sort(values, 0, count);
        return (values[(count - 1) / 2] + values[count / 2]) * 0.5;
    }

    private static double score(final double excess, final double deviation) {
        return excess == 0.0 ? 0.0 : NORMAL_FACTOR * excess / deviation;
    }

    /** The most distant row that must be suspected and is not named yet, or -1. */
    private static int mostDistant(final OutlierReport report, final double resolution) {
        final double median = report.medianDistance();
        int best = -1;
        for (int row = 0; row < report.rows(); row++) {
            final double distance = report.distance(row);
            final boolean isFar =
                    report.score(row) > SCORE_MIN && distance > GUARD * median && distance > median + resolution;
            if (isFar && !report.isSuspect(row) && (best < 0 || distance > report.distance(best))) {
                best = row;
            }
        }
        return best;
    }
}
