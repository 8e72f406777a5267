package io.quorate.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** G7, G10 and G11 of docs/kernels/graph.md, and what else holds for effective resistances. */
class ResistanceTest {
    private static final long SEED = 20_261_124L;
    private static final double RELATIVE = 1e-12;

    private static void requireClose(final double actual, final double expected, final double relative) {
        assertThat(actual).isCloseTo(expected, within(relative * Math.abs(expected)));
    }

    @Test
    void shouldGiveTheClosedFormsG7() {
        for (final int n : new int[] {1, 2, 3, 5, 8, 17}) {
            final Resistance complete = Resistance.of(PeerGraph.complete(n));
            final Resistance path = Resistance.of(Graphs.path(n));
            for (int i = 0; i < n; i++) {
                assertThat(complete.between(i, i)).isZero();
                for (int j = 0; j < i; j++) {
                    requireClose(complete.between(i, j), 2.0 / n, RELATIVE);
                    assertThat(complete.between(j, i)).isEqualTo(complete.between(i, j));
                    assertThat(path.between(i, j)).isEqualTo(i - j);
                    if (n > 2) {
                        final double k = i - j;
                        requireClose(Resistance.of(Graphs.cycle(n)).between(i, j), k * (n - k) / n, RELATIVE);
                    }
                }
            }
        }
    }

