package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The matrix product on the vector unit, in tiles whose accumulators stay in registers. The width is a constant of the class,
 * as in {@link VectorPrimitives}.
 *
 * <p>Where one vector holds the sixteen columns of a panel (512 bits) a tile has 4 rows and up to 3 vectors: 12 chains and 7
 * loads for 12 FMAs, which is 95 to 99 % of the peak loop. Larger tiles (6 x 3, 8 x 2) have fewer loads, but C2 does not keep them
 * in registers, which costs two thirds of the speed. Narrower vectors have 16 registers to live in: 4 rows x 2 vectors.
 *
 * <p>A tile loads its accumulators, from zeros or from the result so far: that is how a chain is taken up again.
 */
final class VectorProduct implements VectorLoops.Product {
    private static final VectorSpecies<Float> FLOATS =
            VectorWidth.ofClass(MethodHandles.lookup()).floats();
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();

    /** One vector holds the sixteen columns of a panel. */
    private static final boolean IS_WIDE = FLOATS.length() == CanonicalOrder.LANES;

    private static final long PANEL_STRIDE = (long) CanonicalOrder.LANES * Float.BYTES;
    private static final int TALL_ROWS = 8;
    private static final int TILE_ROWS = 4;
    private static final int TILE_VECTORS_MAX = 3;

    /** Where chains begin: a tile's row of zeros, never written. */
    private static final long ZEROS = Arena.global()
            .allocate((long) TILE_VECTORS_MAX * FLOATS_BYTES, FLOATS_BYTES)
            .address();

    VectorProduct() {}

    @Override
    public void product(
            final long a,
            final long aStride,
            final int rows,
            final int depth,
            final long b,
            final long bStride,
            final int columns,
            final boolean isResumed,
            final long out,
            final long outStride) {
        final long bLength = depth * bStride;
        final int groups = columns / FLOATS.length();
        int group = 0;
        while (group < groups) {
            final int vectors = tileVectors(groups - group);
            final long skip = (long) group * FLOATS_BYTES;
            strip(
                    vectors,
                    a,
                    aStride,
                    rows,
                    b + skip,
                    bLength,
                    bStride,
                    FLOATS_BYTES,
                    isResumed,
                    out + skip,
                    outStride);
            group += vectors;
        }
    }

    @Override
    public void panelProduct(
            final long a,
            final long aStride,
            final int rows,
            final int depth,
            final long panels,
            final int panelCount,
            final long out,
            final long outStride) {
        final long panelBytes = (long) depth * PANEL_STRIDE;
        int panel = 0;
        while (panel < panelCount) {
            final long b = panels + panel * panelBytes;
            final long target = out + panel * PANEL_STRIDE;
            if (IS_WIDE) {
                final int vectors = tileVectors(panelCount - panel);
                strip(vectors, a, aStride, rows, b, panelBytes, PANEL_STRIDE, panelBytes, false, target, outStride);
                panel += vectors;
            } else {
                product(a, aStride, rows, depth, b, PANEL_STRIDE, CanonicalOrder.LANES, false, target, outStride);
                panel++;
            }
        }
    }

    /** Threes, but no single one is left over where two twos will do: a tile of one vector is the slow one. */
    private static int tileVectors(final int left) {
        if (!IS_WIDE) {
            return 2;
        }
        return left == 4 ? 2 : Math.min(left, TILE_VECTORS_MAX);
    }

    /** All rows of up to three vectors of columns. Rows after the last whole tile are done one by one, by a tile of equal rows. */
    private static void strip(
            final int vectors,
            final long a,
            final long aStride,
            final int rows,
            final long b,
            final long bLength,
            final long bStride,
            final long bNext,
            final boolean isResumed,
            final long out,
            final long outStride) {
        final long bEnd = (b & ADDRESS_MASK) + bLength;
        final long from = isResumed ? out : ZEROS;
        final long fromStride = isResumed ? outStride : 0;
        int row = 0;
        if (IS_WIDE && vectors == 1) {
            for (; row + TALL_ROWS <= rows; row += TALL_ROWS) {
                tile8x1(
                        a + row * aStride,
                        aStride,
                        b,
                        bEnd,
                        bStride,
                        from + row * fromStride,
                        fromStride,
                        out + row * outStride,
                        outStride);
            }
        }
        while (row < rows) {
            final boolean isWhole = row + TILE_ROWS <= rows;
            final long aRow = a + row * aStride;
            final long fromRow = from + row * fromStride;
            final long outRow = out + row * outStride;
            final long aStep = isWhole ? aStride : 0;
            final long fromStep = isWhole ? fromStride : 0;
            final long outStep = isWhole ? outStride : 0;
            if (vectors == 2) {
                tile4x2(aRow, aStep, b, bEnd, bStride, bNext, fromRow, fromStep, outRow, outStep);
            } else if (vectors == 1) {
                tile4x1(aRow, aStep, b, bEnd, bStride, fromRow, fromStep, outRow, outStep);
            } else {
                tile4x3(aRow, aStep, b, bEnd, bStride, bNext, fromRow, fromStep, outRow, outStep);
            }
            row += isWhole ? TILE_ROWS : 1;
        }
    }

