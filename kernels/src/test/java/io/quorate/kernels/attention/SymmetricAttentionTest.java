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
import io.quorate.kernels.similarity.UnitRows;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SymmetricAttentionTest {
    private static final List<Primitives> ALL = PrimitivesProvider.all();
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();
    private static final long SEED = Long.getLong("seed", 20_251_122L);

    private record Result(FloatMatrix out, float[] influence) {}

    private static Result attend(
            final Primitives primitives, final AttentionShape shape, final FloatMatrix x, final FloatMatrix v) {
        final FloatMatrix out = FloatMatrix.allocate(shape.keys(), shape.modelDim());
        final AttentionSummary summary = new AttentionSummary(shape.keys());
        try (SymmetricScratch scratch = SymmetricScratch.forShape(shape, 1)) {
            new SymmetricAttention(primitives).attend(shape, x, v, out, summary, scratch);
        }
        return new Result(out, summary.influences());
    }

    private static float[] influence(final Primitives primitives, final AttentionShape shape, final FloatMatrix x) {
        final AttentionSummary summary = new AttentionSummary(shape.keys());
        try (SymmetricScratch scratch = SymmetricScratch.forShape(shape, 1)) {
            new SymmetricAttention(primitives).influence(shape, x, summary, scratch);
        }
        return summary.influences();
    }

    private static FloatMatrix unitRows(final SplittableRandom random, final int rows, final int cols) {
        return unitRows(random, rows, cols, cols);
    }

    private static FloatMatrix unitRows(
            final SplittableRandom random, final int rows, final int cols, final int stride) {
        final FloatMatrix matrix = Matrices.gaussian(random, rows, cols, stride);
        try (UnitRows unit = new UnitRows(PREFERRED)) {
            unit.normalize(matrix, matrix);
        }
        return matrix;
    }

    private static void requireDefinedBits(final AttentionShape shape, final FloatMatrix x, final FloatMatrix v) {
        final SymmetricDefinition defined = new SymmetricDefinition(shape, x, v);
        for (final Primitives primitives : ALL) {
            final Result result = attend(primitives, shape, x, v);
            final String what = shape + " " + primitives.name() + " " + primitives.bits() + " seed " + SEED;
            assertThat(Matrices.bits(result.out)).as("output of %s", what).isEqualTo(Matrices.bits(defined.out));
            assertThat(Matrices.bits(result.influence))
                    .as("influence of %s", what)
                    .isEqualTo(Matrices.bits(defined.influence));
            assertThat(influence(primitives, shape, x))
                    .as("influence alone of %s", what)
                    .isEqualTo(defined.influence);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4, 13, 48, 64})
    void shouldGiveTheDefinedBitsUpToFortyRows(final int headDim) {
        final SplittableRandom random = new SplittableRandom(SEED + headDim);
        for (int rows = 1; rows <= 40; rows++) {
            final int heads = 1 + rows % 5;
            final AttentionShape shape = AttentionShape.ofSelf(rows, heads * headDim, heads)
                    .withScale((float) Math.exp(random.nextDouble(-2, 4)));
            final FloatMatrix x = unitRows(random, rows, shape.modelDim());
            requireDefinedBits(shape, x, rows % 2 == 0 ? x : Matrices.gaussian(random, rows, shape.modelDim()));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "4, 8, 48",
        "3, 8, 48",
        "2, 4, 16",
        "4, 12, 20",
        "1, 4, 32",
        "63, 2, 48",
        "64, 2, 4",
        "65, 1, 13",
        "100, 2, 48",
        "100, 1, 64",
        "255, 1, 48",
        "257, 2, 13",
        "257, 1, 64",
        "515, 1, 16"
    })
    void shouldGiveTheDefinedBitsAtEveryWidth(final int rows, final int heads, final int headDim) {
        final SplittableRandom random = new SplittableRandom(SEED + rows * 31L + headDim);
        final AttentionShape shape = AttentionShape.ofSelf(rows, heads * headDim, heads);
        final FloatMatrix x = unitRows(random, rows, shape.modelDim());
        requireDefinedBits(shape.withScale(4.0f * heads), x, Matrices.gaussian(random, rows, shape.modelDim()));
    }

    @ParameterizedTest
    @CsvSource({"97, 13, 48", "145, 48, 48", "250, 16, 96", "337, 48, 96", "336, 20, 144"})
    void shouldGiveTheDefinedBitsWhereFarBlocksAreComputedAgain(final int rows, final int headDim, final int bandRows) {
        final SplittableRandom random = new SplittableRandom(SEED + rows);
        final AttentionShape shape = AttentionShape.ofSelf(rows, 2 * headDim, 2).withScale(8.0f);
        final FloatMatrix x = unitRows(random, rows, shape.modelDim());
        final FloatMatrix v = Matrices.gaussian(random, rows, shape.modelDim());
        final SymmetricDefinition defined = new SymmetricDefinition(shape, x, v);
        for (final Primitives primitives : ALL) {
            final SymmetricAttention attention = new SymmetricAttention(primitives);
            final FloatMatrix out = FloatMatrix.allocate(rows, shape.modelDim());
            final AttentionSummary summary = new AttentionSummary(rows);
            try (SymmetricScratch scratch = new SymmetricScratch(rows, 2, headDim, 1, bandRows)) {
                attention.attend(shape, x, v, out, summary, scratch);
                assertThat(Matrices.bits(out)).isEqualTo(Matrices.bits(defined.out));
                assertThat(Matrices.bits(summary.influences())).isEqualTo(Matrices.bits(defined.influence));
                attention.influence(shape, x, summary, scratch);
                assertThat(summary.influences()).isEqualTo(defined.influence);
                final AttentionShape fewer = AttentionShape.ofSelf(60, shape.modelDim(), 2);
                attention.influence(fewer, x.slice(0, 60, 0, shape.modelDim()), summary, scratch);
                assertThat(summary.influences())
                        .isEqualTo(influence(primitives, fewer, x.slice(0, 60, 0, shape.modelDim())));
            }
        }
    }

    @Test
    void shouldGiveTheDefinedBitsForSpecialValues() {
        final float[] special = {
            0.0f, -0.0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, 1e-30f, -1e-38f, 0.125f, -0.125f, 0.1f
        };
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int rows : new int[] {4, 16, 37, 70}) {
            final AttentionShape shape = new AttentionShape(rows, rows, 4, 16, SymmetricAttention.SCALE_MAX);
            final FloatMatrix x = FloatMatrix.allocate(rows, shape.modelDim());
            final FloatMatrix v = FloatMatrix.allocate(rows, shape.modelDim());
            for (int row = 0; row < rows; row++) {
                for (int col = 0; col < shape.modelDim(); col++) {
                    x.set(row, col, special[random.nextInt(special.length)]);
                    v.set(row, col, special[random.nextInt(special.length)] * 0x1p90f);
                }
            }
            // The sharpest scale, one row that has a head for itself, and one that is zero.
            x.row(0).fill((byte) 0);
            x.set(0, 5, 1.0f);
            x.row(rows - 1).fill((byte) 0);
            requireDefinedBits(shape, x, v);
        }
    }

    @Test
    void shouldNotDependOnStrideOrAlignment() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int rows : new int[] {4, 21, 53}) {
            final AttentionShape shape = AttentionShape.ofSelf(rows, 4 * 16, 4);
            final FloatMatrix x = unitRows(random, rows, 64);
            final Result expected = attend(PREFERRED, shape, x, x);
            try (FloatSlab slab = FloatSlab.allocate(3L * rows * 130)) {
                for (int skip = 0; skip < 64; skip += 5) {
                    final int stride = 64 + skip;
                    final FloatMatrix moved = FloatMatrix.over(slab.segment().asSlice(skip), rows, 64, stride);
                    moved.copyFrom(x);
                    final FloatMatrix out = FloatMatrix.over(
                            slab.segment().asSlice((long) rows * 130 * Float.BYTES + 64 - skip), rows, 64, stride);
                    final AttentionSummary summary = new AttentionSummary(rows);
                    try (SymmetricScratch scratch = SymmetricScratch.forShape(shape, 1)) {
                        new SymmetricAttention(PREFERRED).attend(shape, moved, moved, out, summary, scratch);
                    }
                    assertThat(Matrices.bits(out)).isEqualTo(Matrices.bits(expected.out));
                    assertThat(summary.influences()).isEqualTo(expected.influence);
                }
            }
        }
    }

    @Test
    void shouldHaveScoresThatAreSymmetricBitForBit() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape = AttentionShape.ofSelf(61, 3 * 48, 3);
        final FloatMatrix x = unitRows(random, 61, shape.modelDim());
        for (int head = 0; head < 3; head++) {
            final float[][] s = SymmetricDefinition.scores(shape, x, head);
            for (int i = 0; i < 61; i++) {
                for (int j = 0; j < 61; j++) {
                    assertThat(Float.floatToRawIntBits(s[i][j])).isEqualTo(Float.floatToRawIntBits(s[j][i]));
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4,384,8,32", "16,384,8,32", "64,384,8,32", "64,384,8,64", "256,96,2,8", "12,384,8,1", "7,35,5,20"})
    void shouldAgreeWithFloat64(final int rows, final int modelDim, final int heads, final float scale) {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape =
                AttentionShape.ofSelf(rows, modelDim, heads).withScale(scale);
        final FloatMatrix x = unitRows(random, rows, modelDim);
        final FloatMatrix v = Matrices.gaussian(random, rows, modelDim);
        final Result result = attend(PREFERRED, shape, x, v);
        final AttentionDefinition exact = AttentionDefinition.inFloat64(shape, x, x, v);
        final float bound = 1.5e-7f * (8 + scale);
        assertThat(Matrices.array(result.out))
                .usingComparatorWithPrecision(bound)
                .containsExactly(exact.out);
        assertThat(result.influence).usingComparatorWithPrecision(bound / rows).containsExactly(exact.influence);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 10, 16, 31, 48, 64, 257})
    void shouldGiveEqualRowsExactlyEqualInfluence(final int rows) {
        final AttentionShape shape = AttentionShape.ofSelf(rows, 96, 8).withScale(32.0f);
        final float[] row = unitRows(new SplittableRandom(SEED), 1, 96).rowArray(0);
        final FloatMatrix x = FloatMatrix.allocate(rows, 96);
        for (int i = 0; i < rows; i++) {
            x.setRow(i, row);
        }
        final Result result = attend(PREFERRED, shape, x, x);
        for (final float influence : result.influence) {
            assertThat(influence).isEqualTo(result.influence[0]).isCloseTo(1.0f / rows, within(1e-6f / rows));
        }
        if (Integer.bitCount(rows) == 1) {
            assertThat(result.influence[0]).isEqualTo(1.0f / rows);
        }
        if (rows == 1) {
            assertThat(result.out.rowArray(0)).isEqualTo(row);
        }
    }

    @Test
    void shouldGiveInfluencesThatSumToOneAndFollowTheirRows() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int rows : new int[] {1, 2, 4, 7, 64, 255, 600}) {
            final AttentionShape shape = AttentionShape.ofSelf(rows, 64, 4).withScale(16.0f);
            final FloatMatrix x = unitRows(random, rows, 64);
            final FloatMatrix reversed = FloatMatrix.allocate(rows, 64);
            for (int row = 0; row < rows; row++) {
                reversed.setRow(rows - 1 - row, x.rowArray(row));
            }
            final float[] influence = influence(PREFERRED, shape, x);
            final float[] other = influence(PREFERRED, shape, reversed);
            double sum = 0.0;
            for (int row = 0; row < rows; row++) {
                assertThat(influence[row]).isBetween(0.0f, 1.0f);
                assertThat(other[rows - 1 - row]).isCloseTo(influence[row], within(2e-6f * influence[row]));
                sum += influence[row];
            }
            assertThat(sum).isCloseTo(1.0, within(2e-6));
        }
    }

    @Test
    void shouldKeepEveryRowsSumAtTheSharpestScale() {
        // Row 0 has all of its length in the first head, row 1 hardly any: their shares lie 2^-92 apart.
        final FloatMatrix x = Matrices.of(new float[] {1.0f, 0.0f}, new float[] {0x1p-20f, 1.0f});
        final AttentionShape shape = new AttentionShape(2, 2, 2, 1, SymmetricAttention.SCALE_MAX);
        for (final Primitives primitives : ALL) {
            final Result result = attend(primitives, shape, x, x);
            assertThat(result.out.get(1, 1)).isEqualTo(1.0f);
            assertThat(result.out.get(0, 0)).isEqualTo(1.0f);
            assertThat(result.influence[0] + result.influence[1]).isEqualTo(1.0f);
        }
    }

    @Test
    void shouldReuseScratchAndSummaryOfALargerShape() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape large = AttentionShape.ofSelf(130, 80, 2);
        final SymmetricAttention attention = new SymmetricAttention(PREFERRED);
        final AttentionSummary summary = new AttentionSummary(130);
        try (SymmetricScratch scratch = SymmetricScratch.forShape(large, 2)) {
            final FloatMatrix x = unitRows(random, 130, 80);
            attention.attend(large, x, x, FloatMatrix.allocate(130, 80), summary, scratch);
            for (final int rows : new int[] {5, 4, 20, 50, 100}) {
                final AttentionShape small = AttentionShape.ofSelf(rows, 30, 2);
                final FloatMatrix y = unitRows(random, rows, 30);
                final Result expected = attend(PREFERRED, small, y, y);
                final FloatMatrix out = FloatMatrix.allocate(rows, 30);
                attention.attend(small, y, y, out, summary, scratch);
                assertThat(Matrices.bits(out)).isEqualTo(Matrices.bits(expected.out));
                assertThat(summary.influences()).isEqualTo(expected.influence);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 48, 130})
    void shouldAllocateNothingInSteadyState(final int rows) {
        final AttentionShape shape = AttentionShape.ofSelf(rows, 96, 4);
        final FloatMatrix x = unitRows(new SplittableRandom(SEED), rows, 96);
        final FloatMatrix out = FloatMatrix.allocate(rows, 96);
        final AttentionSummary summary = new AttentionSummary(rows);
        final SymmetricAttention attention = new SymmetricAttention(PREFERRED);
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (SymmetricScratch scratch = SymmetricScratch.forShape(shape, 1)) {
            // Until C2 has compiled everything, vectors are objects; on a busy machine that may take a while.
            long allocatedBytes = Long.MAX_VALUE;
            for (int round = 0; round < 1_000 && allocatedBytes > 0; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 200; call++) {
                    attention.attend(shape, x, x, out, summary, scratch);
                    attention.influence(shape, x, summary, scratch);
                }
                allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocatedBytes)
                    .as("bytes allocated by the last 400 calls")
                    .isZero();
        }
    }

    @Test
    void shouldDecideOnTheNormsOfFourRowsAsOnThoseOfMore() {
        final AttentionShape shape = AttentionShape.ofSelf(4, 40, 5).withScale(20.0f);
        final FloatMatrix x = unitRows(new SplittableRandom(SEED), 4, 40);
        final double square = squareOfRow(x, 2);
        final float[] row = x.rowArray(2);
        for (final double allowed : new double[] {1 + 0x1p-12, 1 + 0x1.8p-11, 1 + 0x1.ffp-11}) {
            stretch(x, row, Math.sqrt(allowed / square));
            requireDefinedBits(shape, x, x);
        }
        for (final double refused : new double[] {1 + 0x1.02p-10, 1.5, Double.NaN, Double.POSITIVE_INFINITY}) {
            stretch(x, row, Math.sqrt(refused / square));
            for (final Primitives primitives : ALL) {
                assertThatThrownBy(() -> influence(primitives, shape, x))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("norm at most 1, and row 2 has norm");
            }
        }
    }

    private static double squareOfRow(final FloatMatrix x, final int row) {
        double square = 0;
        for (final float value : x.rowArray(row)) {
            square += (double) value * value;
        }
        return square;
    }

    private static void stretch(final FloatMatrix x, final float[] row, final double factor) {
        for (int col = 0; col < row.length; col++) {
            x.set(2, col, (float) (row[col] * factor));
        }
    }

    @Test
    void shouldRefuseWhatItCannotCompute() {
        final AttentionShape shape = AttentionShape.ofSelf(3, 8, 2);
        final FloatMatrix x = unitRows(new SplittableRandom(SEED), 3, 8);
        for (final Primitives primitives : ALL) {
            final FloatMatrix broken = FloatMatrix.allocate(3, 8);
            broken.copyFrom(x);
            for (final float value : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 3e38f, 1.1f}) {
                broken.set(1, 7, value);
                assertThatThrownBy(() -> attend(primitives, shape, broken, x))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("norm at most 1, and row 1 has norm");
            }
            broken.set(1, 7, Float.NaN);
            assertThatThrownBy(() -> attend(primitives, shape, x, broken))
                    .hasMessage("V must be finite, and row 1 holds NaN or infinity");
            broken.set(1, 7, 3e38f);
            assertThatThrownBy(() -> attend(primitives, shape, x, broken)).hasMessageContaining("may overflow float32");
        }
        assertThatThrownBy(() -> attend(PREFERRED, shape.withScale(64.1f), x, x))
                .hasMessageContaining("a scale of at most 64.0, given 3 queries, 3 keys and a scale of 64.1");
        assertThatThrownBy(() -> attend(PREFERRED, new AttentionShape(2, 3, 2, 4, 1.0f), x, x))
                .hasMessageContaining("given 2 queries, 3 keys");
        assertThatThrownBy(() -> attend(PREFERRED, shape, x.slice(0, 2, 0, 8), x))
                .hasMessage("X must be 3 x 8, given 2 x 8");
        final SymmetricAttention attention = new SymmetricAttention(PREFERRED);
        final SymmetricScratch scratch = SymmetricScratch.forShape(shape, 1);
        assertThatThrownBy(() -> attention.attend(shape, x, x, x, new AttentionSummary(3), scratch))
                .hasMessage("the output must not overlap X");
        assertThatThrownBy(() -> attention.influence(shape, x, new AttentionSummary(2), scratch))
                .hasMessage("the summary has room for 2 keys, given 3");
        assertThatThrownBy(() -> attention.influence(
                        AttentionShape.ofSelf(4, 8, 2), FloatMatrix.allocate(4, 8), new AttentionSummary(4), scratch))
                .hasMessageContaining("the scratch has room for 3 rows of 2 heads of 4, given 4 rows");
        scratch.close();
        scratch.close();
        assertThatThrownBy(() -> attention.influence(shape, x, new AttentionSummary(3), scratch))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> SymmetricScratch.forShape(shape, 0)).hasMessageContaining("at least one thread");
    }
}
