package io.quorate.kernels.simd;

/**
 * The loops of a scan over many rows beside those of {@link Primitives}, by address and unchecked as they are: float32 products
 * of rows with queries, sums in {@link CanonicalOrder}. The default methods are the definition; {@link VectorRowScan} computes
 * the same bits at any vector width, four rows at a time. Sums that overflow become infinite or NaN.
 */
public interface RowScan {
    /** The caller's scratch: the virtual lanes of eight sums. */
    int LANES_BYTES = 8 * CanonicalOrder.LANES * Float.BYTES;

    /**
     * For each of {@code count} rows: dots[r] = sum of row[j] * query[j], squares[r] = sum of row[j]^2.
     *
     * @param rows {@code stride} bytes apart
     * @param query {@code cols} floats
     * @param dots {@code count} floats, overwritten
     * @param squares {@code count} floats, overwritten
     * @param lanes {@link #LANES_BYTES} of scratch
     */
    default void dotsAndSquares(
            final long rows,
            final long stride,
            final int count,
            final long query,
            final int cols,
            final long dots,
            final long squares,
            final long lanes) {
        for (int row = 0; row < count; row++) {
            final long at = rows + row * stride;
            CanonicalOrder.clearFloats(lanes);
            RawMemory.putFloat(dots + floats(row), dotFrom(at, query, 0, cols, lanes));
            CanonicalOrder.clearFloats(lanes);
            RawMemory.putFloat(squares + floats(row), dotFrom(at, at, 0, cols, lanes));
        }
    }

    /** As {@link #dotsAndSquares}, with the dots of a second query in place of the squares. */
    default void dotsOfTwo(
            final long rows,
            final long stride,
            final int count,
            final long first,
            final long second,
            final int cols,
            final long firstDots,
            final long secondDots,
            final long lanes) {
        for (int row = 0; row < count; row++) {
            final long at = rows + row * stride;
            CanonicalOrder.clearFloats(lanes);
            RawMemory.putFloat(firstDots + floats(row), dotFrom(at, first, 0, cols, lanes));
            CanonicalOrder.clearFloats(lanes);
            RawMemory.putFloat(secondDots + floats(row), dotFrom(at, second, 0, cols, lanes));
        }
    }

    /** Takes the lanes of a product up at column {@code from}; then sums them. */
    static float dotFrom(final long left, final long right, final int from, final int cols, final long lanes) {
        for (int j = from; j < cols; j++) {
            final long lane = lanes + floats(j & (CanonicalOrder.LANES - 1));
            RawMemory.putFloat(
                    lane,
                    Math.fma(
                            RawMemory.getFloat(left + floats(j)),
                            RawMemory.getFloat(right + floats(j)),
                            RawMemory.getFloat(lane)));
        }
        return CanonicalOrder.sumFloats(lanes);
    }

    private static long floats(final int count) {
        return (long) count * Float.BYTES;
    }
}
