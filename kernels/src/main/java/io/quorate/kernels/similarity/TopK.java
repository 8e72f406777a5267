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
 * The sums are those of {@link UnitRows}: float64 in {@link io.quorate.kernels.simd.CanonicalOrder}, so that a cosine is that of
 * {@link UnitRows#cosine}, bit for bit, and nothing overflows or underflows. Rows are ordered by cosine, greatest first, equal
 * ones by ascending row. The result depends on the inputs alone: not on the vector width, the alignment, the strides, the number
 * of threads, nor on which queries are asked together.
 *
 * <p>Float64 would take longer than memory does. So each row is first measured in float32, with a margin that bounds its error
 * (docs/kernels/similarity.md), and only rows that may be among the best are measured in float64. That moves no result: a row
 * that is left out is provably worse than the k best so far.
 *
 * <p>An instance holds no state; any number of threads may use it, each with its own scratch and result. A call allocates
 * nothing.
 */
public final class TopK {
    private final Primitives primitives;
    private final RowScan loops;

    public TopK(final Primitives primitives) {
        this.primitives = primitives;
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
        scan.begin(primitives, loops, rows, queries, k, threads);
        scan.prepareQueries();
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
        Reference.reachabilityFence(queries);
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
}
