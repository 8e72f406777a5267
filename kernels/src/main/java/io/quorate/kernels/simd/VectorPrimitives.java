package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The primitives on the vector unit, with the bits of {@link ScalarPrimitives}. The width is a constant of the class (see
 * {@link VectorWidth}).
 *
 * <p>Form of the loops, which is what C2 compiles well: no vector is passed to or returned from a method, one exponential an
 * iteration, `while` over addresses instead of counted loops, every address masked so that bounds checks vanish. A sum of
 * sixteen virtual lanes is taken in passes of one vector each. What is left after whole groups of sixteen elements is
 * done by the scalar definition, which takes the lanes up where the vectors left them.
 */
final class VectorPrimitives implements Primitives {
    private static final VectorWidth WIDTH = VectorWidth.ofClass(MethodHandles.lookup());
    private static final VectorSpecies<Float> FLOATS = WIDTH.floats();
    private static final VectorSpecies<Integer> INTS = WIDTH.ints();
    private static final VectorSpecies<Double> DOUBLES = WIDTH.doubles();
    private static final VectorSpecies<Float> HALVES = WIDTH.halves();
    private static final int BITS = FLOATS.vectorBitSize();

    /** Bytes of one vector, and of as many doubles as HALVES has floats. */
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();

    private static final int DOUBLES_BYTES = DOUBLES.vectorByteSize();
    private static final int HALVES_BYTES = HALVES.vectorByteSize();

    /** Leaves of a double's bits its fraction alone, which is zero for powers of two. */
    private static final int FRACTION_SHIFT = 12;

    /** Quotients by counts; far from where a quotient could be subnormal. */
    private static final double COUNT_MAX = 0x1p40;

    private static final int LANES = CanonicalOrder.LANES;
    private static final int LANES_FLOAT_BYTES = LANES * Float.BYTES;
    private static final int LANES_DOUBLE_BYTES = LANES * Double.BYTES;

    private final VectorLoops.Product product;
    private final VectorLoops.Packing packing;
    private final VectorLoops.Softmax softmax;
    private final VectorLoops.Rotation rotation;

    VectorPrimitives(final VectorLoops loops) {
        product = loops.product();
        packing = loops.packing();
        softmax = loops.softmax();
        rotation = loops.rotation();
    }

    @Override
    public String name() {
        return "vector";
    }

    @Override
    public int bits() {
        return BITS;
    }

    @Override
    public void product(
            final long a,
            final long aStride,
            final int rows,
            final int depth,
            final long b,
            final long bStride,
            final int columns,
            final long out,
            final long outStride) {
        product.product(a, aStride, rows, depth, b, bStride, columns, false, out, outStride);
    }

    @Override
    public void resumeProduct(
            final long a,
            final long aStride,
            final int rows,
            final int depth,
            final long b,
            final long bStride,
            final int columns,
            final long out,
            final long outStride) {
        product.product(a, aStride, rows, depth, b, bStride, columns, true, out, outStride);
    }

    @Override
    public void panelProduct(
            final long a,
            final long aStride,
            final int rows,
            final int depth,
            final long panels,
            final int panelCount,
            final long out,
            final long outStride) {
        product.panelProduct(a, aStride, rows, depth, panels, panelCount, out, outStride);
    }

    @Override
    public void rotatePairs(
            final long source,
            final long cosines,
            final long sines,
            final long target,
            final int count,
            final int repeats) {
        rotation.rotatePairs(source, cosines, sines, target, count, repeats);
    }

    @Override
    public void packPanels(final long source, final long stride, final int rows, final int depth, final long panels) {
        packing.packPanels(source, stride, rows, depth, panels);
    }

    @Override
    public void packRows(
            final long source,
            final long stride,
            final int rows,
            final int columns,
            final int paddedColumns,
            final long target) {
        packing.packRows(source, stride, rows, columns, paddedColumns, target);
    }

    @Override
    public float maximum(final long row, final int count) {
        return softmax.maximum(row, count);
    }

    @Override
    public float exponentials(
            final long row, final int count, final float maximum, final float factor, final long lanes) {
        return softmax.exponentials(row, count, maximum, factor, lanes);
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
        softmax.softmaxRows(scores, stride, rows, count, paddedCount, factor, inverseSums, lanes);
    }

