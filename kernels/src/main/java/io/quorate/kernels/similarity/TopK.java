package io.quorate.kernels.similarity;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.kernels.simd.RowScan;
import java.lang.ref.Reference;

/**
 * The rows of a matrix that are nearest to each query by cosine: an exact scan without an index, which reads the matrix once
 * whatever the number of queries.
 *
 * <pre>
 *   cosine(x, q) = sum of x_j q_j / sqrt(sum of x_j^2 * sum of q_j^2)      within [-1, 1]; 0 if x is zero
 * </pre>
 *
 * Products and squares are exact in float64 and their sums are float64 in {@link io.quorate.kernels.simd.CanonicalOrder}, so a
 * cosine is that of {@link UnitRows#cosine}, bit for bit, and nothing overflows or underflows. Rows are ordered by cosine,
 * greatest first, equal ones by ascending row. The result depends on the inputs alone: not on the vector width, the
 * alignment, the strides, the number of threads, nor on which queries are asked together.
 *
 * <p>An instance holds no state; any number of threads may use it, each with its own scratch and result. A call allocates
 * nothing.
 */
public final class TopK {
    private final RowScan loops;

    public TopK(final Primitives primitives) {
        loops = PrimitivesProvider.rowScan(primitives);
    }

    /**
     * Finds on the calling thread.
     *
     * @param rows n x d, read once
     * @param queries at least one row of d floats
     * @param k how many neighbours each query gets, 1 to n
     * @param result overwritten
     * @param scratch overwritten
     * @throws IllegalArgumentException if k is not within 1..n, the queries are not as long as the rows, the result or the
     *     scratch is too small, a query is zero, or a row or query holds NaN or infinity; the result has not been changed then
     * @throws IllegalStateException if memory has been closed
     */
    public void find(
            final FloatMatrix rows,
            final FloatMatrix queries,
            final int k,
            final Neighbours result,
            final TopKScratch scratch) {
        find(rows, queries, k, result, scratch, null);
    }

    /** As the other, the rows being shared out among the threads of a team; null is the calling thread alone. */
    public void find(
            final FloatMatrix rows,
            final FloatMatrix queries,
            final int k,
            final Neighbours result,
            final TopKScratch scratch,
            final KernelTeam team) {
        final int threads = team == null ? 1 : team.threads();
        require(rows, queries, k);
        scratch.require(queries.rows(), queries.cols(), k, threads);
        result.require(queries.rows(), k);
        final TopKScan scan = scratch.scan();
        scan.begin(loops, rows, queries.rows(), k, threads);
        widen(queries, scratch);
        if (team == null) {
            scan.run(0);
        } else {
            team.run(scan);
        }
        final int unfit = scan.unfitRow();
        if (unfit >= 0) {
            throw new IllegalArgumentException("row " + unfit + " holds NaN or infinity");
        }
        final BestRows best = scratch.best(0);
        for (int thread = 1; thread < threads; thread++) {
            best.offerAll(scratch.best(thread), queries.rows());
        }
        result.begin(queries.rows(), k);
        for (int query = 0; query < queries.rows(); query++) {
            best.drain(query, result);
        }
        Reference.reachabilityFence(rows);
    }

    private static void require(final FloatMatrix rows, final FloatMatrix queries, final int k) {
        if (queries.cols() != rows.cols()) {
            throw new IllegalArgumentException(
                    "a query must be as long as the rows, " + rows.cols() + " floats, given " + queries.cols());
        }
        if (k < 1 || k > rows.rows()) {
            throw new IllegalArgumentException(
                    "k must be within 1.." + rows.rows() + ", the number of rows, given " + k);
        }
    }

    /** Copies the queries into float64, and takes the square of each. */
    private void widen(final FloatMatrix queries, final TopKScratch scratch) {
        final int cols = queries.cols();
        final long square = scratch.squares(0);
        for (int query = 0; query < queries.rows(); query++) {
            final long wide = scratch.query(query, cols);
            for (int col = 0; col < cols; col++) {
                scratch.setNumber(wide, col, queries.get(query, col));
            }
            loops.dotsAndSquares(
                    queries.address() + query * queries.strideBytes(),
                    queries.strideBytes(),
                    1,
                    scratch.address(wide),
                    cols,
                    scratch.address(scratch.firstDots(0)),
                    scratch.address(square),
                    scratch.address(scratch.lanes(0)));
            final double squared = scratch.number(square, 0);
            if (!(squared <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException("query " + query + " holds NaN or infinity");
            }
            if (squared == 0.0) {
                throw new IllegalArgumentException("query " + query + " is the zero vector, which has no direction");
            }
            scratch.scan().setQuerySquare(query, squared);
        }
        Reference.reachabilityFence(queries);
    }
}
