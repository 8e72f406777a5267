package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/** What every rule asks of its arguments before it touches anything. */
final class RowChecks {
    private static final int INFINITY_BITS = 0x7f80_0000;

    private RowChecks() {}

    static void requireMajority(final String rule, final int rows, final int faultyMax) {
        if (faultyMax < 0 || 2L * faultyMax >= rows) {
            throw new IllegalArgumentException(
                    rule + " needs 0 <= 2f < n, given n = " + rows + " and f = " + faultyMax);
        }
    }

    static void requireRows(final Primitives primitives, final FloatMatrix rows, final AggregationScratch scratch) {
        scratch.require(rows);
        final long address = rows.address();
        for (int row = 0; row < rows.rows(); row++) {
            if (primitives.magnitudeBits(address + row * rows.strideBytes(), rows.cols()) >= INFINITY_BITS) {
                throw new IllegalArgumentException("row " + row + " holds NaN or infinity");
            }
        }
        Reference.reachabilityFence(rows);
    }

    /** The address of a result that can be written and lies apart from the rows. */
    static long outAddress(final FloatMatrix rows, final int outRows, final FloatMatrix out) {
        if (out.rows() != outRows || out.cols() != rows.cols()) {
            throw new IllegalArgumentException("the result must be " + outRows + " x " + rows.cols() + ", given "
                    + out.rows() + " x " + out.cols());
        }
        if (out.overlaps(rows)) {
            throw new IllegalArgumentException("the result must not overlap the rows");
        }
        return out.addressForWriting();
    }
}
