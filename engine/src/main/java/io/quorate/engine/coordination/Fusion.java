package io.quorate.engine.coordination;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;

/**
 * What a mode does in its own way: turn the vectors of a round into one. One implementation a mode; made by the
 * {@link Coordinator} for its settings, called on its thread, and sized so that no call allocates.
 */
interface Fusion extends AutoCloseable {
    /** The fusion of the group's mode. */
    static Fusion of(final CoordinatorContext context, final Primitives primitives, final AggregationScratch scratch) {
        switch (context.mode()) {
            case ATTENTION:
                return new MeanByInfluence(context, primitives, scratch);
            case GOSSIP:
                return new GossipFusion(context, primitives, scratch);
            case TOPOLOGY:
                return new TopologyFusion(context, primitives, scratch);
            default:
                return new RobustFusion(primitives, scratch);
        }
    }

    /**
     * The rows that attend to each other for the influence; where the mode has nothing to say, the directions themselves.
     *
     * @param directions m x d, the contributors' vectors at length one
     * @param peerIds whose row i is, the first m
     */
    default FloatMatrix attending(final FloatMatrix directions, final int[] peerIds) {
        return directions;
    }

    /**
     * Computes the fused vector.
     *
     * @param vectors m x d, in the peers' own units
     * @param pairs measured of the vectors
     * @param peerIds whose row i is, the first m
     * @param influence sums to 1 over the first m
     * @param faulty liars allowed for, 2 faulty &lt; m
     * @param fused 1 x d, overwritten
     */
    void fuse(
            FloatMatrix vectors, PairDistances pairs, int[] peerIds, double[] influence, int faulty, FloatMatrix fused);

    /** Diagonal of the smallest box around the states before gossip; 0 in the other modes. */
    default double spreadBefore() {
        return 0;
    }

    /** The same of the states after the last round of gossip; 0 in the other modes. */
    default double spreadAfter() {
        return 0;
    }

    /** Distance of a contributor's final state of gossip to the fused vector; 0 in the other modes. */
    default double finalDistance(final int index) {
        return 0;
    }

    /** Off-heap bytes of its own. */
    default long memoryBytes() {
        return 0;
    }

    @Override
    default void close() {}
}
