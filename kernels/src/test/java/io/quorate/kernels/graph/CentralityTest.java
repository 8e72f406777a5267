package io.quorate.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CentralityTest {
    private static final double EXACT = 1e-14;
    private static final long SEED = 20_261_123L;

    private static double[] betweenness(final PeerGraph graph) {
        final Centrality centrality = Centrality.of(graph);
        final double[] all = new double[graph.nodes()];
        Arrays.setAll(all, centrality::betweenness);
        return all;
    }

    private static void requires(final PeerGraph graph, final double... expected) {
        assertThat(betweenness(graph)).containsExactly(expected, within(EXACT));
    }

    @Test
    void shouldGiveTheClosedForms() {
        final double corner = 1.0 / 21;
        final double middle = 5.0 / 28;
        requires(Graphs.grid(3), corner, middle, corner, middle, 8.0 / 21, middle, corner, middle, corner);
        requires(Graphs.diamondWithTail(), 1.0 / 12, 1.0 / 6, 1.0 / 6, 7.0 / 12, 0);
        requires(Graphs.path(5), 0, 0.5, 2.0 / 3, 0.5, 0);
        requires(Graphs.star(6), 1, 0, 0, 0, 0, 0);
        requires(PeerGraph.complete(4), 0, 0, 0, 0);
        requires(Graphs.cycle(6), 0.2, 0.2, 0.2, 0.2, 0.2, 0.2);
        requires(Graphs.utility(), 0.1, 0.1, 0.1, 0.1, 0.1, 0.1);
        final double[] twelfths = new double[10];
        Arrays.fill(twelfths, 1.0 / 12);
        requires(Graphs.petersen(), twelfths);
    }

    @Test
    void shouldGiveZeroWhereNoThirdNodeIs() {
        requires(Graphs.path(1), 0);
        requires(Graphs.path(2), 0, 0);
        requires(new PeerGraph.Builder(2).build(), 0, 0);
        requires(new PeerGraph.Builder(3).build(), 0, 0, 0);
    }

    @Test
    void shouldCountEdgesForDegree() {
        final Centrality centrality = Centrality.of(Graphs.diamondWithTail().withEdge(0, 4, 7.5));
        assertThat(new int[] {centrality.degree(0), centrality.degree(3), centrality.degree(4)})
                .containsExactly(3, 3, 2);
    }

    /** Three hops of 1/3 are as long as one of 1; of 1/0.9 as one of 1/0.3, although 3 * 0.3 is not 0.9 in float64. */
    @Test
    void shouldFindEqualLengthsOfDifferentEdges() {
        for (final double[] weights : new double[][] {{3, 1}, {0.9, 0.3}, {0.3, 0.1}, {3e-9, 1e-9}, {2.1e7, 0.7e7}}) {
            final PeerGraph graph = new PeerGraph.Builder(4)
                    .edge(0, 1, weights[0])
                    .edge(1, 2, weights[0])
                    .edge(2, 3, weights[0])
                    .edge(0, 3, weights[1])
                    .build();
            // Pairs (0, 2) and (1, 3) have one path; (0, 3) has two, one of them over 1 and 2.
            requires(graph, 0, 0.5, 0.5, 0);
        }
    }

    /** An edge that is shorter than the tolerance of a long path is still no path of length 0. */
    @Test
    void shouldNotTakeAShortEdgeForNone() {
        final PeerGraph graph = new PeerGraph.Builder(3)
                .edge(0, 1, 1.0)
                .edge(0, 2, 1.0)
                .edge(1, 2, 1e15)
                .build();
        requires(graph, 0, 0, 0);
        requires(Graphs.renamed(graph, new int[] {2, 0, 1}), 0, 0, 0);
        requires(graph.withEdge(1, 2, 0x1p96), 0, 0, 0);
        assertThatThrownBy(() -> Centrality.of(graph.withEdge(1, 2, 0x1p97)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("within a factor of 2^100 / n^2, here 1.4085");
    }

    @Test
    void shouldFollowTheShorterPathNotTheOneOfFewerHops() {
        final PeerGraph graph = new PeerGraph.Builder(3)
                .edge(0, 1, 4.0)
                .edge(1, 2, 4.0)
                .edge(0, 2, 1.0)
                .build();
        requires(graph, 0, 1, 0);
        requires(graph.withEdge(0, 2, 2.5), 0, 0, 0);
    }

    @Test
    void shouldEqualTheDefinitionOverAllPairs() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 120; repeat++) {
            final int nodes = random.nextInt(1, 13);
            final double[] weights = repeat % 2 == 0 ? new double[] {1.5} : new double[] {1, 2, 3, 6, 0.5, 0.25, 0.2};
            final PeerGraph graph = Graphs.sparse(random, nodes, random.nextInt(40), weights);
            assertThat(betweenness(graph))
                    .as("case %d of seed %d", repeat, SEED)
                    .containsExactly(BetweennessDefinition.of(graph), within(1e-13));
        }
    }

    @Test
    void shouldBeIndependentOfEdgeOrderAndFollowANewNaming() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 40; repeat++) {
            final double[] weights = repeat % 2 == 0 ? new double[] {1} : new double[] {1, 2, 3, 0.3, 0.1, 0.9};
            final PeerGraph graph = Graphs.sparse(random, 14, 30, weights);
            final double[] expected = betweenness(graph);
            assertThat(betweenness(Graphs.stirred(graph, repeat))).containsExactly(expected);
            final int[] names = Graphs.permutation(random, 14);
            final double[] renamed = betweenness(Graphs.renamed(graph, names));
            for (int node = 0; node < 14; node++) {
                assertThat(renamed[names[node]]).isCloseTo(expected[node], within(1e-13));
            }
        }
    }

    /** Every pair contributes one for each node between its ends. */
    @Test
    void shouldSumToTheDistancesLessOne() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 20; repeat++) {
            final int nodes = random.nextInt(3, 40);
            final PeerGraph graph = Graphs.connected(random, nodes, random.nextInt(60), 2.0);
            final Centrality centrality = Centrality.of(graph);
            final ShortestPaths paths = new ShortestPaths(graph);
            double expected = 0.0;
            double sum = 0.0;
            for (int i = 0; i < nodes; i++) {
                sum += centrality.betweennessSum(i);
                final double[] distances = BetweennessDefinition.hops(graph, i);
                for (int j = 0; j < i; j++) {
                    expected += distances[j] - 1;
                }
                paths.from(i);
                assertThat(paths.reached()).isEqualTo(nodes);
            }
            assertThat(sum).isCloseTo(expected, within(1e-10 * expected + 1e-12));
        }
    }

    /** 2^1100 shortest paths from end to end: more than a float64 can count. */
    @Test
    void shouldCountMorePathsThanAFloat64Holds() {
        final int diamonds = 1100;
        final PeerGraph.Builder builder = new PeerGraph.Builder(3 * diamonds + 1);
        for (int k = 0; k < diamonds; k++) {
            builder.edge(3 * k, 3 * k + 1)
                    .edge(3 * k, 3 * k + 2)
                    .edge(3 * k + 1, 3 * k + 3)
                    .edge(3 * k + 2, 3 * k + 3);
        }
        final Centrality centrality = Centrality.of(builder.build());
        for (int k = 0; k < diamonds; k += 99) {
            final double before = 3.0 * k;
            final double after = 3.0 * (diamonds - k);
            assertThat(centrality.betweennessSum(3 * k))
                    .isCloseTo(before * after + (k > 0 ? 0.5 : 0) + (k < diamonds ? 0.5 : 0), within(1e-6));
            assertThat(centrality.betweennessSum(3 * k + 1))
                    .isEqualTo(centrality.betweennessSum(3 * k + 2))
                    .isCloseTo((before + 1) * (after - 2) / 2, within(1e-6));
        }
    }
}