    /** Also where weights are sixty orders of magnitude apart: nothing is subtracted that could cancel. */
    @Test
    void shouldAddUpAlongATreeG7() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 30; repeat++) {
            final double[] weights = repeat % 2 == 0 ? new double[] {0.5, 1, 2, 3} : new double[] {1e-30, 1, 7, 1e30};
            final PeerGraph tree = Graphs.connected(random, 15, 0, weights);
            final Resistance resistance = Resistance.of(tree);
            for (int i = 0; i < 15; i++) {
                final double[] expected = new double[15];
                walk(tree, i, -1, expected);
                for (int j = 0; j < 15; j++) {
                    requireClose(resistance.between(i, j), expected[j], RELATIVE);
                }
            }
        }
    }

    private static void walk(final PeerGraph tree, final int node, final int from, final double[] sums) {
        for (int place = tree.rowStart(node); place < tree.rowStart(node + 1); place++) {
            final int next = tree.neighbour(place);
            if (next != from) {
                sums[next] = sums[node] + 1.0 / tree.weight(tree.edge(place));
                walk(tree, next, node, sums);
            }
        }
    }

    @Test
    void shouldKeepFostersSumAndBeAMetricG7() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 20; repeat++) {
            final int n = random.nextInt(2, 30);
            final PeerGraph graph = Graphs.connected(random, n, random.nextInt(50), 0.1, 1.0, 3.0, 12.5);
            final Resistance resistance = Resistance.of(graph);
            double sum = 0.0;
            for (int edge = 0; edge < graph.edges(); edge++) {
                final double share = graph.weight(edge) * resistance.between(graph.lower(edge), graph.upper(edge));
                final PeerGraph without = graph.withEdge(graph.lower(edge), graph.upper(edge), 0.0);
                final boolean isBridge = !without.isConnected();
                assertThat(share).isLessThanOrEqualTo(1.0 + RELATIVE);
                assertThat(share > 1.0 - 1e-9).as("edge %d is a bridge", edge).isEqualTo(isBridge);
                sum += share;
            }
            requireClose(sum, n - 1.0, RELATIVE);
            for (int i = 0; i < n; i++) {
                for (int j = 0; j < n; j++) {
                    for (int k = 0; k < n; k++) {
                        assertThat(resistance.between(i, k))
                                .isLessThanOrEqualTo(
                                        (resistance.between(i, j) + resistance.between(j, k)) * (1 + RELATIVE));
                    }
                }
            }
        }
    }

    /** The three coordinate systems: here C, the rows of L+ B^T W^(1/2), one column an edge. */
    @Test
    void shouldBeTheSquaredDistanceInEdgeSpace() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final PeerGraph graph = Graphs.connected(random, 12, 14, 0.2, 1.0, 5.0);
        final Resistance resistance = Resistance.of(graph);
        final GroundedFactor factor = new GroundedFactor(graph, Resistance.members(graph, 0));
        final double[][] distances = new double[12][12];
        for (int edge = 0; edge < graph.edges(); edge++) {
            final double[] x = new double[12];
            x[graph.lower(edge)] = Math.sqrt(graph.weight(edge));
            x[graph.upper(edge)] = -Math.sqrt(graph.weight(edge));
            factor.solve(x);
            double sum = 0.0;
            for (int i = 0; i < 12; i++) {
                sum += x[i];
                for (int j = 0; j < 12; j++) {
                    distances[i][j] += (x[i] - x[j]) * (x[i] - x[j]);
                }
            }
            assertThat(sum).isCloseTo(0.0, within(1e-13));
        }
        for (int i = 0; i < 12; i++) {
            for (int j = 0; j < i; j++) {
                requireClose(distances[i][j], resistance.between(i, j), RELATIVE);
            }
        }
    }

    @Test
    void shouldBeInfiniteBetweenComponents() {
        final Resistance resistance = Resistance.of(Graphs.of(5, new int[][] {{0, 3}, {4, 1}}));
        assertThat(resistance.between(0, 3)).isEqualTo(1.0);
        assertThat(resistance.between(1, 4)).isEqualTo(1.0);
        assertThat(resistance.between(0, 1)).isInfinite();
        assertThat(resistance.between(4, 3)).isInfinite();
        assertThat(resistance.between(2, 0)).isInfinite();
        assertThat(resistance.between(2, 2)).isZero();
    }

    @Test
    void shouldDependOnTheGraphAloneAndFollowANewNaming() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 10; repeat++) {
            final PeerGraph graph = Graphs.sparse(random, 13, 20, 1.0, 0.3, 4.0);
            final Resistance resistance = Resistance.of(graph);
            final Resistance stirred = Resistance.of(Graphs.stirred(graph, repeat));
            final int[] names = Graphs.permutation(random, 13);
            final Resistance renamed = Resistance.of(Graphs.renamed(graph, names));
            for (int i = 0; i < 13; i++) {
                for (int j = 0; j < 13; j++) {
                    assertThat(stirred.between(i, j)).isEqualTo(resistance.between(i, j));
                    if (Double.isInfinite(resistance.between(i, j))) {
                        assertThat(renamed.between(names[i], names[j])).isInfinite();
                    } else {
                        requireClose(renamed.between(names[i], names[j]), resistance.between(i, j), RELATIVE);
                    }
                }
            }
        }
    }

    @Test
    void shouldNeverRiseWithAnotherEdgeG10() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 60; repeat++) {
            final PeerGraph graph = Graphs.sparse(random, 11, random.nextInt(4, 30), 0.5, 1.0, 2.0);
            final int i = random.nextInt(11);
            final int j = (i + 1 + random.nextInt(10)) % 11;
            final Resistance before = Resistance.of(graph);
            final Resistance after = Resistance.of(graph.withEdge(i, j, graph.weightBetween(i, j) + 1.5));
            for (int k = 0; k < 11; k++) {
                for (int l = 0; l < 11; l++) {
                    assertThat(after.between(k, l)).isLessThanOrEqualTo(before.between(k, l) * (1 + RELATIVE));
                }
            }
            assertThat(after.between(i, j)).isLessThan(before.between(i, j));
        }
    }

    @Test
    void shouldFollowAnEdgeChangeAsIfComputedAnewG11() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 10; repeat++) {
            PeerGraph graph = Graphs.sparse(random, 12, 18, 1.0, 0.01, 3.0, 20.0);
            Resistance resistance = Resistance.of(graph);
            int updates = 0;
            for (int step = 0; step < 100; step++) {
                final int i = random.nextInt(12);
                final int j = (i + 1 + random.nextInt(11)) % 12;
                final double weight = new double[] {0, 0.02, 1, 2.5, 30}[random.nextInt(5)];
                graph = graph.withEdge(i, j, weight);
                resistance = resistance.withEdge(i, j, weight);
                updates += resistance.updates() > 0 ? 1 : 0;
                assertThat(resistance.graph()).isEqualTo(graph);
                final Resistance anew = Resistance.of(graph);
                for (int k = 0; k < 12; k++) {
                    for (int l = 0; l < 12; l++) {
                        if (Double.isInfinite(anew.between(k, l))) {
                            assertThat(resistance.between(k, l)).isInfinite();
                        } else {
                            assertThat(resistance.between(k, l)).isCloseTo(anew.between(k, l), within(1e-9));
                        }
                    }
                }
            }
            assertThat(updates).as("updates by the formula, of 100").isGreaterThan(20);
        }
    }

    @Test
    void shouldFactorAnewWhereTheFormulaFails() {
        final Resistance path = Resistance.of(Graphs.path(4));
        assertThat(path.withEdge(1, 2, 0.0).between(0, 3)).isInfinite();
        assertThat(path.withEdge(1, 2, 0.0).withEdge(0, 3, 1.0).between(1, 2)).isEqualTo(3.0);
        assertThat(path.withEdge(0, 3, 1.0).updates()).isEqualTo(1);
        assertThat(path.withEdge(0, 3, 1.0).between(0, 3)).isEqualTo(0.75);
        assertThat(path.withEdge(0, 3, 1e9).updates()).isZero();
        assertThat(path.withEdge(0, 1, 1.0)).isSameAs(path);
        Resistance resistance = path;
        for (int step = 0; step < 200; step++) {
            resistance = resistance.withEdge(0, 3, 1.0 + step % 7);
            assertThat(resistance.updates()).isLessThanOrEqualTo(64);
        }
    }

    @Test
    void shouldRefuseAGraphThatIsTooLarge() {
        final PeerGraph large = new PeerGraph.Builder(4097).build();
        assertThatThrownBy(() -> Resistance.of(large))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("resistances are for graphs of at most 4096 nodes, given 4097");
    }
}
