package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * The mean of the n - f rows with the smallest diameter (MDA; El-Mhamdi 2019, arXiv 1905.03853); among subsets of equal
 * diameter the lexicographically first. Needs 2f &lt; n, and n &lt;= {@value #ROWS_MAX}.
 *
 * <p>(f, kappa)-robust with kappa = 8 f^2 / (n - f): |result - mean of S| is at most 2f / (n - f) times the diameter of S
 * (Farhadkhani 2022, arXiv 2205.12173).
 *
 * <p>A subset of diameter t is what is left when f rows cover all pairs that lie farther apart than t. So t is found by bisection
 * over the distances, and each question is a vertex cover of at most f rows, answered by branching at the row with the most far
 * pairs: about 1.47^f cases, where trying all subsets would take n over f.
 */
public final class MinimumDiameter implements AggregationRule {
    /** Rows are bits of a long. */
    public static final int ROWS_MAX = 64;

    private final Primitives primitives;

    public MinimumDiameter(final Primitives primitives) {
        this.primitives = primitives;
    }

    @Override
    public void aggregate(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        require(rows, faultyMax);
        RowChecks.outAddress(rows, 1, out);
        aggregate(rows, scratch.measured(primitives, rows), faultyMax, out, scratch);
    }

    @Override
    public void aggregate(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int faultyMax,
            final FloatMatrix out,
            final AggregationScratch scratch) {
        require(rows, faultyMax);
        pairs.requireOf(rows);
        scratch.require(rows);
        final long target = RowChecks.outAddress(rows, 1, out);
        final int count = rows.rows();
        final long chosen = firstSubset(pairs.squared(), count, faultyMax, scratch);
        primitives.fillDoubles(scratch.sums(), -0.0, rows.cols());
        for (int row = 0; row < count; row++) {
            if ((chosen >>> row & 1) != 0) {
                primitives.accumulateScaled(
                        rows.address() + row * rows.strideBytes(), 1.0, scratch.sums(), rows.cols());
            }
        }
        primitives.divideToFloat(scratch.sums(), count - faultyMax, target, rows.cols());
        Reference.reachabilityFence(rows);
        Reference.reachabilityFence(out);
    }

    private static void require(final FloatMatrix rows, final int faultyMax) {
        RowChecks.requireMajority("MDA", rows.rows(), faultyMax);
        if (rows.rows() > ROWS_MAX) {
            throw new IllegalArgumentException("MDA takes at most " + ROWS_MAX
                    + " rows, since its time grows exponentially with f, given " + rows.rows());
        }
    }

    /** The rows of the lexicographically first subset of n - f rows among those of least diameter, as bits. */
    private static long firstSubset(
            final double[] squared, final int count, final int faultyMax, final AggregationScratch scratch) {
        final long all = count == Long.SIZE ? -1L : (1L << count) - 1;
        final long[] far = scratch.masks();
        final double[] sorted = scratch.sortedPairs();
        int distances = 0;
        for (int row = 0; row < count; row++) {
            for (int other = row; other < count; other++) {
                sorted[distances++] = squared[row * count + other];
            }
        }
        Arrays.sort(sorted, 0, distances);
        int low = 0;
        int high = distances - 1;
        while (low < high) {
            final int middle = (low + high) >>> 1;
            findFar(squared, count, sorted[middle], far);
            if (isCoverable(far, all, faultyMax)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        findFar(squared, count, sorted[high], far);
        long candidates = all;
        for (int row = 0; row < count; row++) {
            if ((candidates >>> row & 1) != 0) {
                // Rows before this one are in for good or out; with it, all that are far from it go.
                final long with = candidates & ~far[row];
                final int budget = faultyMax - (count - Long.bitCount(with));
                candidates = budget >= 0 && isCoverable(far, with, budget) ? with : candidates & ~(1L << row);
            }
        }
        return firstBits(candidates, count - faultyMax);
    }

    /** The subset is as long as asked for: of more rows that fit together, the first ones. */
    private static long firstBits(final long bits, final int wanted) {
        long left = bits;
        long chosen = 0;
        for (int i = 0; i < wanted; i++) {
            chosen |= Long.lowestOneBit(left);
            left &= left - 1;
        }
        return chosen;
    }

    private static void findFar(final double[] squared, final int count, final double diameter, final long[] far) {
        for (int row = 0; row < count; row++) {
            long mask = 0;
            for (int other = 0; other < count; other++) {
                if (squared[row * count + other] > diameter) {
                    mask |= 1L << other;
                }
            }
            far[row] = mask;
        }
    }

    /** True if taking away at most {@code budget} of the rows leaves none that are far from each other. */
    private static boolean isCoverable(final long[] far, final long rows, final int budget) {
        int most = 0;
        int busiest = -1;
        int ends = 0;
        int beforeEnd = -1;
        for (long left = rows; left != 0; left &= left - 1) {
            final int row = Long.numberOfTrailingZeros(left);
            final long neighbours = far[row] & rows;
            final int degree = Long.bitCount(neighbours);
            ends += degree;
            if (degree > most) {
                most = degree;
                busiest = row;
            }
            if (degree == 1) {
                beforeEnd = Long.numberOfTrailingZeros(neighbours);
            }
        }
        if (most == 0) {
            return true;
        }
        if (budget < 1 || ends > 2 * budget * most) {
            return false;
        }
        // The one neighbour of a row covers at least as much as the row; so does any row of a circle.
        if (beforeEnd >= 0) {
            return isCoverable(far, rows & ~(1L << beforeEnd), budget - 1);
        }
        final long without = rows & ~(1L << busiest);
        if (isCoverable(far, without, budget - 1)) {
            return true;
        }
        return most > 2 && most <= budget && isCoverable(far, without & ~far[busiest], budget - most);
    }
}
