package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.OFFSET_MASK;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The two products of {@link SymmetricLoops} on the vector unit, by the same tiles: four rows by one, two or three vectors, whose
 * chains start from memory and end there. The left operand's row may lie in panels, the right operand's vectors side by side or
 * in panels of their own; a tile takes the distances as arguments.
 *
 * <p>With 512-bit vectors 4 x 3 has twelve chains and seven loads, few enough for 32 registers and more than enough for the
 * latency of an FMA; narrower ones have 16 registers, so 4 x 2.
 */
final class VectorSymmetricTiles implements SymmetricLoops {
    private static final VectorSpecies<Float> FLOATS =
            VectorWidth.ofClass(MethodHandles.lookup()).floats();
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();
    private static final int LANES = CanonicalOrder.LANES;

    /** One vector holds a row of a panel. */
    private static final boolean IS_WIDE = FLOATS.length() == LANES;

    private static final int TILE_ROWS = 4;
    private static final int TILE_PANELS_MAX = 3;

    /** So many steps of a values tile run over the same rows of V, which then stay in the nearest cache. */
    private static final int DEPTH_CHUNK = 6 * LANES;

    /** A vector of zeros where chains start, and four ones for chains that are not scaled. */
    private static final long ZEROS = constants(0.0f, LANES);

    private static final long ONES = constants(1.0f, TILE_ROWS);

    private final VectorLoops.Product product;

    VectorSymmetricTiles(final VectorLoops.Product product) {
        this.product = product;
    }

    private static long constants(final float value, final int count) {
        final float[] values = new float[count];
        Arrays.fill(values, value);
        return Arena.global().allocateFrom(ValueLayout.JAVA_FLOAT, values).address();
    }

    @Override
    public void scores(
            final long x,
            final long xStride,
            final int rows,
            final int depth,
            final long panels,
            final int count,
            final long out,
            final long outPanelBytes) {
        final long panelBytes = (long) depth * PANEL_ROW_BYTES;
        int panel = 0;
        if (IS_WIDE && rows >= TILE_ROWS) {
            for (; panel + 1 < count; panel += Math.min(count - panel, TILE_PANELS_MAX)) {
                final long b = (panels + panel * panelBytes) & ADDRESS_MASK;
                final long target = out + panel * outPanelBytes;
                final boolean isThree = panel + 2 < count;
                for (int row = 0; row < rows; row += TILE_ROWS) {
                    // The last tile overlaps the one before rather than being smaller: the same bits are written again.
                    final int first = Math.min(row, rows - TILE_ROWS);
                    final long a = x + first * xStride;
                    final long to = target + (long) first * PANEL_ROW_BYTES;
                    if (isThree) {
                        scores4x3(a, xStride, b, panelBytes, to, outPanelBytes);
                    } else {
                        tile4x2(
                                a,
                                xStride,
                                PANEL_ROW_BYTES,
                                b,
                                b + panelBytes,
                                PANEL_ROW_BYTES,
                                panelBytes,
                                ZEROS,
                                0,
                                0,
                                ONES,
                                to,
                                PANEL_ROW_BYTES,
                                outPanelBytes);
                    }
                }
            }
        }
        for (; panel < count; panel++) {
            final long b = panels + panel * panelBytes;
            final long target = out + panel * outPanelBytes;
            product.product(x, xStride, rows, depth, b, PANEL_ROW_BYTES, LANES, false, target, PANEL_ROW_BYTES);
        }
    }

