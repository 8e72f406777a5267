package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * Sorts every column of a matrix on its own, all columns at once: a network of compare-exchanges between whole rows (Batcher's
 * merge exchange; Knuth, The Art of Computer Programming 3, 5.2.2, Algorithm M). Rows are compared as integers of the same order as
 * the floats, -0 below +0, so the order is total and the result does not depend on the order of the rows.
 */
final class OrderedColumns {
    private OrderedColumns() {}

    /** Leaves in {@code scratch.sums()} the sums, column by column, of the sorted rows {@code from} to {@code to}. */
    static void sum(
            final Primitives primitives,
            final FloatMatrix rows,
            final int from,
            final int to,
            final AggregationScratch scratch) {
        final int cols = rows.cols();
        final long ordered = scratch.ordered();
        final long stride = scratch.orderedStride();
        final long source = rows.address();
        for (int row = 0; row < rows.rows(); row++) {
            primitives.flipOrder(source + row * rows.strideBytes(), ordered + row * stride, cols);
        }
        Reference.reachabilityFence(rows);
        sort(primitives, ordered, stride, rows.rows(), cols);
        primitives.fillDoubles(scratch.sums(), -0.0, cols);
        for (int row = from; row <= to; row++) {
            primitives.flipOrder(ordered + row * stride, ordered + row * stride, cols);
            primitives.accumulateScaled(ordered + row * stride, 1.0, scratch.sums(), cols);
        }
    }

    private static void sort(
            final Primitives primitives, final long ordered, final long stride, final int rows, final int cols) {
        if (rows < 2) {
            return;
        }
        final int top = Integer.highestOneBit(rows - 1);
        for (int step = top; step > 0; step >>= 1) {
            int phase = top;
            int remainder = 0;
            int distance = step;
            while (distance > 0) {
                for (int row = 0; row + distance < rows; row++) {
                    if ((row & step) == remainder) {
                        primitives.compareExchange(ordered + row * stride, ordered + (row + distance) * stride, cols);
                    }
                }
                distance = phase - step;
                phase >>= 1;
                remainder = step;
            }
        }
    }
}