    @Override
    public int magnitudeBits(final long row, final int count) {
        final int whole = count & -LANES;
        return ScalarPrimitives.magnitudeBitsFrom(row, whole, count, wholeMagnitudeBits(row, end(row, whole)));
    }

    private static int wholeMagnitudeBits(final long row, final long end) {
        IntVector best = IntVector.zero(INTS);
        long at = row & ADDRESS_MASK;
        while (at < end) {
            best = IntVector.fromMemorySegment(INTS, ALL, at & ADDRESS_MASK, ORDER)
                    .and(ExpPolynomial.MAGNITUDE_MASK)
                    .max(best);
            at += FLOATS_BYTES;
        }
        return best.reduceLanes(VectorOperators.MAX);
    }

    @Override
    public void accumulateRows(
            final long rowsAddress,
            final long stride,
            final int rows,
            final long factors,
            final long target,
            final int count) {
        softmax.accumulateRows(rowsAddress, stride, rows, factors, target, count);
    }

    @Override
    public void scale(final long source, final float factor, final long target, final int count) {
        final int whole = count & -LANES;
        final long end = end(source, whole);
        long from = source & ADDRESS_MASK;
        long to = target;
        while (from < end) {
            FloatVector.fromMemorySegment(FLOATS, ALL, from & ADDRESS_MASK, ORDER)
                    .mul(factor)
                    .intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += FLOATS_BYTES;
            to += FLOATS_BYTES;
        }
        ScalarPrimitives.scaleFrom(source, factor, target, whole, count);
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
        softmax.scaleRows(source, stride, rows, factors, out, outStride, columns);
    }

    @Override
    public void clear(final long target, final int count) {
        final int whole = count & -LANES;
        final long end = end(target, whole);
        final FloatVector zero = FloatVector.zero(FLOATS);
        long at = target & ADDRESS_MASK;
        while (at < end) {
            zero.intoMemorySegment(ALL, at & ADDRESS_MASK, ORDER);
            at += FLOATS_BYTES;
        }
        for (int j = whole; j < count; j++) {
            RawMemory.putFloat(target + (long) j * Float.BYTES, 0.0f);
        }
    }

    @Override
    public void add(final long source, final long target, final int count) {
        final int whole = count & -LANES;
        final long end = end(source, whole);
        long from = source & ADDRESS_MASK;
        long to = target;
        while (from < end) {
            FloatVector.fromMemorySegment(FLOATS, ALL, to & ADDRESS_MASK, ORDER)
                    .add(FloatVector.fromMemorySegment(FLOATS, ALL, from & ADDRESS_MASK, ORDER))
                    .intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += FLOATS_BYTES;
            to += FLOATS_BYTES;
        }
        ScalarPrimitives.addFrom(source, target, whole, count);
    }

