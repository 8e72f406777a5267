package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.OFFSET_MASK;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link SmallSymmetricLoops} at 128 bits and more: one, two or four heads a vector. What is kept of a head is by distance: the lane of
 * row i holds s_ii, s_i(i+1) and s_i(i+2), indices modulo 4, in three vectors. By symmetry that is all: s_i(i+3) is the second
 * vector's lane i + 3. A row's sum needs no shuffle then: (e_ii + e_i(i+2)) + (e_i(i+1) + e_i(i+3)) is the tree of
 * {@link CanonicalOrder}, whose other lanes are zero, up to the order of two addends.
 */
final class VectorSmallSymmetric implements SmallSymmetricLoops {
    /** Narrower vectors hold no head. */
    static final int BITS_MIN = 128;

    private static final VectorSpecies<Float> FLOATS =
            VectorWidth.ofClass(MethodHandles.lookup()).floats();
    private static final VectorSpecies<Float> FOUR_FLOATS = FloatVector.SPECIES_128;
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();
    private static final int HEAD_BYTES = ROWS * Float.BYTES;
    private static final int HEADS = FLOATS.length() / ROWS;
    private static final int DISTANCES = 3;
    private static final int LANES = CanonicalOrder.LANES;

    /** Blocks of sixteen rows and columns are transposed by the class of the preferred width, so that has to be this one. */
    private static final boolean IS_WIDE =
            FLOATS.length() == LANES && VectorWidth.preferredBits() == FLOATS.vectorBitSize();

    private static final VectorShuffle<Float> BY_1 = rotation(1);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_3 = rotation(3);
    private static final VectorShuffle<Float> ROW_0 = broadcast(0);
    private static final VectorShuffle<Float> ROW_1 = broadcast(1);
    private static final VectorShuffle<Float> ROW_2 = broadcast(2);
    private static final VectorShuffle<Float> ROW_3 = broadcast(3);
    private static final VectorMask<Float> IS_0 = lanesOf(0);
    private static final VectorMask<Float> IS_1 = lanesOf(1);
    private static final VectorMask<Float> IS_2 = lanesOf(2);
    private static final VectorMask<Float> IS_3 = lanesOf(3);

    VectorSmallSymmetric() {}

