package io.quorate.kernels.graph;

import java.math.BigInteger;
import java.util.Arrays;

/**
 * Betweenness straight from its definition, in exact arithmetic: lengths are whole numbers of 1/1800, for weights that divide
 * 1800, and the paths of a pair are counted by distance alone.
 */
final class BetweennessDefinition {
    private static final long UNIT = 1800;

    private BetweennessDefinition() {}

    static double[] of(final PeerGraph graph) {
        final int n = graph.nodes();
        final long[][] distances = distances(graph, false);
        final BigInteger[][] counts = new BigInteger[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                counts[i][j] = count(graph, distances, i, j);
            }
        }
        final double[] all = new double[n];
        for (int v = 0; v < n && n > 2; v++) {
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < i; j++) {
                    if (v != i
                            && v != j
                            && distances[i][j] >= 0
                            && counts[i][j].signum() > 0
                            && distances[i][v] >= 0
                            && distances[i][v] + distances[v][j] == distances[i][j]) {
                        all[v] += counts[i][v].multiply(counts[v][j]).doubleValue() / counts[i][j].doubleValue();
                    }
                }
            }
            all[v] /= (n - 1) * (n - 2) / 2.0;
        }
        return all;
    }

    static double[] hops(final PeerGraph graph, final int source) {
        return Arrays.stream(distances(graph, true)[source]).asDoubleStream().toArray();
    }

    /** -1 where no path leads (Floyd and Warshall). */
    private static long[][] distances(final PeerGraph graph, final boolean isHops) {
        final int n = graph.nodes();
        final long[][] distances = new long[n][n];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                distances[i][j] = i == j ? 0 : length(graph, i, j, isHops);
            }
        }
        for (int k = 0; k < n; k++) {
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    final long detour = distances[i][k] + distances[k][j];
                    if (distances[i][k] >= 0
                            && distances[k][j] >= 0
                            && (distances[i][j] < 0 || detour < distances[i][j])) {
                        distances[i][j] = detour;
                    }
                }
            }
        }
        return distances;
    }

    private static long length(final PeerGraph graph, final int i, final int j, final boolean isHops) {
        final double weight = graph.weightBetween(i, j);
        if (weight == 0.0) {
            return -1;
        }
        return isHops ? 1 : Math.round(UNIT / weight);
    }

    private static BigInteger count(final PeerGraph graph, final long[][] distances, final int i, final int j) {
        if (i == j) {
            return BigInteger.ONE;
        }
        BigInteger sum = BigInteger.ZERO;
        for (int before = 0; before < graph.nodes(); before++) {
            final long length = before == j ? -1 : length(graph, before, j, false);
            if (length >= 0 && distances[i][before] >= 0 && distances[i][before] + length == distances[i][j]) {
                sum = sum.add(count(graph, distances, i, before));
            }
        }
        return sum;
    }
}
