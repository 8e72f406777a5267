package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.OFFSET_MASK;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The loops of symmetric self-attention on the vector unit, with the bits of the defaults of {@link SymmetricLoops}. The width is
 * a constant of the class and the loops have the form that C2 compiles well, as in {@link VectorPrimitives}.
 */
final class VectorSymmetricLoops implements SymmetricLoops {
    private static final VectorWidth WIDTH = VectorWidth.ofClass(MethodHandles.lookup());
    private static final VectorSpecies<Float> FLOATS = WIDTH.floats();
    private static final VectorSpecies<Integer> INTS = WIDTH.ints();
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();
    private static final int LANES = CanonicalOrder.LANES;

    private static final int NEGATIVE_INFINITY_BITS = 0xff80_0000;

    /** One vector holds a row of a panel, so a block can be transposed in registers. */
    private static final boolean IS_WIDE = FLOATS.length() == LANES;

    /** Lanes of a pair of vectors, four patterns of sixteen ints. */
    static final long PATTERNS = patterns();

    private final SymmetricLoops tiles;

    /** @param tiles the two products */
    VectorSymmetricLoops(final SymmetricLoops tiles) {
        this.tiles = tiles;
    }

    /**
     * Two stages of 4 x 4 transpositions, the first of floats within 128-bit lanes, the second of the lanes. Both pick from pairs
     * of vectors: a0 b0 a1 b1 and a2 b2 a3 b3 in each lane, then the low or high halves; and the same over whole lanes.
     */
    private static long patterns() {
        final int[] table = new int[8 * LANES];
        for (int i = 0; i < LANES; i++) {
            final int lane = i & -4;
            final int second = (i & 1) * LANES;
            table[i] = lane + (i & 3) / 2 + second;
            table[LANES + i] = lane + 2 + (i & 3) / 2 + second;
            table[2 * LANES + i] = lane + (i & 1) + (i & 2) / 2 * LANES;
            table[3 * LANES + i] = lane + 2 + (i & 1) + (i & 2) / 2 * LANES;
            final int within = i & 3;
            final int group = i >> 2;
            final int otherSecond = (group & 1) * LANES;
            table[4 * LANES + i] = group / 2 * 4 + within + otherSecond;
            table[5 * LANES + i] = (2 + group / 2) * 4 + within + otherSecond;
            table[6 * LANES + i] = (group & 1) * 4 + within + group / 2 * LANES;
            table[7 * LANES + i] = (2 + (group & 1)) * 4 + within + group / 2 * LANES;
        }
        return Arena.global().allocateFrom(ValueLayout.JAVA_INT, table).address();
    }

    @Override
    public void transpose(
            final long source,
            final long sourceStride,
            final long target,
            final long targetStride,
            final long blockScratch) {
        if (IS_WIDE) {
            fours(source, sourceStride, 4 * sourceStride, blockScratch, 64, 256, PATTERNS);
            fours(blockScratch, 256, 64, target, 4 * targetStride, targetStride, PATTERNS + 4L * PANEL_ROW_BYTES);
        } else {
            VectorPacking.transpose(source, sourceStride, LANES, PANEL_ROW_BYTES, target, targetStride);
        }
    }

