package io.quorate.kernels.graph;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * An undirected weighted graph over the nodes 0..n-1, which in a group are the peer ids. A weight is a conductance: how well an
 * edge connects. The form is canonical: edges run from the smaller id to the greater and stand in ascending order, whatever order
 * and direction they were given in; so two graphs with the same edges are equal, and everything computed from them has the
 * same bits. Stored as compressed rows: for each node its neighbours, ascending. Immutable.
 */
public final class PeerGraph {
    /** The most nodes; what needs a dense matrix allows fewer. */
    public static final int NODES_MAX = 1 << 16;

    /** Weights lie within [2^-500, 2^500], so that no sum, quotient or product of two of them overflows or vanishes. */
    public static final double WEIGHT_MIN = 0x1p-500;

    public static final double WEIGHT_MAX = 0x1p500;

    private final int nodes;
    private final int[] lower;
    private final int[] upper;
    private final double[] weights;
    private final int[] rowStarts;
    private final int[] neighbours;
    private final int[] rowEdges;
    private final int[] components;

    private PeerGraph(final int nodes, final long[] pairs, final double[] weights) {
        this.nodes = nodes;
        this.lower = new int[pairs.length];
        this.upper = new int[pairs.length];
        this.weights = weights;
        this.rowStarts = new int[nodes + 1];
        for (int edge = 0; edge < pairs.length; edge++) {
            lower[edge] = (int) (pairs[edge] >>> Integer.SIZE);
            upper[edge] = (int) pairs[edge];
            rowStarts[lower[edge] + 1]++;
            rowStarts[upper[edge] + 1]++;
        }
        for (int node = 0; node < nodes; node++) {
            rowStarts[node + 1] += rowStarts[node];
        }
        this.neighbours = new int[2 * pairs.length];
        this.rowEdges = new int[2 * pairs.length];
        fillRows();
        this.components = findComponents();
    }

    /** All lower neighbours of a node precede its upper ones in the order of the edges, so that rows come out ascending. */
    private void fillRows() {
        final int[] next = Arrays.copyOf(rowStarts, nodes);
        for (int edge = 0; edge < lower.length; edge++) {
            rowEdges[next[upper[edge]]] = edge;
            neighbours[next[upper[edge]]++] = lower[edge];
        }
        for (int edge = 0; edge < lower.length; edge++) {
            rowEdges[next[lower[edge]]] = edge;
            neighbours[next[lower[edge]]++] = upper[edge];
        }
    }

    private int[] findComponents() {
        final int[] found = new int[nodes];
        Arrays.fill(found, -1);
        final int[] queue = new int[nodes];
        for (int root = 0; root < nodes; root++) {
            if (found[root] >= 0) {
                continue;
            }
            int end = 0;
            queue[end++] = root;
            found[root] = root;
            for (int at = 0; at < end; at++) {
                for (int i = rowStarts[queue[at]]; i < rowStarts[queue[at] + 1]; i++) {
                    if (found[neighbours[i]] < 0) {
                        found[neighbours[i]] = root;
                        queue[end++] = neighbours[i];
                    }
                }
            }
        }
        return found;
    }

    /** Collects the entries of a graph, in any order and direction. */
    public static final class Builder {
        private final int nodes;
        private final Map<Long, Double> entries = new HashMap<>();

        /** @throws IllegalArgumentException if the number of nodes is not within 1..{@value #NODES_MAX} */
        public Builder(final int nodes) {
            if (nodes < 1 || nodes > NODES_MAX) {
                throw new IllegalArgumentException("a graph has 1 to " + NODES_MAX + " nodes, given " + nodes);
            }
            this.nodes = nodes;
        }

        /** An edge of weight 1. */
        public Builder edge(final int i, final int j) {
            return edge(i, j, 1.0);
        }

        /**
         * An entry for the pair (i, j), which is the pair (j, i). Weight 0 says that there is no edge. A second entry for a pair
         * must say the same as the first.
         *
         * @throws IllegalArgumentException if a node does not exist, i = j, the weight is negative, not finite or outside
         *     [2^-500, 2^500], or an earlier entry for the pair has another weight
         */
        public Builder edge(final int i, final int j, final double weight) {
            requireNode(i, nodes);
            requireNode(j, nodes);
            if (i == j) {
                throw new IllegalArgumentException("an edge joins two different nodes, given node " + i + " twice");
            }
            requireWeight(weight);
            final Double earlier = entries.putIfAbsent(pair(i, j), weight);
            if (earlier != null && earlier.doubleValue() != weight) {
                throw new IllegalArgumentException("nodes " + i + " and " + j + " have an earlier entry of weight "
                        + earlier + ", given another of weight " + weight);
            }
            return this;
        }

