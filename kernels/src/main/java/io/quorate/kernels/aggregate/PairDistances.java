package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * The squared distances of all pairs of rows, in float64. Measured once and given to as many rules as look at them:
 * {@link NearestNeighbourMixing}, {@link Krum}, {@link MinimumDiameter}, {@link GeometricMedian}. Owned by the caller; one
 * thread at a time.
 */
public final class PairDistances {
    private final double[] squared;
    private final int rowsMax;
    private FloatMatrix measured;

    /** @throws IllegalArgumentException if {@code rowsMax} is not within 1..{@value AggregationScratch#ROWS_MAX} */
    public PairDistances(final int rowsMax) {
        if (rowsMax < 1 || rowsMax > AggregationScratch.ROWS_MAX) {
            throw new IllegalArgumentException(
                    "pairs are measured of 1.." + AggregationScratch.ROWS_MAX + " rows, given " + rowsMax);
        }
        this.rowsMax = rowsMax;
        this.squared = new double[rowsMax * rowsMax];
    }

    /**
     * Measures; what was here before is gone. The distances stand for this matrix until its floats change.
     *
     * @param rows n x d, finite
     * @param scratch room for n x d
     * @throws IllegalArgumentException if an argument is not as said, or n is above the greatest number of rows
     */
    public void measure(final Primitives primitives, final FloatMatrix rows, final AggregationScratch scratch) {
        RowChecks.requireRows(primitives, rows, scratch);
        final int count = rows.rows();
        if (count > rowsMax) {
            throw new IllegalArgumentException("there is room for the pairs of " + rowsMax + " rows, given " + count);
        }
        final long source = rows.address();
        for (int row = 0; row < count; row++) {
            squared[row * count + row] = 0.0;
            for (int other = row + 1; other < count; other++) {
                final double distance = primitives.squaredDistance(
                        source + row * rows.strideBytes(),
                        source + other * rows.strideBytes(),
                        rows.cols(),
                        scratch.lanes());
                squared[row * count + other] = distance;
                squared[other * count + row] = distance;
            }
        }
        measured = rows;
        Reference.reachabilityFence(rows);
    }

    /** How many rows the last measurement had; 0 before the first. */
    public int rows() {
        return measured == null ? 0 : measured.rows();
    }

    /** |x_row - x_other|^2. */
    public double squared(final int row, final int other) {
        final int count = rows();
        if (row < 0 || row >= count || other < 0 || other >= count) {
            throw new IndexOutOfBoundsException(
                    "the pairs are of " + count + " rows, given row " + row + " and row " + other);
        }
        return squared[row * count + other];
    }

    /** Row after row, n a row. */
    double[] squared() {
        return squared;
    }

    void requireOf(final FloatMatrix rows) {
        if (measured != rows) {
            throw new IllegalArgumentException("the distances were not measured of this matrix");
        }
    }
}
