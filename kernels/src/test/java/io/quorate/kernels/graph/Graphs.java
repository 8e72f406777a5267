package io.quorate.kernels.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;

/** The graphs of the tests. */
final class Graphs {
    /** An entry of a builder. */
    record Entry(int i, int j, double weight) {}

    private Graphs() {}

    static PeerGraph of(final int nodes, final int[]... pairs) {
        final PeerGraph.Builder builder = new PeerGraph.Builder(nodes);
        for (final int[] pair : pairs) {
            builder.edge(pair[0], pair[1]);
        }
        return builder.build();
    }

    static PeerGraph of(final int nodes, final List<Entry> entries) {
        final PeerGraph.Builder builder = new PeerGraph.Builder(nodes);
        entries.forEach(entry -> builder.edge(entry.i, entry.j, entry.weight));
        return builder.build();
    }

    static PeerGraph path(final int nodes) {
        final PeerGraph.Builder builder = new PeerGraph.Builder(nodes);
        for (int i = 1; i < nodes; i++) {
            builder.edge(i - 1, i);
        }
        return builder.build();
    }

    static PeerGraph cycle(final int nodes) {
        return path(nodes).withEdge(nodes - 1, 0, 1.0);
    }

    static PeerGraph star(final int nodes) {
        final PeerGraph.Builder builder = new PeerGraph.Builder(nodes);
        for (int i = 1; i < nodes; i++) {
            builder.edge(0, i);
        }
        return builder.build();
    }

    static PeerGraph grid(final int side) {
        final PeerGraph.Builder builder = new PeerGraph.Builder(side * side);
        for (int row = 0; row < side; row++) {
            for (int col = 0; col < side; col++) {
                if (col > 0) {
                    builder.edge(row * side + col, row * side + col - 1);
                }
                if (row > 0) {
                    builder.edge(row * side + col, (row - 1) * side + col);
                }
            }
        }
        return builder.build();
    }

    static PeerGraph diamondWithTail() {
        return of(5, new int[][] {{0, 1}, {0, 2}, {1, 3}, {2, 3}, {3, 4}});
    }

    static PeerGraph utility() {
        final PeerGraph.Builder builder = new PeerGraph.Builder(6);
        for (int i = 0; i < 3; i++) {
            for (int j = 3; j < 6; j++) {
                builder.edge(i, j);
            }
        }
        return builder.build();
    }

    static PeerGraph petersen() {
        final PeerGraph.Builder builder = new PeerGraph.Builder(10);
        for (int i = 0; i < 5; i++) {
            builder.edge(i, (i + 1) % 5).edge(5 + i, 5 + (i + 2) % 5).edge(i, i + 5);
        }
        return builder.build();
    }

    /** A random tree and further random edges on top: connected. */
    static PeerGraph connected(
            final SplittableRandom random, final int nodes, final int extra, final double... weights) {
        PeerGraph graph = new PeerGraph.Builder(nodes).build();
        for (int i = 1; i < nodes; i++) {
            graph = graph.withEdge(i, random.nextInt(i), weights[random.nextInt(weights.length)]);
        }
        for (int k = 0; k < extra; k++) {
            final int i = random.nextInt(nodes);
            final int j = random.nextInt(nodes);
            if (i != j && graph.weightBetween(i, j) == 0.0) {
                graph = graph.withEdge(i, j, weights[random.nextInt(weights.length)]);
            }
        }
        return graph;
    }

    /** Any edges. */
    static PeerGraph sparse(final SplittableRandom random, final int nodes, final int edges, final double... weights) {
        PeerGraph graph = new PeerGraph.Builder(nodes).build();
        for (int k = 0; k < edges; k++) {
            final int i = random.nextInt(nodes);
            final int j = random.nextInt(nodes);
            if (i != j) {
                graph = graph.withEdge(i, j, weights[random.nextInt(weights.length)]);
            }
        }
        return graph;
    }

    static List<Entry> entries(final PeerGraph graph) {
        final List<Entry> entries = new ArrayList<>();
        for (int edge = 0; edge < graph.edges(); edge++) {
            entries.add(new Entry(graph.lower(edge), graph.upper(edge), graph.weight(edge)));
        }
        return entries;
    }

    /** The same graph from its entries in another order and direction, some of them twice. */
    static PeerGraph stirred(final PeerGraph graph, final long seed) {
        final List<Entry> entries = entries(graph);
        Collections.shuffle(entries, new Random(seed));
        final PeerGraph.Builder builder = new PeerGraph.Builder(graph.nodes());
        for (int k = 0; k < entries.size(); k++) {
            final Entry entry = entries.get(k);
            builder.edge(k % 2 == 0 ? entry.j : entry.i, k % 2 == 0 ? entry.i : entry.j, entry.weight);
            if (k % 3 == 0) {
                builder.edge(entry.i, entry.j, entry.weight);
            }
        }
        return builder.build();
    }

    /** The graph whose node {@code names[i]} is node i of the given one. */
    static PeerGraph renamed(final PeerGraph graph, final int[] names) {
        final PeerGraph.Builder builder = new PeerGraph.Builder(graph.nodes());
        entries(graph).forEach(entry -> builder.edge(names[entry.i], names[entry.j], entry.weight));
        return builder.build();
    }

    static int[] permutation(final SplittableRandom random, final int count) {
        final int[] names = new int[count];
        for (int i = 0; i < count; i++) {
            final int j = random.nextInt(i + 1);
            names[i] = names[j];
            names[j] = i;
        }
        return names;
    }
}
