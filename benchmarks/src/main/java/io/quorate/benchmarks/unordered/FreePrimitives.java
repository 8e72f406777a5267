package io.quorate.benchmarks.unordered;

import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;

/**
 * Our primitives freed from {@link CanonicalOrder} where general attention follows it at a price: the sums of the softmax and of the
 * influence are those of {@link FreeSoftmax}. Packing and tiles are ours: their chains are independent of one another, so no other
 * order has less to do.
 */
public final class FreePrimitives implements Primitives {
    private final Primitives ordered;

    public FreePrimitives(final Primitives ordered) {
        this.ordered = ordered;
    }

    @Override
    public String name() {
        return "free";
    }

    @Override
    public int bits() {
        return ordered.bits();
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
        ordered.product(a, aStride, rows, depth, b, bStride, columns, out, outStride);
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
        ordered.resumeProduct(a, aStride, rows, depth, b, bStride, columns, out, outStride);
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
        ordered.panelProduct(a, aStride, rows, depth, panels, panelCount, out, outStride);
    }

    @Override
    public void packPanels(final long source, final long stride, final int rows, final int depth, final long panels) {
        ordered.packPanels(source, stride, rows, depth, panels);
    }

    @Override
    public void packRows(
            final long source,
            final long stride,
            final int rows,
            final int columns,
            final int paddedColumns,
            final long target) {
        ordered.packRows(source, stride, rows, columns, paddedColumns, target);
    }

    @Override
    public float maximum(final long row, final int count) {
        return ordered.maximum(row, count);
    }

    @Override
    public int magnitudeBits(final long row, final int count) {
        return ordered.magnitudeBits(row, count);
    }

    @Override
    public float exponentials(
            final long row, final int count, final float maximum, final float factor, final long lanes) {
        return ordered.exponentials(row, count, maximum, factor, lanes);
    }

    @Override
    public void accumulateRows(
            final long rowsAddress,
            final long stride,
            final int rows,
            final long factors,
            final long target,
            final int count) {
        if (count % CanonicalOrder.LANES == 0) {
            FreeSoftmax.accumulateRows(rowsAddress, stride, rows, factors, target, count);
        } else {
            ordered.accumulateRows(rowsAddress, stride, rows, factors, target, count);
        }
    }

    @Override
    public void scale(final long source, final float factor, final long target, final int count) {
        ordered.scale(source, factor, target, count);
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
        FreeSoftmax.softmaxRows(scores, stride, rows, count, paddedCount, factor, inverseSums, lanes);
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
        ordered.scaleRows(source, stride, rows, factors, out, outStride, columns);
    }

    @Override
    public void clear(final long target, final int count) {
        ordered.clear(target, count);
    }

    @Override
    public void fillFloats(final long target, final float value, final int count) {
        ordered.fillFloats(target, value, count);
    }

    @Override
    public void fillDoubles(final long target, final double value, final int count) {
        ordered.fillDoubles(target, value, count);
    }

    @Override
    public void divideToArray(final long source, final float divisor, final float[] target, final int count) {
        ordered.divideToArray(source, divisor, target, count);
    }

    @Override
    public void add(final long source, final long target, final int count) {
        ordered.add(source, target, count);
    }

    @Override
    public double dot(final long left, final long right, final int count, final long lanes) {
        return ordered.dot(left, right, count, lanes);
    }

    @Override
    public double squaredDistance(final long left, final long right, final int count, final long lanes) {
        return ordered.squaredDistance(left, right, count, lanes);
    }

    @Override
    public double squaredDistanceToCentre(final long row, final long centre, final int count, final long lanes) {
        return ordered.squaredDistanceToCentre(row, centre, count, lanes);
    }

    @Override
    public void accumulateScaled(final long row, final double factor, final long target, final int count) {
        ordered.accumulateScaled(row, factor, target, count);
    }

    @Override
    public void scaleInDouble(final long row, final double factor, final long target, final int count) {
        ordered.scaleInDouble(row, factor, target, count);
    }

    @Override
    public void divideToFloat(final long sums, final double divisor, final long target, final int count) {
        ordered.divideToFloat(sums, divisor, target, count);
    }

    @Override
    public double moveCentre(
            final long sums, final double divisor, final long centre, final int count, final long lanes) {
        return ordered.moveCentre(sums, divisor, centre, count, lanes);
    }

    @Override
    public void flipOrder(final long source, final long target, final int count) {
        ordered.flipOrder(source, target, count);
    }

    @Override
    public void compareExchange(final long low, final long high, final int count) {
        ordered.compareExchange(low, high, count);
    }

    @Override
    public void rotatePairs(
            final long source,
            final long cosines,
            final long sines,
            final long target,
            final int count,
            final int repeats) {
        ordered.rotatePairs(source, cosines, sines, target, count, repeats);
    }
}