    private static FloatVector load(final long address) {
        return FloatVector.fromMemorySegment(FLOATS, ALL, address & ADDRESS_MASK, ORDER);
    }

    private static void tile4x3(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long bNext,
            final long from,
            final long fromStride,
            final long out,
            final long outStride) {
        FloatVector left0 = load(from);
        FloatVector middle0 = load(from + FLOATS_BYTES);
        FloatVector right0 = load(from + 2 * FLOATS_BYTES);
        FloatVector left1 = load(from + fromStride);
        FloatVector middle1 = load(from + fromStride + FLOATS_BYTES);
        FloatVector right1 = load(from + fromStride + 2 * FLOATS_BYTES);
        FloatVector left2 = load(from + 2 * fromStride);
        FloatVector middle2 = load(from + 2 * fromStride + FLOATS_BYTES);
        FloatVector right2 = load(from + 2 * fromStride + 2 * FLOATS_BYTES);
        FloatVector left3 = load(from + 3 * fromStride);
        FloatVector middle3 = load(from + 3 * fromStride + FLOATS_BYTES);
        FloatVector right3 = load(from + 3 * fromStride + 2 * FLOATS_BYTES);
        long aAt = a;
        long bAt = b & ADDRESS_MASK;
        while (bAt < bEnd) {
            final FloatVector b0 = load(bAt);
            final FloatVector b1 = load(bAt + bNext);
            final FloatVector b2 = load(bAt + 2 * bNext);
            final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt));
            left0 = a0.fma(b0, left0);
            middle0 = a0.fma(b1, middle0);
            right0 = a0.fma(b2, right0);
            final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + aStride));
            left1 = a1.fma(b0, left1);
            middle1 = a1.fma(b1, middle1);
            right1 = a1.fma(b2, right1);
            final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 2 * aStride));
            left2 = a2.fma(b0, left2);
            middle2 = a2.fma(b1, middle2);
            right2 = a2.fma(b2, right2);
            final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 3 * aStride));
            left3 = a3.fma(b0, left3);
            middle3 = a3.fma(b1, middle3);
            right3 = a3.fma(b2, right3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        left0.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        middle0.intoMemorySegment(ALL, (out + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        right0.intoMemorySegment(ALL, (out + 2 * FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        left1.intoMemorySegment(ALL, (out + outStride) & ADDRESS_MASK, ORDER);
        middle1.intoMemorySegment(ALL, (out + outStride + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        right1.intoMemorySegment(ALL, (out + outStride + 2 * FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        left2.intoMemorySegment(ALL, (out + 2 * outStride) & ADDRESS_MASK, ORDER);
        middle2.intoMemorySegment(ALL, (out + 2 * outStride + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        right2.intoMemorySegment(ALL, (out + 2 * outStride + 2 * FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        left3.intoMemorySegment(ALL, (out + 3 * outStride) & ADDRESS_MASK, ORDER);
        middle3.intoMemorySegment(ALL, (out + 3 * outStride + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        right3.intoMemorySegment(ALL, (out + 3 * outStride + 2 * FLOATS_BYTES) & ADDRESS_MASK, ORDER);
    }

    private static void tile4x2(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long bNext,
            final long from,
            final long fromStride,
            final long out,
            final long outStride) {
        FloatVector left0 = load(from);
        FloatVector right0 = load(from + FLOATS_BYTES);
        FloatVector left1 = load(from + fromStride);
        FloatVector right1 = load(from + fromStride + FLOATS_BYTES);
        FloatVector left2 = load(from + 2 * fromStride);
        FloatVector right2 = load(from + 2 * fromStride + FLOATS_BYTES);
        FloatVector left3 = load(from + 3 * fromStride);
        FloatVector right3 = load(from + 3 * fromStride + FLOATS_BYTES);
        long aAt = a;
        long bAt = b & ADDRESS_MASK;
        while (bAt < bEnd) {
            final FloatVector b0 = load(bAt);
            final FloatVector b1 = load(bAt + bNext);
            final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt));
            left0 = a0.fma(b0, left0);
            right0 = a0.fma(b1, right0);
            final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + aStride));
            left1 = a1.fma(b0, left1);
            right1 = a1.fma(b1, right1);
            final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 2 * aStride));
            left2 = a2.fma(b0, left2);
            right2 = a2.fma(b1, right2);
            final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 3 * aStride));
            left3 = a3.fma(b0, left3);
            right3 = a3.fma(b1, right3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        left0.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        right0.intoMemorySegment(ALL, (out + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        left1.intoMemorySegment(ALL, (out + outStride) & ADDRESS_MASK, ORDER);
        right1.intoMemorySegment(ALL, (out + outStride + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        left2.intoMemorySegment(ALL, (out + 2 * outStride) & ADDRESS_MASK, ORDER);
        right2.intoMemorySegment(ALL, (out + 2 * outStride + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        left3.intoMemorySegment(ALL, (out + 3 * outStride) & ADDRESS_MASK, ORDER);
        right3.intoMemorySegment(ALL, (out + 3 * outStride + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
    }

    private static void tile8x1(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long from,
            final long fromStride,
            final long out,
            final long outStride) {
        FloatVector sum0 = load(from);
        FloatVector sum1 = load(from + fromStride);
        FloatVector sum2 = load(from + 2 * fromStride);
        FloatVector sum3 = load(from + 3 * fromStride);
        FloatVector sum4 = load(from + 4 * fromStride);
        FloatVector sum5 = load(from + 5 * fromStride);
        FloatVector sum6 = load(from + 6 * fromStride);
        FloatVector sum7 = load(from + 7 * fromStride);
        long aAt = a;
        long lowAt = a + 4 * aStride;
        long bAt = b & ADDRESS_MASK;
        while (bAt < bEnd) {
            final FloatVector b0 = load(bAt);
            sum0 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt)).fma(b0, sum0);
            sum1 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + aStride))
                    .fma(b0, sum1);
            sum2 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 2 * aStride))
                    .fma(b0, sum2);
            sum3 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 3 * aStride))
                    .fma(b0, sum3);
            sum4 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt)).fma(b0, sum4);
            sum5 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt + aStride))
                    .fma(b0, sum5);
            sum6 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt + 2 * aStride))
                    .fma(b0, sum6);
            sum7 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(lowAt + 3 * aStride))
                    .fma(b0, sum7);
            bAt += bStride;
            aAt += Float.BYTES;
            lowAt += Float.BYTES;
        }
        sum0.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        sum1.intoMemorySegment(ALL, (out + outStride) & ADDRESS_MASK, ORDER);
        sum2.intoMemorySegment(ALL, (out + 2 * outStride) & ADDRESS_MASK, ORDER);
        sum3.intoMemorySegment(ALL, (out + 3 * outStride) & ADDRESS_MASK, ORDER);
        sum4.intoMemorySegment(ALL, (out + 4 * outStride) & ADDRESS_MASK, ORDER);
        sum5.intoMemorySegment(ALL, (out + 5 * outStride) & ADDRESS_MASK, ORDER);
        sum6.intoMemorySegment(ALL, (out + 6 * outStride) & ADDRESS_MASK, ORDER);
        sum7.intoMemorySegment(ALL, (out + 7 * outStride) & ADDRESS_MASK, ORDER);
    }

    private static void tile4x1(
            final long a,
            final long aStride,
            final long b,
            final long bEnd,
            final long bStride,
            final long from,
            final long fromStride,
            final long out,
            final long outStride) {
        FloatVector sum0 = load(from);
        FloatVector sum1 = load(from + fromStride);
        FloatVector sum2 = load(from + 2 * fromStride);
        FloatVector sum3 = load(from + 3 * fromStride);
        long aAt = a;
        long bAt = b & ADDRESS_MASK;
        while (bAt < bEnd) {
            final FloatVector b0 = load(bAt);
            sum0 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt)).fma(b0, sum0);
            sum1 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + aStride))
                    .fma(b0, sum1);
            sum2 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 2 * aStride))
                    .fma(b0, sum2);
            sum3 = FloatVector.broadcast(FLOATS, RawMemory.getFloat(aAt + 3 * aStride))
                    .fma(b0, sum3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        sum0.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        sum1.intoMemorySegment(ALL, (out + outStride) & ADDRESS_MASK, ORDER);
        sum2.intoMemorySegment(ALL, (out + 2 * outStride) & ADDRESS_MASK, ORDER);
        sum3.intoMemorySegment(ALL, (out + 3 * outStride) & ADDRESS_MASK, ORDER);
    }
}
