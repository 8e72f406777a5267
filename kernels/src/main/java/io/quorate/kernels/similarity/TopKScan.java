package io.quorate.kernels.similarity;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.RowScan;

/**
 * One call of {@link TopK}: each worker scans a contiguous part of the rows, block by block, for all queries, and keeps the
 * best rows of its part.
 */
final class TopKScan implements KernelTeam.Task {
    private static final int NONE = -1;

    private final TopKScratch scratch;
    private final double[] querySquares;
    private final int[] unfit;
    private RowScan loops;
    private long rowsAddress;
    private long strideBytes;
    private int rows;
    private int cols;
    private int queries;
    private int k;
    private int workers;

    TopKScan(final TopKScratch scratch, final int queriesMax, final int threadsMax) {
        this.scratch = scratch;
        querySquares = new double[queriesMax];
        unfit = new int[threadsMax];
    }

    void begin(
            final RowScan scanLoops,
            final FloatMatrix matrix,
            final int queryCount,
            final int neighbours,
            final int threads) {
        loops = scanLoops;
        rowsAddress = matrix.address();
        strideBytes = matrix.strideBytes();
        rows = matrix.rows();
        cols = matrix.cols();
        queries = queryCount;
        k = neighbours;
        workers = threads;
    }

    void setQuerySquare(final int query, final double square) {
        querySquares[query] = square;
    }

    @Override
    public void run(final int worker) {
        final int end = (int) ((long) rows * (worker + 1) / workers);
        final int blockRows = TopKScratch.blockRows(strideBytes);
        final BestRows best = scratch.best(worker);
        best.begin(queries, k);
        unfit[worker] = NONE;
        for (int row = (int) ((long) rows * worker / workers); row < end; row += blockRows) {
            final int count = Math.min(blockRows, end - row);
            if (!scan(worker, best, row, count)) {
                return;
            }
        }
    }

    /** Returns false, and remembers the row, if one is not finite. */
    private boolean scan(final int worker, final BestRows best, final int row, final int count) {
        final long at = rowsAddress + row * strideBytes;
        final long first = scratch.firstDots(worker);
        final long second = scratch.secondDots(worker);
        final long squares = scratch.squares(worker);
        final long lanes = scratch.lanes(worker);
        loops.dotsAndSquares(
                at,
                strideBytes,
                count,
                scratch.address(scratch.query(0, cols)),
                cols,
                scratch.address(first),
                scratch.address(squares),
                scratch.address(lanes));
        for (int i = 0; i < count; i++) {
            if (!(scratch.number(squares, i) <= Double.MAX_VALUE)) {
                unfit[worker] = row + i;
                return false;
            }
        }
        offer(best, 0, row, count, first, squares);
        int query = 1;
        for (; query + 1 < queries; query += 2) {
            loops.dotsOfTwo(
                    at,
                    strideBytes,
                    count,
                    scratch.address(scratch.query(query, cols)),
                    scratch.address(scratch.query(query + 1, cols)),
                    cols,
                    scratch.address(first),
                    scratch.address(second),
                    scratch.address(lanes));
            offer(best, query, row, count, first, squares);
            offer(best, query + 1, row, count, second, squares);
        }
        if (query < queries) {
            loops.dotsAndSquares(
                    at,
                    strideBytes,
                    count,
                    scratch.address(scratch.query(query, cols)),
                    cols,
                    scratch.address(first),
                    scratch.address(second),
                    scratch.address(lanes));
            offer(best, query, row, count, first, squares);
        }
        return true;
    }

    private void offer(
            final BestRows best, final int query, final int row, final int count, final long dots, final long squares) {
        final double querySquare = querySquares[query];
        for (int i = 0; i < count; i++) {
            final double square = scratch.number(squares, i);
            final double cosine = square == 0.0 ? 0.0 : scratch.number(dots, i) / Math.sqrt(square * querySquare);
            // The sum with +0 turns -0 into +0.
            best.offer(query, row + i, Math.max(-1.0, Math.min(1.0, cosine)) + 0.0);
        }
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
