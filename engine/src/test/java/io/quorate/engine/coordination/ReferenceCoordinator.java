package io.quorate.engine.coordination;

import io.quorate.kernels.graph.RopeAngles;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/** The definitions of docs/protocols/decision.md once more, in plain float64 and without a thought of speed. */
final class ReferenceCoordinator {
    private ReferenceCoordinator() {}

    static double[] influence(final double[][] vectors, final int heads, final double temperature, final int faulty) {
        final int count = vectors.length;
        final int headDim = vectors[0].length / heads;
        final double[][] unit = new double[count][];
        for (int i = 0; i < count; i++) {
            final double norm = norm(vectors[i]);
            unit[i] = Arrays.stream(vectors[i]).map(x -> x / norm).toArray();
        }
        final double[] influence = new double[count];
        for (int head = 0; head < heads; head++) {
            for (int i = 0; i < count; i++) {
                final double[] row = new double[count];
                for (int j = 0; j < count; j++) {
                    for (int k = head * headDim; k < (head + 1) * headDim; k++) {
                        row[j] += unit[i][k] * unit[j][k];
                    }
                    row[j] *= temperature * heads;
                }
                final double greatest = Arrays.stream(row).max().orElseThrow();
                final double sum =
                        Arrays.stream(row).map(x -> Math.exp(x - greatest)).sum();
                for (int j = 0; j < count; j++) {
                    influence[j] += Math.exp(row[j] - greatest) / sum / (heads * count);
                }
            }
        }
        return capped(influence, 1.0 / (count - faulty));
    }

    /** min(ceiling, s w) with the s that makes the sum 1, found by bisection. */
    static double[] capped(final double[] weights, final double ceiling) {
        double low = 0;
        double high = 1e30;
        for (int i = 0; i < 400; i++) {
            final double middle = low < 1e-3 ? (low + high) / 2 : Math.sqrt(low * high);
            final double sum = Arrays.stream(weights)
                    .map(w -> Math.min(ceiling, middle * w))
                    .sum();
            if (sum < 1) {
                low = middle;
            } else {
                high = middle;
            }
        }
        final double scale = high;
        return Arrays.stream(weights).map(w -> Math.min(ceiling, scale * w)).toArray();
    }

    static double meanCosine(final double[][] vectors) {
        double sum = 0;
        int pairs = 0;
        for (int i = 0; i < vectors.length; i++) {
            for (int j = i + 1; j < vectors.length; j++) {
                sum += dot(vectors[i], vectors[j]) / (norm(vectors[i]) * norm(vectors[j]));
                pairs++;
            }
        }
        return pairs == 0 ? 1 : sum / pairs;
    }

    /** Nearest-neighbour mixing, then the trimmed mean of each coordinate. */
    static double[] robustMean(final double[][] vectors, final int faulty) {
        final int count = vectors.length;
        final int dimension = vectors[0].length;
        final double[][] mixed = new double[count][dimension];
        for (int i = 0; i < count; i++) {
            final int row = i;
            IntStream.range(0, count)
                    .boxed()
                    .sorted(Comparator.comparingDouble(j -> distance(vectors[row], vectors[j])))
                    .limit(count - faulty)
                    .forEach(j -> {
                        for (int k = 0; k < dimension; k++) {
                            mixed[row][k] += vectors[j][k] / (count - faulty);
                        }
                    });
        }
        return trimmedMean(mixed, faulty);
    }

    /** Each head of vector i turned pair by pair by the angles of nodes[i]; keeps lengths. */
    static double[][] turned(final double[][] vectors, final int[] nodes, final int heads, final RopeAngles angles) {
        final double[][] turned = new double[vectors.length][vectors[0].length];
        for (int i = 0; i < vectors.length; i++) {
            for (int pair = 0; pair < heads * angles.pairs(); pair++) {
                final double angle = angles.angle(nodes[i], pair % angles.pairs());
                final double x = vectors[i][2 * pair];
                final double y = vectors[i][2 * pair + 1];
                turned[i][2 * pair] = x * Math.cos(angle) - y * Math.sin(angle);
                turned[i][2 * pair + 1] = x * Math.sin(angle) + y * Math.cos(angle);
            }
        }
        return turned;
    }

