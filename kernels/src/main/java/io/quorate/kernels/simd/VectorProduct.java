package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.OFFSET_MASK;
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
 * in registers, which costs two thirds of the speed. Narrower vectors have 16 registers to live in: 3 rows x 3 vectors where the
 * rows are threes, else 4 rows x 2 vectors. The loops must stay near three instructions an FMA: addresses are masked once a step, and
 * what is added to them is known to be small ({@link RawMemory#OFFSET_MASK}).
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
    private static final int TILE_ROWS = 4;
    private static final int SQUARE_ROWS = 3;
    private static final int PANEL_VECTORS = CanonicalOrder.LANES / FLOATS.length();
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
        final int groups = columns / FLOATS.length();
        strips(a, aStride, rows, depth, b, bStride, groups, groups, 0, isResumed, out, outStride);
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
        final int groups = panelCount * PANEL_VECTORS;
        final long next = depth * PANEL_STRIDE;
        strips(a, aStride, rows, depth, panels, PANEL_STRIDE, groups, PANEL_VECTORS, next, false, out, outStride);
    }

    /** Strip after strip of columns; {@code panelGroups} vectors of them lie side by side, the next ones {@code panelBytes} further. */
    private static void strips(
            final long a,
            final long aStride,
            final int rows,
            final int depth,
            final long b,
            final long bStride,
            final int groups,
            final int panelGroups,
            final long panelBytes,
            final boolean isResumed,
            final long out,
            final long outStride) {
        requireOffsets(aStride | outStride | panelBytes);
        final long length = depth * bStride;
        final long fromStride = isResumed ? outStride : 0;
        int group = 0;
        while (group < groups) {
            final int vectors = tileVectors(groups - group, rows);
            final long first = skip(group, panelGroups, panelBytes);
            final long start = (b & ADDRESS_MASK) + first;
            final long middle = skip(group + 1, panelGroups, panelBytes) - first;
            final long right = skip(group + 2, panelGroups, panelBytes) - first;
            final long to = out + (long) group * FLOATS_BYTES;
            final long from = isResumed ? to : ZEROS;
            strip(
                    vectors,
                    a,
                    aStride,
                    rows,
                    start,
                    start + length,
                    bStride,
                    middle,
                    right,
                    from,
                    fromStride,
                    to,
                    outStride);
            group += vectors;
        }
    }

    private static long skip(final int group, final int panelGroups, final long panelBytes) {
        return group / panelGroups * panelBytes + (long) (group % panelGroups) * FLOATS_BYTES;
    }

    /** What a tile adds to an address must fit an int, three times. */
    private static void requireOffsets(final long strides) {
        if ((strides & ~OFFSET_MASK) != 0) {
            throw new IllegalArgumentException(
                    "a stride is 0 to " + OFFSET_MASK + " bytes, given one with the bits " + Long.toHexString(strides));
        }
    }

    /**
     * Threes, but no single one is left over where two twos will do: a tile of one vector is the slow one. With sixteen registers threes
     * go with three rows.
     */
    private static int tileVectors(final int left, final int rows) {
        if (left == 4 || !IS_WIDE && rows % SQUARE_ROWS != 0) {
            return 2;
        }
        return Math.min(left, TILE_VECTORS_MAX);
    }

    /** All rows of up to three vectors of columns. Rows after the last whole tile are done one by one, by a tile of equal rows. */
    private static void strip(
            final int vectors,
            final long a,
            final long aStride,
            final int rows,
            final long b,
            final long bEnd,
            final long bStride,
            final long bMiddle,
            final long bRight,
            final long from,
            final long fromStride,
            final long out,
            final long outStride) {
        int row = 0;
        if (vectors == 3 && !IS_WIDE) {
            final long aEnd = a + rows * aStride;
            threes(a, aStride, aEnd, b, bEnd, bStride, bMiddle, bRight, from, fromStride, out, outStride);
            row = rows;
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
                tile4x2(aRow, aStep, b, bEnd, bStride, bMiddle, fromRow, fromStep, outRow, outStep);
            } else if (vectors == 1) {
                tile4x1(aRow, aStep, b, bEnd, bStride, fromRow, fromStep, outRow, outStep);
            } else {
                tile4x3(aRow, aStep, b, bEnd, bStride, bMiddle, fromRow, fromStep, outRow, outStep);
            }
            row += isWhole ? TILE_ROWS : 1;
        }
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
        final long from0 = from & ADDRESS_MASK;
        final long fromRow = fromStride & OFFSET_MASK;
        FloatVector left0 = FloatVector.fromMemorySegment(FLOATS, ALL, from0, ORDER);
        FloatVector middle0 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + FLOATS_BYTES, ORDER);
        FloatVector right0 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * FLOATS_BYTES, ORDER);
        FloatVector left1 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRow, ORDER);
        FloatVector middle1 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRow + FLOATS_BYTES, ORDER);
        FloatVector right1 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRow + 2 * FLOATS_BYTES, ORDER);
        FloatVector left2 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromRow, ORDER);
        FloatVector middle2 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromRow + FLOATS_BYTES, ORDER);
        FloatVector right2 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromRow + 2 * FLOATS_BYTES, ORDER);
        FloatVector left3 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromRow, ORDER);
        FloatVector middle3 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromRow + FLOATS_BYTES, ORDER);
        FloatVector right3 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromRow + 2 * FLOATS_BYTES, ORDER);
        final long aRow = aStride & OFFSET_MASK;
        final long aRow3 = 3 * aRow;
        final long bRight = bNext & OFFSET_MASK;
        long aAt = a;
        long bAt = b;
        while (bAt < bEnd) {
            final long bNow = bAt & ADDRESS_MASK;
            final long aNow = aAt & ADDRESS_MASK;
            final FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
            final FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + bRight, ORDER);
            final FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + 2 * bRight, ORDER);
            final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow));
            left0 = a0.fma(b0, left0);
            middle0 = a0.fma(b1, middle0);
            right0 = a0.fma(b2, right0);
            final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aRow));
            left1 = a1.fma(b0, left1);
            middle1 = a1.fma(b1, middle1);
            right1 = a1.fma(b2, right1);
            final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * aRow));
            left2 = a2.fma(b0, left2);
            middle2 = a2.fma(b1, middle2);
            right2 = a2.fma(b2, right2);
            final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aRow3));
            left3 = a3.fma(b0, left3);
            middle3 = a3.fma(b1, middle3);
            right3 = a3.fma(b2, right3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        final long out0 = out & ADDRESS_MASK;
        final long outRow = outStride & OFFSET_MASK;
        left0.intoMemorySegment(ALL, out0, ORDER);
        middle0.intoMemorySegment(ALL, out0 + FLOATS_BYTES, ORDER);
        right0.intoMemorySegment(ALL, out0 + 2 * FLOATS_BYTES, ORDER);
        left1.intoMemorySegment(ALL, out0 + outRow, ORDER);
        middle1.intoMemorySegment(ALL, out0 + outRow + FLOATS_BYTES, ORDER);
        right1.intoMemorySegment(ALL, out0 + outRow + 2 * FLOATS_BYTES, ORDER);
        left2.intoMemorySegment(ALL, out0 + 2 * outRow, ORDER);
        middle2.intoMemorySegment(ALL, out0 + 2 * outRow + FLOATS_BYTES, ORDER);
        right2.intoMemorySegment(ALL, out0 + 2 * outRow + 2 * FLOATS_BYTES, ORDER);
        left3.intoMemorySegment(ALL, out0 + 3 * outRow, ORDER);
        middle3.intoMemorySegment(ALL, out0 + 3 * outRow + FLOATS_BYTES, ORDER);
        right3.intoMemorySegment(ALL, out0 + 3 * outRow + 2 * FLOATS_BYTES, ORDER);
    }

    /**
     * Three rows by three vectors, three rows after three rows: nine chains, which is what sixteen registers hold beside what is
     * multiplied.
     */
    private static void threes(
            final long a,
            final long aStride,
            final long aEnd,
            final long b,
            final long bEnd,
            final long bStride,
            final long bMiddle,
            final long bRight,
            final long from,
            final long fromStride,
            final long out,
            final long outStride) {
        final long aRow = aStride & OFFSET_MASK;
        final long b1 = bMiddle & OFFSET_MASK;
        final long b2 = bRight & OFFSET_MASK;
        final long fromRow = fromStride & OFFSET_MASK;
        final long toRow = outStride & OFFSET_MASK;
        long aStart = a;
        long fromAt = from;
        long toAt = out;
        while (aStart < aEnd) {
            final long start = fromAt & ADDRESS_MASK;
            FloatVector left0 = FloatVector.fromMemorySegment(FLOATS, ALL, start, ORDER);
            FloatVector middle0 = FloatVector.fromMemorySegment(FLOATS, ALL, start + FLOATS_BYTES, ORDER);
            FloatVector right0 = FloatVector.fromMemorySegment(FLOATS, ALL, start + 2 * FLOATS_BYTES, ORDER);
            FloatVector left1 = FloatVector.fromMemorySegment(FLOATS, ALL, start + fromRow, ORDER);
            FloatVector middle1 = FloatVector.fromMemorySegment(FLOATS, ALL, start + fromRow + FLOATS_BYTES, ORDER);
            FloatVector right1 = FloatVector.fromMemorySegment(FLOATS, ALL, start + fromRow + 2 * FLOATS_BYTES, ORDER);
            FloatVector left2 = FloatVector.fromMemorySegment(FLOATS, ALL, start + 2 * fromRow, ORDER);
            FloatVector middle2 = FloatVector.fromMemorySegment(FLOATS, ALL, start + 2 * fromRow + FLOATS_BYTES, ORDER);
            FloatVector right2 =
                    FloatVector.fromMemorySegment(FLOATS, ALL, start + 2 * fromRow + 2 * FLOATS_BYTES, ORDER);
            long aAt = aStart;
            long bAt = b;
            while (bAt < bEnd) {
                final long bNow = bAt & ADDRESS_MASK;
                final long aNow = aAt & ADDRESS_MASK;
                final FloatVector bLeft = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
                final FloatVector bMid = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + b1, ORDER);
                final FloatVector bLast = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + b2, ORDER);
                final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow));
                left0 = a0.fma(bLeft, left0);
                middle0 = a0.fma(bMid, middle0);
                right0 = a0.fma(bLast, right0);
                final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aRow));
                left1 = a1.fma(bLeft, left1);
                middle1 = a1.fma(bMid, middle1);
                right1 = a1.fma(bLast, right1);
                final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * aRow));
                left2 = a2.fma(bLeft, left2);
                middle2 = a2.fma(bMid, middle2);
                right2 = a2.fma(bLast, right2);
                bAt += bStride;
                aAt += Float.BYTES;
            }
            final long to = toAt & ADDRESS_MASK;
            left0.intoMemorySegment(ALL, to, ORDER);
            middle0.intoMemorySegment(ALL, to + FLOATS_BYTES, ORDER);
            right0.intoMemorySegment(ALL, to + 2 * FLOATS_BYTES, ORDER);
            left1.intoMemorySegment(ALL, to + toRow, ORDER);
            middle1.intoMemorySegment(ALL, to + toRow + FLOATS_BYTES, ORDER);
            right1.intoMemorySegment(ALL, to + toRow + 2 * FLOATS_BYTES, ORDER);
            left2.intoMemorySegment(ALL, to + 2 * toRow, ORDER);
            middle2.intoMemorySegment(ALL, to + 2 * toRow + FLOATS_BYTES, ORDER);
            right2.intoMemorySegment(ALL, to + 2 * toRow + 2 * FLOATS_BYTES, ORDER);
            aStart += 3 * aStride;
            fromAt += 3 * fromStride;
            toAt += 3 * outStride;
        }
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
        final long from0 = from & ADDRESS_MASK;
        final long fromRow = fromStride & OFFSET_MASK;
        FloatVector left0 = FloatVector.fromMemorySegment(FLOATS, ALL, from0, ORDER);
        FloatVector right0 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + FLOATS_BYTES, ORDER);
        FloatVector left1 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRow, ORDER);
        FloatVector right1 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRow + FLOATS_BYTES, ORDER);
        FloatVector left2 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromRow, ORDER);
        FloatVector right2 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromRow + FLOATS_BYTES, ORDER);
        FloatVector left3 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromRow, ORDER);
        FloatVector right3 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromRow + FLOATS_BYTES, ORDER);
        final long aRow = aStride & OFFSET_MASK;
        final long aRow3 = 3 * aRow;
        final long bRight = bNext & OFFSET_MASK;
        long aAt = a;
        long bAt = b;
        while (bAt < bEnd) {
            final long bNow = bAt & ADDRESS_MASK;
            final long aNow = aAt & ADDRESS_MASK;
            final FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
            final FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + bRight, ORDER);
            final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow));
            left0 = a0.fma(b0, left0);
            right0 = a0.fma(b1, right0);
            final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aRow));
            left1 = a1.fma(b0, left1);
            right1 = a1.fma(b1, right1);
            final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * aRow));
            left2 = a2.fma(b0, left2);
            right2 = a2.fma(b1, right2);
            final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aRow3));
            left3 = a3.fma(b0, left3);
            right3 = a3.fma(b1, right3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        final long out0 = out & ADDRESS_MASK;
        final long outRow = outStride & OFFSET_MASK;
        left0.intoMemorySegment(ALL, out0, ORDER);
        right0.intoMemorySegment(ALL, out0 + FLOATS_BYTES, ORDER);
        left1.intoMemorySegment(ALL, out0 + outRow, ORDER);
        right1.intoMemorySegment(ALL, out0 + outRow + FLOATS_BYTES, ORDER);
        left2.intoMemorySegment(ALL, out0 + 2 * outRow, ORDER);
        right2.intoMemorySegment(ALL, out0 + 2 * outRow + FLOATS_BYTES, ORDER);
        left3.intoMemorySegment(ALL, out0 + 3 * outRow, ORDER);
        right3.intoMemorySegment(ALL, out0 + 3 * outRow + FLOATS_BYTES, ORDER);
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
        final long from0 = from & ADDRESS_MASK;
        final long fromRow = fromStride & OFFSET_MASK;
        FloatVector sum0 = FloatVector.fromMemorySegment(FLOATS, ALL, from0, ORDER);
        FloatVector sum1 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRow, ORDER);
        FloatVector sum2 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromRow, ORDER);
        FloatVector sum3 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromRow, ORDER);
        final long aRow = aStride & OFFSET_MASK;
        final long aRow3 = 3 * aRow;
        long aAt = a;
        long bAt = b;
        while (bAt < bEnd) {
            final long bNow = bAt & ADDRESS_MASK;
            final long aNow = aAt & ADDRESS_MASK;
            final FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
            sum0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow)).fma(b0, sum0);
            sum1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aRow)).fma(b0, sum1);
            sum2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * aRow))
                    .fma(b0, sum2);
            sum3 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aRow3))
                    .fma(b0, sum3);
            bAt += bStride;
            aAt += Float.BYTES;
        }
        final long out0 = out & ADDRESS_MASK;
        final long outRow = outStride & OFFSET_MASK;
        sum0.intoMemorySegment(ALL, out0, ORDER);
        sum1.intoMemorySegment(ALL, out0 + outRow, ORDER);
        sum2.intoMemorySegment(ALL, out0 + 2 * outRow, ORDER);
        sum3.intoMemorySegment(ALL, out0 + 3 * outRow, ORDER);
    }
}