    @Override
    public double dot(final long left, final long right, final int count, final long lanes) {
        final int whole = count & -LANES;
        final long end = end(left, whole);
        for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
            final long skip = (long) lane * Float.BYTES;
            dotPass(left + skip, right + skip, end, lanes + (long) lane * Double.BYTES);
        }
        return ScalarPrimitives.dotFrom(left, right, whole, count, lanes);
    }

    private static void dotPass(final long left, final long right, final long end, final long lanes) {
        DoubleVector sum = DoubleVector.zero(DOUBLES);
        long at = left & ADDRESS_MASK;
        long other = right;
        while (at < end) {
            final DoubleVector first =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, at & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            final DoubleVector second =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, other & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            sum = first.fma(second, sum);
            at += LANES_FLOAT_BYTES;
            other += LANES_FLOAT_BYTES;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
    }

    @Override
    public double squaredDistance(final long left, final long right, final int count, final long lanes) {
        final int whole = count & -LANES;
        final long end = end(left, whole);
        for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
            final long skip = (long) lane * Float.BYTES;
            distancePass(left + skip, right + skip, end, lanes + (long) lane * Double.BYTES);
        }
        return ScalarPrimitives.squaredDistanceFrom(left, right, whole, count, lanes);
    }

    private static void distancePass(final long left, final long right, final long end, final long lanes) {
        DoubleVector sum = DoubleVector.zero(DOUBLES);
        long at = left & ADDRESS_MASK;
        long other = right;
        while (at < end) {
            final DoubleVector first =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, at & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            final DoubleVector second =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, other & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            final DoubleVector difference = first.sub(second);
            sum = difference.fma(difference, sum);
            at += LANES_FLOAT_BYTES;
            other += LANES_FLOAT_BYTES;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
    }

    @Override
    public double squaredDistanceToCentre(final long row, final long centre, final int count, final long lanes) {
        final int whole = count & -LANES;
        final long end = end(row, whole);
        for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
            final long wide = (long) lane * Double.BYTES;
            centreDistancePass(row + (long) lane * Float.BYTES, centre + wide, end, lanes + wide);
        }
        return ScalarPrimitives.squaredDistanceToCentreFrom(row, centre, whole, count, lanes);
    }

    private static void centreDistancePass(final long row, final long centre, final long end, final long lanes) {
        DoubleVector sum = DoubleVector.zero(DOUBLES);
        long at = row & ADDRESS_MASK;
        long other = centre;
        while (at < end) {
            final DoubleVector value =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, at & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            final DoubleVector difference =
                    value.sub(DoubleVector.fromMemorySegment(DOUBLES, ALL, other & ADDRESS_MASK, ORDER));
            sum = difference.fma(difference, sum);
            at += LANES_FLOAT_BYTES;
            other += LANES_DOUBLE_BYTES;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
    }

    @Override
    public void accumulateScaled(final long row, final double factor, final long target, final int count) {
        final int whole = count & -LANES;
        final long end = end(row, whole);
        final DoubleVector by = DoubleVector.broadcast(DOUBLES, factor);
        long from = row & ADDRESS_MASK;
        long to = target;
        while (from < end) {
            final DoubleVector value =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, from & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            by.fma(value, DoubleVector.fromMemorySegment(DOUBLES, ALL, to & ADDRESS_MASK, ORDER))
                    .intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += HALVES_BYTES;
            to += DOUBLES_BYTES;
        }
        ScalarPrimitives.accumulateScaledFrom(row, factor, target, whole, count);
    }

    @Override
    public void scaleInDouble(final long row, final double factor, final long target, final int count) {
        final int whole = count & -LANES;
        final long end = end(row, whole);
        long from = row & ADDRESS_MASK;
        long to = target;
        while (from < end) {
            final DoubleVector value =
                    (DoubleVector) FloatVector.fromMemorySegment(HALVES, ALL, from & ADDRESS_MASK, ORDER)
                            .castShape(DOUBLES, 0);
            final FloatVector narrow = (FloatVector) value.mul(factor).castShape(HALVES, 0);
            narrow.intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += HALVES_BYTES;
            to += HALVES_BYTES;
        }
        ScalarPrimitives.scaleInDoubleFrom(row, factor, target, whole, count);
    }

    @Override
    public void divideToFloat(final long sums, final double divisor, final long target, final int count) {
        final int whole = count & -LANES;
        final long end = end(target, whole);
        if (Double.doubleToRawLongBits(divisor) << FRACTION_SHIFT == 0 && divisor >= 1 && divisor <= COUNT_MAX) {
            // The reciprocal of a power of two is exact, so the products are the quotients, and many times as fast.
            multiplyToFloat(sums, 1.0 / divisor, target & ADDRESS_MASK, end);
        } else {
            divideWholeToFloat(sums, divisor, target & ADDRESS_MASK, end);
        }
        ScalarPrimitives.divideToFloatFrom(sums, divisor, target, whole, count);
    }

    private static void multiplyToFloat(final long sums, final double factor, final long target, final long end) {
        long from = sums;
        long to = target;
        while (to < end) {
            final DoubleVector value = DoubleVector.fromMemorySegment(DOUBLES, ALL, from & ADDRESS_MASK, ORDER);
            final FloatVector narrow = (FloatVector) value.mul(factor).castShape(HALVES, 0);
            narrow.intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += DOUBLES_BYTES;
            to += HALVES_BYTES;
        }
    }

    private static void divideWholeToFloat(final long sums, final double divisor, final long target, final long end) {
        long from = sums;
        long to = target;
        while (to < end) {
            final DoubleVector value = DoubleVector.fromMemorySegment(DOUBLES, ALL, from & ADDRESS_MASK, ORDER);
            final FloatVector narrow = (FloatVector) value.div(divisor).castShape(HALVES, 0);
            narrow.intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += DOUBLES_BYTES;
            to += HALVES_BYTES;
        }
    }

    @Override
    public void fillDoubles(final long target, final double value, final int count) {
        final long end = (target & ADDRESS_MASK) + (long) (count & -LANES) * Double.BYTES;
        final DoubleVector values = DoubleVector.broadcast(DOUBLES, value);
        long to = target & ADDRESS_MASK;
        while (to < end) {
            values.intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            to += DOUBLES_BYTES;
        }
        for (; to < (target & ADDRESS_MASK) + (long) count * Double.BYTES; to += Double.BYTES) {
            RawMemory.putDouble(to, value);
        }
    }

    @Override
    public double moveCentre(
            final long sums, final double divisor, final long centre, final int count, final long lanes) {
        final int whole = count & -LANES;
        final long end = (sums & ADDRESS_MASK) + (long) whole * Double.BYTES;
        for (long skip = 0; skip < LANES_DOUBLE_BYTES; skip += DOUBLES_BYTES) {
            movePass(sums + skip, divisor, centre + skip, end, lanes + skip);
        }
        return ScalarPrimitives.moveCentreFrom(sums, divisor, centre, whole, count, lanes);
    }

    private static void movePass(
            final long sums, final double divisor, final long centre, final long end, final long lanes) {
        DoubleVector sum = DoubleVector.zero(DOUBLES);
        long at = sums & ADDRESS_MASK;
        long to = centre;
        while (at < end) {
            final DoubleVector moved = DoubleVector.fromMemorySegment(DOUBLES, ALL, at & ADDRESS_MASK, ORDER)
                    .div(divisor);
            final DoubleVector step = moved.sub(DoubleVector.fromMemorySegment(DOUBLES, ALL, to & ADDRESS_MASK, ORDER));
            moved.intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            sum = step.fma(step, sum);
            at += LANES_DOUBLE_BYTES;
            to += LANES_DOUBLE_BYTES;
        }
        sum.intoMemorySegment(ALL, lanes & ADDRESS_MASK, ORDER);
    }

    @Override
    public void flipOrder(final long source, final long target, final int count) {
        final int whole = count & -LANES;
        final long end = end(source, whole);
        long from = source & ADDRESS_MASK;
        long to = target;
        while (from < end) {
            final IntVector bits = IntVector.fromMemorySegment(INTS, ALL, from & ADDRESS_MASK, ORDER);
            bits.lanewise(
                            VectorOperators.XOR,
                            bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1))
                    .intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += FLOATS_BYTES;
            to += FLOATS_BYTES;
        }
        ScalarPrimitives.flipOrderFrom(source, target, whole, count);
    }

    @Override
    public void compareExchange(final long low, final long high, final int count) {
        final int whole = count & -LANES;
        final long end = end(low, whole);
        long lowAt = low & ADDRESS_MASK;
        long highAt = high;
        while (lowAt < end) {
            final IntVector left = IntVector.fromMemorySegment(INTS, ALL, lowAt & ADDRESS_MASK, ORDER);
            final IntVector right = IntVector.fromMemorySegment(INTS, ALL, highAt & ADDRESS_MASK, ORDER);
            left.min(right).intoMemorySegment(ALL, lowAt & ADDRESS_MASK, ORDER);
            left.max(right).intoMemorySegment(ALL, highAt & ADDRESS_MASK, ORDER);
            lowAt += FLOATS_BYTES;
            highAt += FLOATS_BYTES;
        }
        ScalarPrimitives.compareExchangeFrom(low, high, whole, count);
    }

    private static long end(final long start, final int floats) {
        return (start & ADDRESS_MASK) + (long) floats * Float.BYTES;
    }
}
