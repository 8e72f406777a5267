package io.quorate.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Ten thousand small cases of any shape, stride, alignment, bias and kind of number, against the formula written out. */
class AttentionRandomTest {
    private static final int CASES = 10_000;
    private static final long SEED = Long.getLong("seed", 20_251_125L);
    private static final float[] SPECIAL = {0.0f, -0.0f, Float.MIN_VALUE, -1e-40f, 1e-20f, 1e17f, -1e17f, 1.0f, -1.0f};
    private static final int REGION_FLOATS = 4096;

    private final SplittableRandom random = new SplittableRandom(SEED);
    private int taken;

    /** A matrix at any address, with any gap between its rows. */
    private FloatMatrix invented(final FloatSlab slab, final int rows, final int cols, final boolean isSpecial) {
        final int stride = cols + random.nextInt(4);
        final long at = (long) taken++ * REGION_FLOATS * Float.BYTES + random.nextInt(64);
        final FloatMatrix matrix = FloatMatrix.over(slab.segment().asSlice(at), rows, cols, stride);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                final float normal = (float) random.nextGaussian();
                matrix.set(row, col, isSpecial ? SPECIAL[random.nextInt(SPECIAL.length)] : normal);
            }
        }
        return matrix;
    }

    @Test
    void shouldGiveTheDefinedBitsInTenThousandCases() {
        final List<Primitives> all = PrimitivesProvider.all();
        final AttentionSummary summary = new AttentionSummary(40);
        try (FloatSlab slab = FloatSlab.allocate(6 * REGION_FLOATS);
                AttentionScratch scratch = new AttentionScratch(40, 20)) {
            for (int number = 0; number < CASES; number++) {
                taken = 0;
                final boolean isLarge = number % 40 == 0;
                final int queries = random.nextInt(1, isLarge ? 30 : 5);
                final int keys = random.nextInt(1, isLarge ? 40 : 20);
                final AttentionShape shape = new AttentionShape(
                        queries, keys, random.nextInt(1, 3), random.nextInt(1, isLarge ? 20 : 6), (float)
                                Math.scalb(1.0, random.nextInt(-4, 3)));
                final boolean isSpecial = number % 7 == 0;
                final FloatMatrix q = invented(slab, queries, shape.modelDim(), isSpecial);
                final FloatMatrix k = invented(slab, keys, shape.modelDim(), isSpecial);
                final FloatMatrix v = invented(slab, keys, shape.modelDim(), isSpecial);
                final FloatMatrix out = invented(slab, queries, shape.modelDim(), false);
                final FloatMatrix matrix = number % 5 == 0 ? invented(slab, queries, keys, false) : null;
                final AttentionBias bias = matrix == null ? AttentionBias.NONE : AttentionBias.shared(matrix);
                final AttentionDefinition defined = AttentionDefinition.inFloat32(shape, q, k, v, matrix);
                final Primitives primitives = all.get(number % all.size());
                new MultiHeadAttention(primitives).attend(shape, q, k, v, bias, out, summary, scratch);
                final String what =
                        "case " + number + " of seed " + SEED + ", " + shape + " at " + primitives.bits() + " bits";
                assertThat(Matrices.bits(out)).as(what).isEqualTo(Matrices.bits(defined.out));
                assertThat(Matrices.bits(summary.influences())).as(what).isEqualTo(Matrices.bits(defined.influence));
            }
        }
    }
}
