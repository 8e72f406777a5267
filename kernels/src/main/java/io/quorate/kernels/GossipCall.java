package io.quorate.kernels;

import io.quorate.kernels.gossip.NeighbourAverage;
import io.quorate.kernels.gossip.Neighbourhoods;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.util.Arrays;

/** Trimmed neighbour averages over the complete graph. */
final class GossipCall implements KernelCall {
    private static final int ROUNDS = 2;

    private final FloatMatrix vectors;
    private final FloatMatrix out;
    private final int[] nodes;
    private final int faultyMax;
    private final NeighbourAverage average;

    GossipCall(final Primitives primitives, final FloatMatrix vectors) {
        this.vectors = vectors;
        out = FloatMatrix.allocate(vectors.rows(), vectors.cols());
        nodes = new int[vectors.rows()];
        Arrays.setAll(nodes, node -> node);
        faultyMax = (vectors.rows() - 1) / 3;
        average = new NeighbourAverage(primitives, Neighbourhoods.complete(vectors.rows()), vectors.cols());
    }

    @Override
    public void call() {
        average.run(vectors, nodes, faultyMax, ROUNDS, out);
        average.spread(out);
    }

    @Override
    public void close() {
        average.close();
    }
}
