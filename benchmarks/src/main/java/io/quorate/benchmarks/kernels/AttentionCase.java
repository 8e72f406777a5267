package io.quorate.benchmarks.kernels;

import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.Arrays;
import java.util.SplittableRandom;

/** One attention with seeded normal inputs, and the check that its result is the defined one. */
public final class AttentionCase implements AutoCloseable {
    private static final long SEED = 384;

    private final AttentionShape shape;
    private final KernelTeam team;
    private final MultiHeadAttention attention;
    private final AttentionScratch scratch;
    private final AttentionSummary summary;
    private final FloatMatrix q;
    private final FloatMatrix k;
    private final FloatMatrix v;
    private final FloatMatrix out;

    /** @param kernel {@code preferred}, {@code scalar}, or a width in bits */
    public AttentionCase(final String kernel, final int rows, final int modelDim, final int heads, final int threads) {
        final SplittableRandom random = new SplittableRandom(SEED);
        shape = AttentionShape.ofSelf(rows, modelDim, heads);
        team = new KernelTeam(threads);
        attention = new MultiHeadAttention(primitives(kernel), team);
        scratch = AttentionScratch.forShape(shape, threads);
        summary = new AttentionSummary(rows);
        q = gaussian(random, rows, modelDim);
        k = gaussian(random, rows, modelDim);
        v = gaussian(random, rows, modelDim);
        out = FloatMatrix.allocate(rows, modelDim);
    }

    /** One call with output and influence; returns a number of the result. */
    public float attend() {
        attention.attend(shape, q, k, v, out, summary, scratch);
        return out.get(0, 0);
    }

    /** One call for influence alone; returns a number of the result. */
    public float influence() {
        attention.influence(shape, q, k, summary, scratch);
        return summary.influence(0);
    }

    /**
     * Computes once with this kernel and once with the scalar definition.
     *
     * @throws IllegalStateException if a single bit differs
     */
    public void requireDefinedBits() {
        attend();
        final FloatMatrix defined = FloatMatrix.allocate(out.rows(), out.cols());
        final AttentionSummary definedSummary = new AttentionSummary(shape.keys());
        new MultiHeadAttention(PrimitivesProvider.scalar()).attend(shape, q, k, v, defined, definedSummary, scratch);
        for (int row = 0; row < out.rows(); row++) {
            requireSameBits("output row " + row, out.rowArray(row), defined.rowArray(row));
        }
        requireSameBits("influence", summary.influences(), definedSummary.influences());
    }

    /** @throws IllegalStateException if a single bit differs */
    public static void requireSameBits(final String what, final float[] actual, final float[] defined) {
        if (!Arrays.equals(bits(actual), bits(defined))) {
            throw new IllegalStateException("the bits of " + what + " are not those of the scalar definition");
        }
    }

    @Override
    public void close() {
        team.close();
        scratch.close();
    }

    private static Primitives primitives(final String kernel) {
        switch (kernel) {
            case "preferred":
                return PrimitivesProvider.preferred();
            case "scalar":
                return PrimitivesProvider.scalar();
            default:
                return PrimitivesProvider.vector(Integer.parseInt(kernel));
        }
    }

    private static int[] bits(final float[] values) {
        final int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        return bits;
    }

    private static FloatMatrix gaussian(final SplittableRandom random, final int rows, final int cols) {
        final FloatMatrix matrix = FloatMatrix.allocate(rows, cols);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                matrix.set(row, col, (float) random.nextGaussian());
            }
        }
        return matrix;
    }
}