        public PeerGraph build() {
            final long[] pairs = entries.entrySet().stream()
                    .filter(entry -> entry.getValue() != 0.0)
                    .mapToLong(Map.Entry::getKey)
                    .sorted()
                    .toArray();
            final double[] weights =
                    Arrays.stream(pairs).mapToDouble(entries::get).toArray();
            return new PeerGraph(nodes, pairs, weights);
        }
    }

    /** Every node joined to every other by weight 1. */
    public static PeerGraph complete(final int nodes) {
        final Builder builder = new Builder(nodes);
        for (int i = 0; i < nodes; i++) {
            for (int j = 0; j < i; j++) {
                builder.edge(i, j);
            }
        }
        return builder.build();
    }

    /**
     * The same graph but for one pair, which gets the weight; 0 takes the edge away.
     *
     * @throws IllegalArgumentException as {@link Builder#edge(int, int, double)}, but for the earlier entry
     */
    public PeerGraph withEdge(final int i, final int j, final double weight) {
        final Builder builder = new Builder(nodes).edge(i, j, weight);
        for (int edge = 0; edge < lower.length; edge++) {
            if (pair(lower[edge], upper[edge]) != pair(i, j)) {
                builder.edge(lower[edge], upper[edge], weights[edge]);
            }
        }
        return builder.build();
    }

    public int nodes() {
        return nodes;
    }

    public int edges() {
        return lower.length;
    }

    /** The smaller id of an edge; edges are numbered by ascending (smaller id, greater id). */
    public int lower(final int edge) {
        return lower[edge];
    }

    /** The greater id of an edge. */
    public int upper(final int edge) {
        return upper[edge];
    }

    public double weight(final int edge) {
        return weights[edge];
    }

    /** The weight between two nodes, 0 if no edge joins them. */
    public double weightBetween(final int i, final int j) {
        requireNode(i, nodes);
        requireNode(j, nodes);
        final int at = Arrays.binarySearch(neighbours, rowStarts[i], rowStarts[i + 1], j);
        return at < 0 ? 0.0 : weights[rowEdges[at]];
    }

    /** How many edges a node has. */
    public int degree(final int node) {
        return rowStarts[node + 1] - rowStarts[node];
    }

    /** The smallest id of the nodes that can be reached from {@code node}, itself included: the name of its component. */
    public int component(final int node) {
        return components[node];
    }

    public boolean isConnected() {
        return Arrays.stream(components).allMatch(component -> component == 0);
    }

    /** Places of a node's neighbours: from rowStart(node) to rowStart(node + 1) - 1. */
    int rowStart(final int node) {
        return rowStarts[node];
    }

    int neighbour(final int place) {
        return neighbours[place];
    }

    int edge(final int place) {
        return rowEdges[place];
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof final PeerGraph graph
                && nodes == graph.nodes
                && Arrays.equals(lower, graph.lower)
                && Arrays.equals(upper, graph.upper)
                && Arrays.equals(weights, graph.weights);
    }

    @Override
    public int hashCode() {
        return Objects.hash(nodes, Arrays.hashCode(lower), Arrays.hashCode(upper), Arrays.hashCode(weights));
    }

    @Override
    public String toString() {
        return "graph of " + nodes + " nodes and " + lower.length + " edges";
    }

    static void requireNode(final int node, final int nodes) {
        if (node < 0 || node >= nodes) {
            throw new IllegalArgumentException("nodes are 0 to " + (nodes - 1) + ", given " + node);
        }
    }

    private static void requireWeight(final double weight) {
        if (weight != 0.0 && !(weight >= WEIGHT_MIN && weight <= WEIGHT_MAX)) {
            throw new IllegalArgumentException(
                    "a weight is 0 (no edge) or a conductance from 2^-500 to 2^500, given " + weight);
        }
    }

    private static long pair(final int i, final int j) {
        return (long) Math.min(i, j) << Integer.SIZE | Math.max(i, j);
    }
}
