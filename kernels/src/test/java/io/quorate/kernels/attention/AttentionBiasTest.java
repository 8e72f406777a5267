package io.quorate.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionBiasTest {
    private static final List<Primitives> ALL = PrimitivesProvider.all();
    private static final long SEED = Long.getLong("seed", 20_251_124L);

    private final SplittableRandom random = new SplittableRandom(SEED);

    private record Result(FloatMatrix out, float[] influence) {}

    private static Result attend(
            final Primitives primitives,
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final FloatMatrix v,
            final AttentionBias bias) {
        final FloatMatrix out = FloatMatrix.allocate(shape.queries(), shape.modelDim());
        final AttentionSummary summary = new AttentionSummary(shape.keys());
        try (AttentionScratch scratch = AttentionScratch.forShape(shape)) {
            new MultiHeadAttention(primitives).attend(shape, q, k, v, bias, out, summary, scratch);
            final AttentionSummary alone = new AttentionSummary(shape.keys());
            new MultiHeadAttention(primitives).influence(shape, q, k, bias, alone, scratch);
            assertThat(alone.influences()).isEqualTo(summary.influences());
        }
        return new Result(out, summary.influences());
    }

    /** Normal numbers in rows with a gap; about a third masked if asked, never a whole row. */
    private FloatMatrix invented(final int rows, final int cols, final boolean isMasked) {
        final FloatMatrix bias = Matrices.gaussian(random, rows, cols, cols + 3);
        for (int row = 0; row < rows && isMasked; row++) {
            final int seen = random.nextInt(cols);
            for (int col = 0; col < cols; col++) {
                if (col != seen && random.nextInt(3) == 0) {
                    bias.set(row, col, AttentionBias.MASKED);
                }
            }
        }
        return bias;
    }

    @ParameterizedTest
    @CsvSource({
        "1,1,1,1,false",
        "4,4,8,48,true",
        "5,3,2,7,false",
        "17,33,3,16,true",
        "31,70,2,5,true",
        "64,16,1,48,false",
        "26,130,2,20,true"
    })
    void shouldGiveTheDefinedBitsAtEveryWidth(
            final int queries, final int keys, final int heads, final int headDim, final boolean isMasked) {
        final AttentionShape shape = new AttentionShape(queries, keys, heads, headDim, 0.3f);
        final FloatMatrix q = Matrices.gaussian(random, queries, shape.modelDim());
        final FloatMatrix k = Matrices.gaussian(random, keys, shape.modelDim());
        final FloatMatrix v = Matrices.gaussian(random, keys, shape.modelDim());
        final FloatMatrix shared = invented(queries, keys, isMasked);
        final FloatMatrix perHead = invented(heads * queries, keys, isMasked);
        for (final AttentionBias bias : List.of(AttentionBias.shared(shared), AttentionBias.perHead(perHead))) {
            final AttentionDefinition defined = AttentionDefinition.inFloat32(shape, q, k, v, bias.matrix());
            final AttentionDefinition exact = AttentionDefinition.inFloat64(shape, q, k, v, bias.matrix());
            for (final Primitives primitives : ALL) {
                final Result result = attend(primitives, shape, q, k, v, bias);
                assertThat(Matrices.bits(result.out)).isEqualTo(Matrices.bits(defined.out));
                assertThat(Matrices.bits(result.influence)).isEqualTo(Matrices.bits(defined.influence));
            }
            assertThat(defined.out).usingComparatorWithPrecision(3e-6f).containsExactly(exact.out);
        }
    }

    @Test
    void shouldChangeNoBitWhereTheBiasIsZero() {
        for (final int rows : new int[] {1, 3, 16, 37, 100}) {
            final AttentionShape shape = AttentionShape.ofSelf(rows, 60, 3);
            final FloatMatrix q = Matrices.gaussian(random, rows, 60);
            q.row(rows - 1).fill((byte) 0);
            final FloatMatrix zeros = FloatMatrix.allocate(rows, rows);
            final Primitives primitives = PrimitivesProvider.preferred();
            final Result plain = attend(primitives, shape, q, q, q, AttentionBias.NONE);
            final Result biased = attend(primitives, shape, q, q, q, AttentionBias.shared(zeros));
            zeros.fill(-0.0f);
            final Result negative = attend(primitives, shape, q, q, q, AttentionBias.shared(zeros));
            assertThat(Matrices.bits(biased.out)).isEqualTo(Matrices.bits(plain.out));
            assertThat(Matrices.bits(biased.influence)).isEqualTo(Matrices.bits(plain.influence));
            assertThat(Matrices.bits(negative.out)).isEqualTo(Matrices.bits(plain.out));
        }
    }

    @Test
    void shouldGiveMaskedKeysExactlyNothing() {
        final AttentionShape shape = AttentionShape.ofSelf(20, 32, 2);
        final FloatMatrix q = Matrices.gaussian(random, 20, 32);
        final FloatMatrix bias = FloatMatrix.allocate(20, 20);
        for (int row = 0; row < 20; row++) {
            for (int key = 10; key < 20; key++) {
                bias.set(row, key, AttentionBias.MASKED);
            }
        }
        for (final Primitives primitives : ALL) {
            final Result result = attend(primitives, shape, q, q, q, AttentionBias.shared(bias));
            final AttentionShape half = new AttentionShape(20, 10, 2, 16, shape.scale());
            final FloatMatrix seen = q.slice(0, 10, 0, 32);
            final Result alone = attend(primitives, half, q, seen, seen, AttentionBias.NONE);
            assertThat(Matrices.array(result.out)).isEqualTo(Matrices.array(alone.out));
            for (int key = 0; key < 20; key++) {
                assertThat(result.influence[key]).isEqualTo(key < 10 ? alone.influence[key] : 0.0f);
            }
        }
    }

    @Test
    void shouldShiftLogitsByTheBias() {
        final AttentionShape shape = new AttentionShape(1, 2, 1, 1, 0.125f);
        final FloatMatrix zero = FloatMatrix.allocate(1, 1);
        final FloatMatrix values = Matrices.of(new float[] {1.0f}, new float[] {0.0f});
        final FloatMatrix bias = Matrices.of(new float[] {(float) Math.log(3.0), 0.0f});
        final Result result =
                attend(ALL.get(0), shape, zero, FloatMatrix.allocate(2, 1), values, AttentionBias.shared(bias));
        assertThat(result.out.get(0, 0)).isCloseTo(0.75f, within(2e-7f));
        assertThat(result.influence[0]).isCloseTo(0.75f, within(2e-7f));
    }

    @Test
    void shouldRefuseABiasThatLeavesNoProbabilities() {
        final AttentionShape shape = AttentionShape.ofSelf(3, 8, 2);
        final FloatMatrix x = Matrices.gaussian(random, 3, 8);
        final FloatMatrix bias = FloatMatrix.allocate(3, 3);
        final AttentionBias shared = AttentionBias.shared(bias);
        for (final Primitives primitives : ALL) {
            bias.fill(0.0f);
            for (final float bad : new float[] {Float.NaN, -Float.NaN, Float.POSITIVE_INFINITY}) {
                bias.set(1, 2, bad);
                assertThatThrownBy(() -> attend(primitives, shape, x, x, x, shared))
                        .hasMessageContaining("row 1 holds NaN or infinity");
            }
            bias.set(1, 2, Float.intBitsToFloat(0xffc0_0000));
            assertThatThrownBy(() -> attend(primitives, shape, x, x, x, shared)).hasMessageContaining("NaN");
            bias.set(1, 2, 0.0f);
            bias.setRow(2, AttentionBias.MASKED, AttentionBias.MASKED, AttentionBias.MASKED);
            assertThatThrownBy(() -> attend(primitives, shape, x, x, x, shared))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a query must see at least one key, and row 2 of the bias masks all of them");
            bias.setRow(2, -3e38f, -3e38f, -3e38f);
            assertThatThrownBy(() -> attend(primitives, shape, x, x, x, shared))
                    .hasMessageContaining("may overflow float32");
        }
        bias.fill(0.0f);
        assertThatThrownBy(() -> attend(ALL.get(0), shape, x, x, x, AttentionBias.perHead(bias)))
                .hasMessage("the bias must be 6 x 3, given 3 x 3");
        assertThatThrownBy(() -> attend(ALL.get(0), shape.withScale(Float.MIN_VALUE), x, x, x, shared))
                .hasMessageContaining("at a scale of");
        final FloatMatrix square = FloatMatrix.allocate(8, 8);
        final AttentionShape eight = AttentionShape.ofSelf(8, 8, 2);
        try (AttentionScratch scratch = AttentionScratch.forShape(eight)) {
            final FloatMatrix y = Matrices.gaussian(random, 8, 8);
            assertThatThrownBy(() -> new MultiHeadAttention(ALL.get(0))
                            .attend(
                                    eight,
                                    y,
                                    y,
                                    y,
                                    AttentionBias.shared(square),
                                    square,
                                    new AttentionSummary(8),
                                    scratch))
                    .hasMessage("the output must not overlap the bias");
        }
    }
}
