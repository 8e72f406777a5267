package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
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

    /** Which lanes of two vectors, the first's from 0 on and the second's from 4 on, make one. */
    private static final IntVector LOW_INTERLEAVED = IntVector.fromArray(FOUR, new int[] {0, 4, 1, 5}, 0);

    private static final IntVector HIGH_INTERLEAVED = IntVector.fromArray(FOUR, new int[] {2, 6, 3, 7}, 0);
    private static final IntVector LOW_HALVES = IntVector.fromArray(FOUR, new int[] {0, 1, 4, 5}, 0);
    private static final IntVector HIGH_HALVES = IntVector.fromArray(FOUR, new int[] {2, 3, 6, 7}, 0);

    VectorPacking() {}

    @Override
    public void packPanels(final long source, final long stride, final int rows, final int depth, final long panels) {
        final int padded = CanonicalOrder.roundedUp(rows);
        final long whole = (long) (depth & -ROWS) * Float.BYTES;
        for (int row = 0; row < padded; row += ROWS) {
            final long panel = panels + (long) (row & -LANES) * depth * Float.BYTES + (row & LANES - 1) * Float.BYTES;
            final long from = source + row * stride;
            if ((row & LANES - 1) == 0 && row + LANES > rows) {
                clear(panel & ADDRESS_MASK, (panel & ADDRESS_MASK) + depth * PANEL_STRIDE);
            }
            if (row + ROWS <= rows) {
                transpose(from & ADDRESS_MASK, stride, (from & ADDRESS_MASK) + whole, panel);
                copyColumns(from, stride, ROWS, depth & -ROWS, depth, panel);
            } else if (row < rows) {
                copyColumns(from, stride, rows - row, 0, depth, panel);
            }
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

    /** Four rows become four lanes of every row of the panel. */
    private static void transpose(final long from, final long stride, final long end, final long panel) {
        final long stride2 = 2 * stride;
        final long stride3 = 3 * stride;
        long at = from;
        long to = panel;
        while (at < end) {
            final IntVector row0 = IntVector.fromMemorySegment(FOUR, ALL, at & ADDRESS_MASK, ORDER);
            final IntVector row1 = IntVector.fromMemorySegment(FOUR, ALL, (at + stride) & ADDRESS_MASK, ORDER);
            final IntVector row2 = IntVector.fromMemorySegment(FOUR, ALL, (at + stride2) & ADDRESS_MASK, ORDER);
            final IntVector row3 = IntVector.fromMemorySegment(FOUR, ALL, (at + stride3) & ADDRESS_MASK, ORDER);
            final IntVector low01 = LOW_INTERLEAVED.selectFrom(row0, row1);
            final IntVector high01 = HIGH_INTERLEAVED.selectFrom(row0, row1);
            final IntVector low23 = LOW_INTERLEAVED.selectFrom(row2, row3);
            final IntVector high23 = HIGH_INTERLEAVED.selectFrom(row2, row3);
            LOW_HALVES.selectFrom(low01, low23).intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            HIGH_HALVES.selectFrom(low01, low23).intoMemorySegment(ALL, (to + PANEL_STRIDE) & ADDRESS_MASK, ORDER);
            LOW_HALVES.selectFrom(high01, high23).intoMemorySegment(ALL, (to + 2 * PANEL_STRIDE) & ADDRESS_MASK, ORDER);
            HIGH_HALVES
                    .selectFrom(high01, high23)
                    .intoMemorySegment(ALL, (to + 3 * PANEL_STRIDE) & ADDRESS_MASK, ORDER);
            at += FOUR_BYTES;
            to += ROWS * PANEL_STRIDE;
        }
    }

    /** Up to four rows one by one, from column {@code first} on. */
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