    @Override
    public void accumulateValues(
            final long panels,
            final long panelBytes,
            final int depth,
            final int rows,
            final long values,
            final long valuesStride,
            final int columns,
            final boolean isFresh,
            final long sums,
            final long factors,
            final long out,
            final long outStride) {
        final long stride = (long) columns * Float.BYTES;
        for (int k = 0; k < depth; k += DEPTH_CHUNK) {
            final boolean isStart = isFresh && k == 0;
            final boolean isEnd = factors != 0 && k + DEPTH_CHUNK >= depth;
            final long chunk = panels + k / LANES * panelBytes;
            final long from = (values & ADDRESS_MASK) + k * valuesStride;
            final long end = from + Math.min(DEPTH_CHUNK, depth - k) * valuesStride;
            for (int row = 0; row < rows; row += TILE_ROWS) {
                rowsOfValues(
                        chunk + (long) row * PANEL_ROW_BYTES,
                        panelBytes,
                        from,
                        end,
                        valuesStride,
                        stride,
                        isStart ? ZEROS : sums + row * stride,
                        isStart ? 0 : stride,
                        isEnd ? factors + (long) row * Float.BYTES : ONES,
                        isEnd ? out + row * outStride : sums + row * stride,
                        isEnd ? outStride : stride);
            }
        }
    }

    /** Four rows of a chunk, column after column. */
    private static void rowsOfValues(
            final long a,
            final long aJump,
            final long b,
            final long bEnd,
            final long bStep,
            final long columnsBytes,
            final long from,
            final long fromRow,
            final long factors,
            final long out,
            final long outRow) {
        final long isFrom = fromRow == 0 ? 0 : 1;
        final long fromNext = isFrom * FLOATS_BYTES;
        long at = 0;
        while (at < columnsBytes) {
            final long width = IS_WIDE ? tileBytes(columnsBytes - at) : 2L * FLOATS_BYTES;
            final long start = from + at * isFrom;
            if (width == FLOATS_BYTES) {
                tile4x1(a, aJump, b + at, bEnd, bStep, start, fromRow, factors, out + at, outRow);
            } else if (width == 2L * FLOATS_BYTES) {
                tile4x2(
                        a,
                        PANEL_ROW_BYTES,
                        aJump,
                        b + at,
                        bEnd,
                        bStep,
                        FLOATS_BYTES,
                        start,
                        fromRow,
                        fromNext,
                        factors,
                        out + at,
                        outRow,
                        FLOATS_BYTES);
            } else {
                tile4x3(a, aJump, b + at, bEnd, bStep, start, fromRow, fromNext, factors, out + at, outRow);
            }
            at += width;
        }
    }

    /** Three vectors, or two where one alone would be left. */
    private static long tileBytes(final long left) {
        return left == 4L * FLOATS_BYTES ? 2L * FLOATS_BYTES : Math.min(left, 3L * FLOATS_BYTES);
    }

