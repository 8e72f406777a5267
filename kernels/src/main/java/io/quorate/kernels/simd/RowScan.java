package io.quorate.kernels.simd;

/**
 * The loops of a scan over many rows beside those of {@link Primitives}, by address and unchecked as they are: products of
 * float32 rows with queries that were widened to float64, each sum with the order and the bits of {@link Primitives#dot}. The
 * default methods are the definition; {@link VectorRowScan} computes the same bits at any vector width, four rows at a time.
 */
public interface RowScan {
    /** The caller's scratch: the virtual lanes of eight sums. */
    int LANES_BYTES = 8 * CanonicalOrder.LANES_BYTES;

    /**
     * For each of {@code count} rows: dots[r] = sum of row[j] * query[j], squares[r] = sum of row[j]^2, in float64.
     *
     * @param rows float32, {@code stride} bytes apart
     * @param query {@code cols} float64s
     * @param dots {@code count} float64s, overwritten
     * @param squares {@code count} float64s, overwritten
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
            CanonicalOrder.clearDoubles(lanes);
            RawMemory.putDouble(dots + doubles(row), dotFrom(at, query, 0, cols, lanes));
            CanonicalOrder.clearDoubles(lanes);
            RawMemory.putDouble(squares + doubles(row), ScalarPrimitives.dotFrom(at, at, 0, cols, lanes));
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
            CanonicalOrder.clearDoubles(lanes);
            RawMemory.putDouble(firstDots + doubles(row), dotFrom(at, first, 0, cols, lanes));
            CanonicalOrder.clearDoubles(lanes);
            RawMemory.putDouble(secondDots + doubles(row), dotFrom(at, second, 0, cols, lanes));
        }
    }

    /** Takes the lanes of row times query up at column {@code from}; then sums them. */
    private static double dotFrom(final long row, final long query, final int from, final int cols, final long lanes) {
        for (int j = from; j < cols; j++) {
            final long lane = lanes + doubles(j & (CanonicalOrder.LANES - 1));
            final double value = RawMemory.getFloat(row + (long) j * Float.BYTES);
            RawMemory.putDouble(
                    lane, Math.fma(value, RawMemory.getDouble(query + doubles(j)), RawMemory.getDouble(lane)));
        }
        return CanonicalOrder.sumDoubles(lanes);
    }

    private static long doubles(final int count) {
        return (long) count * Double.BYTES;
    }
}
