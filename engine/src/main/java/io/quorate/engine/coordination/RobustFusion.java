package io.quorate.engine.coordination;

import io.quorate.kernels.aggregate.AggregationRule;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.NearestNeighbourMixing;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.aggregate.TrimmedMean;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;

/** Mode byzantine: nearest-neighbour mixing, then the trimmed mean. Up to f liars cannot move it far. */
final class RobustFusion implements Fusion {
    private final AggregationRule rule;
    private final AggregationScratch scratch;

    RobustFusion(final Primitives primitives, final AggregationScratch scratch) {
        this.rule = new NearestNeighbourMixing(primitives).before(new TrimmedMean(primitives));
        this.scratch = scratch;
    }

    @Override
    public void fuse(
            final FloatMatrix vectors,
            final PairDistances pairs,
            final int[] peerIds,
            final double[] influence,
            final int faulty,
            final FloatMatrix fused) {
        rule.aggregate(vectors, pairs, faulty, fused, scratch);
    }
}
