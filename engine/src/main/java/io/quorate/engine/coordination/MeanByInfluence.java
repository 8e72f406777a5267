package io.quorate.engine.coordination;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.aggregate.WeightedMean;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;

/** Mode attention: the mean of the vectors by influence. Follows likeness; one liar can move it anywhere. */
final class MeanByInfluence implements Fusion {
    private final WeightedMean mean;
    private final AggregationScratch scratch;
    private final float[] rounded;

    MeanByInfluence(final CoordinatorContext context, final Primitives primitives, final AggregationScratch scratch) {
        this.mean = new WeightedMean(primitives);
        this.scratch = scratch;
        this.rounded = new float[context.peerCount()];
    }

    @Override
    public void fuse(
            final FloatMatrix vectors,
            final PairDistances pairs,
            final int[] peerIds,
            final double[] influence,
            final int faulty,
            final FloatMatrix fused) {
        for (int i = 0; i < vectors.rows(); i++) {
            rounded[i] = (float) influence[i];
        }
        mean.aggregate(vectors, rounded, fused, scratch);
    }
}
