package io.quorate.kernels.gossip;

import java.util.Arrays;
import java.util.BitSet;

/**
 * Who is connected with whom: an undirected graph over the nodes 0 to n - 1 as lists of neighbours, each in rising order.
 * Immutable, so that any number of threads may read it.
 *
 * <p>{@link #isRobust} decides (r, s)-robustness (LeBlanc, Zhang, Koutsoukos, Sundaram 2013, "Resilient asymptotic consensus in
 * robust networks") exactly, by looking at all pairs of sets; that is feasible for small graphs only.
 */
public final class Neighbourhoods {
    /** Largest graph whose robustness can be decided: 3^n pairs of sets are looked at in the worst case. */
    public static final int ROBUST_NODES_MAX = 14;

    private final int[] first;
    private final int[] neighbours;

    private Neighbourhoods(final BitSet[] rows) {
        first = new int[rows.length + 1];
        for (int node = 0; node < rows.length; node++) {
            first[node + 1] = first[node] + rows[node].cardinality();
        }
        neighbours = new int[first[rows.length]];
        for (int node = 0, at = 0; node < rows.length; node++) {
            for (int other = rows[node].nextSetBit(0); other >= 0; other = rows[node].nextSetBit(other + 1)) {
                neighbours[at++] = other;
            }
        }
    }

    /** Every node with every other one. */
    public static Neighbourhoods complete(final int nodes) {
        final BitSet[] rows = rows(nodes);
        for (int node = 0; node < nodes; node++) {
            rows[node].set(0, nodes);
            rows[node].clear(node);
        }
        return new Neighbourhoods(rows);
    }

    /**
     * The connections from[k] - to[k]; a connection that is given twice is one.
     *
     * @throws IllegalArgumentException if there is no node, the arrays differ in length, an end is no node, or a node is
     *     connected with itself
     */
    public static Neighbourhoods of(final int nodes, final int[] from, final int[] to) {
        if (from.length != to.length) {
            throw new IllegalArgumentException(
                    "each connection has two ends, given " + from.length + " and " + to.length);
        }
        final BitSet[] rows = rows(nodes);
        for (int k = 0; k < from.length; k++) {
            if (Math.min(from[k], to[k]) < 0 || Math.max(from[k], to[k]) >= nodes || from[k] == to[k]) {
                throw new IllegalArgumentException("a connection joins two of the nodes 0.." + (nodes - 1) + ", given "
                        + from[k] + " and " + to[k]);
            }
            rows[from[k]].set(to[k]);
            rows[to[k]].set(from[k]);
        }
        return new Neighbourhoods(rows);
    }

    /** n. */
    public int nodes() {
        return first.length - 1;
    }

    /** How many neighbours a node has. */
    public int degree(final int node) {
        return first[node + 1] - first[node];
    }

    public int degreeMax() {
        int most = 0;
        for (int node = 0; node < nodes(); node++) {
            most = Math.max(most, degree(node));
        }
        return most;
    }

    /** The {@code index}-th neighbour of a node, 0 &lt;= index &lt; degree, in rising order. */
    public int neighbour(final int node, final int index) {
        return neighbours[first[node] + index];
    }

    /** The longest of all shortest ways, in steps; -1 if the graph is not connected. */
    public int diameter() {
        int longest = 0;
        for (int start = 0; start < nodes(); start++) {
            final int reach = reach(start);
            if (reach < 0) {
                return -1;
            }
            longest = Math.max(longest, reach);
        }
        return longest;
    }

    /**
     * True if for every two disjoint sets of nodes, neither of them empty, one of these holds: each node of the first has at least
     * r neighbours outside of it; each node of the second has; at least s nodes of both together have. On such a graph with
     * r = s = f + 1 trimmed averages converge whatever f stubborn nodes do; see {@link NeighbourAverage}.
     *
     * @throws IllegalArgumentException if the graph has more than {@value #ROBUST_NODES_MAX} nodes, or r or s is below 1
     */
    public boolean isRobust(final int r, final int s) {
        if (nodes() > ROBUST_NODES_MAX || r < 1 || s < 1) {
            throw new IllegalArgumentException("robustness is decided for at most " + ROBUST_NODES_MAX
                    + " nodes, r and s at least 1; given " + nodes() + " nodes, r = " + r + ", s = " + s);
        }
        // Sets with fewer than s such nodes, not all of them: only two of these can break the rule.
        final int all = (1 << nodes()) - 1;
        final byte[] reaching = new byte[all + 1];
        for (int set = 1; set <= all; set++) {
            final int count = reachingOut(set, r);
            reaching[set] = (byte) (count < Integer.bitCount(set) && count < s ? count : -1);
        }
        for (int set = 1; set <= all; set++) {
            if (reaching[set] < 0) {
                continue;
            }
            // Of each pair the first holds the lowest node of both.
            final int rest = all & ~set & -Integer.lowestOneBit(set);
            for (int other = rest; other > 0; other = (other - 1) & rest) {
                if (reaching[other] >= 0 && reaching[set] + reaching[other] < s) {
                    return false;
                }
            }
        }
        return true;
    }

    /** How many nodes of the set have at least r neighbours outside of it. */
    private int reachingOut(final int set, final int r) {
        int count = 0;
        for (int left = set; left != 0; left &= left - 1) {
            final int node = Integer.numberOfTrailingZeros(left);
            int outside = 0;
            for (int k = first[node]; k < first[node + 1]; k++) {
                outside += 1 - (set >>> neighbours[k] & 1);
            }
            count += outside >= r ? 1 : 0;
        }
        return count;
    }

    private int reach(final int start) {
        final int[] steps = new int[nodes()];
        final int[] queue = new int[nodes()];
        Arrays.fill(steps, -1);
        steps[start] = 0;
        queue[0] = start;
        int tail = 1;
        for (int head = 0; head < tail; head++) {
            final int node = queue[head];
            for (int k = first[node]; k < first[node + 1]; k++) {
                if (steps[neighbours[k]] < 0) {
                    steps[neighbours[k]] = steps[node] + 1;
                    queue[tail++] = neighbours[k];
                }
            }
        }
        return tail < nodes() ? -1 : steps[queue[tail - 1]];
    }

    private static BitSet[] rows(final int nodes) {
        if (nodes < 1) {
            throw new IllegalArgumentException("a graph has at least one node, given " + nodes);
        }
        final BitSet[] rows = new BitSet[nodes];
        Arrays.setAll(rows, node -> new BitSet(nodes));
        return rows;
    }
}