    /** Four times: four vectors are read, picked from in pairs, in two steps, and written. */
    static void fours(
            final long source,
            final long sourceStride,
            final long sourceStep,
            final long target,
            final long targetStride,
            final long targetStep,
            final long patterns) {
        final long table = patterns & ADDRESS_MASK;
        final IntVector low = IntVector.fromMemorySegment(INTS, ALL, table, ORDER);
        final IntVector high = IntVector.fromMemorySegment(INTS, ALL, table + PANEL_ROW_BYTES, ORDER);
        final IntVector left = IntVector.fromMemorySegment(INTS, ALL, table + 2 * PANEL_ROW_BYTES, ORDER);
        final IntVector right = IntVector.fromMemorySegment(INTS, ALL, table + 3 * PANEL_ROW_BYTES, ORDER);
        long from = source & ADDRESS_MASK;
        long to = target;
        final long end = from + 4 * sourceStep;
        while (from < end) {
            final IntVector a = IntVector.fromMemorySegment(INTS, ALL, from & ADDRESS_MASK, ORDER);
            final IntVector b = IntVector.fromMemorySegment(INTS, ALL, (from + sourceStride) & ADDRESS_MASK, ORDER);
            final IntVector c = IntVector.fromMemorySegment(INTS, ALL, (from + 2 * sourceStride) & ADDRESS_MASK, ORDER);
            final IntVector d = IntVector.fromMemorySegment(INTS, ALL, (from + 3 * sourceStride) & ADDRESS_MASK, ORDER);
            final IntVector abLow = low.selectFrom(a, b);
            final IntVector cdLow = low.selectFrom(c, d);
            final IntVector abHigh = high.selectFrom(a, b);
            final IntVector cdHigh = high.selectFrom(c, d);
            left.selectFrom(abLow, cdLow).intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            right.selectFrom(abLow, cdLow).intoMemorySegment(ALL, (to + targetStride) & ADDRESS_MASK, ORDER);
            left.selectFrom(abHigh, cdHigh).intoMemorySegment(ALL, (to + 2 * targetStride) & ADDRESS_MASK, ORDER);
            right.selectFrom(abHigh, cdHigh).intoMemorySegment(ALL, (to + 3 * targetStride) & ADDRESS_MASK, ORDER);
            from += sourceStep;
            to += targetStep;
        }
    }

    @Override
    public void clear(final long target, final int count) {
        final int whole = count & -LANES;
        long at = target & ADDRESS_MASK;
        final long end = at + (long) whole * Float.BYTES;
        while (at < end) {
            FloatVector.zero(FLOATS).intoMemorySegment(ALL, at & ADDRESS_MASK, ORDER);
            at += FLOATS_BYTES;
        }
        for (int j = whole; j < count; j++) {
            RawMemory.putInt(target + (long) j * Float.BYTES, 0);
        }
    }

