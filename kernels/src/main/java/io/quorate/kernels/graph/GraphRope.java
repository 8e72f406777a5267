package io.quorate.kernels.graph;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * Rotary position encoding (Su 2021, arXiv 2104.09864) by the node of a graph that a row belongs to. Every head of a row is turned
 * pair by pair by the angles of the row's node, each step rounded once to float32:
 *
 * <pre>
 *   x'[2p]     = fma(x[2p],     cos t, -(x[2p + 1] sin t))
 *   x'[2p + 1] = fma(x[2p + 1], cos t,   x[2p]     sin t)        t = theta[node][p]
 * </pre>
 *
 * To be used on the queries and keys of an attention, never on the values. The product of two turned rows depends on the
 * difference of their angles alone, and a row keeps its norm. The bits do not depend on the vector width or on the order of
 * the rows. An instance holds no state; any number of threads may use it. A call allocates nothing.
 */
public final class GraphRope {
    private static final int INFINITY_BITS = 0x7f80_0000;

    /** A turn makes a component at most sqrt(2) times as large. */
    private static final float COMPONENT_MAX = 0x1p126f;

    private final Primitives primitives;

    public GraphRope(final Primitives primitives) {
        this.primitives = primitives;
    }

    public Primitives primitives() {
        return primitives;
    }

    /**
     * Turns the rows of some nodes: row r belongs to node {@code rowNodes[r]}.
     *
     * @param table of the graph's angles
     * @param source one row for each node that takes part; heads after one another, each of {@code table.headDim()} floats
     * @param rowNodes the node of each row; may be longer than the matrix has rows
     * @param out as many rows and columns; may be {@code source} itself
     * @throws IllegalArgumentException if the shapes do not fit, a node does not exist, the matrices overlap without being the
     *     same, or a component is NaN, infinite or beyond 2^126; nothing has been written then
     * @throws IllegalStateException if memory has been closed
     */
    public void rotate(final RopeTable table, final FloatMatrix source, final int[] rowNodes, final FloatMatrix out) {
        if (rowNodes.length < source.rows()) {
            throw new IllegalArgumentException(
                    "each of the " + source.rows() + " rows needs a node, given " + rowNodes.length + " nodes");
        }
        for (int row = 0; row < source.rows(); row++) {
            PeerGraph.requireNode(rowNodes[row], table.nodes());
        }
        run(table, source, rowNodes, out);
    }

    /**
     * Turns one row for each node, in the order of the nodes. Throws as the other method does.
     */
    public void rotate(final RopeTable table, final FloatMatrix source, final FloatMatrix out) {
        if (source.rows() != table.nodes()) {
            throw new IllegalArgumentException("the matrix must have a row for each of the " + table.nodes()
                    + " nodes, given " + source.rows() + " rows");
        }
        run(table, source, null, out);
    }

    private void run(final RopeTable table, final FloatMatrix source, final int[] rowNodes, final FloatMatrix out) {
        final int headDim = table.headDim();
        requireShapes(headDim, source, out);
        final long tables = table.address();
        final long from = source.address();
        final long to = out.addressForWriting();
        requireFinite(source, from);
        if (table.isIdentity()) {
            if (from != to) {
                out.copyFrom(source);
            }
            return;
        }
        final long headBytes = (long) headDim * Float.BYTES;
        final int heads = source.cols() / headDim;
        for (int row = 0; row < source.rows(); row++) {
            final long cosines = tables + 2 * headBytes * (rowNodes == null ? row : rowNodes[row]);
            primitives.rotatePairs(
                    from + row * source.strideBytes(),
                    cosines,
                    cosines + headBytes,
                    to + row * out.strideBytes(),
                    headDim,
                    heads);
        }
        Reference.reachabilityFence(source);
        Reference.reachabilityFence(out);
    }

    private static void requireShapes(final int headDim, final FloatMatrix source, final FloatMatrix out) {
        if (source.cols() % headDim != 0) {
            throw new IllegalArgumentException(
                    "a row must consist of heads of " + headDim + " floats, given " + source.cols() + " floats");
        }
        if (out.rows() != source.rows() || out.cols() != source.cols()) {
            throw new IllegalArgumentException("the turned rows must be " + source.rows() + " x " + source.cols()
                    + ", given " + out.rows() + " x " + out.cols());
        }
        final boolean isSame = out.address() == source.address() && out.stride() == source.stride();
        if (!isSame && out.overlaps(source)) {
            throw new IllegalArgumentException(
                    "the turned rows must be the given rows themselves or lie apart from them");
        }
    }

    private void requireFinite(final FloatMatrix source, final long address) {
        for (int row = 0; row < source.rows(); row++) {
            final int bits = primitives.magnitudeBits(address + row * source.strideBytes(), source.cols());
            if (bits >= INFINITY_BITS) {
                throw new IllegalArgumentException("row " + row + " holds NaN or infinity");
            }
            if (Float.intBitsToFloat(bits) > COMPONENT_MAX) {
                throw new IllegalArgumentException("row " + row + " has a component of magnitude "
                        + Float.intBitsToFloat(bits) + ", at most 2^126 can be turned; scale the rows down");
            }
        }
    }
}
