package io.quorate.engine.coordination;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.aggregate.TrimmedMean;
import io.quorate.kernels.gossip.NeighbourAverage;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.Primitives;

/**
 * Mode gossip: the contributors' vectors are states; each replaces its own by a trimmed average over its neighbours in the group's
 * graph, R rounds long, and the fused vector is the trimmed mean of the final states. Each component of it lies within the
 * range of the honest contributors' components: neither step leaves that range, whatever f liars said.
 */
final class GossipFusion implements Fusion {
    private final NeighbourAverage average;
    private final TrimmedMean trimmedMean;
    private final AggregationScratch scratch;
    private final FloatSlab slab;
    private final FloatMatrix[] states;
    private final double[] distances;
    private final int rounds;

    private double spreadBefore;
    private double spreadAfter;

    GossipFusion(final CoordinatorContext context, final Primitives primitives, final AggregationScratch scratch) {
        final int peers = context.peerCount();
        this.average = new NeighbourAverage(primitives, context.topology().neighbourhoods(), context.dimension());
        this.trimmedMean = new TrimmedMean(primitives);
        this.scratch = scratch;
        this.rounds = context.gossipRounds();
        slab = FloatSlab.allocate((long) peers * context.dimension());
        states = new FloatMatrix[peers + 1];
        for (int m = 1; m <= peers; m++) {
            states[m] = slab.matrix(0, m, context.dimension());
        }
        distances = new double[peers];
    }

    @Override
    public void fuse(
            final FloatMatrix vectors,
            final PairDistances pairs,
            final int[] peerIds,
            final double[] influence,
            final int faulty,
            final FloatMatrix fused) {
        final int count = vectors.rows();
        final FloatMatrix last = states[count];
        average.run(vectors, peerIds, faulty, rounds, last);
        trimmedMean.aggregate(last, faulty, fused, scratch);
        spreadBefore = average.spread(vectors);
        spreadAfter = average.spread(last);
        for (int i = 0; i < count; i++) {
            distances[i] = average.distance(last, i, fused);
        }
    }

    @Override
    public double spreadBefore() {
        return spreadBefore;
    }

    @Override
    public double spreadAfter() {
        return spreadAfter;
    }

    @Override
    public double finalDistance(final int index) {
        return distances[index];
    }

    @Override
    public long memoryBytes() {
        return average.lengthBytes() + slab.lengthBytes();
    }

    @Override
    public void close() {
        average.close();
        slab.close();
    }
}