    private static VectorShuffle<Float> rotation(final int rows) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane & -ROWS) + (lane + rows) % ROWS);
    }

    private static VectorShuffle<Float> broadcast(final int row) {
        return VectorShuffle.fromOp(FLOATS, lane -> (lane & -ROWS) + row);
    }

    private static VectorMask<Float> lanesOf(final int row) {
        return VectorMask.fromLong(FLOATS, 0x1111L << row);
    }

    private static long groups(final int heads) {
        return (heads + HEADS - 1) / HEADS;
    }

    /** Where the exponentials start, behind the transposed rows; until then they are scores. */
    private static long exponentialsAt(final int heads, final int headDim, final long scratch) {
        return scratch + groups(heads) * headDim * FLOATS_BYTES;
    }

    private static long inversesAt(final int heads, final int headDim, final long scratch) {
        return exponentialsAt(heads, headDim, scratch) + groups(heads) * DISTANCES * FLOATS_BYTES;
    }

    @Override
    public int scores(final long x, final long xStride, final int heads, final int headDim, final long scratch) {
        final long headStride = (long) headDim * Float.BYTES;
        final long groupBytes = (long) headDim * FLOATS_BYTES;
        final int inBlocks = IS_WIDE && headDim % LANES == 0 ? heads & -HEADS : 0;
        final long block = inversesAt(heads, headDim, scratch) + 2 * groups(heads) * FLOATS_BYTES;
        for (int head = 0; head < inBlocks; head += HEADS) {
            transposeInBlocks(x + head * headStride, xStride, headStride, scratch + head / HEADS * groupBytes, block);
        }
        for (int head = inBlocks; head < heads; head++) {
            // Four rows of one head become four lanes of every step.
            final long to = scratch + head / HEADS * groupBytes + (long) head % HEADS * HEAD_BYTES;
            VectorPacking.transpose(x + head * headStride, xStride, ROWS, headStride, to, FLOATS_BYTES);
        }
        final long scores = exponentialsAt(heads, headDim, scratch);
        for (int group = 0; group < groups(heads); group++) {
            final long from = (scratch + group * groupBytes) & ADDRESS_MASK;
            scoresOfGroup(from, from + groupBytes, scores + (long) group * DISTANCES * FLOATS_BYTES);
        }
        final long squares = inversesAt(heads, headDim, scratch);
        sumHeads(scores, (long) DISTANCES * FLOATS_BYTES, heads, squares);
        int greatest = 0;
        for (int row = 0; row < ROWS; row++) {
            final int bits = RawMemory.getInt(squares + (long) row * Float.BYTES) & ExpPolynomial.MAGNITUDE_MASK;
            greatest = Math.max(greatest, bits);
        }
        return greatest;
    }

    /** Four rows of four heads become sixteen lanes, sixteen steps at a time, in half the time of {@link VectorPacking#transpose}. */
    private static void transposeInBlocks(
            final long x, final long xStride, final long headStride, final long target, final long block) {
        final long step = (long) LANES * Float.BYTES;
        final long four = ROWS * step;
        long to = target;
        for (long at = 0; at < headStride; at += step) {
            VectorSymmetricLoops.fours(x + at, xStride, headStride, block, step, four, VectorSymmetricLoops.PATTERNS);
            VectorSymmetricLoops.fours(block, four, step, to, four, step, VectorSymmetricLoops.PATTERNS + ROWS * step);
            to += LANES * step;
        }
    }

    private static void scoresOfGroup(final long from, final long end, final long out) {
        FloatVector same = FloatVector.zero(FLOATS);
        FloatVector next = FloatVector.zero(FLOATS);
        FloatVector afterNext = FloatVector.zero(FLOATS);
        long at = from;
        while (at < end) {
            final FloatVector step = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER);
            same = step.fma(step, same);
            next = step.rearrange(BY_1).fma(step, next);
            afterNext = step.rearrange(BY_2).fma(step, afterNext);
            at += FLOATS_BYTES;
        }
        same.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
        next.intoMemorySegment(ALL, (out + FLOATS_BYTES) & ADDRESS_MASK, ORDER);
        afterNext.intoMemorySegment(ALL, (out + 2 * FLOATS_BYTES) & ADDRESS_MASK, ORDER);
    }

    /** Four lanes of each head, heads ascending. */
    private static void sumHeads(final long groups, final long groupBytes, final int heads, final long out) {
        FloatVector sum = FloatVector.zero(FOUR_FLOATS);
        long group = groups;
        int left = heads;
        while (left > 0) {
            final long end = group + Math.min(left, HEADS) * HEAD_BYTES;
            long at = group;
            while (at < end) {
                sum = FloatVector.fromMemorySegment(FOUR_FLOATS, ALL, at & ADDRESS_MASK, ORDER)
                        .add(sum);
                at += HEAD_BYTES;
            }
            group += groupBytes;
            left -= HEADS;
        }
        sum.intoMemorySegment(ALL, out & ADDRESS_MASK, ORDER);
    }

    @Override
    public void influence(
            final int heads, final int headDim, final float factor, final long scratch, final long influence) {
        final long inverses = inversesAt(heads, headDim, scratch);
        final long weights = inverses + groups(heads) * FLOATS_BYTES;
        long at = exponentialsAt(heads, headDim, scratch);
        for (int group = 0; group < groups(heads); group++) {
            exponentialsOfGroup(at, factor);
            invertSums(at, inverses + (long) group * FLOATS_BYTES);
            weigh(at, inverses + (long) group * FLOATS_BYTES, weights + (long) group * FLOATS_BYTES);
            at += DISTANCES * FLOATS_BYTES;
        }
        sumHeads(weights, FLOATS_BYTES, heads, influence);
    }

    /** The bound of each head is its greatest s_ii, none of which is negative; then {@link ExpPolynomial}, step for step. */
    private static void exponentialsOfGroup(final long scores, final float factor) {
        final FloatVector squares = FloatVector.fromMemorySegment(FLOATS, ALL, scores & ADDRESS_MASK, ORDER);
        final FloatVector pairs = squares.viewAsIntegralLanes()
                .max(squares.rearrange(BY_1).viewAsIntegralLanes())
                .viewAsFloatingLanes();
        final FloatVector top = pairs.viewAsIntegralLanes()
                .max(pairs.rearrange(BY_2).viewAsIntegralLanes())
                .viewAsFloatingLanes();
        long at = scores & ADDRESS_MASK;
        final long end = at + DISTANCES * FLOATS_BYTES;
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
            final IntVector keep = u.viewAsIntegralLanes()
                    .and(ExpPolynomial.MAGNITUDE_MASK)
                    .sub(ExpPolynomial.ARGUMENT_MAX_BITS + 1)
                    .lanewise(VectorOperators.ASHR, 31);
            power.viewAsIntegralLanes()
                    .sub(shifted.viewAsIntegralLanes().lanewise(VectorOperators.LSHL, ExpPolynomial.EXPONENT_SHIFT))
                    .and(keep)
                    .intoMemorySegment(ALL, now, ORDER);
            at += FLOATS_BYTES;
        }
    }

    private static void invertSums(final long exponentials, final long inverses) {
        final long at = exponentials & ADDRESS_MASK;
        final FloatVector same = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER);
        final FloatVector next = FloatVector.fromMemorySegment(FLOATS, ALL, at + FLOATS_BYTES, ORDER);
        final FloatVector afterNext = FloatVector.fromMemorySegment(FLOATS, ALL, at + 2 * FLOATS_BYTES, ORDER);
        final FloatVector sum = same.add(afterNext).add(next.add(next.rearrange(BY_3)));
        FloatVector.broadcast(FLOATS, 1.0f).div(sum).intoMemorySegment(ALL, inverses & ADDRESS_MASK, ORDER);
    }

    /** weights[j] = sum over i of e_ij (1 / l_i), i ascending. Lane j has e_ij at distance i - j. */
    private static void weigh(final long exponentials, final long inverses, final long weights) {
        final long at = exponentials & ADDRESS_MASK;
        final FloatVector same = FloatVector.fromMemorySegment(FLOATS, ALL, at, ORDER);
        final FloatVector next = FloatVector.fromMemorySegment(FLOATS, ALL, at + FLOATS_BYTES, ORDER);
        final FloatVector afterNext = FloatVector.fromMemorySegment(FLOATS, ALL, at + 2 * FLOATS_BYTES, ORDER);
        final FloatVector before = next.rearrange(BY_3);
        final FloatVector inverse = FloatVector.fromMemorySegment(FLOATS, ALL, inverses & ADDRESS_MASK, ORDER);
        final FloatVector from0 =
                same.blend(before, IS_1).blend(afterNext, IS_2).blend(next, IS_3);
        final FloatVector from1 = next.blend(same, IS_1).blend(before, IS_2).blend(afterNext, IS_3);
        final FloatVector from2 = afterNext.blend(next, IS_1).blend(same, IS_2).blend(before, IS_3);
        final FloatVector from3 =
                same.blend(before, IS_0).blend(afterNext, IS_1).blend(next, IS_2);
        from3.fma(
                        inverse.rearrange(ROW_3),
                        from2.fma(
                                inverse.rearrange(ROW_2),
                                from1.fma(
                                        inverse.rearrange(ROW_1),
                                        from0.fma(inverse.rearrange(ROW_0), FloatVector.zero(FLOATS)))))
                .intoMemorySegment(ALL, weights & ADDRESS_MASK, ORDER);
    }

    @Override
    public void values(
            final long v,
            final long vStride,
            final int heads,
            final int headDim,
            final long scratch,
            final long out,
            final long outStride) {
        final long headStride = (long) headDim * Float.BYTES;
        final long whole = (long) (headDim & -FLOATS.length()) * Float.BYTES;
        final long exponentials = exponentialsAt(heads, headDim, scratch);
        final long inverses = inversesAt(heads, headDim, scratch);
        for (int head = 0; head < heads; head++) {
            final long within = (long) head % HEADS * HEAD_BYTES;
            final long e = exponentials + (long) (head / HEADS) * DISTANCES * FLOATS_BYTES + within;
            final long factors = inverses + (long) (head / HEADS) * FLOATS_BYTES + within;
            final long from = (v + head * headStride) & ADDRESS_MASK;
            final long to = out + head * headStride;
            valuesOfHead(
                    RawMemory.getFloat(e),
                    RawMemory.getFloat(e + 4),
                    RawMemory.getFloat(e + 8),
                    RawMemory.getFloat(e + 12),
                    RawMemory.getFloat(e + FLOATS_BYTES),
                    RawMemory.getFloat(e + FLOATS_BYTES + 4),
                    RawMemory.getFloat(e + FLOATS_BYTES + 8),
                    RawMemory.getFloat(e + FLOATS_BYTES + 12),
                    RawMemory.getFloat(e + 2 * FLOATS_BYTES),
                    RawMemory.getFloat(e + 2 * FLOATS_BYTES + 4),
                    RawMemory.getFloat(factors),
                    RawMemory.getFloat(factors + 4),
                    RawMemory.getFloat(factors + 8),
                    RawMemory.getFloat(factors + 12),
                    from,
                    from + whole,
                    FLOATS_BYTES,
                    vStride,
                    to,
                    outStride);
            if (whole < headStride) {
                lastValues(e, factors, from + whole, from + headStride, vStride, to + whole, outStride);
            }
        }
    }

    /**
     * Four rows of values. The scalars are arguments because their loads, inlined here, brought C2 near the number of nodes above
     * which it inlines nothing any more, and then some sums were objects.
     */
    private static void valuesOfHead(
            final float e00,
            final float e11,
            final float e22,
            final float e33,
            final float e01,
            final float e12,
            final float e23,
            final float e30,
            final float e02,
            final float e13,
            final float factor0,
            final float factor1,
            final float factor2,
            final float factor3,
            final long from,
            final long end,
            final long step,
            final long stride,
            final long out,
            final long outStride) {
        final long down = stride & OFFSET_MASK;
        final long outDown = outStride & OFFSET_MASK;
        final FloatVector zero = FloatVector.zero(FLOATS);
        long at = from;
        long to = out;
        while (at < end) {
            final long now = at & ADDRESS_MASK;
            final FloatVector v0 = FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER);
            final FloatVector v1 = FloatVector.fromMemorySegment(FLOATS, ALL, now + down, ORDER);
            final FloatVector v2 = FloatVector.fromMemorySegment(FLOATS, ALL, now + 2 * down, ORDER);
            final FloatVector v3 = FloatVector.fromMemorySegment(FLOATS, ALL, now + 3 * down, ORDER);
            final FloatVector by01 = FloatVector.broadcast(FLOATS, e01);
            final FloatVector by02 = FloatVector.broadcast(FLOATS, e02);
            final FloatVector by30 = FloatVector.broadcast(FLOATS, e30);
            final FloatVector by12 = FloatVector.broadcast(FLOATS, e12);
            final FloatVector by13 = FloatVector.broadcast(FLOATS, e13);
            final FloatVector by23 = FloatVector.broadcast(FLOATS, e23);
            final FloatVector sum0 =
                    v3.fma(by30, v2.fma(by02, v1.fma(by01, v0.fma(FloatVector.broadcast(FLOATS, e00), zero))));
            final FloatVector sum1 =
                    v3.fma(by13, v2.fma(by12, v1.fma(FloatVector.broadcast(FLOATS, e11), v0.fma(by01, zero))));
            final FloatVector sum2 =
                    v3.fma(by23, v2.fma(FloatVector.broadcast(FLOATS, e22), v1.fma(by12, v0.fma(by02, zero))));
            final FloatVector sum3 =
                    v3.fma(FloatVector.broadcast(FLOATS, e33), v2.fma(by23, v1.fma(by13, v0.fma(by30, zero))));
            final long target = to & ADDRESS_MASK;
            sum0.mul(factor0).intoMemorySegment(ALL, target, ORDER);
            sum1.mul(factor1).intoMemorySegment(ALL, target + outDown, ORDER);
            sum2.mul(factor2).intoMemorySegment(ALL, target + 2 * outDown, ORDER);
            sum3.mul(factor3).intoMemorySegment(ALL, target + 3 * outDown, ORDER);
            at += step;
            to += step;
        }
    }

    /** What is left of a head behind its last whole vector. */
    private static void lastValues(
            final long e,
            final long factors,
            final long from,
            final long end,
            final long stride,
            final long out,
            final long outStride) {
        for (int row = 0; row < ROWS; row++) {
            final float factor = RawMemory.getFloat(factors + (long) row * Float.BYTES);
            for (long at = from; at < end; at += Float.BYTES) {
                float sum = 0.0f;
                for (int j = 0; j < ROWS; j++) {
                    sum = Math.fma(exponential(e, row, j), RawMemory.getFloat(at + j * stride), sum);
                }
                RawMemory.putFloat(out + row * outStride + (at - from), sum * factor);
            }
        }
    }

    private static float exponential(final long e, final int row, final int column) {
        final int distance = (column - row) & (ROWS - 1);
        return distance < DISTANCES
                ? RawMemory.getFloat(e + (long) distance * FLOATS_BYTES + (long) row * Float.BYTES)
                : RawMemory.getFloat(e + FLOATS_BYTES + (long) column * Float.BYTES);
    }
}
