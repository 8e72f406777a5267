package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;

/**
 * Combines n vectors, of which at most f come from an adversary, into one. Sums are taken in float64 and rounded once at the
 * end, so no finite float32 input overflows; rows count in ascending order, ties go to the lower row, and n equal vectors give
 * that vector exactly. Instances hold settings only: any number of threads may use one, each with its own scratch.
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
}
