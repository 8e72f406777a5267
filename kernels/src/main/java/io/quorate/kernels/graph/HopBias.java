package io.quorate.kernels.graph;

import io.quorate.kernels.memory.FloatMatrix;
import java.util.Arrays;

/**
 * A bias that the hop distance of two nodes adds to their logit, after any rotation (Ying 2021, Graphormer, section 3.1.2):
 * beta[min(hops, maxHops)], where beta[0] = 0, and a value of its own where no path leads. Hops count edges through the whole
 * graph, whatever their weights. Symmetric. Immutable after construction; filling a matrix allocates nothing.
 */
public final class HopBias {
    /** How many hops are told apart unless the caller says otherwise. */
    public static final int HOPS_MAX = 10;

    private static final int UNREACHED = -1;

    private final int nodes;
    private final float[] biases;

    /**
     * @param beta bias by hops; its last element serves all greater distances, too
     * @param unreachable bias between components; minus infinity hides them from each other
     * @throws IllegalArgumentException if beta is empty, beta[0] is not 0, a value of it is not finite, {@code unreachable} is
     *     NaN or plus infinity, or the graph has more than {@link Resistance#NODES_MAX} nodes
     */
    public HopBias(final PeerGraph graph, final float[] beta, final float unreachable) {
        Resistance.requireSize(graph);
        requireFinite(beta, unreachable);
        this.nodes = graph.nodes();
        this.biases = new float[nodes * nodes];
        final int[] hops = new int[nodes];
        final int[] queue = new int[nodes];
        for (int source = 0; source < nodes; source++) {
            countHops(graph, source, hops, queue);
            for (int node = 0; node < nodes; node++) {
                biases[source * nodes + node] =
                        hops[node] == UNREACHED ? unreachable : beta[Math.min(hops[node], beta.length - 1)];
            }
        }
    }

    /** Bias -slope * min(hops, {@link #HOPS_MAX}), as in ALiBi (Press 2022). */
    public static HopBias linear(final PeerGraph graph, final float slope, final float unreachable) {
        final float[] beta = new float[HOPS_MAX + 1];
        for (int hops = 1; hops < beta.length; hops++) {
            beta[hops] = -slope * hops;
        }
        return new HopBias(graph, beta, unreachable);
    }

    public int nodes() {
        return nodes;
    }

    public float between(final int i, final int j) {
        PeerGraph.requireNode(i, nodes);
        PeerGraph.requireNode(j, nodes);
        return biases[i * nodes + j];
    }

    /**
     * out[r][c] = bias between {@code rowNodes[r]} and {@code rowNodes[c]}: the additive bias of an attention among some nodes.
     *
     * @param rowNodes may be longer than the matrix has rows
     * @param out square
     * @throws IllegalArgumentException if the matrix is not square or larger than there are nodes given, or a node does not exist
     */
    public void fill(final int[] rowNodes, final FloatMatrix out) {
        if (out.rows() != out.cols() || rowNodes.length < out.rows()) {
            throw new IllegalArgumentException("the bias of " + rowNodes.length
                    + " nodes is a square matrix of at most as many rows, given " + out.rows() + " x " + out.cols());
        }
        for (int row = 0; row < out.rows(); row++) {
            PeerGraph.requireNode(rowNodes[row], nodes);
        }
        for (int row = 0; row < out.rows(); row++) {
            for (int col = 0; col < out.cols(); col++) {
                out.set(row, col, biases[rowNodes[row] * nodes + rowNodes[col]]);
            }
        }
    }

    private static void countHops(final PeerGraph graph, final int source, final int[] hops, final int[] queue) {
        Arrays.fill(hops, UNREACHED);
        hops[source] = 0;
        int end = 0;
        queue[end++] = source;
        for (int at = 0; at < end; at++) {
            final int node = queue[at];
            for (int place = graph.rowStart(node); place < graph.rowStart(node + 1); place++) {
                final int other = graph.neighbour(place);
                if (hops[other] == UNREACHED) {
                    hops[other] = hops[node] + 1;
                    queue[end++] = other;
                }
            }
        }
    }

    private static void requireFinite(final float[] beta, final float unreachable) {
        if (beta.length == 0 || beta[0] != 0.0f) {
            throw new IllegalArgumentException("the bias of a node to itself is 0, given "
                    + (beta.length == 0 ? "no bias at all" : "beta[0] = " + beta[0]));
        }
        for (int hops = 0; hops < beta.length; hops++) {
            if (!Float.isFinite(beta[hops])) {
                throw new IllegalArgumentException("a bias must be finite, given beta[" + hops + "] = " + beta[hops]);
            }
        }
        if (!(unreachable < Float.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(
                    "the bias of unreachable nodes is finite or minus infinity, given " + unreachable);
        }
    }
}
