package io.quorate.kernels.graph;

import java.util.Arrays;

/**
 * The shortest paths from one node at a time: distances, and which edges lie on a shortest path. The length of an edge is 1 /
 * weight. Where all weights of a component are equal, lengths are counted in hops, exactly.
 *
 * <p>Otherwise two paths count as equally long if they differ by at most 2^-40 of their length, and by no more than a quarter of
 * the shortest edge of the component. Decimal weights are no exact float64, so equal lengths of different edges differ in the
 * last bits: 1/0.9 three times and 1/0.3 once. The second limit keeps the relation sound: an edge leads strictly away from the
 * source or is on no shortest path, so that no cycle can arise.
 */
final class ShortestPaths {
    static final double TIE = 0x1p-40;

    /**
     * Times 1 / n^2, the largest ratio of two weights of one component: n lengths of the longest edge, each addition rounded at
     * 2^-104, still tell a quarter of the shortest edge.
     */
    private static final double WEIGHT_RATIO_MAX = 0x1p100;

    private static final double EDGE_SHARE = 0.25;
    private static final int UNREACHED = -1;

    private final PeerGraph graph;
    private final double[] lightest;
    private final double[] heaviest;
    private final int[] order;
    private final int[] hops;
    private final DistanceQueue queue;
    private boolean isCounted;
    private double edgeTie;
    private int reached;

    /** @throws IllegalArgumentException if the weights of a component are more than a factor of 2^100 / n^2 apart */
    ShortestPaths(final PeerGraph graph) {
        this.graph = graph;
        this.lightest = new double[graph.nodes()];
        this.heaviest = new double[graph.nodes()];
        Arrays.fill(lightest, Double.POSITIVE_INFINITY);
        for (int edge = 0; edge < graph.edges(); edge++) {
            final int component = graph.component(graph.lower(edge));
            lightest[component] = Math.min(lightest[component], graph.weight(edge));
            heaviest[component] = Math.max(heaviest[component], graph.weight(edge));
        }
        final double ratioMax = WEIGHT_RATIO_MAX / graph.nodes() / graph.nodes();
        for (int node = 0; node < graph.nodes(); node++) {
            if (heaviest[node] / ratioMax > lightest[node]) {
                throw new IllegalArgumentException("shortest paths need the weights of a component within a factor of"
                        + " 2^100 / n^2, here " + (float) ratioMax + ", given " + lightest[node] + " and "
                        + heaviest[node]);
            }
        }
        this.order = new int[graph.nodes()];
        this.hops = new int[graph.nodes()];
        this.queue = new DistanceQueue(graph.nodes());
    }

    /** Finds all distances from a node; what was found before is gone. */
    void from(final int source) {
        final int component = graph.component(source);
        isCounted = !(lightest[component] < heaviest[component]);
        edgeTie = EDGE_SHARE / heaviest[component];
        reached = 0;
        if (isCounted) {
            count(source);
        } else {
            measure(source);
        }
    }

    /** How many nodes can be reached, the source included. */
    int reached() {
        return reached;
    }

    /** The nodes by ascending distance. */
    int node(final int index) {
        return order[index];
    }

    /** True if a shortest path ends with the edge at {@code place}, from {@code before} to {@code node}. */
    boolean isLast(final int before, final int place, final int node) {
        if (isCounted) {
            return hops[before] + 1 == hops[node];
        }
        final double tie = Math.min(TIE * queue.distance(node), edgeTie);
        return Math.abs(queue.excess(before, length(place), node)) <= tie;
    }

    private void count(final int source) {
        Arrays.fill(hops, UNREACHED);
        hops[source] = 0;
        order[reached++] = source;
        for (int at = 0; at < reached; at++) {
            final int node = order[at];
            for (int place = graph.rowStart(node); place < graph.rowStart(node + 1); place++) {
                final int other = graph.neighbour(place);
                if (hops[other] == UNREACHED) {
                    hops[other] = hops[node] + 1;
                    order[reached++] = other;
                }
            }
        }
    }

    private void measure(final int source) {
        queue.clear();
        queue.start(source);
        while (!queue.isEmpty()) {
            final int node = queue.take();
            order[reached++] = node;
            for (int place = graph.rowStart(node); place < graph.rowStart(node + 1); place++) {
                queue.offer(node, length(place), graph.neighbour(place));
            }
        }
    }

    private double length(final int place) {
        return 1.0 / graph.weight(graph.edge(place));
    }
}
