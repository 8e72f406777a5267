package io.quorate.kernels.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NeighbourhoodsTest {
    @Test
    void shouldListNeighboursOnceAndRising() {
        final Neighbourhoods graph = Neighbourhoods.of(4, new int[] {3, 0, 1, 0}, new int[] {0, 1, 0, 2});
        assertThat(neighbours(graph, 0)).containsExactly(1, 2, 3);
        assertThat(neighbours(graph, 1)).containsExactly(0);
        assertThat(graph.degreeMax()).isEqualTo(3);
        assertThat(graph.nodes()).isEqualTo(4);
    }

    @Test
    void shouldMeasureTheDiameter() {
        assertThat(Neighbourhoods.complete(1).diameter()).isZero();
        assertThat(Neighbourhoods.complete(5).diameter()).isEqualTo(1);
        assertThat(ring(6, 1).diameter()).isEqualTo(3);
        assertThat(Neighbourhoods.of(5, new int[] {0, 1, 2, 3}, new int[] {1, 2, 3, 4})
                        .diameter())
                .isEqualTo(4);
        assertThat(Neighbourhoods.of(3, new int[] {0}, new int[] {1}).diameter())
                .isEqualTo(-1);
    }

    @Test
    void shouldRefuseWhatIsNoGraph() {
        assertThatThrownBy(() -> Neighbourhoods.complete(0)).hasMessageContaining("at least one node, given 0");
        assertThatThrownBy(() -> Neighbourhoods.of(3, new int[] {1}, new int[] {1}))
                .hasMessageContaining("nodes 0..2, given 1 and 1");
        assertThatThrownBy(() -> Neighbourhoods.of(3, new int[] {1}, new int[] {3}))
                .hasMessageContaining("given 1 and 3");
        assertThatThrownBy(() -> Neighbourhoods.of(3, new int[] {1}, new int[] {}))
                .hasMessageContaining("two ends, given 1 and 0");
        assertThatThrownBy(() -> Neighbourhoods.complete(15).isRobust(1, 1)).hasMessageContaining("at most 14 nodes");
    }

    /** K_n is (r, s)-robust for r up to half of n, rounded up, and every s; beyond it is not. */
    @ParameterizedTest
    @CsvSource({"4, 2", "5, 3", "6, 3", "7, 4", "10, 5", "12, 6"})
    void shouldFindCompleteGraphsAsRobustAsGraphsCanBe(final int nodes, final int most) {
        assertThat(Neighbourhoods.complete(nodes).isRobust(most, nodes)).isTrue();
        assertThat(Neighbourhoods.complete(nodes).isRobust(most + 1, 1)).isFalse();
    }

    @Test
    void shouldTellRobustnessFromConnectivity() {
        // A ring is connected, and no more: two arcs have one neighbour outside at each end.
        assertThat(ring(8, 1).isRobust(1, 1)).isTrue();
        assertThat(ring(8, 1).isRobust(2, 2)).isFalse();
        // Two cliques joined by a perfect matching: degree 4, and yet nobody has two neighbours on the other side.
        final List<int[]> edges = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            edges.add(new int[] {i, i + 4});
            for (int j = i + 1; j < 4; j++) {
                edges.add(new int[] {i, j});
                edges.add(new int[] {i + 4, j + 4});
            }
        }
        assertThat(graph(8, edges).isRobust(2, 2)).isFalse();
        assertThat(ring(8, 2).isRobust(2, 2)).isTrue();
    }

    @Test
    void shouldAgreeWithTheDefinitionWordForWord() {
        final Random random = new Random(1);
        for (int run = 0; run < 150; run++) {
            final int nodes = 2 + random.nextInt(5);
            final Neighbourhoods graph = random(random, nodes, 0.3 + 0.7 * random.nextDouble());
            for (int r = 1; r <= 3; r++) {
                for (int s = 1; s <= nodes; s++) {
                    assertThat(graph.isRobust(r, s)).isEqualTo(byDefinition(graph, r, s));
                }
            }
        }
    }

    static Neighbourhoods random(final Random random, final int nodes, final double share) {
        final List<int[]> edges = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            for (int j = i + 1; j < nodes; j++) {
                if (random.nextDouble() < share) {
                    edges.add(new int[] {i, j});
                }
            }
        }
        return graph(nodes, edges);
    }

    /** Connected: a random tree, and further edges. */
    static Neighbourhoods connected(final Random random, final int nodes, final int more) {
        final List<int[]> edges = new ArrayList<>();
        final List<Integer> order =
                new ArrayList<>(IntStream.range(0, nodes).boxed().toList());
        Collections.shuffle(order, random);
        for (int i = 1; i < nodes; i++) {
            edges.add(new int[] {order.get(i), order.get(random.nextInt(i))});
        }
        for (int k = 0; k < more; k++) {
            final int from = random.nextInt(nodes);
            edges.add(new int[] {from, (from + 1 + random.nextInt(nodes - 1)) % nodes});
        }
        return graph(nodes, edges);
    }

    /** Each node with the {@code reach} next ones on both sides. */
    static Neighbourhoods ring(final int nodes, final int reach) {
        final List<int[]> edges = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            for (int k = 1; k <= reach; k++) {
                edges.add(new int[] {i, (i + k) % nodes});
            }
        }
        return graph(nodes, edges);
    }

    static Neighbourhoods graph(final int nodes, final List<int[]> edges) {
        return Neighbourhoods.of(
                nodes,
                edges.stream().mapToInt(edge -> edge[0]).toArray(),
                edges.stream().mapToInt(edge -> edge[1]).toArray());
    }

    private static int[] neighbours(final Neighbourhoods graph, final int node) {
        return IntStream.range(0, graph.degree(node))
                .map(k -> graph.neighbour(node, k))
                .toArray();
    }

    private static boolean byDefinition(final Neighbourhoods graph, final int r, final int s) {
        final int all = 1 << graph.nodes();
        for (int first = 1; first < all; first++) {
            for (int second = 1; second < all; second++) {
                if ((first & second) == 0) {
                    final int inFirst = reaching(graph, first, r);
                    final int inSecond = reaching(graph, second, r);
                    if (inFirst < Integer.bitCount(first)
                            && inSecond < Integer.bitCount(second)
                            && inFirst + inSecond < s) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    private static int reaching(final Neighbourhoods graph, final int set, final int r) {
        return (int) IntStream.range(0, graph.nodes())
                .filter(node -> (set >> node & 1) == 1)
                .filter(node -> Arrays.stream(neighbours(graph, node))
                                .filter(other -> (set >> other & 1) == 0)
                                .count()
                        >= r)
                .count();
    }
}
