package io.quorate.benchmarks.unordered;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The softmax of our kernels without a defined order: a sum in as many lanes as a vector has and the vector unit's own reduction
 * over them, the scale folded into one FMA, a maximum that does not order zeros, the influence in two partial sums. The exponential
 * is the same polynomial, so the accuracy is the same. Its bits depend on the vector width. Only for measuring what the defined
 * order costs. Loads and stores are written out: C2 calls helpers that it has compiled before, and then every vector is an object.
 */
final class FreeSoftmax {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED.withShape(
            VectorShape.forBitSize(Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize())));
    private static final long BYTES = FLOATS.vectorByteSize();

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final long ADDRESS_MASK = (1L << 56) - 1;
    private static final long OFFSET_MASK = (1L << 29) - 1;
    private static final MemorySegment ALL = wholeAddressSpace();
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private static final float ROUND = 0x1.8p23f;
    private static final int EXPONENT_SHIFT = 23;
    private static final float ARGUMENT_MAX = 126.0f;
    private static final float C1 = 0x1.62e42ap-1f;
    private static final float C2 = 0x1.ebf9c2p-3f;
    private static final float C3 = 0x1.c6b6d8p-5f;
    private static final float C4 = 0x1.3ce8acp-7f;
    private static final float C5 = 0x1.5bda4p-10f;

    private FreeSoftmax() {}

    @SuppressWarnings("restricted")
    private static MemorySegment wholeAddressSpace() {
        return MemorySegment.NULL.reinterpret(Long.MAX_VALUE);
    }

    private static float get(final long address) {
        return ALL.get(FLOAT, address & ADDRESS_MASK);
    }

    private static void put(final long address, final float value) {
        ALL.set(FLOAT, address & ADDRESS_MASK, value);
    }

    /** As {@link io.quorate.kernels.simd.Primitives#softmaxRows}, except for the bits of the sums. */
    static void softmaxRows(
            final long scores,
            final long stride,
            final int rows,
            final int count,
            final int paddedCount,
            final float factor,
            final long inverseSums,
            final long lanes) {
        final long bytes = (long) paddedCount * Float.BYTES;
        for (int index = 0; index < rows; index++) {
            final long row = scores + index * stride;
            for (int j = count; j < paddedCount; j++) {
                put(row + (long) j * Float.BYTES, Float.NEGATIVE_INFINITY);
            }
            put(inverseSums + (long) index * Float.BYTES, maximum(row, row + bytes));
        }
        for (int index = 0; index < rows; index++) {
            final long row = scores + index * stride;
            final float maximum = get(inverseSums + (long) index * Float.BYTES);
            powers(row, row + bytes, BYTES, maximum, factor, lanes + index * BYTES);
        }
        for (int index = 0; index < rows; index++) {
            final float sum = FloatVector.fromMemorySegment(FLOATS, ALL, (lanes + index * BYTES) & ADDRESS_MASK, ORDER)
                    .reduceLanes(VectorOperators.ADD);
            put(inverseSums + (long) index * Float.BYTES, 1.0f / sum);
        }
    }

    /** Of the even vectors and of the odd ones; the last of an odd number of them is its own neighbour. */
    private static float maximum(final long row, final long end) {
        FloatVector even = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        FloatVector odd = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        long at = row;
        while (at < end) {
            final long next = at + BYTES < end ? BYTES : 0;
            final FloatVector left = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER);
            final FloatVector right = FloatVector.fromMemorySegment(FLOATS, ALL, (at + next) & ADDRESS_MASK, ORDER);
            even = left.blend(even, left.compare(VectorOperators.LE, even));
            odd = right.blend(odd, right.compare(VectorOperators.LE, odd));
            at += 2 * BYTES;
        }
        final IntVector bits =
                even.blend(odd, odd.compare(VectorOperators.GT, even)).viewAsIntegralLanes();
        // Integers are reduced faster than floats; the order of zeros does not matter.
        final int top = bits.lanewise(
                        VectorOperators.XOR,
                        bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1))
                .reduceLanes(VectorOperators.MAX);
        return Float.intBitsToFloat(top ^ ((top >> 31) >>> 1));
    }

    /**
     * Powers in place; their sum lane by lane goes to memory. Two vectors a step with a sum each were slower at 64 keys and no faster
     * at more.
     */
    private static void powers(
            final long row,
            final long end,
            final long step,
            final float maximum,
            final float factor,
            final long lanes) {
        final FloatVector minusFactor = FloatVector.broadcast(FLOATS, -factor);
        final FloatVector top = FloatVector.broadcast(FLOATS, maximum * factor);
        FloatVector sum = FloatVector.zero(FLOATS);
        long at = row;
        while (at < end) {
            final FloatVector u = FloatVector.fromMemorySegment(FLOATS, ALL, at & ADDRESS_MASK, ORDER)
                    .fma(minusFactor, top);
            final FloatVector shifted = u.add(ROUND);
            final FloatVector r = shifted.sub(ROUND).sub(u);
            final FloatVector power = FloatVector.broadcast(FLOATS, C5)
                    .fma(r, FloatVector.broadcast(FLOATS, C4))
                    .fma(r, FloatVector.broadcast(FLOATS, C3))
                    .fma(r, FloatVector.broadcast(FLOATS, C2))
                    .fma(r, FloatVector.broadcast(FLOATS, C1))
                    .fma(r, FloatVector.broadcast(FLOATS, 1.0f));
            final FloatVector scaled = power.viewAsIntegralLanes()
                    .sub(shifted.viewAsIntegralLanes().lanewise(VectorOperators.LSHL, EXPONENT_SHIFT))
                    .viewAsFloatingLanes();
            final FloatVector result =
                    FloatVector.zero(FLOATS).blend(scaled, u.compare(VectorOperators.LE, ARGUMENT_MAX));
            result.intoMemorySegment(ALL, at & ADDRESS_MASK, ORDER);
            sum = result.add(sum);
            at += step;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
    }

    /** As {@link io.quorate.kernels.simd.Primitives#accumulateRows}, the even rows and the odd ones apart; whole vectors only. */
    static void accumulateRows(
            final long rowsAddress,
            final long stride,
            final int rows,
            final long factors,
            final long target,
            final int count) {
        final long bytes = (long) count * Float.BYTES;
        for (long column = 0; column < bytes; column += 2 * BYTES) {
            final long next = column + BYTES < bytes ? BYTES : 0;
            accumulateColumns(rowsAddress + column, stride, rows, next, factors, target + column);
        }
    }

    private static void accumulateColumns(
            final long rowsAddress,
            final long stride,
            final int rows,
            final long next,
            final long factors,
            final long target) {
        FloatVector evenLeft = FloatVector.fromMemorySegment(FLOATS, ALL, target & ADDRESS_MASK, ORDER);
        FloatVector evenRight = FloatVector.fromMemorySegment(FLOATS, ALL, (target + next) & ADDRESS_MASK, ORDER);
        FloatVector oddLeft = FloatVector.zero(FLOATS);
        FloatVector oddRight = FloatVector.zero(FLOATS);
        long row = rowsAddress;
        long at = factors & ADDRESS_MASK;
        final long end = at + (long) rows * Float.BYTES;
        final long right = next & OFFSET_MASK;
        final long down = stride & OFFSET_MASK;
        while (at + Float.BYTES < end) {
            final FloatVector even = FloatVector.broadcast(FLOATS, get(at));
            final FloatVector odd = FloatVector.broadcast(FLOATS, get(at + Float.BYTES));
            final long now = row & ADDRESS_MASK;
            evenLeft = FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER).fma(even, evenLeft);
            evenRight = FloatVector.fromMemorySegment(FLOATS, ALL, now + right, ORDER)
                    .fma(even, evenRight);
            oddLeft = FloatVector.fromMemorySegment(FLOATS, ALL, now + down, ORDER)
                    .fma(odd, oddLeft);
            oddRight = FloatVector.fromMemorySegment(FLOATS, ALL, now + down + right, ORDER)
                    .fma(odd, oddRight);
            row += 2 * stride;
            at += 2 * Float.BYTES;
        }
        if (at < end) {
            final FloatVector even = FloatVector.broadcast(FLOATS, get(at));
            final long now = row & ADDRESS_MASK;
            evenLeft = FloatVector.fromMemorySegment(FLOATS, ALL, now, ORDER).fma(even, evenLeft);
            evenRight = FloatVector.fromMemorySegment(FLOATS, ALL, now + right, ORDER)
                    .fma(even, evenRight);
        }
        evenLeft.add(oddLeft).intoMemorySegment(ALL, target & ADDRESS_MASK, ORDER);
        evenRight.add(oddRight).intoMemorySegment(ALL, (target + next) & ADDRESS_MASK, ORDER);
    }
}
