package io.quorate.engine.coordination;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.similarity.UnitRows;

/**
 * How strongly a group stands behind its answer: agreement, the share of all n members that gave it, times how much the
 * vectors behind it point the same way. Unanimous answers with equal vectors give 1; equal answers with unrelated vectors give
 * nearly 0, so that a low strength can happen.
 */
final class ConsensusStrength {
    private ConsensusStrength() {}

    static double agreement(final int supporterCount, final int peerCount) {
        return (double) supporterCount / peerCount;
    }

    /**
     * Mean cosine over all pairs of supporters, pairs in rising order; 1 for a single one.
     *
     * @param squaredNorms of all vectors
     * @param rows of the supporters
     */
    static double meanCosine(
            final UnitRows cosines,
            final FloatMatrix vectors,
            final double[] squaredNorms,
            final int[] rows,
            final int count) {
        if (count < 2) {
            return 1;
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            for (int j = i + 1; j < count; j++) {
                sum += cosines.cosine(vectors, rows[i], rows[j], squaredNorms);
            }
        }
        return sum / ((long) count * (count - 1) / 2);
    }

    static double strength(final double agreement, final double meanCosine) {
        return agreement * Math.max(0, meanCosine);
    }
}
