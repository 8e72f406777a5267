package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link RowScan} on the vector unit, with the bits of its definition; the width is a constant of the class, see
 * {@link VectorWidth}. The sixteen virtual lanes are taken in passes of one vector each; with 512 bits there is one pass.
 *
 * <p>Rows that come from memory are read one after the other: a tile of several rows jumps between short streams, which the
 * prefetchers follow at half the speed. The sums of a row are one chain each, but the core runs several rows at once. Two
 * queries over rows that are in the cache already go in tiles of four rows: eight chains fill the pipes.
 */
final class VectorRowScan implements RowScan {
    private static final VectorSpecies<Float> FLOATS =
            VectorWidth.ofClass(MethodHandles.lookup()).floats();
    private static final int LANES = CanonicalOrder.LANES;
    private static final long GROUP_BYTES = (long) LANES * Float.BYTES;
    private static final int TILE_ROWS = 4;
    private static final long UPPER_BYTES = TILE_ROWS * GROUP_BYTES;

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
        final int whole = cols & -LANES;
        final long upper = lanes + UPPER_BYTES;
        for (int row = 0; row < count; row++) {
            final long at = rows + row * stride;
            final long end = (at & ADDRESS_MASK) + (long) whole * Float.BYTES;
            for (int lane = 0; lane < LANES; lane += FLOATS.length()) {
                final long skip = (long) lane * Float.BYTES;
                squarePass(at + skip, end, query + skip, lanes + skip);
            }
            final long out = (long) row * Float.BYTES;
            RawMemory.putFloat(
                    dots + out, whole == cols ? tree(lanes) : RowScan.dotFrom(at, query, whole, cols, lanes));
            RawMemory.putFloat(
                    squares + out, whole == cols ? tree(upper) : RowScan.dotFrom(at, at, whole, cols, upper));
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
            // The last tile steps back and does some rows twice.
            final int tile = Math.min(row, count - TILE_ROWS);
            final long at = rows + tile * stride;
            final long end = (at & ADDRESS_MASK) + (long) whole * Float.BYTES;
            for (int lane = 0; lane < LANES; lane += FLOATS.length()) {
                final long skip = (long) lane * Float.BYTES;
                pairPass(at + skip, stride, end, first + skip, second + skip, lanes + skip);
            }
            for (int r = 0; r < TILE_ROWS; r++) {
                final long rowAt = at + r * stride;
                final long rowLanes = lanes + r * GROUP_BYTES;
                final long out = (long) (tile + r) * Float.BYTES;
                RawMemory.putFloat(
                        firstDots + out,
                        whole == cols ? tree(rowLanes) : RowScan.dotFrom(rowAt, first, whole, cols, rowLanes));
                RawMemory.putFloat(
                        secondDots + out,
                        whole == cols
                                ? tree(rowLanes + UPPER_BYTES)
                                : RowScan.dotFrom(rowAt, second, whole, cols, rowLanes + UPPER_BYTES));
            }
        }
    }

    private static void squarePass(final long row, final long end, final long query, final long lanes) {
        FloatVector dot = FloatVector.zero(FLOATS);
        FloatVector square = dot;
        long at = row & ADDRESS_MASK;
        long other = query;
        while (at < end) {
            final FloatVector value = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER);
            dot = value.fma(FloatVector.fromMemorySegment(FLOATS, ALL, other & ADDRESS_MASK, ORDER), dot);
            square = value.fma(value, square);
            at += GROUP_BYTES;
            other += GROUP_BYTES;
        }
        dot.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
        square.intoMemorySegment(ALL, (lanes + UPPER_BYTES) & ADDRESS_MASK, ORDER);
    }

    private static void pairPass(
            final long row, final long stride, final long end, final long first, final long second, final long lanes) {
        FloatVector left0 = FloatVector.zero(FLOATS);
        FloatVector left1 = left0;
        FloatVector left2 = left0;
        FloatVector left3 = left0;
        FloatVector right0 = left0;
        FloatVector right1 = left0;
        FloatVector right2 = left0;
        FloatVector right3 = left0;
        long at = row & ADDRESS_MASK;
        long other = first;
        final long apart = second - first;
        while (at < end) {
            final FloatVector p = FloatVector.fromMemorySegment(FLOATS, ALL, other & ADDRESS_MASK, ORDER);
            final FloatVector q = FloatVector.fromMemorySegment(FLOATS, ALL, (other + apart) & ADDRESS_MASK, ORDER);
            final FloatVector row0 = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER);
            left0 = row0.fma(p, left0);
            right0 = row0.fma(q, right0);
            final FloatVector row1 = FloatVector.fromMemorySegment(FLOATS, ALL, (at + stride) & ADDRESS_MASK, ORDER);
            left1 = row1.fma(p, left1);
            right1 = row1.fma(q, right1);
            final FloatVector row2 =
                    FloatVector.fromMemorySegment(FLOATS, ALL, (at + 2 * stride) & ADDRESS_MASK, ORDER);
            left2 = row2.fma(p, left2);
            right2 = row2.fma(q, right2);
            final FloatVector row3 =
                    FloatVector.fromMemorySegment(FLOATS, ALL, (at + 3 * stride) & ADDRESS_MASK, ORDER);
            left3 = row3.fma(p, left3);
            right3 = row3.fma(q, right3);
            at += GROUP_BYTES;
            other += GROUP_BYTES;
        }
        left0.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
        left1.intoMemorySegment(ALL, (lanes + GROUP_BYTES) & ADDRESS_MASK, ORDER);
        left2.intoMemorySegment(ALL, (lanes + 2 * GROUP_BYTES) & ADDRESS_MASK, ORDER);
        left3.intoMemorySegment(ALL, (lanes + 3 * GROUP_BYTES) & ADDRESS_MASK, ORDER);
        final long upper = lanes + UPPER_BYTES;
        right0.intoMemorySegment(ALL, upper & ADDRESS_MASK, ORDER);
        right1.intoMemorySegment(ALL, (upper + GROUP_BYTES) & ADDRESS_MASK, ORDER);
        right2.intoMemorySegment(ALL, (upper + 2 * GROUP_BYTES) & ADDRESS_MASK, ORDER);
        right3.intoMemorySegment(ALL, (upper + 3 * GROUP_BYTES) & ADDRESS_MASK, ORDER);
    }

    /** {@link CanonicalOrder#sumFloats} as one expression, which needs no store. */
    private static float tree(final long lanes) {
        return ((fold(lanes, 0) + fold(lanes, 4)) + (fold(lanes, 2) + fold(lanes, 6)))
                + ((fold(lanes, 1) + fold(lanes, 5)) + (fold(lanes, 3) + fold(lanes, 7)));
    }

    private static float fold(final long lanes, final int lane) {
        final long at = lanes + (long) lane * Float.BYTES;
        return RawMemory.getFloat(at) + RawMemory.getFloat(at + GROUP_BYTES / 2);
    }
}
