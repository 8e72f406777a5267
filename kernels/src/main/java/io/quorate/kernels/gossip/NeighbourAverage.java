package io.quorate.kernels.gossip;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * Rounds of trimmed neighbour averages, all nodes at once. In a round each node replaces each component of its state by
 *
 * <pre>
 *   (own value + sum of the kept values) / (1 + how many are kept)
 *   kept: its neighbours' values without the f lowest and the f highest, lowest first
 * </pre>
 *
 * in float64, rounded once. The own value is always kept. A node with fewer than 2f + 1 neighbours keeps its state. The order of
 * the values is total (-0 below +0), so neither the order of rows nor that of neighbours moves a bit.
 *
 * <p>What holds, component by component, with d_i neighbours of node i:
 *
 * <ul>
 *   <li><b>Range.</b> If at most f neighbours of each honest node lie, in whatever way and anew in each round, no honest value
 *       leaves the range of the honest values before the round. A kept value above the greatest honest one would need f + 1 greater
 *       liars, itself and the f that were dropped above it; below likewise. A mean stays in range, and so does its rounding, as
 *       j copies of a float32 have an exact sum in float64.
 *   <li><b>Complete graph, no liar</b>, n &gt;= 2f + 2: the range shrinks in every round until it is 0. For the greatest value M
 *       to stay, a node that has it must keep nothing smaller, so at most f nodes are below M; for the least value m to stay
 *       at most f are above m; every node is one or the other, so n &lt;= 2f.
 *   <li><b>Connected graph, no liar, f = 0</b>: the range shrinks within as many rounds as the graph's diameter. A node below
 *       the greatest value of the beginning stays below it, as it keeps its own, and so do its neighbours from the next round on.
 *   <li><b>Convergence</b> with f stubborn nodes is claimed on (f + 1, f + 1)-robust graphs only
 *       ({@link Neighbourhoods#isRobust}), as for W-MSR (LeBlanc 2013): a node with f + 1 neighbours below some value
 *       keeps at least one of them, as only f are dropped, and keeps itself.
 * </ul>
 *
 * "Shrinks" is meant up to rounding: a range of a few units in the last place may stay. Holds scratch: one instance a thread. Calls
 * allocate nothing.
 */
public final class NeighbourAverage implements AutoCloseable {
    private static final int INFINITY_BITS = 0x7f80_0000;
    private static final int ABSENT = -1;

    private final Primitives primitives;
    private final Neighbourhoods graph;
    private final int colsMax;
    private final FloatSlab slab;
    private final long sums;
    private final long lanes;
    private final long other;
    private final long sorted;
    private final long strideBytes;
    private final int[] rowOfNode;

    /**
     * @param graph of all nodes; those that take part are named by each call
     * @param colsMax most components of a state
     * @throws IllegalArgumentException if {@code colsMax} is below 1
     */
    public NeighbourAverage(final Primitives primitives, final Neighbourhoods graph, final int colsMax) {
        if (colsMax < 1 || colsMax > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("a state has at least one component, given " + colsMax);
        }
        this.primitives = primitives;
        this.graph = graph;
        this.colsMax = colsMax;
        final long cols = CanonicalOrder.roundedUp(colsMax);
        final long lanesFloats = CanonicalOrder.LANES_BYTES / Float.BYTES;
        final long sortedRows = Math.max(3, graph.degreeMax());
        slab = FloatSlab.allocate(2 * cols + lanesFloats + (graph.nodes() + sortedRows) * cols);
        strideBytes = cols * Float.BYTES;
        sums = slab.segment().address();
        lanes = sums + 2 * strideBytes;
        other = lanes + CanonicalOrder.LANES_BYTES;
        sorted = other + graph.nodes() * strideBytes;
        rowOfNode = new int[graph.nodes()];
    }

    public Neighbourhoods graph() {
        return graph;
    }

    /**
     * Some rounds from given states.
     *
     * @param states m x d, finite; row i is the state of node nodes[i]
     * @param nodes the m nodes that take part, rising; the others are absent, and nobody's neighbours
     * @param faultyMax f
     * @param rounds 0 or more
     * @param out m x d, overwritten with the final states; must not overlap the first ones
     * @throws IllegalArgumentException if an argument is not as said; {@code out} is untouched then
     */
    public void run(
            final FloatMatrix states, final int[] nodes, final int faultyMax, final int rounds, final FloatMatrix out) {
        final int count = states.rows();
        require(states, out);
        if (faultyMax < 0 || rounds < 0) {
            throw new IllegalArgumentException(
                    "f and the number of rounds are not negative, given " + faultyMax + " and " + rounds);
        }
        place(nodes, count);
        final long target = out.addressForWriting();
        final int cols = states.cols();
        if (rounds == 0) {
            out.copyFrom(states);
            return;
        }
        long from = states.address();
        long fromStride = states.strideBytes();
        for (int round = rounds; round > 0; round--) {
            // The last round writes the result.
            final boolean isResult = (round & 1) == 1;
            final long to = isResult ? target : other;
            final long toStride = isResult ? out.strideBytes() : strideBytes;
            for (int row = 0; row < count; row++) {
                move(nodes[row], row, from, fromStride, faultyMax, to + row * toStride, cols);
            }
            from = to;
            fromStride = toStride;
        }
        Reference.reachabilityFence(states);
        Reference.reachabilityFence(out);
    }

    /**
     * The diagonal of the smallest box that holds all states: the root of the sum of the squared ranges of the components. It never
     * grows where no range does, and is 0 where all states are equal.
     *
     * @param states m x d, finite
     * @throws IllegalArgumentException if the states are too wide or not finite
     */
    public double spread(final FloatMatrix states) {
        require(states, null);
        final int cols = states.cols();
        final long address = states.address();
        final long low = sorted;
        final long high = sorted + strideBytes;
        final long next = high + strideBytes;
        primitives.flipOrder(address, low, cols);
        primitives.flipOrder(address, high, cols);
        for (int row = 1; row < states.rows(); row++) {
            primitives.flipOrder(address + row * states.strideBytes(), next, cols);
            primitives.compareExchange(low, next, cols);
            primitives.compareExchange(next, high, cols);
        }
        Reference.reachabilityFence(states);
        primitives.flipOrder(low, low, cols);
        primitives.flipOrder(high, high, cols);
        return Math.sqrt(primitives.squaredDistance(low, high, cols, lanes));
    }

    /**
     * The Euclidean distance of a state to a point.
     *
     * @param point 1 x d
     */
    public double distance(final FloatMatrix states, final int row, final FloatMatrix point) {
        if (row < 0 || row >= states.rows() || point.cols() != states.cols()) {
            throw new IllegalArgumentException("no row " + row + " of " + states.rows() + " x " + states.cols()
                    + " can be compared with a point of " + point.cols());
        }
        requireOpen();
        final double square = primitives.squaredDistance(
                states.address() + row * states.strideBytes(), point.address(), states.cols(), lanes);
        Reference.reachabilityFence(states);
        Reference.reachabilityFence(point);
        return Math.sqrt(square);
    }

    public long lengthBytes() {
        return slab.lengthBytes();
    }

    /** Gives the memory back; a second call has no effect. */
    @Override
    public void close() {
        slab.close();
    }

    private void move(
            final int node,
            final int row,
            final long from,
            final long fromStride,
            final int faultyMax,
            final long target,
            final int cols) {
        int count = 0;
        for (int k = 0; k < graph.degree(node); k++) {
            final int neighbour = rowOfNode[graph.neighbour(node, k)];
            if (neighbour != ABSENT) {
                primitives.flipOrder(from + neighbour * fromStride, sorted + count * strideBytes, cols);
                count++;
            }
        }
        primitives.fillDoubles(sums, -0.0, cols);
        final int kept = Math.max(0, count - 2 * faultyMax);
        if (kept > 0) {
            sort(count, cols);
            for (int place = faultyMax; place < faultyMax + kept; place++) {
                final long value = sorted + place * strideBytes;
                primitives.flipOrder(value, value, cols);
                primitives.accumulateScaled(value, 1.0, sums, cols);
            }
        }
        primitives.accumulateScaled(from + row * fromStride, 1.0, sums, cols);
        primitives.divideToFloat(sums, kept + 1.0, target, cols);
    }

    /** Sorts each column of the first rows by Batcher's merge exchange (Knuth, TAOCP 3, 5.2.2, Algorithm M). */
    private void sort(final int rows, final int cols) {
        final int top = rows < 2 ? 0 : Integer.highestOneBit(rows - 1);
        for (int step = top; step > 0; step >>= 1) {
            int phase = top;
            int remainder = 0;
            int distance = step;
            while (distance > 0) {
                for (int row = 0; row + distance < rows; row++) {
                    if ((row & step) == remainder) {
                        primitives.compareExchange(
                                sorted + row * strideBytes, sorted + (row + distance) * strideBytes, cols);
                    }
                }
                distance = phase - step;
                phase >>= 1;
                remainder = step;
            }
        }
    }

    private void place(final int[] nodes, final int count) {
        if (nodes.length < count) {
            throw new IllegalArgumentException(
                    "each state belongs to a node, given " + count + " states and " + nodes.length + " nodes");
        }
        Arrays.fill(rowOfNode, ABSENT);
        for (int row = 0; row < count; row++) {
            if (nodes[row] < 0 || nodes[row] >= graph.nodes() || row > 0 && nodes[row] <= nodes[row - 1]) {
                throw new IllegalArgumentException(
                        "nodes are within 0.." + (graph.nodes() - 1) + " and rise, given " + nodes[row]);
            }
            rowOfNode[nodes[row]] = row;
        }
    }

    private void require(final FloatMatrix states, final FloatMatrix out) {
        requireOpen();
        if (states.cols() > colsMax) {
            throw new IllegalArgumentException(
                    "a state has at most " + colsMax + " components, given " + states.cols());
        }
        if (out != null && (out.rows() != states.rows() || out.cols() != states.cols())) {
            throw new IllegalArgumentException("the result must be " + states.rows() + " x " + states.cols()
                    + ", given " + out.rows() + " x " + out.cols());
        }
        if (out != null && out.overlaps(states)) {
            throw new IllegalArgumentException("the result must not overlap the states");
        }
        final long address = states.address();
        for (int row = 0; row < states.rows(); row++) {
            if (primitives.magnitudeBits(address + row * states.strideBytes(), states.cols()) >= INFINITY_BITS) {
                throw new IllegalArgumentException("state " + row + " holds NaN or infinity");
            }
        }
    }

    private void requireOpen() {
        if (!slab.segment().scope().isAlive()) {
            throw new IllegalStateException("the scratch has been closed");
        }
    }
}
