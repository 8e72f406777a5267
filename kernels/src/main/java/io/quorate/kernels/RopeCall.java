package io.quorate.kernels;

import io.quorate.kernels.graph.GraphRope;
import io.quorate.kernels.graph.RopeAngles;
import io.quorate.kernels.graph.RopeTable;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;

/** The rotation of every row, as mode topology calls it. What of a head has no rotary pair is left out. */
final class RopeCall implements KernelCall {
    private final FloatMatrix vectors;
    private final FloatMatrix out;
    private final int[] nodes;
    private final RopeTable table;
    private final GraphRope rope;

    RopeCall(final Primitives primitives, final FloatMatrix vectors, final int heads) {
        final int pairs = Math.max(1, vectors.cols() / heads / 2);
        final int cols = vectors.cols() / (2 * pairs) * 2 * pairs;
        this.vectors = cols == 0 ? FloatMatrix.allocate(vectors.rows(), 2) : vectors.slice(0, vectors.rows(), 0, cols);
        this.out = FloatMatrix.allocate(this.vectors.rows(), this.vectors.cols());
        this.nodes = new int[vectors.rows()];
        final double[][] angles = new double[vectors.rows()][pairs];
        for (int node = 0; node < nodes.length; node++) {
            nodes[node] = node;
            angles[node][0] = node + 1;
        }
        this.table = new RopeTable(RopeAngles.of(angles));
        this.rope = new GraphRope(primitives);
    }

    @Override
    public void call() {
        rope.rotate(table, vectors, nodes, out);
    }

    @Override
    public void close() {
        table.close();
    }
}
