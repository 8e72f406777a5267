package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.util.Arrays;

/**
 * Per coordinate, the mean of the n - f values nearest to the median, ties to the lower row (MeaMed; Xie 2018, arXiv
 * 1802.10116). The median of an even count is the mean of the middle two. Needs 2f &lt; n.
 *
 * <p>(f, kappa)-robust with kappa = 4f / (n - f) * (1 + sqrt(f / (n - f) * m))^2, where m = 2 (n - f) / (n - 2f) is that of the
 * median. A coordinate may leave the honest range, by at most its width on either side.
 *
 * <p>Goes column by column in plain Java: several times the cost of {@link TrimmedMean}.
 */
public final class MeanAroundMedian implements AggregationRule {
    private final Primitives primitives;

    public MeanAroundMedian(final Primitives primitives) {
        this.primitives = primitives;
    }

    @Override
    public void aggregate(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        RowChecks.requireMajority("MeaMed", rows.rows(), faultyMax);
        RowChecks.requireRows(primitives, rows, scratch);
        RowChecks.outAddress(rows, 1, out);
        final int nearest = rows.rows() - faultyMax;
        for (int col = 0; col < rows.cols(); col++) {
            out.set(0, col, meanOfNearest(rows, col, nearest, scratch));
        }
    }

    private static float meanOfNearest(
            final FloatMatrix rows, final int col, final int nearest, final AggregationScratch scratch) {
        final int count = rows.rows();
        final double[] values = scratch.scores();
        final double[] sorted = scratch.sorted();
        final double[] distances = scratch.distances();
        for (int row = 0; row < count; row++) {
            values[row] = rows.get(row, col);
        }
        System.arraycopy(values, 0, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        final double median = (sorted[(count - 1) / 2] + sorted[count / 2]) * 0.5;
        for (int row = 0; row < count; row++) {
            distances[row] = Math.abs(values[row] - median);
        }
        System.arraycopy(distances, 0, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        final double farthest = sorted[nearest - 1];
        int equalLeft = nearest;
        for (int i = 0; i < nearest && sorted[i] < farthest; i++) {
            equalLeft--;
        }
        double sum = -0.0;
        for (int row = 0; row < count; row++) {
            if (distances[row] < farthest || distances[row] == farthest && equalLeft-- > 0) {
                sum += values[row];
            }
        }
        return (float) (sum / nearest);
    }
}
