package io.quorate.kernels.similarity;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.kernels.simd.RowScan;
import java.util.SplittableRandom;

/** Float32 cosines by the loops of the scan at every width, which must have equal bits, against float64. */
final class CosineError {
    private static final int ROWS = 61;

    double greatest(final SplittableRandom random, final int cols) {
        final FloatMatrix rows = Matrices.gaussian(random, ROWS, cols, cols + 5);
        final FloatMatrix unit = FloatMatrix.allocate(1, cols);
        double worst = 0;
        try (UnitRows units = new UnitRows(PrimitivesProvider.scalar())) {
            units.normalize(Matrices.gaussian(random, 1, cols), unit);
            float[][] defined = null;
            for (final Primitives primitives : PrimitivesProvider.all()) {
                final float[][] sums = sums(PrimitivesProvider.rowScan(primitives), rows, unit);
                defined = defined == null ? sums : defined;
                for (int kind = 0; kind < sums.length; kind++) {
                    requireSameBits(sums[kind], defined[kind], primitives);
                }
                requireSameBits(sums[0], sums[2], primitives);
                requireSameBits(sums[0], sums[3], primitives);
            }
            for (int row = 0; row < ROWS; row++) {
                final double cosine = defined[0][row] / Math.sqrt(defined[1][row]);
                worst = Math.max(worst, Math.abs(cosine - units.cosine(rows, row, unit, 0)));
            }
        }
        return worst;
    }

    /** Dots and squares, and the dots of two equal queries. */
    private static float[][] sums(final RowScan loops, final FloatMatrix rows, final FloatMatrix unit) {
        final FloatMatrix out = FloatMatrix.allocate(4, ROWS);
        final long at = out.address();
        try (FloatSlab lanes = FloatSlab.allocate(RowScan.LANES_BYTES / Float.BYTES + CanonicalOrder.LANES)) {
            final long scratch = lanes.segment().address();
            loops.dotsAndSquares(
                    rows.address(),
                    rows.strideBytes(),
                    ROWS,
                    unit.address(),
                    rows.cols(),
                    at,
                    at + out.strideBytes(),
                    scratch);
            loops.dotsOfTwo(
                    rows.address(),
                    rows.strideBytes(),
                    ROWS,
                    unit.address(),
                    unit.address(),
                    rows.cols(),
                    at + 2 * out.strideBytes(),
                    at + 3 * out.strideBytes(),
                    scratch);
        }
        final float[][] sums = new float[4][];
        for (int kind = 0; kind < sums.length; kind++) {
            sums[kind] = out.rowArray(kind);
        }
        return sums;
    }

    private static void requireSameBits(final float[] given, final float[] defined, final Primitives primitives) {
        for (int i = 0; i < given.length; i++) {
            if (Float.floatToRawIntBits(given[i]) != Float.floatToRawIntBits(defined[i])) {
                throw new AssertionError(
                        primitives.bits() + " bits: number " + i + " is " + given[i] + ", not " + defined[i]);
            }
        }
    }
}
