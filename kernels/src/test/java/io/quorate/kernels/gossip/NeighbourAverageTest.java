package io.quorate.kernels.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the averages promise, as properties over seeded random graphs, states and liars. */
class NeighbourAverageTest {
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();

    @Test
    void shouldAverageWithOneNeighbour() {
        final float[][] after =
                run(PREFERRED, Neighbourhoods.complete(2), new float[][] {{1, -4}, {3, 0}}, all(2), 0, 1);
        assertThat(after).isDeepEqualTo(new float[][] {{2, -2}, {2, -2}});
    }

    @Test
    void shouldDropTheLowestAndTheHighestNeighbour() {
        final float[][] states = {{0}, {1}, {1000}, {-1000}};
        // Node 0 sees 1, 1000, -1000 and keeps 1; node 3 sees 0, 1, 1000 and keeps 1, too.
        assertThat(run(PREFERRED, Neighbourhoods.complete(4), states, all(4), 1, 1))
                .isDeepEqualTo(new float[][] {{0.5f}, {0.5f}, {500}, {-499.5f}});
    }

    @Test
    void shouldKeepTheStateOfANodeWithTooFewNeighbours() {
        final float[][] states = {{5, -0.0f}, {7, 1}, {9, 2}};
        final Neighbourhoods path = Neighbourhoods.of(3, new int[] {0, 1}, new int[] {1, 2});
        assertThat(run(PREFERRED, path, states, all(3), 1, 4)).isDeepEqualTo(states);
        // Node 1 is absent, so nobody has a neighbour.
        assertThat(run(PREFERRED, path, new float[][] {{5}, {9}}, new int[] {0, 2}, 0, 4))
                .isDeepEqualTo(new float[][] {{5}, {9}});
    }

    @Test
    void shouldHaveTheSameBitsAtEveryWidth() {
        final Random random = new Random(2);
        for (int run = 0; run < 60; run++) {
            final int nodes = 1 + random.nextInt(9);
            final Neighbourhoods graph = NeighbourhoodsTest.random(random, nodes, 0.8);
            final float[][] states = states(random, nodes, 1 + random.nextInt(70));
            final int faulty = random.nextInt(3);
            final int rounds = random.nextInt(5);
            final float[][] defined = run(PrimitivesProvider.scalar(), graph, states, all(nodes), faulty, rounds);
            for (final Primitives primitives : PrimitivesProvider.all()) {
                assertThat(run(primitives, graph, states, all(nodes), faulty, rounds))
                        .isDeepEqualTo(defined);
            }
            assertReference(graph, states, faulty, rounds, defined);
        }
    }

    @Test
    void shouldPermuteResultsWhenNodesAreRelabelled() {
        final Random random = new Random(3);
        for (int run = 0; run < 50; run++) {
            final int nodes = 4 + random.nextInt(8);
            final Neighbourhoods graph = NeighbourhoodsTest.random(random, nodes, 0.9);
            final float[][] states = states(random, nodes, 21);
            final List<Integer> labels =
                    new ArrayList<>(IntStream.range(0, nodes).boxed().toList());
            Collections.shuffle(labels, random);
            final List<int[]> edges = new ArrayList<>();
            final float[][] moved = new float[nodes][];
            for (int node = 0; node < nodes; node++) {
                moved[labels.get(node)] = states[node];
                for (int k = 0; k < graph.degree(node); k++) {
                    edges.add(new int[] {labels.get(graph.neighbour(node, k)), labels.get(node)});
                }
            }
            final float[][] after = run(PREFERRED, graph, states, all(nodes), 1, 3);
            final float[][] movedAfter =
                    run(PREFERRED, NeighbourhoodsTest.graph(nodes, edges), moved, all(nodes), 1, 3);
            for (int node = 0; node < nodes; node++) {
                assertThat(movedAfter[labels.get(node)]).isEqualTo(after[node]);
            }
        }
    }

