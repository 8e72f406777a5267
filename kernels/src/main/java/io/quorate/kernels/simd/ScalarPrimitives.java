package io.quorate.kernels.simd;

/**
 * The definition: what each primitive computes, bit for bit, written as plainly as Java allows. Needs a CPU with fused
 * multiply-add to be of any use in service: without one {@code Math.fma} is exact and thousands of times slower.
 */
final class ScalarPrimitives implements Primitives {
    static final int BITS = 32;

    private static final int LANE_MASK = CanonicalOrder.LANES - 1;

    @Override
    public String name() {
        return "scalar";
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
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                final long target = out + row * outStride + floats(column);
                RawMemory.putFloat(target, chain(0.0f, a + row * aStride, depth, b + floats(column), bStride));
            }
        }
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
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                final long target = out + row * outStride + floats(column);
                final float start = RawMemory.getFloat(target);
                RawMemory.putFloat(target, chain(start, a + row * aStride, depth, b + floats(column), bStride));
            }
        }
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
        final long panelStride = floats(CanonicalOrder.LANES);
        for (int panel = 0; panel < panelCount; panel++) {
            final long b = panels + panel * panelStride * depth;
            product(
                    a,
                    aStride,
                    rows,
                    depth,
                    b,
                    panelStride,
                    CanonicalOrder.LANES,
                    out + panel * panelStride,
                    outStride);
        }
    }

    private static float chain(
            final float start, final long aRow, final int depth, final long bColumn, final long bStride) {
        float sum = start;
        for (int k = 0; k < depth; k++) {
            sum = Math.fma(RawMemory.getFloat(aRow + floats(k)), RawMemory.getFloat(bColumn + k * bStride), sum);
        }
        return sum;
    }

    @Override
    public void packPanels(final long source, final long stride, final int rows, final int depth, final long panels) {
        final int padded = CanonicalOrder.roundedUp(rows);
        for (int row = 0; row < padded; row++) {
            final long panel = panels + floats(row & -CanonicalOrder.LANES) * depth + floats(row & LANE_MASK);
            for (int k = 0; k < depth; k++) {
                final float value = row < rows ? RawMemory.getFloat(source + row * stride + floats(k)) : 0.0f;
                RawMemory.putFloat(panel + floats(k) * CanonicalOrder.LANES, value);
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
        for (int row = 0; row < rows; row++) {
            final long targetRow = target + row * floats(paddedColumns);
            for (int column = 0; column < paddedColumns; column++) {
                final float value =
                        column < columns ? RawMemory.getFloat(source + row * stride + floats(column)) : 0.0f;
                RawMemory.putFloat(targetRow + floats(column), value);
            }
        }
    }

    @Override
    public float maximum(final long row, final int count) {
        return maximumFrom(row, 0, count, Integer.MIN_VALUE);
    }

    /** Continues a maximum, given in integer order, at element {@code from}. */
    static float maximumFrom(final long row, final int from, final int count, final int ordered) {
        int best = ordered;
        for (int j = from; j < count; j++) {
            best = Math.max(best, flip(RawMemory.getInt(row + floats(j))));
        }
        return fromOrder(best);
    }

    /** The float of a value in integer order. */
    static float fromOrder(final int ordered) {
        return Float.intBitsToFloat(flip(ordered));
    }

    @Override
    public int magnitudeBits(final long row, final int count) {
        return magnitudeBitsFrom(row, 0, count, 0);
    }

    static int magnitudeBitsFrom(final long row, final int from, final int count, final int start) {
        int best = start;
        for (int j = from; j < count; j++) {
            best = Math.max(best, RawMemory.getInt(row + floats(j)) & ExpPolynomial.MAGNITUDE_MASK);
        }
        return best;
    }

    @Override
    public float exponentials(
            final long row, final int count, final float maximum, final float factor, final long lanes) {
        CanonicalOrder.clearFloats(lanes);
        exponentialsFrom(row, 0, count, maximum, factor, lanes);
        return CanonicalOrder.sumFloats(lanes);
    }

    static void exponentialsFrom(
            final long row,
            final int from,
            final int count,
            final float maximum,
            final float factor,
            final long lanes) {
        for (int j = from; j < count; j++) {
            final long element = row + floats(j);
            final float power = ExpPolynomial.exp2Negated((maximum - RawMemory.getFloat(element)) * factor);
            RawMemory.putFloat(element, power);
            final long lane = lanes + floats(j & LANE_MASK);
            RawMemory.putFloat(lane, RawMemory.getFloat(lane) + power);
        }
    }

    @Override
    public void accumulateRows(
            final long rowsAddress,
            final long stride,
            final int rows,
            final long factors,
            final long target,
            final int count) {
        accumulateRowsFrom(rowsAddress, stride, rows, factors, target, 0, count);
    }

    static void accumulateRowsFrom(
            final long rowsAddress,
            final long stride,
            final int rows,
            final long factors,
            final long target,
            final int from,
            final int count) {
        for (int j = from; j < count; j++) {
            float sum = RawMemory.getFloat(target + floats(j));
            for (int row = 0; row < rows; row++) {
                final float value = RawMemory.getFloat(rowsAddress + row * stride + floats(j));
                sum = Math.fma(value, RawMemory.getFloat(factors + floats(row)), sum);
            }
            RawMemory.putFloat(target + floats(j), sum);
        }
    }

    @Override
    public void scale(final long source, final float factor, final long target, final int count) {
        scaleFrom(source, factor, target, 0, count);
    }

    static void scaleFrom(final long source, final float factor, final long target, final int from, final int count) {
        for (int j = from; j < count; j++) {
            RawMemory.putFloat(target + floats(j), RawMemory.getFloat(source + floats(j)) * factor);
        }
    }

    @Override
    public void add(final long source, final long target, final int count) {
        addFrom(source, target, 0, count);
    }

    static void addFrom(final long source, final long target, final int from, final int count) {
        for (int j = from; j < count; j++) {
            final long element = target + floats(j);
            RawMemory.putFloat(element, RawMemory.getFloat(element) + RawMemory.getFloat(source + floats(j)));
        }
    }

    @Override
    public double dot(final long left, final long right, final int count, final long lanes) {
        CanonicalOrder.clearDoubles(lanes);
        return dotFrom(left, right, 0, count, lanes);
    }

    static double dotFrom(final long left, final long right, final int from, final int count, final long lanes) {
        for (int j = from; j < count; j++) {
            final double product = RawMemory.getFloat(left + floats(j));
            final long lane = lanes + doubles(j & LANE_MASK);
            RawMemory.putDouble(
                    lane, Math.fma(product, RawMemory.getFloat(right + floats(j)), RawMemory.getDouble(lane)));
        }
        return CanonicalOrder.sumDoubles(lanes);
    }

    @Override
    public double squaredDistance(final long left, final long right, final int count, final long lanes) {
        CanonicalOrder.clearDoubles(lanes);
        return squaredDistanceFrom(left, right, 0, count, lanes);
    }

    static double squaredDistanceFrom(
            final long left, final long right, final int from, final int count, final long lanes) {
        for (int j = from; j < count; j++) {
            final double difference =
                    (double) RawMemory.getFloat(left + floats(j)) - RawMemory.getFloat(right + floats(j));
            addSquare(difference, lanes + doubles(j & LANE_MASK));
        }
        return CanonicalOrder.sumDoubles(lanes);
    }

    @Override
    public double squaredDistanceToCentre(final long row, final long centre, final int count, final long lanes) {
        CanonicalOrder.clearDoubles(lanes);
        return squaredDistanceToCentreFrom(row, centre, 0, count, lanes);
    }

    static double squaredDistanceToCentreFrom(
            final long row, final long centre, final int from, final int count, final long lanes) {
        for (int j = from; j < count; j++) {
            final double difference = RawMemory.getFloat(row + floats(j)) - RawMemory.getDouble(centre + doubles(j));
            addSquare(difference, lanes + doubles(j & LANE_MASK));
        }
        return CanonicalOrder.sumDoubles(lanes);
    }

    @Override
    public void accumulateScaled(final long row, final double factor, final long target, final int count) {
        accumulateScaledFrom(row, factor, target, 0, count);
    }

    static void accumulateScaledFrom(
            final long row, final double factor, final long target, final int from, final int count) {
        for (int j = from; j < count; j++) {
            final long element = target + doubles(j);
            RawMemory.putDouble(
                    element, Math.fma(factor, RawMemory.getFloat(row + floats(j)), RawMemory.getDouble(element)));
        }
    }

    @Override
    public void scaleInDouble(final long row, final double factor, final long target, final int count) {
        scaleInDoubleFrom(row, factor, target, 0, count);
    }

    static void scaleInDoubleFrom(
            final long row, final double factor, final long target, final int from, final int count) {
        for (int j = from; j < count; j++) {
            RawMemory.putFloat(target + floats(j), (float) (RawMemory.getFloat(row + floats(j)) * factor));
        }
    }

    @Override
    public void divideToFloat(final long sums, final double divisor, final long target, final int count) {
        divideToFloatFrom(sums, divisor, target, 0, count);
    }

    static void divideToFloatFrom(
            final long sums, final double divisor, final long target, final int from, final int count) {
        for (int j = from; j < count; j++) {
            RawMemory.putFloat(target + floats(j), (float) (RawMemory.getDouble(sums + doubles(j)) / divisor));
        }
    }

    @Override
    public double moveCentre(
            final long sums, final double divisor, final long centre, final int count, final long lanes) {
        CanonicalOrder.clearDoubles(lanes);
        return moveCentreFrom(sums, divisor, centre, 0, count, lanes);
    }

    static double moveCentreFrom(
            final long sums,
            final double divisor,
            final long centre,
            final int from,
            final int count,
            final long lanes) {
        for (int j = from; j < count; j++) {
            final double moved = RawMemory.getDouble(sums + doubles(j)) / divisor;
            final double step = moved - RawMemory.getDouble(centre + doubles(j));
            RawMemory.putDouble(centre + doubles(j), moved);
            addSquare(step, lanes + doubles(j & LANE_MASK));
        }
        return CanonicalOrder.sumDoubles(lanes);
    }

    @Override
    public void flipOrder(final long source, final long target, final int count) {
        flipOrderFrom(source, target, 0, count);
    }

    static void flipOrderFrom(final long source, final long target, final int from, final int count) {
        for (int j = from; j < count; j++) {
            RawMemory.putInt(target + floats(j), flip(RawMemory.getInt(source + floats(j))));
        }
    }

    @Override
    public void compareExchange(final long low, final long high, final int count) {
        compareExchangeFrom(low, high, 0, count);
    }

    static void compareExchangeFrom(final long low, final long high, final int from, final int count) {
        for (int j = from; j < count; j++) {
            final int left = RawMemory.getInt(low + floats(j));
            final int right = RawMemory.getInt(high + floats(j));
            RawMemory.putInt(low + floats(j), Math.min(left, right));
            RawMemory.putInt(high + floats(j), Math.max(left, right));
        }
    }

    @Override
    public void rotatePairs(
            final long source,
            final long cosines,
            final long sines,
            final long target,
            final int count,
            final int repeats) {
        for (int repeat = 0; repeat < repeats; repeat++) {
            final long skip = repeat * floats(count);
            rotatePairsFrom(source + skip, cosines, sines, target + skip, 0, count);
        }
    }

    static void rotatePairsFrom(
            final long source,
            final long cosines,
            final long sines,
            final long target,
            final int from,
            final int count) {
        for (int j = from; j < count; j += 2) {
            final long odd = floats(j + 1);
            final float x = RawMemory.getFloat(source + floats(j));
            final float y = RawMemory.getFloat(source + odd);
            final float turnedX = y * RawMemory.getFloat(sines + floats(j));
            final float turnedY = x * RawMemory.getFloat(sines + odd);
            RawMemory.putFloat(target + floats(j), Math.fma(x, RawMemory.getFloat(cosines + floats(j)), turnedX));
            RawMemory.putFloat(target + odd, Math.fma(y, RawMemory.getFloat(cosines + odd), turnedY));
        }
    }

    /** Float bits to an integer of the same order, and back. */
    private static int flip(final int bits) {
        return bits ^ ((bits >> 31) >>> 1);
    }

    private static void addSquare(final double difference, final long lane) {
        RawMemory.putDouble(lane, Math.fma(difference, difference, RawMemory.getDouble(lane)));
    }

    private static long floats(final int count) {
        return (long) count * Float.BYTES;
    }

    private static long doubles(final int count) {
        return (long) count * Double.BYTES;
    }
}
