package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;

/**
 * Combines n vectors, of which at most f come from an adversary, into one. Sums are taken in float64 and rounded once at the
 * end, so no finite float32 input overflows; rows count in ascending order, ties go to the lower row, and n equal vectors give
 * that vector exactly. Instances hold settings only: any number of threads may use one, each with its own scratch.
 *
 * <p>A rule is (f, kappa)-robust (Allouah 2023, arXiv 2302.01772, definition 2) if for each set S of n - f rows, whichever
 * they are, |result - mean of S|^2 &lt;= kappa * (mean over S of |x_i - mean of S|^2). The kappas that the rules state are derived
 * in docs/kernels/aggregation.md; none can be below f / (n - 2f). Rounding of the result to float32 comes on top.
 */
public interface AggregationRule {
    /**
     * @param rows n x d, finite
     * @param faultyMax f, the number of rows that may be arbitrary
     * @param out 1 x d, overwritten; must not overlap the rows
     * @param scratch room for n x d, overwritten
     * @throws IllegalArgumentException if the rule's condition on n and f does not hold, the shapes do not fit, or a row holds
     *     NaN or infinity; {@code out} is untouched then
     */
    void aggregate(FloatMatrix rows, int faultyMax, FloatMatrix out, AggregationScratch scratch);

    /**
     * The same bits as without {@code pairs}, in less time where the rule looks at distances between rows.
     *
     * @param pairs measured of these very rows, which have not changed since
     * @throws IllegalArgumentException as without {@code pairs}; or if they were measured of another matrix
     */
    default void aggregate(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int faultyMax,
            final FloatMatrix out,
            final AggregationScratch scratch) {
        pairs.requireOf(rows);
        aggregate(rows, faultyMax, out, scratch);
    }
}
