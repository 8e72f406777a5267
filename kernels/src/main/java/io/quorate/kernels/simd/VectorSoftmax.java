package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

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

    VectorSoftmax() {}

    private static VectorShuffle<Float> rotation(final int lanes) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane + lanes) % FLOATS.length());
    }

    @Override
    public float maximum(final long row, final int count) {
        final int whole = count & -LANES;
        return ScalarPrimitives.maximumFrom(row, whole, count, orderedMaximum(row, end(row, whole)));
    }

    /**
     * The greatest of the floats in integer order. Bit patterns of floats from +0 up are ordered as integers, those from -0 down
     * the other way round: so the greatest integer wins unless it is negative, and then the least does.
     */
    private static int orderedMaximum(final long row, final long end) {
        IntVector greatest = IntVector.broadcast(INTS, Integer.MIN_VALUE);
        IntVector least = IntVector.broadcast(INTS, Integer.MAX_VALUE);
        long at = row & ADDRESS_MASK;
        while (at < end) {
            final IntVector bits = IntVector.fromMemorySegment(INTS, ALL, at & ADDRESS_MASK, ORDER);
            greatest = greatest.max(bits);
            least = least.min(bits);
            at += FLOATS_BYTES;
        }
        if (at == (row & ADDRESS_MASK)) {
            return Integer.MIN_VALUE;
        }
        final int top = greatest.reduceLanes(VectorOperators.MAX);
        return top >= 0 ? top : least.reduceLanes(VectorOperators.MIN) ^ ExpPolynomial.MAGNITUDE_MASK;
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
        for (long lane = 0; lane < LANES_BYTES; lane += FLOATS_BYTES) {
            exponentialPass(row + lane, end, maximum, factor, lanes + lane);
        }
    }

    /**
     * {@link ExpPolynomial#exp2Negated}, step for step, over every group of sixteen elements' share of one vector of lanes. No
     * element is above the maximum, so u is never negative and its magnitude needs no mask.
     */
    private static void exponentialPass(
            final long row, final long end, final float maximum, final float factor, final long lanes) {
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
            sum = sum.add(result);
            at += LANES_BYTES;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
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
        for (int index = 0; index < rows; index++) {
            final long row = scores + index * stride;
            for (int j = count; j < paddedCount; j++) {
                RawMemory.putFloat(row + (long) j * Float.BYTES, Float.NEGATIVE_INFINITY);
            }
            final long rowEnd = end(row, paddedCount);
            final float maximum = ScalarPrimitives.fromOrder(orderedMaximum(row, rowEnd));
            exponentialPasses(row, rowEnd, maximum, factor, lanes + (long) index * LANES_BYTES);
        }
        inverseSums(lanes & ADDRESS_MASK, (lanes & ADDRESS_MASK) + (long) rows * LANES_BYTES, inverseSums);
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

    private static long end(final long start, final int floats) {
        return (start & ADDRESS_MASK) + (long) floats * Float.BYTES;
    }
}