    /** Trimmed averages over the graph, then the trimmed mean; nodes[i] is the node of vector i. */
    static double[] gossip(
            final double[][] vectors, final int[] nodes, final Topology topology, final int faulty, final int rounds) {
        final boolean[][] isJoined = new boolean[topology.peerCount()][topology.peerCount()];
        for (int k = 0; k < topology.connectionCount(); k++) {
            final Topology.Connection one = topology.connection(k);
            isJoined[one.from()][one.to()] = true;
            isJoined[one.to()][one.from()] = true;
        }
        double[][] states = vectors;
        for (int round = 0; round < rounds; round++) {
            final double[][] now = states;
            final double[][] next = new double[now.length][now[0].length];
            for (int i = 0; i < now.length; i++) {
                final int node = nodes[i];
                final int[] neighbours = IntStream.range(0, now.length)
                        .filter(j -> isJoined[node][nodes[j]])
                        .toArray();
                for (int k = 0; k < next[i].length; k++) {
                    final int column = k;
                    final double[] kept = Arrays.stream(neighbours)
                            .mapToDouble(j -> now[j][column])
                            .sorted()
                            .skip(faulty)
                            .limit(Math.max(0, neighbours.length - 2L * faulty))
                            .toArray();
                    next[i][k] = (now[i][k] + Arrays.stream(kept).sum()) / (1 + kept.length);
                }
            }
            states = next;
        }
        return trimmedMean(states, faulty);
    }

    private static double[] trimmedMean(final double[][] rows, final int faulty) {
        final double[] mean = new double[rows[0].length];
        for (int k = 0; k < mean.length; k++) {
            final int column = k;
            mean[k] = Arrays.stream(rows)
                    .mapToDouble(row -> row[column])
                    .sorted()
                    .skip(faulty)
                    .limit(rows.length - 2L * faulty)
                    .average()
                    .orElseThrow();
        }
        return mean;
    }

    static double[] weightedMean(final double[][] vectors, final double[] weights) {
        final double[] mean = new double[vectors[0].length];
        for (int i = 0; i < vectors.length; i++) {
            for (int k = 0; k < mean.length; k++) {
                mean[k] += weights[i] * vectors[i][k];
            }
        }
        return mean;
    }

    /** The geometric median by a thousand Weiszfeld steps from the mean of the vectors. */
    static double[] geometricMedian(final double[][] vectors) {
        double[] centre = weightedMean(
                vectors,
                IntStream.range(0, vectors.length)
                        .mapToDouble(i -> 1.0 / vectors.length)
                        .toArray());
        for (int step = 0; step < 1000; step++) {
            final double[] weights = new double[vectors.length];
            double sum = 0;
            for (int i = 0; i < weights.length; i++) {
                weights[i] = 1 / Math.max(1e-12, distance(vectors[i], centre));
                sum += weights[i];
            }
            for (int i = 0; i < weights.length; i++) {
                weights[i] /= sum;
            }
            centre = weightedMean(vectors, weights);
        }
        return centre;
    }

    static double distance(final double[] left, final double[] right) {
        double sum = 0;
        for (int k = 0; k < left.length; k++) {
            sum += (left[k] - right[k]) * (left[k] - right[k]);
        }
        return Math.sqrt(sum);
    }

    static double[][] doubles(final float[][] vectors) {
        final double[][] doubles = new double[vectors.length][vectors[0].length];
        for (int i = 0; i < vectors.length; i++) {
            for (int k = 0; k < vectors[i].length; k++) {
                doubles[i][k] = vectors[i][k];
            }
        }
        return doubles;
    }

    private static double dot(final double[] left, final double[] right) {
        double sum = 0;
        for (int k = 0; k < left.length; k++) {
            sum += left[k] * right[k];
        }
        return sum;
    }

    private static double norm(final double[] vector) {
        return Math.sqrt(dot(vector, vector));
    }
}