    @Override
    public void squareLanes(final long source, final long stride, final int rows, final int count, final long sums) {
        final int whole = count & -LANES;
        int row = 0;
        for (; row + 4 <= rows; row += 4) {
            final long start = source + row * stride;
            final long end = (start & ADDRESS_MASK) + (long) whole * Float.BYTES;
            final long lanes = sums + (long) row * PANEL_ROW_BYTES;
            for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
                squareFourAlong(start + lane, stride, end, lanes + lane);
            }
        }
        for (; row < rows; row++) {
            final long start = source + row * stride;
            final long end = (start & ADDRESS_MASK) + (long) whole * Float.BYTES;
            final long lanes = sums + (long) row * PANEL_ROW_BYTES;
            for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
                squareAlong(start + lane, end, lanes + lane);
            }
        }
        for (row = 0; row < rows && whole < count; row++) {
            final long lanes = sums + (long) row * PANEL_ROW_BYTES;
            SymmetricLoops.squareLanesFrom(source + row * stride, whole, count, lanes);
        }
    }

    /** Four rows at a time, so that four chains are under way. */
    private static void squareFourAlong(final long row, final long stride, final long end, final long lanes) {
        FloatVector first = FloatVector.zero(FLOATS);
        FloatVector second = FloatVector.zero(FLOATS);
        FloatVector third = FloatVector.zero(FLOATS);
        FloatVector fourth = FloatVector.zero(FLOATS);
        long at = row & ADDRESS_MASK;
        while (at < end) {
            final FloatVector a = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER);
            final FloatVector b = FloatVector.fromMemorySegment(FLOATS, ALL, (at + stride) & ADDRESS_MASK, ORDER);
            final FloatVector c = FloatVector.fromMemorySegment(FLOATS, ALL, (at + 2 * stride) & ADDRESS_MASK, ORDER);
            final FloatVector d = FloatVector.fromMemorySegment(FLOATS, ALL, (at + 3 * stride) & ADDRESS_MASK, ORDER);
            first = a.fma(a, first);
            second = b.fma(b, second);
            third = c.fma(c, third);
            fourth = d.fma(d, fourth);
            at += PANEL_ROW_BYTES;
        }
        final long target = lanes & ADDRESS_MASK;
        first.intoMemorySegment(ALL, target, ORDER);
        second.intoMemorySegment(ALL, target + PANEL_ROW_BYTES, ORDER);
        third.intoMemorySegment(ALL, target + 2 * PANEL_ROW_BYTES, ORDER);
        fourth.intoMemorySegment(ALL, target + 3 * PANEL_ROW_BYTES, ORDER);
    }

    private static void squareAlong(final long row, final long end, final long lanes) {
        FloatVector sum = FloatVector.zero(FLOATS);
        long at = row & ADDRESS_MASK;
        while (at < end) {
            final FloatVector value = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER);
            sum = value.fma(value, sum);
            at += PANEL_ROW_BYTES;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
    }

    @Override
    public void squares(final long panels, final int depth, final int count, final long out) {
        final long panelBytes = (long) depth * PANEL_ROW_BYTES;
        for (int panel = 0; panel < count; panel++) {
            final long start = panels + panel * panelBytes;
            for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
                squaresDown(start + lane, panelBytes, out + (long) panel * PANEL_ROW_BYTES + lane);
            }
        }
    }

    private static void squaresDown(final long panel, final long panelBytes, final long out) {
        FloatVector sum = FloatVector.zero(FLOATS);
        long at = panel & ADDRESS_MASK;
        final long end = at + panelBytes;
        while (at < end) {
            final FloatVector value = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER);
            sum = value.fma(value, sum);
            at += PANEL_ROW_BYTES;
        }
        sum.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
    }

    @Override
    public void exponentials(final long block, final int rows, final float bound, final float factor, final long mask) {
        final long end = (block & ADDRESS_MASK) + (long) rows * PANEL_ROW_BYTES;
        for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
            exponentialsDown(block + lane, end, PANEL_ROW_BYTES, bound, factor, mask + lane);
        }
    }

    /** {@link ExpPolynomial#exp2Negated}, step for step, but one comparison does for mask and far keys: u is never below -126. */
    private static void exponentialsDown(
            final long block, final long end, final long step, final float bound, final float factor, final long mask) {
        // What an exponent may be at most: 126 where the mask is ones, below all numbers where it is zero.
        final IntVector kept = IntVector.fromMemorySegment(INTS, ALL, mask & ADDRESS_MASK, ORDER);
        final FloatVector limit = kept.and(ExpPolynomial.ARGUMENT_MAX_BITS)
                .or(kept.not().and(NEGATIVE_INFINITY_BITS))
                .viewAsFloatingLanes();
        final FloatVector top = FloatVector.broadcast(FLOATS, bound);
        long at = block & ADDRESS_MASK;
        while (at < end) {
            final long now = at & ADDRESS_MASK;
            final FloatVector u = top.sub(FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER))
                    .mul(factor);
            final FloatVector shifted = u.add(ExpPolynomial.ROUND);
            final FloatVector r = shifted.sub(ExpPolynomial.ROUND).sub(u);
            final FloatVector power = FloatVector.broadcast(FLOATS, ExpPolynomial.C5)
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C4))
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C3))
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C2))
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C1))
                    .fma(r, FloatVector.broadcast(FLOATS, 1.0f));
            final FloatVector scaled = power.viewAsIntegralLanes()
                    .sub(shifted.viewAsIntegralLanes().lanewise(VectorOperators.LSHL, ExpPolynomial.EXPONENT_SHIFT))
                    .viewAsFloatingLanes();
            FloatVector.zero(FLOATS)
                    .blend(scaled, u.compare(VectorOperators.LE, limit))
                    .intoMemorySegment(ALL, now, ORDER);
            at += step;
        }
    }

    @Override
    public void exponentialsAndSums(
            final long block, final int rows, final float bound, final float factor, final long mask, final long sums) {
        final long end = (block & ADDRESS_MASK) + (long) rows * PANEL_ROW_BYTES;
        for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
            exponentialsDownWithSums(block + lane, end, PANEL_ROW_BYTES, bound, factor, mask + lane, sums + lane);
        }
    }

    /** The same once more with one sum a row; a loop of its own, because C2 compiles small methods best. */
    private static void exponentialsDownWithSums(
            final long block,
            final long end,
            final long step,
            final float bound,
            final float factor,
            final long mask,
            final long sums) {
        // What an exponent may be at most: 126 where the mask is ones, below all numbers where it is zero.
        final IntVector kept = IntVector.fromMemorySegment(INTS, ALL, mask & ADDRESS_MASK, ORDER);
        final FloatVector limit = kept.and(ExpPolynomial.ARGUMENT_MAX_BITS)
                .or(kept.not().and(NEGATIVE_INFINITY_BITS))
                .viewAsFloatingLanes();
        final FloatVector top = FloatVector.broadcast(FLOATS, bound);
        long at = block & ADDRESS_MASK;
        long sumAt = sums;
        while (at < end) {
            final long now = at & ADDRESS_MASK;
            final FloatVector u = top.sub(FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER))
                    .mul(factor);
            final FloatVector shifted = u.add(ExpPolynomial.ROUND);
            final FloatVector r = shifted.sub(ExpPolynomial.ROUND).sub(u);
            final FloatVector power = FloatVector.broadcast(FLOATS, ExpPolynomial.C5)
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C4))
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C3))
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C2))
                    .fma(r, FloatVector.broadcast(FLOATS, ExpPolynomial.C1))
                    .fma(r, FloatVector.broadcast(FLOATS, 1.0f));
            final FloatVector scaled = power.viewAsIntegralLanes()
                    .sub(shifted.viewAsIntegralLanes().lanewise(VectorOperators.LSHL, ExpPolynomial.EXPONENT_SHIFT))
                    .viewAsFloatingLanes();
            final FloatVector result = FloatVector.zero(FLOATS).blend(scaled, u.compare(VectorOperators.LE, limit));
            result.intoMemorySegment(ALL, now, ORDER);
            final long sumNow = sumAt & ADDRESS_MASK;
            FloatVector.fromMemorySegment(FLOATS, ALL, sumNow, ORDER)
                    .add(result)
                    .intoMemorySegment(ALL, sumNow, ORDER);
            sumAt += step;
            at += step;
        }
    }

    @Override
    public void addPanels(final long panels, final long panelBytes, final int count, final int rows, final long sums) {
        final long end = (panels & ADDRESS_MASK) + count * panelBytes;
        final long rowsBytes = (long) rows * PANEL_ROW_BYTES;
        for (long at = 0; at < rowsBytes; at += 4L * FLOATS_BYTES) {
            addFour(panels + at, panelBytes, end, sums + at);
        }
    }

    private static void addFour(final long panels, final long panelBytes, final long end, final long sums) {
        final long target = sums & ADDRESS_MASK;
        FloatVector first = FloatVector.fromMemorySegment(FLOATS, ALL, target, ORDER);
        FloatVector second = FloatVector.fromMemorySegment(FLOATS, ALL, target + FLOATS_BYTES, ORDER);
        FloatVector third = FloatVector.fromMemorySegment(FLOATS, ALL, target + 2 * FLOATS_BYTES, ORDER);
        FloatVector fourth = FloatVector.fromMemorySegment(FLOATS, ALL, target + 3 * FLOATS_BYTES, ORDER);
        long at = panels & ADDRESS_MASK;
        while (at < end) {
            final long now = at & ADDRESS_MASK;
            first = FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER).add(first);
            second = FloatVector.fromMemorySegment(FLOATS, ALL, now + FLOATS_BYTES, ORDER)
                    .add(second);
            third = FloatVector.fromMemorySegment(FLOATS, ALL, now + 2 * FLOATS_BYTES, ORDER)
                    .add(third);
            fourth = FloatVector.fromMemorySegment(FLOATS, ALL, now + 3 * FLOATS_BYTES, ORDER)
                    .add(fourth);
            at += panelBytes;
        }
        first.intoMemorySegment(ALL, target, ORDER);
        second.intoMemorySegment(ALL, target + FLOATS_BYTES, ORDER);
        third.intoMemorySegment(ALL, target + 2 * FLOATS_BYTES, ORDER);
        fourth.intoMemorySegment(ALL, target + 3 * FLOATS_BYTES, ORDER);
    }

    @Override
    public void sumLanes(final long sums, final long out, final long twoBlocksScratch) {
        final long lanes = twoBlocksScratch + BLOCK_BYTES;
        transpose(sums, PANEL_ROW_BYTES, lanes, PANEL_ROW_BYTES, twoBlocksScratch);
        // Lane by lane the rows lie side by side now, so each step of the tree is one sum of two stretches of memory.
        for (int half = LANES / 2; half > 1; half >>= 1) {
            addStretch(lanes, lanes, half * PANEL_ROW_BYTES);
        }
        addStretch(lanes, out, PANEL_ROW_BYTES);
    }

    private static void addStretch(final long lanes, final long target, final long lengthBytes) {
        long at = lanes & ADDRESS_MASK;
        long to = target;
        final long end = at + lengthBytes;
        while (at < end) {
            final long now = at & ADDRESS_MASK;
            FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER)
                    .add(FloatVector.fromMemorySegment(FLOATS, ALL, (now + lengthBytes) & ADDRESS_MASK, ORDER))
                    .intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            at += FLOATS_BYTES;
            to += FLOATS_BYTES;
        }
    }

    @Override
    public void invert(final long values) {
        for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
            final long at = (values + lane) & ADDRESS_MASK;
            FloatVector.broadcast(FLOATS, 1.0f)
                    .div(FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER))
                    .intoMemorySegment(ALL, at, ORDER);
        }
    }

    @Override
    public void accumulatePanels(
            final long panels,
            final long panelBytes,
            final int count,
            final int rows,
            final long factors,
            final long target) {
        final long end = (factors & ADDRESS_MASK) + (long) rows * Float.BYTES;
        int panel = 0;
        for (; panel + 4 <= count; panel += 4) {
            for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
                downFour(
                        panels + panel * panelBytes + lane,
                        PANEL_ROW_BYTES,
                        panelBytes,
                        factors,
                        end,
                        target + (long) panel * PANEL_ROW_BYTES + lane);
            }
        }
        for (; panel < count; panel++) {
            for (long lane = 0; lane < PANEL_ROW_BYTES; lane += FLOATS_BYTES) {
                down(
                        panels + panel * panelBytes + lane,
                        PANEL_ROW_BYTES,
                        factors,
                        end,
                        target + (long) panel * PANEL_ROW_BYTES + lane);
            }
        }
    }

    private static void down(final long panel, final long step, final long factors, final long end, final long target) {
        FloatVector sum = FloatVector.fromMemorySegment(FLOATS, ALL, target & ADDRESS_MASK, ORDER);
        long factor = factors & ADDRESS_MASK;
        long at = panel;
        while (factor < end) {
            sum = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER)
                    .fma(FloatVector.broadcast(FLOATS, RawMemory.getFloat(factor)), sum);
            at += step;
            factor += Float.BYTES;
        }
        sum.intoMemorySegment(ALL, target & ADDRESS_MASK, ORDER);
    }

    /** Four panels side by side, so that four chains are under way. */
    private static void downFour(
            final long panels,
            final long step,
            final long panelBytes,
            final long factors,
            final long end,
            final long target) {
        final long sums = target & ADDRESS_MASK;
        FloatVector first = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER);
        FloatVector second = FloatVector.fromMemorySegment(FLOATS, ALL, sums + PANEL_ROW_BYTES, ORDER);
        FloatVector third = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 2 * PANEL_ROW_BYTES, ORDER);
        FloatVector fourth = FloatVector.fromMemorySegment(FLOATS, ALL, sums + 3 * PANEL_ROW_BYTES, ORDER);
        final long next = panelBytes & OFFSET_MASK;
        long factor = factors;
        long row = panels;
        while (factor < end) {
            final FloatVector by = FloatVector.broadcast(FLOATS, RawMemory.floatAt(factor & ADDRESS_MASK));
            final long now = row & ADDRESS_MASK;
            first = FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER).fma(by, first);
            second = FloatVector.fromMemorySegment(FLOATS, ALL, now + next, ORDER)
                    .fma(by, second);
            third = FloatVector.fromMemorySegment(FLOATS, ALL, now + 2 * next, ORDER)
                    .fma(by, third);
            fourth = FloatVector.fromMemorySegment(FLOATS, ALL, now + 3 * next, ORDER)
                    .fma(by, fourth);
            row += step;
            factor += Float.BYTES;
        }
        first.intoMemorySegment(ALL, sums, ORDER);
        second.intoMemorySegment(ALL, sums + PANEL_ROW_BYTES, ORDER);
        third.intoMemorySegment(ALL, sums + 2 * PANEL_ROW_BYTES, ORDER);
        fourth.intoMemorySegment(ALL, sums + 3 * PANEL_ROW_BYTES, ORDER);
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
        tiles.scores(x, xStride, rows, depth, panels, count, out, outPanelBytes);
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
        tiles.accumulateValues(
                panels, panelBytes, depth, rows, values, valuesStride, columns, isFresh, sums, factors, out, outStride);
    }
}
