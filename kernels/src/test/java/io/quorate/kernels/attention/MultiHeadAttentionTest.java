package io.quorate.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultiHeadAttentionTest {
    private static final List<Primitives> ALL = PrimitivesProvider.all();
    private static final long SEED = Long.getLong("seed", 20_251_123L);

    private record Result(FloatMatrix out, float[] influence) {}

    private static Result attend(
            final Primitives primitives,
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final FloatMatrix v) {
        final FloatMatrix out = FloatMatrix.allocate(shape.queries(), shape.modelDim());
        final AttentionSummary summary = new AttentionSummary(shape.keys());
        try (AttentionScratch scratch = AttentionScratch.forShape(shape)) {
            new MultiHeadAttention(primitives).attend(shape, q, k, v, out, summary, scratch);
        }
        return new Result(out, summary.influences());
    }

    private static void requireDefinedBits(
            final AttentionShape shape, final FloatMatrix q, final FloatMatrix k, final FloatMatrix v) {
        final AttentionDefinition defined = AttentionDefinition.inFloat32(shape, q, k, v);
        for (final Primitives primitives : ALL) {
            final Result result = attend(primitives, shape, q, k, v);
            final String what = shape + " " + primitives.name() + " " + primitives.bits() + " seed " + SEED;
            assertThat(Matrices.bits(result.out)).as("output of %s", what).isEqualTo(Matrices.bits(defined.out));
            assertThat(Matrices.bits(result.influence))
                    .as("influence of %s", what)
                    .isEqualTo(Matrices.bits(defined.influence));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1,1,1,1",
        "1,1,8,48",
        "2,2,1,3",
        "3,3,2,5",
        "4,4,8,48",
        "7,7,3,13",
        "13,13,2,16",
        "16,16,8,48",
        "17,17,1,17",
        "5,31,2,7",
        "31,5,2,33",
        "48,48,2,48",
        "63,63,1,9",
        "64,64,2,64",
        "100,100,1,48",
        "33,207,1,10",
        "9,702,1,8"
    })
    void shouldGiveTheDefinedBitsAtEveryWidth(final int queries, final int keys, final int heads, final int headDim) {
        final SplittableRandom random = new SplittableRandom(SEED + queries * 31L + keys);
        final AttentionShape shape = new AttentionShape(queries, keys, heads, headDim, 0.3f);
        final FloatMatrix q = Matrices.gaussian(random, queries, shape.modelDim());
        final FloatMatrix k = Matrices.gaussian(random, keys, shape.modelDim());
        final FloatMatrix v = Matrices.gaussian(random, keys, shape.modelDim());
        requireDefinedBits(shape, q, k, v);
    }

    @Test
    void shouldGiveTheDefinedBitsInRandomCases() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 60; repeat++) {
            final int queries = random.nextInt(1, 40);
            final int keys = random.nextInt(1, 40);
            final AttentionShape shape =
                    new AttentionShape(queries, keys, random.nextInt(1, 4), random.nextInt(1, 40), (float)
                            Math.exp(random.nextDouble(-4, 4)));
            final int gap = random.nextInt(0, 5);
            requireDefinedBits(
                    shape,
                    Matrices.gaussian(random, queries, shape.modelDim(), shape.modelDim() + gap),
                    Matrices.gaussian(random, keys, shape.modelDim(), shape.modelDim() + 2 * gap),
                    Matrices.gaussian(random, keys, shape.modelDim(), shape.modelDim() + 3 * gap));
        }
    }

    @Test
    void shouldGiveTheDefinedBitsForSpecialValues() {
        final float[] special = {
            0.0f,
            -0.0f,
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_NORMAL,
            1e-30f,
            -1e-38f,
            1e18f,
            -1e18f,
            1.0f,
            -1.0f
        };
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape = new AttentionShape(19, 37, 2, 11, 0.7f);
        for (int repeat = 0; repeat < 10; repeat++) {
            final FloatMatrix q = FloatMatrix.allocate(shape.queries(), shape.modelDim());
            final FloatMatrix k = FloatMatrix.allocate(shape.keys(), shape.modelDim());
            final FloatMatrix v = FloatMatrix.allocate(shape.keys(), shape.modelDim());
            for (final FloatMatrix matrix : List.of(q, k, v)) {
                for (int row = 0; row < matrix.rows(); row++) {
                    for (int col = 0; col < matrix.cols(); col++) {
                        matrix.set(row, col, special[random.nextInt(special.length)]);
                    }
                }
            }
            requireDefinedBits(shape, q, k, v);
        }
    }

    @Test
    void shouldNotDependOnStrideOrAlignment() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape = AttentionShape.ofSelf(21, 3 * 20, 3);
        final FloatMatrix q = Matrices.gaussian(random, 21, 60);
        final Primitives primitives = PrimitivesProvider.preferred();
        final int[] expected = Matrices.bits(attend(primitives, shape, q, q, q).out);
        try (FloatSlab slab = FloatSlab.allocate(4096)) {
            for (int skipBytes = 0; skipBytes < 64; skipBytes += 5) {
                final FloatMatrix moved = FloatMatrix.over(slab.segment().asSlice(skipBytes), 21, 60, 60 + skipBytes);
                moved.copyFrom(q);
                assertThat(Matrices.bits(attend(primitives, shape, moved, moved, moved).out))
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4,384,8,1", "16,384,8,1", "64,384,8,1", "256,96,2,1", "12,384,8,20", "7,35,5,20"})
    void shouldAgreeWithFloat64(final int rows, final int modelDim, final int heads, final float factor) {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape = AttentionShape.ofSelf(rows, modelDim, heads);
        final FloatMatrix q = Matrices.gaussian(random, rows, modelDim);
        final FloatMatrix k = Matrices.gaussian(random, rows, modelDim);
        final FloatMatrix v = Matrices.gaussian(random, rows, modelDim);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < modelDim; col++) {
                q.set(row, col, q.get(row, col) * factor);
            }
        }
        final Result result = attend(PrimitivesProvider.preferred(), shape, q, k, v);
        final AttentionDefinition exact = AttentionDefinition.inFloat64(shape, q, k, v);
        final float bound = factor == 1 ? 1.5e-6f : 4e-5f;
        assertThat(Matrices.array(result.out))
                .usingComparatorWithPrecision(bound)
                .containsExactly(exact.out);
        assertThat(result.influence).usingComparatorWithPrecision(bound / rows).containsExactly(exact.influence);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 10, 16, 31, 64, 257})
    void shouldGiveEqualRowsExactlyEqualInfluence(final int rows) {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape = AttentionShape.ofSelf(rows, 96, 8).withScale(32.0f);
        final float[] row = Matrices.gaussian(random, 1, 96).rowArray(0);
        final FloatMatrix x = FloatMatrix.allocate(rows, 96);
        for (int i = 0; i < rows; i++) {
            x.setRow(i, row);
        }
        final Result result = attend(PrimitivesProvider.preferred(), shape, x, x, x);
        for (final float influence : result.influence) {
            assertThat(influence).isEqualTo(result.influence[0]).isCloseTo(1.0f / rows, within(1e-6f / rows));
        }
        if (rows == 1) {
            assertThat(result.influence[0]).isEqualTo(1.0f);
            assertThat(result.out.rowArray(0)).isEqualTo(row);
        }
    }

    @Test
    void shouldGiveInfluencesThatSumToOneAndAreTheSameWithoutOutput() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int rows : new int[] {1, 2, 4, 7, 64, 255, 1000}) {
            final AttentionShape shape = AttentionShape.ofSelf(rows, 64, 4);
            final FloatMatrix q = Matrices.gaussian(random, rows, 64);
            final FloatMatrix k = Matrices.gaussian(random, rows, 64);
            final Result result = attend(PrimitivesProvider.preferred(), shape, q, k, k);
            double sum = 0.0;
            for (final float influence : result.influence) {
                assertThat(influence).isBetween(0.0f, 1.0f);
                sum += influence;
            }
            assertThat(sum).isCloseTo(1.0, within(2e-6));
            final AttentionSummary alone = new AttentionSummary(rows);
            try (AttentionScratch scratch = AttentionScratch.forShape(shape)) {
                new MultiHeadAttention(PrimitivesProvider.preferred()).influence(shape, q, k, alone, scratch);
            }
            assertThat(alone.influences()).isEqualTo(result.influence);
        }
    }

    @Test
    void shouldGiveNoWeightToKeysFarBelowTheMaximum() {
        final FloatMatrix q = Matrices.of(new float[] {1.0f});
        final FloatMatrix k = Matrices.of(new float[] {0.0f}, new float[] {1e30f}, new float[] {-1e30f});
        final FloatMatrix v = Matrices.of(new float[] {1e37f}, new float[] {3.0f}, new float[] {-1e37f});
        final AttentionShape shape = new AttentionShape(1, 3, 1, 1, 1.0f);
        for (final Primitives primitives : ALL) {
            final Result result = attend(primitives, shape, q, k, v);
            assertThat(result.out.get(0, 0)).isEqualTo(3.0f);
            assertThat(result.influence).containsExactly(0.0f, 1.0f, 0.0f);
        }
    }

    @Test
    void shouldSurviveTheGreatestScaleAndTheGreatestScores() {
        final FloatMatrix x = Matrices.of(new float[] {0x1p62f, 0x1p62f}, new float[] {-0x1p62f, 0x1p62f});
        for (final Primitives primitives : ALL) {
            final AttentionShape sharp = new AttentionShape(2, 2, 1, 2, AttentionShape.SCALE_MAX);
            final Result result = attend(primitives, sharp, x, x, x);
            assertThat(Matrices.array(result.out)).containsExactly(Matrices.array(x));
            assertThat(result.influence).containsExactly(0.5f, 0.5f);
            final AttentionShape flat = sharp.withScale(Float.MIN_VALUE);
            assertThat(attend(primitives, flat, Matrices.of(new float[2], new float[2]), x, x).influence)
                    .containsExactly(0.5f, 0.5f);
        }
    }

    @Test
    void shouldReuseScratchAndSummaryOfALargerShape() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape large = AttentionShape.ofSelf(70, 80, 2);
        final AttentionShape small = AttentionShape.ofSelf(5, 30, 2);
        final FloatMatrix x = Matrices.gaussian(random, 70, 80);
        final FloatMatrix y = Matrices.gaussian(random, 5, 30);
        final Result expected = attend(PrimitivesProvider.preferred(), small, y, y, y);
        final MultiHeadAttention attention = new MultiHeadAttention(PrimitivesProvider.preferred());
        final AttentionSummary summary = new AttentionSummary(70);
        try (AttentionScratch scratch = AttentionScratch.forShape(large)) {
            attention.attend(large, x, x, x, FloatMatrix.allocate(70, 80), summary, scratch);
            final FloatMatrix out = FloatMatrix.allocate(5, 30);
            attention.attend(small, y, y, y, out, summary, scratch);
            assertThat(Matrices.bits(out)).isEqualTo(Matrices.bits(expected.out));
            assertThat(summary.influences()).isEqualTo(expected.influence);
            assertThat(summary.keys()).isEqualTo(5);
        }
    }

    @Test
    void shouldAllocateNothingInSteadyState() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape = AttentionShape.ofSelf(19, 96, 2);
        final FloatMatrix x = Matrices.gaussian(random, 19, 96);
        final FloatMatrix out = FloatMatrix.allocate(19, 96);
        final AttentionSummary summary = new AttentionSummary(19);
        final MultiHeadAttention attention = new MultiHeadAttention(PrimitivesProvider.preferred());
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (AttentionScratch scratch = AttentionScratch.forShape(shape)) {
            // Until C2 has compiled everything, vectors are objects; on a busy machine that may take a while.
            long allocatedBytes = Long.MAX_VALUE;
            for (int round = 0; round < 1_000 && allocatedBytes > 0; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 500; call++) {
                    attention.attend(shape, x, x, x, out, summary, scratch);
                }
                allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocatedBytes)
                    .as("bytes allocated by the last 500 calls")
                    .isZero();
        }
    }

    @Test
    void shouldRefuseWhatItCannotCompute() {
        final AttentionShape shape = AttentionShape.ofSelf(3, 8, 2);
        final FloatMatrix x = Matrices.gaussian(new SplittableRandom(SEED), 3, 8);
        assertThatThrownBy(() -> attend(ALL.get(0), shape, x.slice(0, 2, 0, 8), x, x))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Q must be 3 x 8, given 2 x 8");
        final FloatMatrix broken = FloatMatrix.allocate(3, 8);
        broken.set(1, 7, Float.NaN);
        for (final Primitives primitives : ALL) {
            assertThatThrownBy(() -> attend(primitives, shape, x, x, broken))
                    .hasMessage("V must be finite, and row 1 holds NaN or infinity");
        }
        broken.set(1, 7, 1e30f);
        assertThatThrownBy(() -> attend(ALL.get(0), shape, broken, broken, x))
                .hasMessageContaining("may overflow float32");
        broken.set(1, 7, 3e38f);
        assertThatThrownBy(() -> attend(ALL.get(0), shape, x, x, broken)).hasMessageContaining("may overflow float32");
        final MultiHeadAttention attention = new MultiHeadAttention(ALL.get(0));
        final AttentionScratch scratch = AttentionScratch.forShape(shape);
        assertThatThrownBy(() -> attention.attend(shape, x, x, x, x, new AttentionSummary(3), scratch))
                .hasMessage("the output must not overlap Q");
        assertThatThrownBy(() -> attention.influence(shape, x, x, new AttentionSummary(2), scratch))
                .hasMessage("the summary has room for 2 keys, given 3");
        scratch.close();
        scratch.close();
        assertThatThrownBy(() -> attention.influence(shape, x, x, new AttentionSummary(3), scratch))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> AttentionShape.ofSelf(3, 9, 2)).hasMessageContaining("must divide");
        assertThatThrownBy(() -> shape.withScale(3e38f)).hasMessageContaining("at most 2^100");
        assertThatThrownBy(() -> shape.withScale(0.0f)).hasMessageContaining("above 0");
        assertThatThrownBy(() -> shape.withScale(Float.NaN)).hasMessageContaining("scale");
    }
}
