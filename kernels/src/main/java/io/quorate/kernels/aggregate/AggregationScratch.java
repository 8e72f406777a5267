package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The working memory of one aggregation at a time, and what the last one reports of itself. Owned by the caller and reused from
 * call to call; one for each thread.
 */
public final class AggregationScratch implements AutoCloseable {
    /** All pairs of rows have their distance here, so memory goes with the square. */
    public static final int ROWS_MAX = 1024;

    private final int rowsMax;
    private final int colsMax;
    private final FloatSlab slab;
    private final long ordered;
    private final long orderedStride;
    private final long sums;
    private final long centre;
    private final long zeros;
    private final long lanes;
    private final long mixedFloats;
    private final double[] distances;
    private final double[] sorted;
    private final double[] scores;
    private final double[] weights;
    private final long[] masks;
    private final double[] sortedPairs;
    private final PairDistances pairs;
    private FloatMatrix mixed;
    private int stepCount;
    private boolean isConverged;

    /** @throws IllegalArgumentException if {@code rowsMax} is not within 1..{@value #ROWS_MAX} or {@code colsMax} is below 1 */
    public AggregationScratch(final int rowsMax, final int colsMax) {
        if (rowsMax < 1 || rowsMax > ROWS_MAX || colsMax < 1 || colsMax > Integer.MAX_VALUE / 2) {
            throw new IllegalArgumentException("an aggregation has 1.." + ROWS_MAX
                    + " rows of at least one float, given " + rowsMax + " x " + colsMax);
        }
        this.rowsMax = rowsMax;
        this.colsMax = colsMax;
        final long cols = CanonicalOrder.roundedUp(colsMax);
        final long lanesFloats = CanonicalOrder.LANES_BYTES / Float.BYTES;
        this.mixedFloats = 6 * cols + lanesFloats + rowsMax * cols;
        this.slab = FloatSlab.allocate(mixedFloats + rowsMax * cols);
        final long base = slab.segment().address();
        this.sums = base;
        this.centre = sums + cols * Double.BYTES;
        this.zeros = centre + cols * Double.BYTES;
        this.lanes = zeros + 2 * cols * Float.BYTES;
        this.ordered = lanes + CanonicalOrder.LANES_BYTES;
        this.orderedStride = cols * Float.BYTES;
        this.distances = new double[rowsMax];
        this.sorted = new double[rowsMax];
        this.scores = new double[rowsMax];
        this.weights = new double[rowsMax];
        final int masked = Math.min(rowsMax, MinimumDiameter.ROWS_MAX);
        this.masks = new long[masked];
        this.sortedPairs = new double[masked * (masked + 1) / 2];
        this.pairs = new PairDistances(rowsMax);
    }

    /** Bytes off the heap. */
    public long lengthBytes() {
        return slab.lengthBytes();
    }

    /** How many steps the last {@link GeometricMedian} took. */
    public int stepCount() {
        return stepCount;
    }

    /** True if the last {@link GeometricMedian} came to rest within its tolerance before its greatest number of steps. */
    public boolean isConverged() {
        return isConverged;
    }

    /** Gives the memory back; a second call has no effect. */
    @Override
    public void close() {
        slab.close();
    }

    void require(final FloatMatrix rows) {
        if (rows.rows() > rowsMax || rows.cols() > colsMax) {
            throw new IllegalArgumentException("the scratch has room for " + rowsMax + " x " + colsMax + ", given "
                    + rows.rows() + " x " + rows.cols());
        }
        if (!slab.segment().scope().isAlive()) {
            throw new IllegalStateException("the scratch has been closed");
        }
    }

    /** A matrix of the given shape; a new object only when the shape changes. */
    FloatMatrix mixed(final int rows, final int cols) {
        if (mixed == null || mixed.rows() != rows || mixed.cols() != cols) {
            mixed = slab.matrix(mixedFloats, rows, cols);
        }
        return mixed;
    }

    void report(final int steps, final boolean converged) {
        stepCount = steps;
        isConverged = converged;
    }

    long ordered() {
        return ordered;
    }

    long orderedStride() {
        return orderedStride;
    }

    long sums() {
        return sums;
    }

    long centre() {
        return centre;
    }

    long zeros() {
        return zeros;
    }

    long lanes() {
        return lanes;
    }

    double[] distances() {
        return distances;
    }

    double[] sorted() {
        return sorted;
    }

    double[] scores() {
        return scores;
    }

    /** Of the rows; they sum to 1. */
    double[] weights() {
        return weights;
    }

    /** One row of a graph over at most 64 rows each. */
    long[] masks() {
        return masks;
    }

    /** Room for the distances of at most 64 rows, each pair once. */
    double[] sortedPairs() {
        return sortedPairs;
    }

    void setCentre(final int col, final double value) {
        slab.segment()
                .set(ValueLayout.JAVA_DOUBLE, centre - slab.segment().address() + (long) col * Double.BYTES, value);
    }

    /** sums[j] = fma(factor, centre[j], sums[j]) */
    void addCentreToSums(final double factor, final int cols) {
        final MemorySegment memory = slab.segment();
        final long from = centre - memory.address();
        final long to = sums - memory.address();
        for (int col = 0; col < cols; col++) {
            final long skip = (long) col * Double.BYTES;
            final double value = memory.get(ValueLayout.JAVA_DOUBLE, from + skip);
            memory.set(
                    ValueLayout.JAVA_DOUBLE,
                    to + skip,
                    Math.fma(factor, value, memory.get(ValueLayout.JAVA_DOUBLE, to + skip)));
        }
    }

    /**
     * The distances of the pairs of these rows, measured now; valid until the scratch is used with other rows or measures again.
     *
     * @throws IllegalArgumentException if there is no room for the rows, or one holds NaN or infinity
     */
    public PairDistances measured(final Primitives primitives, final FloatMatrix rows) {
        pairs.measure(primitives, rows, this);
        return pairs;
    }
}
