package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The matrix product on the vector unit, in tiles whose accumulators stay in registers. The width is a constant of the class,
 * as in {@link VectorPrimitives}.
 */
final class VectorProduct implements Product {
    private static final VectorSpecies<Float> FLOATS =
            VectorWidth.ofClass(MethodHandles.lookup()).floats();
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();

    /** One vector holds the sixteen columns of a panel. */
    private static final boolean IS_WIDE = FLOATS.length() == CanonicalOrder.LANES;

    private static final int TALL_ROWS = 8;
    private static final int TILE_ROWS = 4;

    VectorProduct() {}

    /**
     * Tiles of 4 rows x 2 vectors, or of 8 and 4 x 1 where one vector holds a whole panel: eight chains of FMAs, few enough
     * registers. The last tile of a column overlaps the one before rather than being smaller: the same bits are written again.
     * Fewer than four rows are computed one by one, each by a tile of four equal rows.
     */
    @Override
    public void product(
            final long a,
            final long aStride,
            final int rows,
            final int depth,
            final long b,
            final long bStride,
            final int columns,
            final long out,
            final long outStride) {
        final long bEnd = (b & ADDRESS_MASK) + depth * bStride;
        final long columnStep = IS_WIDE ? FLOATS_BYTES : 2L * FLOATS_BYTES;
        final long columnsBytes = (long) columns * Float.BYTES;
        for (long column = 0; column < columnsBytes; column += columnStep) {
            if (rows < TILE_ROWS) {
                for (int row = 0; row < rows; row++) {
                    tile(a + row * aStride, 0, b + column, bEnd, bStride, out + row * outStride + column, 0);
                }
            } else {
                column(a, aStride, rows, b + column, bEnd, bStride, out + column, outStride);
            }
        }
    }

    private static void column(
            final long a,
            final long aStride,
            final int rows,
            final long b,
            final long bEnd,
            final long bStride,
            final long out,
            final long outStride) {
        int row = 0;
        if (IS_WIDE) {
            for (; row + TALL_ROWS <= rows; row += TALL_ROWS) {
                tile8x1(a + row * aStride, aStride, b, bEnd, bStride, out + row * outStride, outStride);
            }
        }
        for (; row < rows; row += TILE_ROWS) {
            final int first = Math.min(row, rows - TILE_ROWS);
            tile(a + first * aStride, aStride, b, bEnd, bStride, out + first * outStride, outStride);
        }
    }

    private static void tile(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long out,
            final long outStride) {
        if (IS_WIDE) {
            tile4x1(a, aStride, b, bEnd, bStride, out, outStride);
        } else {
            tile4x2(a, aStride, b, bEnd, bStride, out, outStride);
        }
    }

    private static void tile8x1(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long out,
            final long outStride) {
        FloatVector sum0 = FloatVector.zero(FLOATS);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        FloatVector sum4 = sum0;
        FloatVector sum5 = sum0;
        FloatVector sum6 = sum0;
        FloatVector sum7 = sum0;
        long aAt = a;
        long lowAt = a + 4 * aStride;
        long bAt = b & ADDRESS_MASK;
        while (bAt < bEnd) {
            final FloatVector row = FloatVector.fromMemorySegment(FLOATS, ALL, bAt & ADDRESS_MASK, ORDER);
            sum0 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt)).fma(row, sum0);
            sum1 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + aStride))
                    .fma(row, sum1);
            sum2 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 2 * aStride))
                    .fma(row, sum2);
            sum3 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 3 * aStride))
                    .fma(row, sum3);
            sum4 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt)).fma(row, sum4);
            sum5 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt + aStride))
                    .fma(row, sum5);
            sum6 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt + 2 * aStride))
                    .fma(row, sum6);
            sum7 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt + 3 * aStride))
                    .fma(row, sum7);
            bAt += bStride;
            aAt += Float.BYTES;
            lowAt += Float.BYTES;
        }
        final long low = out + 4 * outStride;
        sum0.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        sum1.intoMemorySegment(ALL, (out + outStride) & ADDRESS_MASK, ORDER);
        sum2.intoMemorySegment(ALL, (out + 2 * outStride) & ADDRESS_MASK, ORDER);
        sum3.intoMemorySegment(ALL, (out + 3 * outStride) & ADDRESS_MASK, ORDER);
        sum4.intoMemorySegment(ALL, low & ADDRESS_MASK, ORDER);
        sum5.intoMemorySegment(ALL, (low + outStride) & ADDRESS_MASK, ORDER);
        sum6.intoMemorySegment(ALL, (low + 2 * outStride) & ADDRESS_MASK, ORDER);
        sum7.intoMemorySegment(ALL, (low + 3 * outStride) & ADDRESS_MASK, ORDER);
    }

    private static void tile4x1(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long out,
            final long outStride) {
        FloatVector sum0 = FloatVector.zero(FLOATS);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        long aAt = a;
        long bAt = b & ADDRESS_MASK;
        while (bAt < bEnd) {
            final FloatVector row = FloatVector.fromMemorySegment(FLOATS, ALL, bAt & ADDRESS_MASK, ORDER);
            sum0 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt)).fma(row, sum0);
            sum1 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + aStride))
                    .fma(row, sum1);
            sum2 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 2 * aStride))
                    .fma(row, sum2);
            sum3 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 3 * aStride))
                    .fma(row, sum3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        sum0.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        sum1.intoMemorySegment(ALL, (out + outStride) & ADDRESS_MASK, ORDER);
        sum2.intoMemorySegment(ALL, (out + 2 * outStride) & ADDRESS_MASK, ORDER);
        sum3.intoMemorySegment(ALL, (out + 3 * outStride) & ADDRESS_MASK, ORDER);
    }

    private static void tile4x2(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long out,
            final long outStride) {
        FloatVector left0 = FloatVector.zero(FLOATS);
        FloatVector left1 = left0;
        FloatVector left2 = left0;
        FloatVector left3 = left0;
        FloatVector right0 = left0;
        FloatVector right1 = left0;
        FloatVector right2 = left0;
        FloatVector right3 = left0;
        long aAt = a;
        long bAt = b & ADDRESS_MASK;
        while (bAt < bEnd) {
            final long bNow = bAt & ADDRESS_MASK;
            final FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
            final FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + FLOATS_BYTES, ORDER);
            final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt));
            left0 = a0.fma(left, left0);
            right0 = a0.fma(right, right0);
            final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + aStride));
            left1 = a1.fma(left, left1);
            right1 = a1.fma(right, right1);
            final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 2 * aStride));
            left2 = a2.fma(left, left2);
            right2 = a2.fma(right, right2);
            final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 3 * aStride));
            left3 = a3.fma(left, left3);
            right3 = a3.fma(right, right3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        left0.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        right0.intoMemorySegment(ALL, (out & ADDRESS_MASK) + FLOATS_BYTES, ORDER);
        left1.intoMemorySegment(ALL, (out + outStride) & ADDRESS_MASK, ORDER);
        right1.intoMemorySegment(ALL, ((out + outStride) & ADDRESS_MASK) + FLOATS_BYTES, ORDER);
        left2.intoMemorySegment(ALL, (out + 2 * outStride) & ADDRESS_MASK, ORDER);
        right2.intoMemorySegment(ALL, ((out + 2 * outStride) & ADDRESS_MASK) + FLOATS_BYTES, ORDER);
        left3.intoMemorySegment(ALL, (out + 3 * outStride) & ADDRESS_MASK, ORDER);
        right3.intoMemorySegment(ALL, ((out + 3 * outStride) & ADDRESS_MASK) + FLOATS_BYTES, ORDER);
    }
}