    /** Four rows by three panels, of scores: short chains, so nothing but them. */
    private static void scores4x3(
            final long a,
            final long aRow,
            final long b,
            final long panelBytes,
            final long out,
            final long outPanelBytes) {
        FloatVector s00 = FloatVector.zero(FLOATS);
        FloatVector s01 = FloatVector.zero(FLOATS);
        FloatVector s02 = FloatVector.zero(FLOATS);
        FloatVector s10 = FloatVector.zero(FLOATS);
        FloatVector s11 = FloatVector.zero(FLOATS);
        FloatVector s12 = FloatVector.zero(FLOATS);
        FloatVector s20 = FloatVector.zero(FLOATS);
        FloatVector s21 = FloatVector.zero(FLOATS);
        FloatVector s22 = FloatVector.zero(FLOATS);
        FloatVector s30 = FloatVector.zero(FLOATS);
        FloatVector s31 = FloatVector.zero(FLOATS);
        FloatVector s32 = FloatVector.zero(FLOATS);
        final long bEnd = b + panelBytes;
        final long aDown = aRow & OFFSET_MASK;
        final long aDown3 = 3 * aDown;
        final long bRight = panelBytes & OFFSET_MASK;
        long aAt = a;
        long bAt = b;
        while (bAt < bEnd) {
            final long bNow = bAt & ADDRESS_MASK;
            final long aNow = aAt & ADDRESS_MASK;
            final FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
            final FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + bRight, ORDER);
            final FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + 2 * bRight, ORDER);
            final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow));
            s00 = a0.fma(b0, s00);
            s01 = a0.fma(b1, s01);
            s02 = a0.fma(b2, s02);
            final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aDown));
            s10 = a1.fma(b0, s10);
            s11 = a1.fma(b1, s11);
            s12 = a1.fma(b2, s12);
            final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * aDown));
            s20 = a2.fma(b0, s20);
            s21 = a2.fma(b1, s21);
            s22 = a2.fma(b2, s22);
            final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aDown3));
            s30 = a3.fma(b0, s30);
            s31 = a3.fma(b1, s31);
            s32 = a3.fma(b2, s32);
            aAt += Float.BYTES;
            bAt += PANEL_ROW_BYTES;
        }
        final long out0 = out & ADDRESS_MASK;
        final long outRight = outPanelBytes & OFFSET_MASK;
        s00.intoMemorySegment(ALL, out0, ORDER);
        s10.intoMemorySegment(ALL, out0 + PANEL_ROW_BYTES, ORDER);
        s20.intoMemorySegment(ALL, out0 + 2 * PANEL_ROW_BYTES, ORDER);
        s30.intoMemorySegment(ALL, out0 + 3 * PANEL_ROW_BYTES, ORDER);
        s01.intoMemorySegment(ALL, out0 + outRight, ORDER);
        s11.intoMemorySegment(ALL, out0 + PANEL_ROW_BYTES + outRight, ORDER);
        s21.intoMemorySegment(ALL, out0 + 2 * PANEL_ROW_BYTES + outRight, ORDER);
        s31.intoMemorySegment(ALL, out0 + 3 * PANEL_ROW_BYTES + outRight, ORDER);
        s02.intoMemorySegment(ALL, out0 + 2 * outRight, ORDER);
        s12.intoMemorySegment(ALL, out0 + PANEL_ROW_BYTES + 2 * outRight, ORDER);
        s22.intoMemorySegment(ALL, out0 + 2 * PANEL_ROW_BYTES + 2 * outRight, ORDER);
        s32.intoMemorySegment(ALL, out0 + 3 * PANEL_ROW_BYTES + 2 * outRight, ORDER);
    }

    /** Four rows by one vector, of values. */
    private static void tile4x1(
            final long a,
            final long aJump,
            final long b,
            final long bEnd,
            final long bStep,
            final long from,
            final long fromRow,
            final long factors,
            final long out,
            final long outRow) {
        final long from0 = from & ADDRESS_MASK;
        final long fromDown = fromRow & OFFSET_MASK;
        FloatVector s00 = FloatVector.fromMemorySegment(FLOATS, ALL, from0, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromDown, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromDown, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromDown, ORDER);
        final long aDown = PANEL_ROW_BYTES;
        final long aDown3 = 3 * aDown;
        long aStart = a;
        long bAt = b;
        while (bAt < bEnd) {
            final long stop = Math.min(bEnd, bAt + LANES * bStep);
            long aAt = aStart;
            while (bAt < stop) {
                final long bNow = bAt & ADDRESS_MASK;
                final long aNow = aAt & ADDRESS_MASK;
                final FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
                final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow));
                s00 = a0.fma(b0, s00);
                final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aDown));
                s10 = a1.fma(b0, s10);
                final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * aDown));
                s20 = a2.fma(b0, s20);
                final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aDown3));
                s30 = a3.fma(b0, s30);
                aAt += Float.BYTES;
                bAt += bStep;
            }
            aStart += aJump;
        }
        final long factor = factors & ADDRESS_MASK;
        final long out0 = out & ADDRESS_MASK;
        final long outDown = outRow & OFFSET_MASK;
        final float factor0 = RawMemory.floatAt(factor);
        s00.mul(factor0).intoMemorySegment(ALL, out0, ORDER);
        final float factor1 = RawMemory.floatAt(factor + 1 * Float.BYTES);
        s10.mul(factor1).intoMemorySegment(ALL, out0 + outDown, ORDER);
        final float factor2 = RawMemory.floatAt(factor + 2 * Float.BYTES);
        s20.mul(factor2).intoMemorySegment(ALL, out0 + 2 * outDown, ORDER);
        final float factor3 = RawMemory.floatAt(factor + 3 * Float.BYTES);
        s30.mul(factor3).intoMemorySegment(ALL, out0 + 3 * outDown, ORDER);
    }

    /** Four rows by two vectors. After sixteen steps the left operand goes on {@code aJump} further. */
    private static void tile4x2(
            final long a,
            final long aRow,
            final long aJump,
            final long b,
            final long bEnd,
            final long bStep,
            final long bNext,
            final long from,
            final long fromRow,
            final long fromNext,
            final long factors,
            final long out,
            final long outRow,
            final long outNext) {
        final long from0 = from & ADDRESS_MASK;
        final long fromDown = fromRow & OFFSET_MASK;
        final long fromRight = fromNext & OFFSET_MASK;
        FloatVector s00 = FloatVector.fromMemorySegment(FLOATS, ALL, from0, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRight, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromDown, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromDown + fromRight, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromDown, ORDER);
        FloatVector s21 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromDown + fromRight, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromDown, ORDER);
        FloatVector s31 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromDown + fromRight, ORDER);
        final long aDown = aRow & OFFSET_MASK;
        final long aDown3 = 3 * aDown;
        final long bRight = bNext & OFFSET_MASK;
        long aStart = a;
        long bAt = b;
        while (bAt < bEnd) {
            final long stop = Math.min(bEnd, bAt + LANES * bStep);
            long aAt = aStart;
            while (bAt < stop) {
                final long bNow = bAt & ADDRESS_MASK;
                final long aNow = aAt & ADDRESS_MASK;
                final FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
                final FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + bRight, ORDER);
                final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow));
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aDown));
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
                final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * aDown));
                s20 = a2.fma(b0, s20);
                s21 = a2.fma(b1, s21);
                final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + aDown3));
                s30 = a3.fma(b0, s30);
                s31 = a3.fma(b1, s31);
                aAt += Float.BYTES;
                bAt += bStep;
            }
            aStart += aJump;
        }
        final long factor = factors & ADDRESS_MASK;
        final long out0 = out & ADDRESS_MASK;
        final long outDown = outRow & OFFSET_MASK;
        final long outRight = outNext & OFFSET_MASK;
        final float factor0 = RawMemory.floatAt(factor);
        s00.mul(factor0).intoMemorySegment(ALL, out0, ORDER);
        s01.mul(factor0).intoMemorySegment(ALL, out0 + outRight, ORDER);
        final float factor1 = RawMemory.floatAt(factor + 1 * Float.BYTES);
        s10.mul(factor1).intoMemorySegment(ALL, out0 + outDown, ORDER);
        s11.mul(factor1).intoMemorySegment(ALL, out0 + outDown + outRight, ORDER);
        final float factor2 = RawMemory.floatAt(factor + 2 * Float.BYTES);
        s20.mul(factor2).intoMemorySegment(ALL, out0 + 2 * outDown, ORDER);
        s21.mul(factor2).intoMemorySegment(ALL, out0 + 2 * outDown + outRight, ORDER);
        final float factor3 = RawMemory.floatAt(factor + 3 * Float.BYTES);
        s30.mul(factor3).intoMemorySegment(ALL, out0 + 3 * outDown, ORDER);
        s31.mul(factor3).intoMemorySegment(ALL, out0 + 3 * outDown + outRight, ORDER);
    }

    /** Four rows by three vectors. After sixteen steps the left operand goes on {@code aJump} further. */
    private static void tile4x3(
            final long a,
            final long aJump,
            final long b,
            final long bEnd,
            final long bStep,
            final long from,
            final long fromRow,
            final long fromNext,
            final long factors,
            final long out,
            final long outRow) {
        final long from0 = from & ADDRESS_MASK;
        final long fromDown = fromRow & OFFSET_MASK;
        final long fromRight = fromNext & OFFSET_MASK;
        FloatVector s00 = FloatVector.fromMemorySegment(FLOATS, ALL, from0, ORDER);
        FloatVector s01 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromRight, ORDER);
        FloatVector s02 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromRight, ORDER);
        FloatVector s10 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromDown, ORDER);
        FloatVector s11 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromDown + fromRight, ORDER);
        FloatVector s12 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + fromDown + 2 * fromRight, ORDER);
        FloatVector s20 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromDown, ORDER);
        FloatVector s21 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromDown + fromRight, ORDER);
        FloatVector s22 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 2 * fromDown + 2 * fromRight, ORDER);
        FloatVector s30 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromDown, ORDER);
        FloatVector s31 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromDown + fromRight, ORDER);
        FloatVector s32 = FloatVector.fromMemorySegment(FLOATS, ALL, from0 + 3 * fromDown + 2 * fromRight, ORDER);
        long aStart = a;
        long bAt = b;
        while (bAt < bEnd) {
            final long stop = Math.min(bEnd, bAt + LANES * bStep);
            long aAt = aStart;
            while (bAt < stop) {
                final long bNow = bAt & ADDRESS_MASK;
                final long aNow = aAt & ADDRESS_MASK;
                final FloatVector b0 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow, ORDER);
                final FloatVector b1 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + FLOATS_BYTES, ORDER);
                final FloatVector b2 = FloatVector.fromMemorySegment(FLOATS, ALL, bNow + 2 * FLOATS_BYTES, ORDER);
                final FloatVector a0 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow));
                s00 = a0.fma(b0, s00);
                s01 = a0.fma(b1, s01);
                s02 = a0.fma(b2, s02);
                final FloatVector a1 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + PANEL_ROW_BYTES));
                s10 = a1.fma(b0, s10);
                s11 = a1.fma(b1, s11);
                s12 = a1.fma(b2, s12);
                final FloatVector a2 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 2 * PANEL_ROW_BYTES));
                s20 = a2.fma(b0, s20);
                s21 = a2.fma(b1, s21);
                s22 = a2.fma(b2, s22);
                final FloatVector a3 = FloatVector.broadcast(FLOATS, RawMemory.floatAt(aNow + 3 * PANEL_ROW_BYTES));
                s30 = a3.fma(b0, s30);
                s31 = a3.fma(b1, s31);
                s32 = a3.fma(b2, s32);
                aAt += Float.BYTES;
                bAt += bStep;
            }
            aStart += aJump;
        }
        final long factor = factors & ADDRESS_MASK;
        final long out0 = out & ADDRESS_MASK;
        final long outDown = outRow & OFFSET_MASK;
        final float factor0 = RawMemory.floatAt(factor);
        s00.mul(factor0).intoMemorySegment(ALL, out0, ORDER);
        s01.mul(factor0).intoMemorySegment(ALL, out0 + FLOATS_BYTES, ORDER);
        s02.mul(factor0).intoMemorySegment(ALL, out0 + 2 * FLOATS_BYTES, ORDER);
        final float factor1 = RawMemory.floatAt(factor + 1 * Float.BYTES);
        s10.mul(factor1).intoMemorySegment(ALL, out0 + outDown, ORDER);
        s11.mul(factor1).intoMemorySegment(ALL, out0 + outDown + FLOATS_BYTES, ORDER);
        s12.mul(factor1).intoMemorySegment(ALL, out0 + outDown + 2 * FLOATS_BYTES, ORDER);
        final float factor2 = RawMemory.floatAt(factor + 2 * Float.BYTES);
        s20.mul(factor2).intoMemorySegment(ALL, out0 + 2 * outDown, ORDER);
        s21.mul(factor2).intoMemorySegment(ALL, out0 + 2 * outDown + FLOATS_BYTES, ORDER);
        s22.mul(factor2).intoMemorySegment(ALL, out0 + 2 * outDown + 2 * FLOATS_BYTES, ORDER);
        final float factor3 = RawMemory.floatAt(factor + 3 * Float.BYTES);
        s30.mul(factor3).intoMemorySegment(ALL, out0 + 3 * outDown, ORDER);
        s31.mul(factor3).intoMemorySegment(ALL, out0 + 3 * outDown + FLOATS_BYTES, ORDER);
        s32.mul(factor3).intoMemorySegment(ALL, out0 + 3 * outDown + 2 * FLOATS_BYTES, ORDER);
    }
}
