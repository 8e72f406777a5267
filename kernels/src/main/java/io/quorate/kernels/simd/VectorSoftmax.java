package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.OFFSET_MASK;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The softmax on the vector unit: a pass for the maximum, a pass for the exponentials that leaves the sixteen virtual lanes of
 * the sum in memory, and at the end the sums of all rows of the block. The width is a constant of the class, as in
 * {@link VectorPrimitives}.
 */
final class VectorSoftmax implements VectorLoops.Softmax {
    private static final VectorWidth WIDTH = VectorWidth.ofClass(MethodHandles.lookup());
    private static final VectorSpecies<Float> FLOATS = WIDTH.floats();
    private static final VectorSpecies<Integer> INTS = WIDTH.ints();
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();
    private static final int LANES = CanonicalOrder.LANES;
    private static final int LANES_BYTES = LANES * Float.BYTES;

    /** The lanes lie in one vector, or in two. */
    private static final boolean IS_WIDE = FLOATS.length() == LANES;

    private static final boolean IS_HALF = 2 * FLOATS.length() == LANES;

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    /** Sixteen times 0, sixteen times minus infinity: what starts 16 - count floats in, masks all but count lanes by addition. */
    private static final long TAILS = tails();

    VectorSoftmax() {}

    private static long tails() {
        final long tails =
                Arena.global().allocate(2L * LANES_BYTES, LANES_BYTES).address();
        for (int lane = 0; lane < LANES; lane++) {
            RawMemory.putFloat(tails + (long) (LANES + lane) * Float.BYTES, Float.NEGATIVE_INFINITY);
        }
        return tails;
    }

