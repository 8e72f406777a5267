package io.quorate.kernels.graph;

import java.util.Arrays;

/**
 * How central each node of a graph is. The degree of a node is the number of its edges. Its betweenness is the sum, over all
 * unordered pairs of other nodes that are connected, of the share of their shortest paths that lead through it (Freeman 1977),
 * computed by Brandes (2001, "A faster algorithm for betweenness centrality"): O(nm) where all weights are equal, O(nm + n^2 log
 * n) by Dijkstra otherwise, an edge being 1 / weight long. Normalised by (n - 1)(n - 2) / 2; 0 where n &lt;= 2.
 *
 * <p>Which paths count as equally long is the rule of {@link ShortestPaths}. Sums run by ascending source, so that equal graphs
 * have equal bits; nodes that a symmetry exchanges are equal up to rounding.
 */
public final class Centrality {
    private static final int SCALE_BITS = 512;
    private static final double SCALE = 0x1p512;

    private final PeerGraph graph;
    private final double[] sums;

    private Centrality(final PeerGraph graph) {
        this.graph = graph;
        this.sums = new double[graph.nodes()];
    }

    /** @throws IllegalArgumentException if the weights of a component are more than a factor of 2^100 / n^2 apart */
    public static Centrality of(final PeerGraph graph) {
        final Centrality centrality = new Centrality(graph);
        new Sweep(graph).addAll(centrality.sums);
        return centrality;
    }

    public int degree(final int node) {
        return graph.degree(node);
    }

    /** Within [0, 1]: the share of the pairs of other nodes whose shortest paths lead through this one. */
    public double betweenness(final int node) {
        final double n = graph.nodes();
        return n <= 2 ? 0.0 : betweennessSum(node) / ((n - 1) * (n - 2) / 2);
    }

    /** The betweenness before it is normalised: a number of pairs. */
    public double betweennessSum(final int node) {
        // Each unordered pair was seen from both of its ends.
        return sums[node] / 2;
    }

    /**
     * One pass of Brandes over all sources. Path counts grow exponentially with the distance, so each is a float64 times a
     * power of 2^512; only quotients of counts matter.
     */
    private static final class Sweep {
        private final PeerGraph graph;
        private final ShortestPaths paths;
        private final double[] counts;
        private final int[] scales;
        private final double[] dependencies;

        Sweep(final PeerGraph graph) {
            this.graph = graph;
            this.paths = new ShortestPaths(graph);
            this.counts = new double[graph.nodes()];
            this.scales = new int[graph.nodes()];
            this.dependencies = new double[graph.nodes()];
        }

        void addAll(final double[] sums) {
            for (int source = 0; source < graph.nodes(); source++) {
                paths.from(source);
                Arrays.fill(counts, 0.0);
                Arrays.fill(scales, 0);
                Arrays.fill(dependencies, 0.0);
                counts[source] = 1.0;
                for (int i = 1; i < paths.reached(); i++) {
                    countPaths(paths.node(i));
                }
                for (int i = paths.reached() - 1; i > 0; i--) {
                    final int node = paths.node(i);
                    passBack(node);
                    sums[node] += dependencies[node];
                }
            }
        }

        private void countPaths(final int node) {
            for (int place = graph.rowStart(node); place < graph.rowStart(node + 1); place++) {
                final int before = graph.neighbour(place);
                if (!paths.isLast(before, place, node)) {
                    continue;
                }
                if (scales[before] > scales[node]) {
                    counts[node] = scaled(counts[node], scales[node] - scales[before]);
                    scales[node] = scales[before];
                }
                counts[node] += scaled(counts[before], scales[before] - scales[node]);
            }
            if (counts[node] > SCALE) {
                counts[node] /= SCALE;
                scales[node]++;
            }
        }

        private void passBack(final int node) {
            for (int place = graph.rowStart(node); place < graph.rowStart(node + 1); place++) {
                final int before = graph.neighbour(place);
                if (paths.isLast(before, place, node)) {
                    final double share = scaled(counts[before] / counts[node], scales[before] - scales[node]);
                    dependencies[before] += share * (1.0 + dependencies[node]);
                }
            }
        }

        private static double scaled(final double value, final int scale) {
            return scale == 0 ? value : Math.scalb(value, scale * SCALE_BITS);
        }
    }
}
