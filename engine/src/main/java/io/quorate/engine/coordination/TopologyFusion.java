package io.quorate.engine.coordination;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.graph.GraphRope;
import io.quorate.kernels.graph.RopeTable;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.Primitives;

/**
 * Mode topology: before the directions attend to each other, each is turned by its peer's place in the group's graph (GraphRoPE).
 * What two peers say alike counts the less the worse they are connected; the vectors themselves are not turned. Then the
 * mean by influence, which is not robust.
 */
final class TopologyFusion implements Fusion {
    private final MeanByInfluence mean;
    private final GraphRope rope;
    private final RopeTable table;
    private final FloatSlab slab;
    private final FloatMatrix[] turned;

    TopologyFusion(final CoordinatorContext context, final Primitives primitives, final AggregationScratch scratch) {
        final int peers = context.peerCount();
        final int pairs = context.dimension() / context.heads() / 2;
        mean = new MeanByInfluence(context, primitives, scratch);
        rope = new GraphRope(primitives);
        table = new RopeTable(context.topology().angles(context.rope(), pairs));
        slab = FloatSlab.allocate((long) peers * context.dimension());
        turned = new FloatMatrix[peers + 1];
        for (int m = 1; m <= peers; m++) {
            turned[m] = slab.matrix(0, m, context.dimension());
        }
    }

    @Override
    public FloatMatrix attending(final FloatMatrix directions, final int[] peerIds) {
        final FloatMatrix result = turned[directions.rows()];
        rope.rotate(table, directions, peerIds, result);
        return result;
    }

    @Override
    public void fuse(
            final FloatMatrix vectors,
            final PairDistances pairs,
            final int[] peerIds,
            final double[] influence,
            final int faulty,
            final FloatMatrix fused) {
        mean.fuse(vectors, pairs, peerIds, influence, faulty, fused);
    }

    @Override
    public long memoryBytes() {
        return table.lengthBytes() + slab.lengthBytes();
    }

    @Override
    public void close() {
        table.close();
        slab.close();
    }
}
