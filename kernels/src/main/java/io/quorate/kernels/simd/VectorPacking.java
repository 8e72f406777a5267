package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.OFFSET_MASK;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies into the order of the tiles. Keys are transposed in blocks of 4 x 4 by shuffles of 128 bits whatever the width: that is three
 * times as fast as copying single floats, or pairs of them by integer shifts. Floats are moved as integers, which no shuffle
 * converts.
 */
final class VectorPacking implements VectorLoops.Packing {
    private static final VectorSpecies<Float> FLOATS =
            VectorWidth.ofClass(MethodHandles.lookup()).floats();
    private static final VectorSpecies<Integer> FOUR = IntVector.SPECIES_128;
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();
    private static final int FOUR_BYTES = FOUR.vectorByteSize();
    private static final int LANES = CanonicalOrder.LANES;
    private static final long PANEL_STRIDE = (long) LANES * Float.BYTES;
    private static final int ROWS = 4;

    /** Lanes 0 and 1 change places, 2 and 3 do; then the two pairs do. */
    private static final VectorShuffle<Integer> NEIGHBOURS = VectorShuffle.fromValues(FOUR, 1, 0, 3, 2);

    private static final VectorShuffle<Integer> HALVES = VectorShuffle.fromValues(FOUR, 2, 3, 0, 1);

    /** Which lanes come from the second of two vectors. */
    private static final VectorMask<Integer> ODD = VectorMask.fromLong(FOUR, 0b1010);

    private static final VectorMask<Integer> HIGH = VectorMask.fromLong(FOUR, 0b1100);

    VectorPacking() {}

    @Override
    public void packPanels(final long source, final long stride, final int rows, final int depth, final long panels) {
        final long whole = (long) (depth & -ROWS) * Float.BYTES;
        for (int row = 0; row < rows; row += LANES) {
            final long panel = panels + (long) row * depth * Float.BYTES;
            final long from = (source + row * stride) & ADDRESS_MASK;
            final int left = Math.min(LANES, rows - row);
            if (left < LANES) {
                clear(panel & ADDRESS_MASK, (panel & ADDRESS_MASK) + depth * PANEL_STRIDE);
            }
            final int fours = left & -ROWS;
            transpose(from, stride, fours, whole, panel, PANEL_STRIDE);
            copyColumns(from, stride, fours, depth & -ROWS, depth, panel);
            final long rest = panel + (long) fours * Float.BYTES;
            copyColumns(from + fours * stride, stride, left - fours, 0, depth, rest);
        }
    }

    private static void clear(final long from, final long end) {
        final FloatVector zero = FloatVector.zero(FLOATS);
        long at = from;
        while (at < end) {
            zero.intoMemorySegment(ALL, at & ADDRESS_MASK, ORDER);
            at += FLOATS_BYTES;
        }
    }

    /**
     * Rows become columns: float k of row i goes to float i of row k.
     *
     * @param stride the bytes from row to row before
     * @param rows a multiple of 4
     * @param lengthBytes of a row, a multiple of 16
     * @param toStride the bytes from row to row after
     */
    static void transpose(
            final long source,
            final long stride,
            final int rows,
            final long lengthBytes,
            final long target,
            final long toStride) {
        blocks(source, stride, source + rows * stride, lengthBytes, target, toStride, FOUR_BYTES);
    }

    /**
     * Row after row of blocks of 4 x 4 floats, each transposed in registers. Of every pair of rows the odd lanes of one and the even
     * lanes of the other change places, then the halves of rows two apart do: two shuffles and two selections a pair, where a
     * selection from any lanes of two vectors is three operations without AVX-512.
     *
     * @param step the bytes of a block's row: not a constant, because C2 makes a nest of three loops of a counted one
     */
    private static void blocks(
            final long source,
            final long stride,
            final long rowsEnd,
            final long lengthBytes,
            final long target,
            final long toStride,
            final long step) {
        final long down = stride & OFFSET_MASK;
        final long toDown = toStride & OFFSET_MASK;
        long rows = source;
        long columns = target;
        while (rows < rowsEnd) {
            long at = rows;
            final long end = rows + lengthBytes;
            long to = columns;
            while (at < end) {
                final long now = at & ADDRESS_MASK;
                final IntVector row0 = IntVector.fromMemorySegment(FOUR, ALL, now, ORDER);
                final IntVector row1 = IntVector.fromMemorySegment(FOUR, ALL, now + down, ORDER);
                final IntVector even01 = row0.blend(row1.rearrange(NEIGHBOURS), ODD);
                final IntVector odd01 = row0.rearrange(NEIGHBOURS).blend(row1, ODD);
                final IntVector row2 = IntVector.fromMemorySegment(FOUR, ALL, now + 2 * down, ORDER);
                final IntVector row3 = IntVector.fromMemorySegment(FOUR, ALL, now + 3 * down, ORDER);
                final IntVector even23 = row2.blend(row3.rearrange(NEIGHBOURS), ODD);
                final IntVector odd23 = row2.rearrange(NEIGHBOURS).blend(row3, ODD);
                final long out = to & ADDRESS_MASK;
                even01.blend(even23.rearrange(HALVES), HIGH).intoMemorySegment(ALL, out, ORDER);
                odd01.blend(odd23.rearrange(HALVES), HIGH).intoMemorySegment(ALL, out + toDown, ORDER);
                even01.rearrange(HALVES).blend(even23, HIGH).intoMemorySegment(ALL, out + 2 * toDown, ORDER);
                odd01.rearrange(HALVES).blend(odd23, HIGH).intoMemorySegment(ALL, out + 3 * toDown, ORDER);
                at += step;
                to += 4 * toStride;
            }
            rows += 4 * stride;
            columns += FOUR_BYTES;
        }
    }

    /** Rows one by one, from column {@code first} on. */
    private static void copyColumns(
            final long from, final long stride, final int rows, final int first, final int depth, final long panel) {
        for (int k = first; k < depth; k++) {
            final long to = panel + k * PANEL_STRIDE;
            for (int lane = 0; lane < rows; lane++) {
                final float value = RawMemory.getFloat(from + lane * stride + (long) k * Float.BYTES);
                RawMemory.putFloat(to + (long) lane * Float.BYTES, value);
            }
        }
    }

    @Override
    public void packRows(
            final long source,
            final long stride,
            final int rows,
            final int columns,
            final int paddedColumns,
            final long target) {
        final long wholeBytes = (long) (columns & -LANES) * Float.BYTES;
        final long paddedBytes = (long) paddedColumns * Float.BYTES;
        for (int row = 0; row < rows; row++) {
            final long from = source + row * stride;
            final long to = target + row * paddedBytes;
            copyWhole(from & ADDRESS_MASK, (from & ADDRESS_MASK) + wholeBytes, to);
            for (int column = columns & -LANES; column < paddedColumns; column++) {
                final long skip = (long) column * Float.BYTES;
                RawMemory.putFloat(to + skip, column < columns ? RawMemory.getFloat(from + skip) : 0.0f);
            }
        }
    }

    private static void copyWhole(final long from, final long end, final long target) {
        long at = from;
        long to = target;
        while (at < end) {
            FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER)
                    .intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            at += FLOATS_BYTES;
            to += FLOATS_BYTES;
        }
    }
}
