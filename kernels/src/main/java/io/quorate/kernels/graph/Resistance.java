package io.quorate.kernels.graph;

import java.util.Arrays;

/**
 * The effective resistance between every two nodes of a graph whose edges are resistors of 1 / weight:
 * R_ij = L+_ii + L+_jj - 2 L+_ij with L+ the pseudo-inverse of the Laplacian (Klein and Randic 1993). It is a metric, it falls
 * with every further route, and it is infinite between components. Computed in float64 from one factorisation a component
 * ({@link GroundedFactor}), or from the resistances before when one weight changes. Immutable.
 */
public final class Resistance {
    /** The most nodes: the matrix is dense. */
    public static final int NODES_MAX = 4096;

    /** Where 1 + dw R falls below the first or above the second, an update would lose digits and the graph is factored anew. */
    private static final double FACTOR_MIN = 0.125;

    private static final double FACTOR_MAX = 1024.0;

    /** Rounding errors of updates add up; after so many the graph is factored anew. */
    private static final int UPDATES_MAX = 64;

    private final PeerGraph graph;
    private final double[][] between;
    private final int updates;

    private Resistance(final PeerGraph graph, final double[][] between, final int updates) {
        this.graph = graph;
        this.between = between;
        this.updates = updates;
    }

    /** @throws IllegalArgumentException if the graph has more than {@value #NODES_MAX} nodes */
    public static Resistance of(final PeerGraph graph) {
        requireSize(graph);
        final double[][] between = new double[graph.nodes()][graph.nodes()];
        for (int i = 0; i < graph.nodes(); i++) {
            Arrays.fill(between[i], Double.POSITIVE_INFINITY);
            between[i][i] = 0.0;
        }
        for (int node = 0; node < graph.nodes(); node++) {
            if (graph.component(node) == node) {
                new GroundedFactor(graph, members(graph, node)).resistances(between);
            }
        }
        return new Resistance(graph, between, 0);
    }

    /**
     * The resistances after the weight of one pair has become {@code weight}; 0 takes the edge away. By the formula of Sherman
     * and Morrison in O(n^2), unless components split or join, digits would be lost, or {@value #UPDATES_MAX} updates went
     * before: then as {@link #of}. The last bits depend on the path of updates, so replicas that must agree bit for bit
     * start from the graph.
     *
     * @throws IllegalArgumentException as {@link PeerGraph#withEdge}
     */
    public Resistance withEdge(final int i, final int j, final double weight) {
        final PeerGraph next = graph.withEdge(i, j, weight);
        final double change = weight - graph.weightBetween(i, j);
        if (change == 0.0) {
            return this;
        }
        final boolean isJoined = graph.component(i) == graph.component(j);
        final boolean staysJoined = next.component(i) == next.component(j);
        final double factor = 1.0 + change * between[i][j];
        if (!isJoined || !staysJoined || !(factor >= FACTOR_MIN && factor <= FACTOR_MAX) || updates == UPDATES_MAX) {
            return of(next);
        }
        return new Resistance(next, updated(i, j, change / factor), updates + 1);
    }

    /** R_kl - (c / 4) (u_k - u_l)^2 with u_k = R_kj - R_ki, within the component of i and j. */
    private double[][] updated(final int i, final int j, final double c) {
        final int nodes = graph.nodes();
        final double[][] next = new double[nodes][];
        for (int k = 0; k < nodes; k++) {
            next[k] = between[k].clone();
            if (graph.component(k) != graph.component(i)) {
                continue;
            }
            for (int l = 0; l < k; l++) {
                if (graph.component(l) == graph.component(i)) {
                    final double voltage = ((between[k][j] - between[k][i]) - (between[l][j] - between[l][i])) / 2;
                    next[k][l] -= c * voltage * voltage;
                    next[l][k] = next[k][l];
                }
            }
        }
        return next;
    }

    /** The nodes of the component that is named {@code root}, ascending. */
    static int[] members(final PeerGraph graph, final int root) {
        int count = 0;
        final int[] members = new int[graph.nodes() - root];
        for (int node = root; node < graph.nodes(); node++) {
            if (graph.component(node) == root) {
                members[count++] = node;
            }
        }
        return Arrays.copyOf(members, count);
    }

    static void requireSize(final PeerGraph graph) {
        if (graph.nodes() > NODES_MAX) {
            throw new IllegalArgumentException(
                    "resistances are for graphs of at most " + NODES_MAX + " nodes, given " + graph.nodes());
        }
    }

    public PeerGraph graph() {
        return graph;
    }

    /** Infinity between components, 0 from a node to itself; symmetric. */
    public double between(final int i, final int j) {
        return between[i][j];
    }

    /** How many updates since the graph was last factored. */
    public int updates() {
        return updates;
    }
}