    @Test
    void shouldNeverWidenARangeWithoutLiars() {
        final Random random = new Random(4);
        for (int run = 0; run < 300; run++) {
            final int nodes = 2 + random.nextInt(12);
            final Neighbourhoods graph = NeighbourhoodsTest.random(random, nodes, random.nextDouble());
            float[][] states = states(random, nodes, 5);
            final int faulty = random.nextInt(3);
            for (int round = 0; round < 4; round++) {
                final float[][] after = run(PREFERRED, graph, states, all(nodes), faulty, 1);
                for (int k = 0; k < 5; k++) {
                    assertThat(low(after, k, 0)).isGreaterThanOrEqualTo(low(states, k, 0));
                    assertThat(high(after, k, 0)).isLessThanOrEqualTo(high(states, k, 0));
                }
                assertThat(spread(after)).isLessThanOrEqualTo(spread(states));
                states = after;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldShrinkEveryRangeInEveryRoundOnACompleteGraph(final int faulty) {
        final Random random = new Random(5 + faulty);
        for (int run = 0; run < 100; run++) {
            final int nodes = 2 * faulty + 2 + random.nextInt(6);
            float[][] states = states(random, nodes, 4);
            for (int round = 0; round < 8; round++) {
                final float[][] after = run(PREFERRED, Neighbourhoods.complete(nodes), states, all(nodes), faulty, 1);
                for (int k = 0; k < 4; k++) {
                    final float before = high(states, k, 0) - low(states, k, 0);
                    if (before > 1e-5f * Math.abs(high(states, k, 0))) {
                        assertThat(high(after, k, 0) - low(after, k, 0)).isLessThan(before);
                    }
                }
                states = after;
            }
        }
    }

    @Test
    void shouldShrinkEveryRangeWithinTheDiameterOnAConnectedGraph() {
        final Random random = new Random(6);
        for (int run = 0; run < 300; run++) {
            final int nodes = 2 + random.nextInt(7);
            final Neighbourhoods graph = NeighbourhoodsTest.connected(random, nodes, random.nextInt(4));
            final float[][] states = states(random, nodes, 4);
            final float[][] after = run(PREFERRED, graph, states, all(nodes), 0, graph.diameter());
            for (int k = 0; k < 4; k++) {
                assertThat(high(after, k, 0)).isLessThan(high(states, k, 0));
                assertThat(low(after, k, 0)).isGreaterThan(low(states, k, 0));
            }
        }
    }

    /** Liars are the first f nodes; they say something else in each round, and never listen. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldKeepHonestStatesInTheHonestRangeWhateverTheLiarsSay(final int faulty) {
        final Random random = new Random(7 + faulty);
        int tried = 0;
        while (tried < 150) {
            final int nodes = 2 * faulty + 2 + random.nextInt(8);
            final Neighbourhoods graph = NeighbourhoodsTest.random(random, nodes, 0.5 + random.nextDouble() / 2);
            if (IntStream.range(0, nodes).anyMatch(node -> graph.degree(node) < 2 * faulty + 1)) {
                continue;
            }
            tried++;
            float[][] states = states(random, nodes, 4);
            for (int round = 0; round < 6; round++) {
                lie(random, states, faulty);
                final float[][] after = run(PREFERRED, graph, states, all(nodes), faulty, 1);
                for (int k = 0; k < 4; k++) {
                    assertThat(low(after, k, faulty)).isGreaterThanOrEqualTo(low(states, k, faulty));
                    assertThat(high(after, k, faulty)).isLessThanOrEqualTo(high(states, k, faulty));
                }
                states = after;
            }
        }
    }

    /** The twin that must fail: without trimming one stubborn node drags the others out of their range. */
    @Test
    void shouldBeDraggedAwayWithoutTrimming() {
        float[][] states = states(new Random(8), 4, 3);
        final float before = high(states, 0, 1);
        for (int round = 0; round < 30; round++) {
            Arrays.fill(states[0], 1000);
            states = run(PREFERRED, Neighbourhoods.complete(4), states, all(4), 0, 1);
        }
        assertThat(low(states, 0, 1)).isGreaterThan(100 * before);
    }

    /** Robust graphs converge under a stubborn node; two cliques joined by a matching need not. */
    @Test
    void shouldConvergeOnRobustGraphsOnly() {
        final Random random = new Random(9);
        int robust = 0;
        while (robust < 20) {
            final int nodes = 5 + random.nextInt(5);
            final Neighbourhoods graph = NeighbourhoodsTest.random(random, nodes, 0.8);
            if (IntStream.range(0, nodes).allMatch(node -> graph.degree(node) >= 3) && graph.isRobust(2, 2)) {
                robust++;
                assertThat(honestRangeAfter(graph, states(random, nodes, 1), 400))
                        .isLessThan(1e-4f);
            }
        }
        final List<int[]> edges = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            edges.add(new int[] {i, i + 4});
            for (int j = i + 1; j < 4; j++) {
                edges.add(new int[] {i, j});
                edges.add(new int[] {i + 4, j + 4});
            }
        }
        final Neighbourhoods cliques = NeighbourhoodsTest.graph(8, edges);
        assertThat(cliques.isRobust(2, 2)).isFalse();
        final float[][] apart = {{0}, {0}, {0}, {0}, {1}, {1}, {1}, {1}};
        assertThat(honestRangeAfter(cliques, apart, 400)).isEqualTo(1);
    }

    @Test
    void shouldRefuseWrongArguments() {
        final FloatMatrix states = FloatMatrix.allocate(2, 3);
        final FloatMatrix out = FloatMatrix.allocate(2, 3);
        try (NeighbourAverage average = new NeighbourAverage(PREFERRED, Neighbourhoods.complete(3), 3)) {
            assertThatThrownBy(() -> average.run(states, new int[] {1, 1}, 0, 1, out))
                    .hasMessageContaining("within 0..2 and rise, given 1");
            assertThatThrownBy(() -> average.run(states, new int[] {1}, 0, 1, out))
                    .hasMessageContaining("2 states and 1 nodes");
            assertThatThrownBy(() -> average.run(states, new int[] {0, 1}, -1, 1, out))
                    .hasMessageContaining("not negative, given -1 and 1");
            assertThatThrownBy(() -> average.run(states, new int[] {0, 1}, 0, 1, states))
                    .hasMessageContaining("overlap");
            assertThatThrownBy(() -> average.run(FloatMatrix.allocate(2, 4), new int[] {0, 1}, 0, 1, out))
                    .hasMessageContaining("at most 3 components, given 4");
            states.set(1, 2, Float.NaN);
            assertThatThrownBy(() -> average.run(states, new int[] {0, 1}, 0, 1, out))
                    .hasMessageContaining("state 1 holds NaN");
            assertThat(out.get(0, 0)).isZero();
        }
        final NeighbourAverage closed = new NeighbourAverage(PREFERRED, Neighbourhoods.complete(3), 3);
        closed.close();
        assertThatThrownBy(() -> closed.run(states, new int[] {0, 1}, 0, 1, out))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void shouldAllocateNothing() {
        final com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        final FloatMatrix states = matrix(states(new Random(10), 7, 100));
        final FloatMatrix out = FloatMatrix.allocate(7, 100);
        final int[] nodes = all(7);
        long least = Long.MAX_VALUE;
        try (NeighbourAverage average = new NeighbourAverage(PREFERRED, Neighbourhoods.complete(7), 100)) {
            for (int i = 0; i < 200 && least >= 500; i++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 500; call++) {
                    average.run(states, nodes, 2, 3, out);
                    average.spread(out);
                }
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
        }
        assertThat(least).isLessThan(500);
    }

    private static float honestRangeAfter(final Neighbourhoods graph, final float[][] start, final int rounds) {
        float[][] states = start;
        final float stubborn = states[0][0];
        for (int round = 0; round < rounds; round++) {
            states[0][0] = stubborn;
            states = run(PREFERRED, graph, states, all(states.length), 1, 1);
        }
        return high(states, 0, 1) - low(states, 0, 1);
    }

    /** The definition once more, in plain float64, rounded once a round. */
    private static void assertReference(
            final Neighbourhoods graph,
            final float[][] states,
            final int faulty,
            final int rounds,
            final float[][] given) {
        float[][] now = states;
        for (int round = 0; round < rounds; round++) {
            final float[][] next = new float[now.length][now[0].length];
            for (int node = 0; node < now.length; node++) {
                for (int k = 0; k < now[0].length; k++) {
                    final double[] values = new double[graph.degree(node)];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = now[graph.neighbour(node, i)][k];
                    }
                    Arrays.sort(values);
                    double sum = now[node][k];
                    for (int i = faulty; i < values.length - faulty; i++) {
                        sum += values[i];
                    }
                    next[node][k] = (float) (sum / (1 + Math.max(0, values.length - 2 * faulty)));
                }
            }
            now = next;
        }
        for (int node = 0; node < now.length; node++) {
            for (int k = 0; k < now[0].length; k++) {
                assertThat(given[node][k]).isCloseTo(now[node][k], within(1e-6f * Math.abs(now[node][k]) + 1e-30f));
            }
        }
    }

    private static void lie(final Random random, final float[][] states, final int faulty) {
        final float size = (float) Math.pow(10, random.nextInt(39));
        for (int liar = 0; liar < faulty; liar++) {
            for (int k = 0; k < states[0].length; k++) {
                states[liar][k] = size / 4 * (float) random.nextGaussian();
            }
        }
    }

    private static float low(final float[][] states, final int k, final int first) {
        return (float) IntStream.range(first, states.length)
                .mapToDouble(i -> states[i][k])
                .min()
                .orElseThrow();
    }

    private static float high(final float[][] states, final int k, final int first) {
        return (float) IntStream.range(first, states.length)
                .mapToDouble(i -> states[i][k])
                .max()
                .orElseThrow();
    }

    private static double spread(final float[][] states) {
        try (NeighbourAverage average =
                new NeighbourAverage(PREFERRED, Neighbourhoods.complete(states.length), states[0].length)) {
            final double spread = average.spread(matrix(states));
            double squares = 0;
            for (int k = 0; k < states[0].length; k++) {
                final double range = (double) high(states, k, 0) - low(states, k, 0);
                squares += range * range;
            }
            assertThat(spread).isCloseTo(Math.sqrt(squares), within(1e-9 * spread + 1e-30));
            return spread;
        }
    }

    private static float[][] run(
            final Primitives primitives,
            final Neighbourhoods graph,
            final float[][] states,
            final int[] nodes,
            final int faulty,
            final int rounds) {
        final FloatMatrix out = FloatMatrix.allocate(states.length, states[0].length);
        try (NeighbourAverage average = new NeighbourAverage(primitives, graph, states[0].length)) {
            average.run(matrix(states), nodes, faulty, rounds, out);
        }
        final float[][] result = new float[states.length][];
        Arrays.setAll(result, out::rowArray);
        return result;
    }

    private static FloatMatrix matrix(final float[][] rows) {
        final FloatMatrix matrix = FloatMatrix.allocate(rows.length, rows[0].length);
        for (int row = 0; row < rows.length; row++) {
            matrix.setRow(row, rows[row]);
        }
        return matrix;
    }

    private static float[][] states(final Random random, final int nodes, final int cols) {
        final float[][] states = new float[nodes][cols];
        for (final float[] state : states) {
            for (int k = 0; k < cols; k++) {
                state[k] = (float) random.nextGaussian();
            }
        }
        return states;
    }

    private static int[] all(final int nodes) {
        return IntStream.range(0, nodes).toArray();
    }
}
