package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link RowScan} on the vector unit, with the bits of its definition; the width is a constant of the class, see {@link VectorWidth}. Eight chains of fused
 * multiply-adds run side by side, which is what it takes to fill the pipes, and four rows share each load of the query. The
 * sixteen virtual lanes are taken in passes of one vector each: the first pass brings the rows in from memory, the others
 * find them in the nearest cache.
 */
final class VectorRowScan implements RowScan {
    private static final VectorWidth WIDTH = VectorWidth.ofClass(MethodHandles.lookup());
    private static final VectorSpecies<Double> DOUBLES = WIDTH.doubles();
    private static final VectorSpecies<Float> HALVES = WIDTH.halves();
    private static final int LANES = CanonicalOrder.LANES;
    private static final long GROUP_FLOAT_BYTES = (long) LANES * Float.BYTES;
    private static final long GROUP_DOUBLE_BYTES = (long) LANES * Double.BYTES;
    private static final int TILE_ROWS = 4;
    private static final long UPPER_BYTES = TILE_ROWS * GROUP_DOUBLE_BYTES;

    @Override
    public void dotsAndSquares(
            final long rows,
            final long stride,
            final int count,
            final long query,
            final int cols,
            final long dots,
            final long squares,
            final long lanes) {
        if (count < TILE_ROWS) {
            RowScan.super.dotsAndSquares(rows, stride, count, query, cols, dots, squares, lanes);
            return;
        }
        final int whole = cols & -LANES;
        for (int row = 0; row < count; row += TILE_ROWS) {
            // The last tile steps back and does some rows twice.
            final int tile = Math.min(row, count - TILE_ROWS);
            final long at = rows + tile * stride;
            for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
                final long from = at + (long) lane * Float.BYTES;
                final long wide = (long) lane * Double.BYTES;
                squarePass(from, stride, end(at, whole), query + wide, lanes + wide);
            }
            for (int r = 0; r < TILE_ROWS; r++) {
                final long rowAt = at + r * stride;
                final long rowLanes = lanes + r * GROUP_DOUBLE_BYTES;
                final long out = (long) (tile + r) * Double.BYTES;
                if (whole < cols) {
                    dotTail(rowAt, query, whole, cols, rowLanes);
                    squareTail(rowAt, whole, cols, rowLanes + UPPER_BYTES);
                }
                RawMemory.putDouble(dots + out, tree(rowLanes));
                RawMemory.putDouble(squares + out, tree(rowLanes + UPPER_BYTES));
            }
        }
    }

    @Override
    public void dotsOfTwo(
            final long rows,
            final long stride,
            final int count,
            final long first,
            final long second,
            final int cols,
            final long firstDots,
            final long secondDots,
            final long lanes) {
        if (count < TILE_ROWS) {
            RowScan.super.dotsOfTwo(rows, stride, count, first, second, cols, firstDots, secondDots, lanes);
            return;
        }
        final int whole = cols & -LANES;
        for (int row = 0; row < count; row += TILE_ROWS) {
            final int tile = Math.min(row, count - TILE_ROWS);
            final long at = rows + tile * stride;
            for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
                final long from = at + (long) lane * Float.BYTES;
                final long wide = (long) lane * Double.BYTES;
                pairPass(from, stride, end(at, whole), first + wide, second + wide, lanes + wide);
            }
            for (int r = 0; r < TILE_ROWS; r++) {
                final long rowAt = at + r * stride;
                final long rowLanes = lanes + r * GROUP_DOUBLE_BYTES;
                final long out = (long) (tile + r) * Double.BYTES;
                if (whole < cols) {
                    dotTail(rowAt, first, whole, cols, rowLanes);
                    dotTail(rowAt, second, whole, cols, rowLanes + UPPER_BYTES);
                }
                RawMemory.putDouble(firstDots + out, tree(rowLanes));
                RawMemory.putDouble(secondDots + out, tree(rowLanes + UPPER_BYTES));
            }
        }
    }

    private static void squarePass(
            final long row, final long stride, final long end, final long query, final long lanes) {
        DoubleVector dot0 = DoubleVector.zero(DOUBLES);
        DoubleVector dot1 = dot0;
        DoubleVector dot2 = dot0;
        DoubleVector dot3 = dot0;
        DoubleVector square0 = dot0;
        DoubleVector square1 = dot0;
        DoubleVector square2 = dot0;
        DoubleVector square3 = dot0;
        long at = row & ADDRESS_MASK;
        long wide = query;
        while (at < end) {
            final DoubleVector q = DoubleVector.fromMemorySegment(DOUBLES, ALL, wide & ADDRESS_MASK, ORDER);
            final DoubleVector row0 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, at & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            dot0 = row0.fma(q, dot0);
            square0 = row0.fma(row0, square0);
            final DoubleVector row1 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, (at + stride) & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            dot1 = row1.fma(q, dot1);
            square1 = row1.fma(row1, square1);
            final DoubleVector row2 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, (at + 2 * stride) & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            dot2 = row2.fma(q, dot2);
            square2 = row2.fma(row2, square2);
            final DoubleVector row3 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, (at + 3 * stride) & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            dot3 = row3.fma(q, dot3);
            square3 = row3.fma(row3, square3);
            at += GROUP_FLOAT_BYTES;
            wide += GROUP_DOUBLE_BYTES;
        }
        dot0.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
        dot1.intoMemorySegment(ALL, (lanes + GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        dot2.intoMemorySegment(ALL, (lanes + 2 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        dot3.intoMemorySegment(ALL, (lanes + 3 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        final long upper = lanes + UPPER_BYTES;
        square0.intoMemorySegment(ALL, upper & ADDRESS_MASK, ORDER);
        square1.intoMemorySegment(ALL, (upper + GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        square2.intoMemorySegment(ALL, (upper + 2 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        square3.intoMemorySegment(ALL, (upper + 3 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
    }

    private static void pairPass(
            final long row, final long stride, final long end, final long first, final long second, final long lanes) {
        DoubleVector left0 = DoubleVector.zero(DOUBLES);
        DoubleVector left1 = left0;
        DoubleVector left2 = left0;
        DoubleVector left3 = left0;
        DoubleVector right0 = left0;
        DoubleVector right1 = left0;
        DoubleVector right2 = left0;
        DoubleVector right3 = left0;
        long at = row & ADDRESS_MASK;
        long wide = first;
        final long apart = second - first;
        while (at < end) {
            final DoubleVector p = DoubleVector.fromMemorySegment(DOUBLES, ALL, wide & ADDRESS_MASK, ORDER);
            final DoubleVector q = DoubleVector.fromMemorySegment(DOUBLES, ALL, (wide + apart) & ADDRESS_MASK, ORDER);
            final DoubleVector row0 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, at & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            left0 = row0.fma(p, left0);
            right0 = row0.fma(q, right0);
            final DoubleVector row1 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, (at + stride) & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            left1 = row1.fma(p, left1);
            right1 = row1.fma(q, right1);
            final DoubleVector row2 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, (at + 2 * stride) & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            left2 = row2.fma(p, left2);
            right2 = row2.fma(q, right2);
            final DoubleVector row3 =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, (at + 3 * stride) & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            left3 = row3.fma(p, left3);
            right3 = row3.fma(q, right3);
            at += GROUP_FLOAT_BYTES;
            wide += GROUP_DOUBLE_BYTES;
        }
        left0.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
        left1.intoMemorySegment(ALL, (lanes + GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        left2.intoMemorySegment(ALL, (lanes + 2 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        left3.intoMemorySegment(ALL, (lanes + 3 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        final long upper = lanes + UPPER_BYTES;
        right0.intoMemorySegment(ALL, upper & ADDRESS_MASK, ORDER);
        right1.intoMemorySegment(ALL, (upper + GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        right2.intoMemorySegment(ALL, (upper + 2 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
        right3.intoMemorySegment(ALL, (upper + 3 * GROUP_DOUBLE_BYTES) & ADDRESS_MASK, ORDER);
    }

    private static void dotTail(final long row, final long query, final int from, final int cols, final long lanes) {
        for (int j = from; j < cols; j++) {
            final long lane = lanes + (long) (j - from) * Double.BYTES;
            final double value = RawMemory.getFloat(row + (long) j * Float.BYTES);
            final double other = RawMemory.getDouble(query + (long) j * Double.BYTES);
            RawMemory.putDouble(lane, Math.fma(value, other, RawMemory.getDouble(lane)));
        }
    }

    private static void squareTail(final long row, final int from, final int cols, final long lanes) {
        for (int j = from; j < cols; j++) {
            final long lane = lanes + (long) (j - from) * Double.BYTES;
            final double value = RawMemory.getFloat(row + (long) j * Float.BYTES);
            RawMemory.putDouble(lane, Math.fma(value, value, RawMemory.getDouble(lane)));
        }
    }

    /** {@link CanonicalOrder#sumDoubles} as one expression, which needs no store. */
    private static double tree(final long lanes) {
        return ((fold(lanes, 0) + fold(lanes, 4)) + (fold(lanes, 2) + fold(lanes, 6)))
                + ((fold(lanes, 1) + fold(lanes, 5)) + (fold(lanes, 3) + fold(lanes, 7)));
    }

    private static double fold(final long lanes, final int lane) {
        final long at = lanes + (long) lane * Double.BYTES;
        return RawMemory.getDouble(at) + RawMemory.getDouble(at + GROUP_DOUBLE_BYTES / 2);
    }

    private static long end(final long start, final int floats) {
        return (start & ADDRESS_MASK) + (long) floats * Float.BYTES;
    }
}
