package io.quorate.kernels;

import io.quorate.kernels.attention.AttentionBias;
import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The cases of the table of digests, {@code kernel-digests.txt} among the test resources: what each kernel computes from fixed
 * inputs, as SHA-256 over the bits of its results. {@link KernelDigestsTest} computes every line with the scalar definition and at
 * every vector width, so running it on another CPU shows whether that CPU gives the same bits.
 *
 * <p>To add a kernel: put a named {@link Case} into {@link #all}, which computes with the primitives it is given and
 * hands every result to the {@link Bits}; take inputs from {@link #invented}, whose numbers are exact on every CPU. Then write the
 * table anew with {@code ./mvnw -q -pl kernels test -Dtest=KernelDigestsTest -Dquorate.digests=write} and look at the difference:
 * lines that were there before must not change.
 */
public final class KernelDigests {
    private KernelDigests() {}

    /** Computes something and hands over the result. */
    public interface Case {
        void compute(Primitives primitives, Bits bits);
    }

    /** Name to case, in the order of the table. */
    static Map<String, Case> all() {
        final Map<String, Case> cases = new LinkedHashMap<>();
        cases.put("attention 1x1x1x1", attention(1, 1, 1, 1, 1.0f, 1));
        cases.put("attention 4x4x8x48", attention(4, 4, 8, 48, 0.14433756f, 1));
        cases.put("attention 16x16x8x48", attention(16, 16, 8, 48, 0.14433756f, 1));
        cases.put("attention 7x13x3x17", attention(7, 13, 3, 17, 0.3f, 1));
        cases.put("attention 64x64x2x64", attention(64, 64, 2, 64, 0.125f, 3));
        cases.put("attention 33x207x2x20", attention(33, 207, 2, 20, 2.0f, 5));
        cases.put("attention 9x702x1x8", attention(9, 702, 1, 8, 0.5f, 9));
        cases.put("attention biased 17x31x2x9", biasedAttention(17, 31, 2, 9));
        cases.putAll(AggregationDigests.cases());
        cases.putAll(MeshDigests.cases());
        return cases;
    }

    private static Case attention(
            final int queries,
            final int keys,
            final int heads,
            final int headDim,
            final float scale,
            final int magnitude) {
        final AttentionShape shape = new AttentionShape(queries, keys, heads, headDim, scale);
        return (primitives, bits) -> attend(primitives, shape, AttentionBias.NONE, magnitude, bits);
    }

    private static Case biasedAttention(final int queries, final int keys, final int heads, final int headDim) {
        final AttentionShape shape = new AttentionShape(queries, keys, heads, headDim, 0.7f);
        return (primitives, bits) -> {
            final FloatMatrix bias = invented(7, queries, keys, 4.0f);
            for (int row = 0; row < queries; row++) {
                bias.set(row, row * 5 % keys, AttentionBias.MASKED);
            }
            attend(primitives, shape, AttentionBias.shared(bias), 2.0f, bits);
        };
    }

    private static void attend(
            final Primitives primitives,
            final AttentionShape shape,
            final AttentionBias bias,
            final float magnitude,
            final Bits bits) {
        final FloatMatrix q = invented(1, shape.queries(), shape.modelDim(), magnitude);
        final FloatMatrix k = invented(2, shape.keys(), shape.modelDim(), magnitude);
        final FloatMatrix v = invented(3, shape.keys(), shape.modelDim(), magnitude);
        final FloatMatrix out = FloatMatrix.allocate(shape.queries(), shape.modelDim());
        final AttentionSummary summary = new AttentionSummary(shape.keys());
        try (AttentionScratch scratch = AttentionScratch.forShape(shape)) {
            new MultiHeadAttention(primitives).attend(shape, q, k, v, bias, out, summary, scratch);
        }
        bits.add(out);
        bits.add(summary.influences());
    }

    /** Numbers within plus and minus {@code magnitude}, each made of 24 random bits and one multiplication. */
    public static FloatMatrix invented(final long seed, final int rows, final int cols, final float magnitude) {
        final SplittableRandom random = new SplittableRandom(seed);
        final FloatMatrix matrix = FloatMatrix.allocate(rows, cols);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                matrix.set(row, col, (random.nextInt() >> 8) * 0x1p-23f * magnitude);
            }
        }
        return matrix;
    }

    static String digest(final Case named, final Primitives primitives) {
        final Bits bits = new Bits();
        named.compute(primitives, bits);
        return HexFormat.of().formatHex(bits.digest.digest());
    }

    /** Takes results, bit by bit, big-endian. */
    public static final class Bits {
        private final MessageDigest digest;

        private Bits() {
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (final NoSuchAlgorithmException e) {
                throw new IllegalStateException("every JDK has SHA-256", e);
            }
        }

        public void add(final float... values) {
            final ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES);
            for (final float value : values) {
                bytes.putInt(Float.floatToRawIntBits(value));
            }
            digest.update(bytes.array());
        }

        public void add(final FloatMatrix matrix) {
            add(Matrices.array(matrix));
        }

        public void add(final double... values) {
            final ByteBuffer bytes = ByteBuffer.allocate(values.length * Double.BYTES);
            for (final double value : values) {
                bytes.putLong(Double.doubleToRawLongBits(value));
            }
            digest.update(bytes.array());
        }

        public void add(final int... values) {
            final ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES);
            for (final int value : values) {
                bytes.putInt(value);
            }
            digest.update(bytes.array());
        }
    }
}
