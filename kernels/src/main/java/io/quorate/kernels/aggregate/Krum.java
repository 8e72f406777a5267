package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * Scores each row by the sum of its squared distances to the n - f - 1 nearest others and takes the row with the lowest score
 * (Krum), or the mean of the n - f rows with the lowest scores (Multi-Krum); ties to the lower row. Blanchard 2017, arXiv
 * 1703.02757, in ByzFL's variant (arXiv 2505.24802): the paper scores by the n - f - 2 nearest and needs n &gt;= 2f + 3, this one
 * needs 2f &lt; n.
 *
 * <p>(f, kappa)-robust with kappa = 6 (n - f) / (n - 2f) for Krum, as in Allouah 2023, and for Multi-Krum with f / (n - 2f) *
 * (sqrt(2) + sqrt(f / (n - f)) + sqrt((n - 2f) / (n - f)))^2.
 */
public final class Krum implements AggregationRule {
    private final Primitives primitives;
    private final boolean isMulti;

    private Krum(final Primitives primitives, final boolean isMulti) {
        this.primitives = primitives;
        this.isMulti = isMulti;
    }

    /** The one best row. */
    public static Krum single(final Primitives primitives) {
        return new Krum(primitives, false);
    }

    /** The mean of the n - f best rows. */
    public static Krum multi(final Primitives primitives) {
        return new Krum(primitives, true);
    }

    @Override
    public void aggregate(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        require(rows, faultyMax);
        RowChecks.outAddress(rows, 1, out);
        aggregate(rows, scratch.measured(primitives, rows), faultyMax, out, scratch);
    }

    @Override
    public void aggregate(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int faultyMax,
            final FloatMatrix out,
            final AggregationScratch scratch) {
        require(rows, faultyMax);
        pairs.requireOf(rows);
        scratch.require(rows);
        final long target = RowChecks.outAddress(rows, 1, out);
        final int count = rows.rows();
        score(pairs.squared(), count, count - faultyMax, scratch);
        final int chosen = isMulti ? count - faultyMax : 1;
        NearestNeighbourMixing.meanOfLowest(primitives, rows, scratch.scores(), 0, chosen, target, scratch);
        Reference.reachabilityFence(out);
    }

    private void require(final FloatMatrix rows, final int faultyMax) {
        RowChecks.requireMajority(isMulti ? "Multi-Krum" : "Krum", rows.rows(), faultyMax);
    }

    /** The row itself is the first of its n - f nearest, at distance 0, so it adds nothing. */
    private static void score(
            final double[] squared, final int count, final int nearest, final AggregationScratch scratch) {
        final double[] sorted = scratch.sorted();
        final double[] scores = scratch.scores();
        for (int row = 0; row < count; row++) {
            System.arraycopy(squared, row * count, sorted, 0, count);
            Arrays.sort(sorted, 0, count);
            double score = 0.0;
            for (int i = 0; i < nearest; i++) {
                score += sorted[i];
            }
            scores[row] = score;
        }
    }
}
