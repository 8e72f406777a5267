package io.quorate.kernels.similarity;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.RowScan;

/**
 * One call of {@link TopK}: each worker scans a contiguous part of the rows, block by block, for all queries, and keeps the
 * best rows of its part.
 */
final class TopKScan implements KernelTeam.Task {
    private static final int NONE = -1;
    private static final double UNIT_ROUNDOFF = 0x1p-24;

    /** Squares outside may have lost bits to underflow, or have overflowed: such rows are measured in float64. */
    private static final float SQUARE_MIN = 0x1p-80f;

    private static final float SQUARE_MAX = 0x1p120f;

    /** Beyond this many steps the error bound is of no use. */
    private static final double STEPS_MAX = 0x1p20;

    private final TopKScratch scratch;
    private final double[] querySquares;
    private final int[] unfit;
    private Primitives primitives;
    private RowScan loops;
    private long rowsAddress;
    private long strideBytes;
    private long queriesAddress;
    private long queryStrideBytes;
    private int rows;
    private int cols;
    private int queries;
    private int k;
    private int workers;
    private double margin;

    TopKScan(final TopKScratch scratch, final int queriesMax, final int threadsMax) {
        this.scratch = scratch;
        querySquares = new double[queriesMax];
        unfit = new int[threadsMax];
    }

    void begin(
            final Primitives exact,
            final RowScan scanLoops,
            final FloatMatrix matrix,
            final FloatMatrix queryMatrix,
            final int neighbours,
            final int threads) {
        primitives = exact;
        loops = scanLoops;
        rowsAddress = matrix.address();
        strideBytes = matrix.strideBytes();
        queriesAddress = queryMatrix.address();
        queryStrideBytes = queryMatrix.strideBytes();
        rows = matrix.rows();
        cols = matrix.cols();
        queries = queryMatrix.rows();
        k = neighbours;
        workers = threads;
        margin = margin(cols);
    }

    /**
     * How far a cosine in float32 may be from the exact one. A lane adds up ceil(d / 16) products and the tree has 4 steps, so a
     * sum of m = ceil(d / 16) + 4 steps is within m u / (1 - m u) of the product of the norms (Higham, Accuracy and Stability of
     * Numerical Algorithms, section 3.1), once for the product, half of it for the norm; the unit query adds one rounding.
     * Twice the sum of these is taken, which covers what is of second order.
     */
    static double margin(final int cols) {
        final double steps = (double) CanonicalOrder.roundedUp(cols) / CanonicalOrder.LANES + 8;
        return steps > STEPS_MAX ? Double.POSITIVE_INFINITY : 3 * steps * UNIT_ROUNDOFF;
    }

    /**
     * Makes unit rows of the queries.
     *
     * @throws IllegalArgumentException if one is zero or not finite
     */
    void prepareQueries() {
        final long lanes = scratch.address(scratch.exactLanes(0));
        for (int query = 0; query < queries; query++) {
            final long at = queriesAddress + query * queryStrideBytes;
            final double square = primitives.dot(at, at, cols, lanes);
            if (!(square <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException("query " + query + " holds NaN or infinity");
            }
            if (square == 0.0) {
                throw new IllegalArgumentException("query " + query + " is the zero vector, which has no direction");
            }
            querySquares[query] = square;
            primitives.scaleInDouble(at, 1.0 / Math.sqrt(square), scratch.address(scratch.query(query, cols)), cols);
        }
    }

    @Override
    public void run(final int worker) {
        final int end = (int) ((long) rows * (worker + 1) / workers);
        final int blockRows = TopKScratch.blockRows(strideBytes);
        scratch.best(worker).begin(queries, k);
        unfit[worker] = NONE;
        for (int row = (int) ((long) rows * worker / workers); row < end; row += blockRows) {
            scan(worker, row, Math.min(blockRows, end - row));
            if (unfit[worker] != NONE) {
                return;
            }
        }
    }

    private void scan(final int worker, final int row, final int count) {
        final long at = rowsAddress + row * strideBytes;
        final long first = scratch.firstDots(worker);
        final long second = scratch.secondDots(worker);
        final long squares = scratch.address(scratch.squares(worker));
        final long lanes = scratch.address(scratch.lanes(worker));
        final long firstDots = scratch.address(first);
        final long secondDots = scratch.address(second);
        loops.dotsAndSquares(at, strideBytes, count, unitQuery(0), cols, firstDots, squares, lanes);
        offer(worker, 0, row, count, first);
        int query = 1;
        for (; query + 1 < queries; query += 2) {
            loops.dotsOfTwo(
                    at, strideBytes, count, unitQuery(query), unitQuery(query + 1), cols, firstDots, secondDots, lanes);
            offer(worker, query, row, count, first);
            offer(worker, query + 1, row, count, second);
        }
        if (query < queries) {
            loops.dotsAndSquares(at, strideBytes, count, unitQuery(query), cols, firstDots, squares, lanes);
            offer(worker, query, row, count, first);
        }
    }

    private long unitQuery(final int query) {
        return scratch.address(scratch.query(query, cols));
    }

    /** Measures in float64 what may be among the best. */
    private void offer(final int worker, final int query, final int row, final int count, final long dots) {
        final long squares = scratch.squares(worker);
        final BestRows best = scratch.best(worker);
        double floor = best.floor(query) - margin;
        for (int i = 0; i < count; i++) {
            final float square = scratch.number(squares, i);
            final boolean isSound = square >= SQUARE_MIN && square <= SQUARE_MAX;
            if (!isSound || !(scratch.number(dots, i) < floor * Math.sqrt(square))) {
                measure(worker, best, query, row + i);
                floor = best.floor(query) - margin;
            }
        }
    }

    private void measure(final int worker, final BestRows best, final int query, final int row) {
        final long at = rowsAddress + row * strideBytes;
        final long lanes = scratch.address(scratch.exactLanes(worker));
        final double square = primitives.dot(at, at, cols, lanes);
        if (!(square <= Double.MAX_VALUE)) {
            unfit[worker] = unfit[worker] == NONE ? row : Math.min(unfit[worker], row);
            return;
        }
        final double dot = primitives.dot(at, queriesAddress + query * queryStrideBytes, cols, lanes);
        final double cosine = square == 0.0 ? 0.0 : dot / Math.sqrt(square * querySquares[query]);
        // The sum with +0 turns -0 into +0.
        best.offer(query, row, Math.max(-1.0, Math.min(1.0, cosine)) + 0.0);
    }

    /** The lowest row that is not finite, or -1. */
    int unfitRow() {
        for (int worker = 0; worker < workers; worker++) {
            if (unfit[worker] != NONE) {
                return unfit[worker];
            }
        }
        return NONE;
    }
}
