package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;

/** What attention refuses before it writes anything: wrong shapes, numbers that are not finite, sums that could overflow. */
final class AttentionChecks {
    private static final int INFINITY_BITS = 0x7f80_0000;

    /** Twice this is still finite, so differences of scores are. */
    private static final double SCORE_MAX = 0x1p126;

    private AttentionChecks() {}

    /** @return the greatest magnitude that a product of a query and a key can have */
    static double requireScores(
            final Primitives primitives, final AttentionShape shape, final FloatMatrix q, final FloatMatrix k) {
        requireShape("Q", q, shape.queries(), shape.modelDim());
        requireShape("K", k, shape.keys(), shape.modelDim());
        final float greatestQ = magnitude(primitives, "Q", q);
        final float greatestK = magnitude(primitives, "K", k);
        final double greatest = (double) greatestQ * greatestK * shape.headDim();
        if (greatest > SCORE_MAX) {
            throw new IllegalArgumentException(
                    "a product of a query and a key may overflow float32: heads of " + shape.headDim()
                            + " with components up to " + greatestQ + " and " + greatestK + "; scale them down");
        }
        return greatest;
    }

    static void requireValues(final Primitives primitives, final AttentionShape shape, final FloatMatrix v) {
        requireShape("V", v, shape.keys(), shape.modelDim());
        final float greatest = magnitude(primitives, "V", v);
        if ((double) greatest * shape.keys() > SCORE_MAX) {
            throw new IllegalArgumentException("a sum of values may overflow float32: " + shape.keys()
                    + " keys with components up to " + greatest + "; scale them down");
        }
    }

    /** Each row needs a key that it sees, and the greatest logit of a row must be finite. Lower ones may vanish. */
    static void requireBias(
            final Primitives primitives,
            final AttentionShape shape,
            final AttentionBias bias,
            final double greatestScore) {
        final FloatMatrix matrix = bias.matrix();
        requireShape("the bias", matrix, bias.rows(shape), shape.keys());
        final long address = matrix.address();
        for (int row = 0; row < matrix.rows(); row++) {
            final long at = address + row * matrix.strideBytes();
            final float greatest = primitives.maximum(at, matrix.cols());
            if (primitives.magnitudeBits(at, matrix.cols()) > INFINITY_BITS || greatest == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("the bias must be finite, or minus infinity to mask a key, and row "
                        + row + " holds NaN or infinity");
            }
            if (greatest == AttentionBias.MASKED) {
                throw new IllegalArgumentException(
                        "a query must see at least one key, and row " + row + " of the bias masks all of them");
            }
            if (greatestScore + Math.abs((double) greatest) / shape.scale() > SCORE_MAX
                    || Float.isInfinite(1.0f / shape.scale())) {
                throw new IllegalArgumentException("a biased score may overflow float32: row " + row
                        + " of the bias has the greatest entry " + greatest + " at a scale of " + shape.scale());
            }
        }
    }

    /** The greatest magnitude of a matrix, which must be finite. */
    private static float magnitude(final Primitives primitives, final String name, final FloatMatrix matrix) {
        final long address = matrix.address();
        int bits = 0;
        if (matrix.stride() == matrix.cols() && matrix.lengthBytes() / Float.BYTES <= Integer.MAX_VALUE) {
            bits = primitives.magnitudeBits(address, (int) (matrix.lengthBytes() / Float.BYTES));
        } else {
            for (int row = 0; row < matrix.rows(); row++) {
                bits = Math.max(bits, primitives.magnitudeBits(address + row * matrix.strideBytes(), matrix.cols()));
            }
        }
        if (bits >= INFINITY_BITS) {
            throw new IllegalArgumentException(
                    name + " must be finite, and row " + rowNotFinite(primitives, matrix) + " holds NaN or infinity");
        }
        return Float.intBitsToFloat(bits);
    }

    private static int rowNotFinite(final Primitives primitives, final FloatMatrix matrix) {
        int row = 0;
        while (row < matrix.rows() - 1
                && primitives.magnitudeBits(matrix.address() + row * matrix.strideBytes(), matrix.cols())
                        < INFINITY_BITS) {
            row++;
        }
        return row;
    }

    static void requireShape(final String name, final FloatMatrix matrix, final int rows, final int cols) {
        if (matrix.rows() != rows || matrix.cols() != cols) {
            throw new IllegalArgumentException(
                    name + " must be " + rows + " x " + cols + ", given " + matrix.rows() + " x " + matrix.cols());
        }
    }

    static void requireApart(final String name, final FloatMatrix input, final FloatMatrix out) {
        if (out.overlaps(input)) {
            throw new IllegalArgumentException("the output must not overlap " + name);
        }
    }
}
