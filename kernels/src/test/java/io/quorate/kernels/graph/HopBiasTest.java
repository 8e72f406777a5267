package io.quorate.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.attention.AttentionBias;
import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
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

    private record Result(FloatMatrix out, float[] influence) {}

    private static Result attend(final Primitives primitives, final FloatMatrix rows, final AttentionBias bias) {
        final AttentionShape shape = AttentionShape.ofSelf(rows.rows(), rows.cols(), 2);
        final AttentionSummary summary = new AttentionSummary(rows.rows());
        final FloatMatrix out = FloatMatrix.allocate(rows.rows(), rows.cols());
        try (AttentionScratch scratch = AttentionScratch.forShape(shape)) {
            new MultiHeadAttention(primitives).attend(shape, rows, rows, rows, bias, out, summary, scratch);
        }
        return new Result(out, summary.influences());
    }

    private static AttentionBias of(final PeerGraph graph, final float[] beta, final float unreachable) {
        final FloatMatrix matrix = FloatMatrix.allocate(graph.nodes(), graph.nodes());
        final int[] nodes = IntStream.range(0, graph.nodes()).toArray();
        new HopBias(graph, beta, unreachable).fill(nodes, matrix);
        return AttentionBias.shared(matrix);
    }

    @Test
    void shouldChangeNoBitWithBiasZero() {
        final PeerGraph graph = Graphs.of(9, new int[][] {{0, 1}, {1, 2}, {3, 4}, {4, 8}, {8, 3}});
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(1), 9, 26);
        for (final Primitives primitives : PrimitivesProvider.all()) {
            final Result plain = attend(primitives, rows, AttentionBias.NONE);
            final Result zero = attend(primitives, rows, of(graph, new float[] {0, 0, -0.0f}, 0));
            assertThat(Matrices.bits(zero.out)).isEqualTo(Matrices.bits(plain.out));
            assertThat(Matrices.bits(zero.influence)).isEqualTo(Matrices.bits(plain.influence));
            final Result biased = attend(primitives, rows, of(graph, new float[] {0, -1}, -3));
            assertThat(Matrices.bits(biased.out)).isNotEqualTo(Matrices.bits(plain.out));
        }
    }

    /** Between rows of zeros only the bias decides: on a path of three the weights are those of exp(-hops). */
    @Test
    void shouldStandBesideTheScaledLogit() {
        final FloatMatrix zeros = FloatMatrix.allocate(4, 4);
        final PeerGraph graph = Graphs.path(4).withEdge(2, 3, 0.0);
        final Result result = attend(
                PrimitivesProvider.preferred(), zeros, of(graph, new float[] {0, -1, -2}, Float.NEGATIVE_INFINITY));
        final double near = Math.exp(-1);
        final double far = Math.exp(-2);
        final double end = 1 + near + far;
        final double middle = 1 + 2 * near;
        final double expected = (1 / end + near / middle + far / end) / 4;
        assertThat((double) result.influence[0]).isCloseTo(expected, within(1e-6));
        assertThat((double) result.influence[1]).isCloseTo((2 * near / end + 1 / middle) / 4, within(1e-6));
        assertThat(result.influence[3]).isEqualTo(0.25f);
    }

    @Test
    void shouldRefuseWhatIsNoBias() {
        final PeerGraph graph = Graphs.path(3);
        refuses(() -> new HopBias(graph, new float[] {}, 0), "given no bias at all");
        refuses(() -> new HopBias(graph, new float[] {1}, 0), "given beta[0] = 1.0");
        refuses(() -> new HopBias(graph, new float[] {0, Float.NaN}, 0), "given beta[1] = NaN");
        refuses(() -> new HopBias(graph, new float[] {0}, Float.POSITIVE_INFINITY), "given Infinity");
        refuses(() -> new HopBias(graph, new float[] {0}, Float.NaN), "given NaN");
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
