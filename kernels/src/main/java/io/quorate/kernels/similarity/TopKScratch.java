package io.quorate.kernels.similarity;

import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.RowScan;
import java.lang.foreign.ValueLayout;

/**
 * The working memory of one {@link TopK} call at a time: the queries as unit rows, and for each thread the products of a block
 * of rows and the best rows so far. Owned by the caller and reused from call to call. What it holds between calls has no meaning.
 */
public final class TopKScratch implements AutoCloseable {
    private static final int BLOCK_ROWS_MAX = 256;
    private static final int BLOCK_BYTES = 128 << 10;
    private static final int TILE_ROWS = 4;

    private final int queriesMax;
    private final int colsMax;
    private final int capacity;
    private final FloatSlab slab;
    private final long base;
    private final long threadBytes;
    private final long queriesBytes;
    private final BestRows[] best;
    private final TopKScan scan;

    /**
     * Room for calls of up to {@code queries} queries of {@code cols} floats with {@code k} neighbours each, on up to
     * {@code threads} threads.
     *
     * @throws IllegalArgumentException if one is below 1, or queries x k are more numbers than an array holds
     */
    public TopKScratch(final int queries, final int cols, final int k, final int threads) {
        capacity = requireProduct("queries x k", queries, k);
        if (cols < 1 || threads < 1) {
            throw new IllegalArgumentException(
                    "columns and threads must be at least 1, given " + cols + " and " + threads);
        }
        queriesMax = queries;
        colsMax = cols;
        queriesBytes = FloatSlab.roundedUpBytes((long) queries * cols);
        // Two queries' products, the squares, the lanes of the loops and those of the exact sums.
        threadBytes = 3L * BLOCK_ROWS_MAX * Float.BYTES + RowScan.LANES_BYTES + CanonicalOrder.LANES_BYTES;
        slab = FloatSlab.allocate((queriesBytes + threads * threadBytes) / Float.BYTES);
        base = slab.segment().address();
        best = new BestRows[threads];
        for (int thread = 0; thread < threads; thread++) {
            best[thread] = new BestRows(queries, capacity);
        }
        scan = new TopKScan(this, queries, threads);
    }

    public long lengthBytes() {
        return slab.lengthBytes() + best.length * ((long) capacity * (Integer.BYTES + Double.BYTES));
    }

    /** Gives the memory back; a second call has no effect. */
    @Override
    public void close() {
        slab.close();
    }

    void require(final int queries, final int cols, final int k, final int threads) {
        if (queries > queriesMax || cols > colsMax || (long) queries * k > capacity || threads > best.length) {
            throw new IllegalArgumentException("the scratch has room for " + queriesMax + " queries of " + colsMax
                    + " floats, " + capacity + " neighbours in all and " + best.length + " threads, given " + queries
                    + " queries of " + cols + " floats, " + k + " neighbours each and " + threads + " threads");
        }
        if (!slab.segment().scope().isAlive()) {
            throw new IllegalStateException("the scratch has been closed");
        }
    }

    /** How many rows are scanned for all queries before the next ones, so that they stay near the core; moves no result. */
    static int blockRows(final long strideBytes) {
        final long fitting = BLOCK_BYTES / strideBytes & -TILE_ROWS;
        return (int) Math.max(TILE_ROWS, Math.min(BLOCK_ROWS_MAX, fitting));
    }

    static int requireProduct(final String name, final int left, final int right) {
        final long product = (long) left * right;
        if (left < 1 || right < 1 || product > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    name + " must each be at least 1 and fit an array, given " + left + " x " + right);
        }
        return (int) product;
    }

    TopKScan scan() {
        return scan;
    }

    BestRows best(final int thread) {
        return best[thread];
    }

    /** Where things are, in bytes from the start of the scratch: a unit query of {@code cols} columns. */
    long query(final int query, final int cols) {
        return (long) query * cols * Float.BYTES;
    }

    long firstDots(final int thread) {
        return queriesBytes + thread * threadBytes;
    }

    long secondDots(final int thread) {
        return firstDots(thread) + (long) BLOCK_ROWS_MAX * Float.BYTES;
    }

    long squares(final int thread) {
        return secondDots(thread) + (long) BLOCK_ROWS_MAX * Float.BYTES;
    }

    long lanes(final int thread) {
        return squares(thread) + (long) BLOCK_ROWS_MAX * Float.BYTES;
    }

    /** Of the exact sums. */
    long exactLanes(final int thread) {
        return lanes(thread) + RowScan.LANES_BYTES;
    }

    /** For the loops, which run unchecked. */
    long address(final long place) {
        return base + place;
    }

    float number(final long place, final int index) {
        return slab.segment().get(ValueLayout.JAVA_FLOAT, place + (long) index * Float.BYTES);
    }
}