    private static VectorShuffle<Float> rotation(final int lanes) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane + lanes) % FLOATS.length());
    }

    @Override
    public float maximum(final long row, final int count) {
        final int whole = count & -LANES;
        return ScalarPrimitives.maximumFrom(row, whole, count, orderedMaximum(row, end(row, whole), 2L * FLOATS_BYTES));
    }

    /**
     * The greatest of the floats in integer order. Bit patterns of floats from +0 up are ordered as integers, those from -0 down
     * the other way round: so the greatest integer wins unless it is negative, and then the least does, which is looked for only then.
     *
     * @param step the bytes of two vectors; the last pair overlaps the one before where their number is odd
     */
    private static int orderedMaximum(final long row, final long end, final long step) {
        final long start = row & ADDRESS_MASK;
        if (start == end) {
            return Integer.MIN_VALUE;
        }
        final long last = Math.max(start, end - step);
        IntVector greatest = IntVector.fromMemorySegment(INTS, ALL, last & ADDRESS_MASK, ORDER);
        IntVector other = IntVector.fromMemorySegment(INTS, ALL, (end - FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        long at = start;
        while (at < last) {
            final long now = at & ADDRESS_MASK;
            greatest = IntVector.fromMemorySegment(INTS, ALL, now, ORDER).max(greatest);
            other = IntVector.fromMemorySegment(INTS, ALL, now + FLOATS_BYTES, ORDER)
                    .max(other);
            at += step;
        }
        final int top = greatest.max(other).reduceLanes(VectorOperators.MAX);
        return top >= 0 ? top : leastInteger(start, end, FLOATS_BYTES) ^ ExpPolynomial.MAGNITUDE_MASK;
    }

    private static int leastInteger(final long start, final long end, final long step) {
        IntVector least = IntVector.fromMemorySegment(INTS, ALL, start & ADDRESS_MASK, ORDER);
        long at = start;
        while (at < end) {
            least = IntVector.fromMemorySegment(INTS, ALL, at & ADDRESS_MASK, ORDER)
                    .min(least);
            at += step;
        }
        return least.reduceLanes(VectorOperators.MIN);
    }

    @Override
    public float exponentials(
            final long row, final int count, final float maximum, final float factor, final long lanes) {
        final int whole = count & -LANES;
        exponentialPasses(row, end(row, whole), maximum, factor, lanes);
        ScalarPrimitives.exponentialsFrom(row, whole, count, maximum, factor, lanes);
        return CanonicalOrder.sumFloats(lanes);
    }

    private static void exponentialPasses(
            final long row, final long end, final float maximum, final float factor, final long lanes) {
        if (IS_WIDE) {
            exponentialPass(row, end, LANES_BYTES, maximum, factor, lanes);
            return;
        }
        for (long lane = 0; lane < LANES_BYTES; lane += 2 * FLOATS_BYTES) {
            exponentialPair(row + lane, end, LANES_BYTES, maximum, factor, lanes + lane);
        }
    }

    /**
     * {@link ExpPolynomial#exp2Negated}, step for step, over one vector of every sixteen elements. No
     * element is above the maximum, so u is never negative and its magnitude needs no mask.
     *
     * @param step the bytes of sixteen elements: not a constant, because C2 makes a nest of three loops of a counted one
     */
    private static void exponentialPass(
            final long row,
            final long end,
            final long step,
            final float maximum,
            final float factor,
            final long lanes) {
        FloatVector sum = FloatVector.zero(FLOATS);
        final FloatVector top = FloatVector.broadcast(FLOATS, maximum);
        long at = row & ADDRESS_MASK;
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
            final FloatVector result =
                    FloatVector.zero(FLOATS).blend(scaled, u.compare(VectorOperators.LE, ExpPolynomial.ARGUMENT_MAX));
            result.intoMemorySegment(ALL, now, ORDER);
            sum = result.add(sum);
            at += step;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
    }

    /** The same with two vectors a step, which halves what is not arithmetic. */
    private static void exponentialPair(
            final long row,
            final long end,
            final long step,
            final float maximum,
            final float factor,
            final long lanes) {
        FloatVector sum0 = FloatVector.zero(FLOATS);
        FloatVector sum1 = FloatVector.zero(FLOATS);
        final FloatVector top = FloatVector.broadcast(FLOATS, maximum);
        long at = row & ADDRESS_MASK;
        while (at < end) {
            final long now = at & ADDRESS_MASK;
            final FloatVector u0 = top.sub(FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER))
                    .mul(factor);
            final FloatVector shifted0 = u0.add(ExpPolynomial.ROUND);
            final FloatVector r0 = shifted0.sub(ExpPolynomial.ROUND).sub(u0);
            final FloatVector power0 = FloatVector.broadcast(FLOATS, ExpPolynomial.C5)
                    .fma(r0, FloatVector.broadcast(FLOATS, ExpPolynomial.C4))
                    .fma(r0, FloatVector.broadcast(FLOATS, ExpPolynomial.C3))
                    .fma(r0, FloatVector.broadcast(FLOATS, ExpPolynomial.C2))
                    .fma(r0, FloatVector.broadcast(FLOATS, ExpPolynomial.C1))
                    .fma(r0, FloatVector.broadcast(FLOATS, 1.0f));
            final FloatVector scaled0 = power0.viewAsIntegralLanes()
                    .sub(shifted0.viewAsIntegralLanes().lanewise(VectorOperators.LSHL, ExpPolynomial.EXPONENT_SHIFT))
                    .viewAsFloatingLanes();
            final FloatVector result0 =
                    FloatVector.zero(FLOATS).blend(scaled0, u0.compare(VectorOperators.LE, ExpPolynomial.ARGUMENT_MAX));
            result0.intoMemorySegment(ALL, now, ORDER);
            sum0 = result0.add(sum0);
            final FloatVector u1 = top.sub(FloatVector.fromMemorySegment(FLOATS, ALL, now + FLOATS_BYTES, ORDER))
                    .mul(factor);
            final FloatVector shifted1 = u1.add(ExpPolynomial.ROUND);
            final FloatVector r1 = shifted1.sub(ExpPolynomial.ROUND).sub(u1);
            final FloatVector power1 = FloatVector.broadcast(FLOATS, ExpPolynomial.C5)
                    .fma(r1, FloatVector.broadcast(FLOATS, ExpPolynomial.C4))
                    .fma(r1, FloatVector.broadcast(FLOATS, ExpPolynomial.C3))
                    .fma(r1, FloatVector.broadcast(FLOATS, ExpPolynomial.C2))
                    .fma(r1, FloatVector.broadcast(FLOATS, ExpPolynomial.C1))
                    .fma(r1, FloatVector.broadcast(FLOATS, 1.0f));
            final FloatVector scaled1 = power1.viewAsIntegralLanes()
                    .sub(shifted1.viewAsIntegralLanes().lanewise(VectorOperators.LSHL, ExpPolynomial.EXPONENT_SHIFT))
                    .viewAsFloatingLanes();
            final FloatVector result1 =
                    FloatVector.zero(FLOATS).blend(scaled1, u1.compare(VectorOperators.LE, ExpPolynomial.ARGUMENT_MAX));
            result1.intoMemorySegment(ALL, now + FLOATS_BYTES, ORDER);
            sum1 = result1.add(sum1);
            at += step;
        }
        final long to = lanes & ADDRESS_MASK;
        sum0.intoMemorySegment(ALL, to, ORDER);
        sum1.intoMemorySegment(ALL, to + FLOATS_BYTES, ORDER);
    }

    @Override
    public void softmaxRows(
            final long scores,
            final long stride,
            final int rows,
            final int count,
            final int paddedCount,
            final float factor,
            final long inverseSums,
            final long lanes) {
        if (IS_WIDE && paddedCount == LANES) {
            final long end = (inverseSums & ADDRESS_MASK) + (long) rows * Float.BYTES;
            final long tail = TAILS + (long) (LANES - count) * Float.BYTES;
            singleVectorRows(scores, stride, tail, factor, inverseSums & ADDRESS_MASK, end);
            return;
        }
        // All maxima first: no row's exponentials have to wait for the end of its own maximum then.
        for (int index = 0; index < rows; index++) {
            final long row = scores + index * stride;
            for (int j = count; j < paddedCount; j++) {
                RawMemory.putFloat(row + (long) j * Float.BYTES, Float.NEGATIVE_INFINITY);
            }
            final int top = orderedMaximum(row, end(row, paddedCount), 2L * FLOATS_BYTES);
            RawMemory.putFloat(inverseSums + (long) index * Float.BYTES, ScalarPrimitives.fromOrder(top));
        }
        for (int index = 0; index < rows; index++) {
            final long row = scores + index * stride;
            final float maximum = RawMemory.getFloat(inverseSums + (long) index * Float.BYTES);
            exponentialPasses(row, end(row, paddedCount), maximum, factor, lanes + (long) index * LANES_BYTES);
        }
        inverseSums(lanes & ADDRESS_MASK, (lanes & ADDRESS_MASK) + (long) rows * LANES_BYTES, inverseSums);
    }

    /**
     * Rows of up to sixteen scores, each in one vector from load to store, with nothing in memory between the steps; the rows do not
     * wait for one another. Adding a zero makes +0 of -0, which moves no difference of scores.
     */
    private static void singleVectorRows(
            final long scores,
            final long stride,
            final long tail,
            final float factor,
            final long inverseSums,
            final long inverseSumsEnd) {
        long row = scores;
        long to = inverseSums;
        while (to < inverseSumsEnd) {
            final FloatVector scored = FloatVector.fromMemorySegment(FLOATS, ALL, row & ADDRESS_MASK, ORDER)
                    .add(FloatVector.fromMemorySegment(FLOATS, ALL, tail & ADDRESS_MASK, ORDER));
            final IntVector bits = scored.viewAsIntegralLanes();
            final int top = bits.lanewise(
                            VectorOperators.XOR,
                            bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1))
                    .reduceLanes(VectorOperators.MAX);
            final FloatVector u = FloatVector.broadcast(FLOATS, ScalarPrimitives.fromOrder(top))
                    .sub(scored)
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
            final FloatVector result =
                    FloatVector.zero(FLOATS).blend(scaled, u.compare(VectorOperators.LE, ExpPolynomial.ARGUMENT_MAX));
            result.intoMemorySegment(ALL, row & ADDRESS_MASK, ORDER);
            final FloatVector eight = result.add(result.rearrange(BY_8));
            final FloatVector four = eight.add(eight.rearrange(BY_4));
            final FloatVector two = four.add(four.rearrange(BY_2));
            RawMemory.putFloat(to, 1.0f / two.add(two.rearrange(BY_1)).lane(0));
            row += stride;
            to += Float.BYTES;
        }
    }

    /** The fixed tree over the sixteen lanes of each row. */
    private static void inverseSums(final long lanes, final long lanesEnd, final long inverseSums) {
        long at = lanes;
        long to = inverseSums;
        while (at < lanesEnd) {
            RawMemory.putFloat(to, 1.0f / laneSum(at));
            at += LANES_BYTES;
            to += Float.BYTES;
        }
    }

    private static float laneSum(final long lanes) {
        if (!IS_WIDE && !IS_HALF) {
            return CanonicalOrder.sumFloats(lanes);
        }
        final FloatVector low = FloatVector.fromMemorySegment(FLOATS, ALL, lanes & ADDRESS_MASK, ORDER);
        final FloatVector eight = IS_WIDE
                ? low.add(low.rearrange(BY_8))
                : low.add(FloatVector.fromMemorySegment(FLOATS, ALL, (lanes + FLOATS_BYTES) & ADDRESS_MASK, ORDER));
        final FloatVector four = eight.add(eight.rearrange(BY_4));
        final FloatVector two = four.add(four.rearrange(BY_2));
        return two.add(two.rearrange(BY_1)).lane(0);
    }

    @Override
    public void accumulateRows(
            final long rowsAddress,
            final long stride,
            final int rows,
            final long factors,
            final long target,
            final int count) {
        final int whole = count & -LANES;
        final long factorsEnd = (factors & ADDRESS_MASK) + (long) rows * Float.BYTES;
        final long wholeBytes = (long) whole * Float.BYTES;
        for (long column = 0; column < wholeBytes; column += 4 * FLOATS_BYTES) {
            // Vectors beyond the last are the last once more: all of them hold the same bits.
            final long last = wholeBytes - column - FLOATS_BYTES;
            accumulateColumns(
                    rowsAddress + column,
                    stride,
                    Math.min(last, FLOATS_BYTES),
                    Math.min(last, 2 * FLOATS_BYTES),
                    Math.min(last, 3 * FLOATS_BYTES),
                    factors,
                    factorsEnd,
                    target + column);
        }
        ScalarPrimitives.accumulateRowsFrom(rowsAddress, stride, rows, factors, target, whole, count);
    }

    /** Four vectors of columns, so that four chains are under way; the last may stand for those that are not there. */
    private static void accumulateColumns(
            final long rowsAddress,
            final long stride,
            final long second,
            final long third,
            final long fourth,
            final long factors,
            final long factorsEnd,
            final long target) {
        final long skip1 = second & OFFSET_MASK;
        final long skip2 = third & OFFSET_MASK;
        final long skip3 = fourth & OFFSET_MASK;
        final long sums = target & ADDRESS_MASK;
        FloatVector sum0 = FloatVector.fromMemorySegment(FLOATS, ALL, sums, ORDER);
        FloatVector sum1 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + skip1, ORDER);
        FloatVector sum2 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + skip2, ORDER);
        FloatVector sum3 = FloatVector.fromMemorySegment(FLOATS, ALL, sums + skip3, ORDER);
        long row = rowsAddress;
        long factorAt = factors & ADDRESS_MASK;
        while (factorAt < factorsEnd) {
            final long now = row & ADDRESS_MASK;
            final FloatVector factor = FloatVector.broadcast(FLOATS, RawMemory.floatAt(factorAt & ADDRESS_MASK));
            sum0 = FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER).fma(factor, sum0);
            sum1 = FloatVector.fromMemorySegment(FLOATS, ALL, now + skip1, ORDER)
                    .fma(factor, sum1);
            sum2 = FloatVector.fromMemorySegment(FLOATS, ALL, now + skip2, ORDER)
                    .fma(factor, sum2);
            sum3 = FloatVector.fromMemorySegment(FLOATS, ALL, now + skip3, ORDER)
                    .fma(factor, sum3);
            row += stride;
            factorAt += Float.BYTES;
        }
        sum0.intoMemorySegment(ALL, sums, ORDER);
        sum1.intoMemorySegment(ALL, sums + skip1, ORDER);
        sum2.intoMemorySegment(ALL, sums + skip2, ORDER);
        sum3.intoMemorySegment(ALL, sums + skip3, ORDER);
    }

    @Override
    public void scaleRows(
            final long source,
            final long stride,
            final int rows,
            final long factors,
            final long out,
            final long outStride,
            final int columns) {
        final int whole = columns & -LANES;
        final long factorsEnd = (factors & ADDRESS_MASK) + (long) rows * Float.BYTES;
        scaleWhole(source, stride, factors & ADDRESS_MASK, factorsEnd, out, outStride, (long) whole * Float.BYTES);
        for (int row = 0; row < rows && whole < columns; row++) {
            final float factor = RawMemory.getFloat(factors + (long) row * Float.BYTES);
            ScalarPrimitives.scaleFrom(source + row * stride, factor, out + row * outStride, whole, columns);
        }
    }

    private static void scaleWhole(
            final long source,
            final long stride,
            final long factors,
            final long factorsEnd,
            final long out,
            final long outStride,
            final long wholeBytes) {
        long row = source;
        long target = out;
        long factor = factors;
        while (factor < factorsEnd) {
            final FloatVector scale = FloatVector.broadcast(FLOATS, RawMemory.getFloat(factor));
            long skip = 0;
            while (skip < wholeBytes) {
                FloatVector.fromMemorySegment(FLOATS, ALL, (row + skip) & ADDRESS_MASK, ORDER)
                        .mul(scale)
                        .intoMemorySegment(ALL, (target + skip) & ADDRESS_MASK, ORDER);
                skip += FLOATS_BYTES;
            }
            row += stride;
            target += outStride;
            factor += Float.BYTES;
        }
    }

    private static long end(final long start, final int floats) {
        return (start & ADDRESS_MASK) + (long) floats * Float.BYTES;
    }
}
