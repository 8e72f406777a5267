package io.quorate.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.kernels.memory.FloatMatrix;
import org.junit.jupiter.api.Test;

class HopBiasTest {
    @Test
    void shouldReadTheBiasOfTheHops() {
        final PeerGraph graph = Graphs.path(14).withEdge(3, 4, 100.0).withEdge(12, 13, 0.0);
        final HopBias bias = new HopBias(graph, new float[] {0, -1, -3, -4}, -9);
        for (int i = 0; i < 13; i++) {
            for (int j = 0; j < 13; j++) {
                final float expected = new float[] {0, -1, -3, -4}[Math.min(3, Math.abs(i - j))];
                assertThat(bias.between(i, j)).isEqualTo(expected);
            }
            assertThat(bias.between(i, 13)).isEqualTo(-9);
            assertThat(bias.between(13, i)).isEqualTo(-9);
        }
        assertThat(bias.between(13, 13)).isZero();
        final HopBias linear = HopBias.linear(graph, 0.5f, -7);
        assertThat(linear.between(0, 9)).isEqualTo(-4.5f);
        assertThat(linear.between(0, 10)).isEqualTo(-5);
        assertThat(linear.between(0, 12)).isEqualTo(-5);
        assertThat(linear.between(0, 13)).isEqualTo(-7);
    }

    @Test
    void shouldFillTheMatrixOfSomeNodes() {
        final HopBias bias = new HopBias(Graphs.cycle(6), new float[] {0, 1, 2, 3}, 0);
        final FloatMatrix out = FloatMatrix.allocate(3, 3);
        bias.fill(new int[] {5, 0, 3, 77}, out);
        assertThat(out.rowArray(0)).containsExactly(0, 1, 2);
        assertThat(out.rowArray(1)).containsExactly(1, 0, 3);
        assertThat(out.rowArray(2)).containsExactly(2, 3, 0);
    }

    @Test
    void shouldRefuseWhatIsNoBias() {
        final PeerGraph graph = Graphs.path(3);
        refuses(() -> new HopBias(graph, new float[] {}, 0), "given no bias at all");
        refuses(() -> new HopBias(graph, new float[] {1}, 0), "given beta[0] = 1.0");
        refuses(() -> new HopBias(graph, new float[] {0, Float.NaN}, 0), "given beta[1] = NaN");
        refuses(() -> new HopBias(graph, new float[] {0}, Float.NEGATIVE_INFINITY), "given -Infinity");
        final HopBias bias = new HopBias(graph, new float[] {0, -1}, -2);
        refuses(() -> bias.fill(new int[] {0, 1}, FloatMatrix.allocate(3, 3)), "of 2 nodes");
        refuses(() -> bias.fill(new int[] {0, 1}, FloatMatrix.allocate(2, 1)), "given 2 x 1");
        refuses(() -> bias.fill(new int[] {0, 3}, FloatMatrix.allocate(2, 2)), "nodes are 0 to 2, given 3");
        refuses(() -> bias.between(-1, 0), "given -1");
    }

    private static void refuses(
            final org.assertj.core.api.ThrowableAssert.ThrowingCallable call, final String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
