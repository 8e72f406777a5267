package io.quorate.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PeerGraphTest {
    private static final SplittableRandom RANDOM = new SplittableRandom(20_261_122L);

    @Test
    void shouldBeTheSameWhateverOrderAndDirectionEdgesCameIn() {
        for (int repeat = 0; repeat < 50; repeat++) {
            final PeerGraph graph = Graphs.sparse(RANDOM.split(), 12, 25, 1.0, 2.5, 0.0, 1e-9);
            final PeerGraph other = Graphs.stirred(graph, repeat);
            assertThat(other).isEqualTo(graph).hasSameHashCodeAs(graph);
            for (int edge = 0; edge < graph.edges(); edge++) {
                assertThat(graph.lower(edge)).isLessThan(graph.upper(edge));
                assertThat(edge == 0
                                || graph.lower(edge - 1) < graph.lower(edge)
                                || (graph.lower(edge - 1) == graph.lower(edge)
                                        && graph.upper(edge - 1) < graph.upper(edge)))
                        .isTrue();
            }
        }
        assertThat(Graphs.path(4)).isNotEqualTo(Graphs.star(4)).isNotEqualTo(Graphs.path(5));
        assertThat(Graphs.path(2)).isNotEqualTo(Graphs.path(2).withEdge(0, 1, 2.0));
    }

    @Test
    void shouldListNeighboursAscending() {
        final PeerGraph graph = Graphs.sparse(RANDOM.split(), 30, 120, 1.0);
        for (int node = 0; node < graph.nodes(); node++) {
            for (int place = graph.rowStart(node); place < graph.rowStart(node + 1); place++) {
                final int other = graph.neighbour(place);
                assertThat(place == graph.rowStart(node) || graph.neighbour(place - 1) < other)
                        .isTrue();
                assertThat(graph.weight(graph.edge(place))).isEqualTo(graph.weightBetween(other, node));
                assertThat(graph.lower(graph.edge(place))).isEqualTo(Math.min(node, other));
                assertThat(graph.upper(graph.edge(place))).isEqualTo(Math.max(node, other));
            }
        }
    }

    @Test
    void shouldCountEachEdgeAtBothEnds() {
        final PeerGraph graph = Graphs.sparse(RANDOM.split(), 40, 200, 1.0, 3.0);
        int sum = 0;
        for (int node = 0; node < graph.nodes(); node++) {
            sum += graph.degree(node);
        }
        assertThat(sum).isEqualTo(2 * graph.edges());
    }

    @Test
    void shouldNameAComponentByItsSmallestNode() {
        final PeerGraph graph = Graphs.of(7, new int[][] {{6, 2}, {2, 4}, {5, 1}});
        assertThat(new int[] {
                    graph.component(0),
                    graph.component(1),
                    graph.component(2),
                    graph.component(3),
                    graph.component(4),
                    graph.component(5),
                    graph.component(6)
                })
                .containsExactly(0, 1, 2, 3, 2, 1, 2);
        assertThat(graph.isConnected()).isFalse();
        assertThat(Graphs.petersen().isConnected()).isTrue();
        assertThat(new PeerGraph.Builder(1).build().isConnected()).isTrue();
    }

    @Test
    void shouldTakeWeightZeroForNoEdge() {
        final PeerGraph graph = new PeerGraph.Builder(3)
                .edge(0, 1, 0.0)
                .edge(1, 0, -0.0)
                .edge(1, 2, 0.5)
                .build();
        assertThat(graph.edges()).isEqualTo(1);
        assertThat(graph.degree(0)).isZero();
        assertThat(graph.weightBetween(0, 1)).isZero();
        assertThat(graph.weightBetween(2, 1)).isEqualTo(0.5);
        assertThat(graph.withEdge(2, 1, 0.0).edges()).isZero();
        assertThat(graph.withEdge(2, 1, 4.0).weightBetween(1, 2)).isEqualTo(4.0);
    }

    @Test
    void shouldRefuseWhatIsNoGraph() {
        refuses(() -> new PeerGraph.Builder(0), "a graph has 1 to 65536 nodes, given 0");
        refuses(() -> new PeerGraph.Builder(65_537), "given 65537");
        final PeerGraph.Builder builder = new PeerGraph.Builder(3).edge(0, 1, 2.0);
        refuses(() -> builder.edge(0, 3), "nodes are 0 to 2, given 3");
        refuses(() -> builder.edge(-1, 0), "nodes are 0 to 2, given -1");
        refuses(() -> builder.edge(2, 2), "two different nodes, given node 2 twice");
        refuses(() -> builder.edge(1, 2, -1.0), "given -1.0");
        refuses(() -> builder.edge(1, 2, Double.NaN), "given NaN");
        refuses(() -> builder.edge(1, 2, Double.POSITIVE_INFINITY), "given Infinity");
        refuses(() -> builder.edge(1, 2, 1e-200), "from 2^-500 to 2^500, given 1.0E-200");
        refuses(() -> builder.edge(1, 0, 3.0), "an earlier entry of weight 2.0, given another of weight 3.0");
        refuses(() -> builder.edge(1, 0, 0.0), "an earlier entry of weight 2.0, given another of weight 0.0");
        assertThat(builder.build().edges()).isEqualTo(1);
        refuses(() -> Graphs.path(3).weightBetween(0, 3), "given 3");
    }

    private static void refuses(
            final org.assertj.core.api.ThrowableAssert.ThrowingCallable call, final String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
