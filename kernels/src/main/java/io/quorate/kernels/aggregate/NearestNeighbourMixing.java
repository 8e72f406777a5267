package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * Means of nearest rows: replaces each row by the mean of its n - f nearest rows, itself included, ties to the lower row
 * (NNM; Allouah 2023, arXiv 2302.01772). Before a rule that is (f, kappa)-robust it makes one that is (f, 8f / (n - f) *
 * (1 + kappa))-robust (lemma 5 there, and derived anew in docs/kernels/aggregation.md). Needs 2f &lt; n.
 */
public final class NearestNeighbourMixing {
    private final Primitives primitives;

    public NearestNeighbourMixing(final Primitives primitives) {
        this.primitives = primitives;
    }

    /**
     * @param rows n x d, finite
     * @param out n x d, overwritten; must not overlap the rows
     * @throws IllegalArgumentException as {@link AggregationRule#aggregate}
     */
    public void mix(
            final FloatMatrix rows, final int faultyMax, final FloatMatrix out, final AggregationScratch scratch) {
        requireMajority(rows, faultyMax);
        RowChecks.outAddress(rows, rows.rows(), out);
        mix(rows, scratch.measured(primitives, rows), faultyMax, out, scratch);
    }

    /** As without {@code pairs}, which were measured of these very rows. */
    public void mix(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int faultyMax,
            final FloatMatrix out,
            final AggregationScratch scratch) {
        final int count = rows.rows();
        requireMajority(rows, faultyMax);
        pairs.requireOf(rows);
        scratch.require(rows);
        final long target = RowChecks.outAddress(rows, count, out);
        for (int row = 0; row < count; row++) {
            meanOfNearest(rows, pairs, row, count - faultyMax, target + row * out.strideBytes(), scratch);
        }
        Reference.reachabilityFence(out);
    }

    /** A rule that mixes first and then applies another one, which does not mix itself, to the mixed rows. */
    public AggregationRule before(final AggregationRule rule) {
        return new AggregationRule() {
            @Override
            public void aggregate(
                    final FloatMatrix rows,
                    final int faultyMax,
                    final FloatMatrix out,
                    final AggregationScratch scratch) {
                requireMajority(rows, faultyMax);
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
                scratch.require(rows);
                RowChecks.outAddress(rows, 1, out);
                final FloatMatrix mixed = scratch.mixed(rows.rows(), rows.cols());
                mix(rows, pairs, faultyMax, mixed, scratch);
                rule.aggregate(mixed, faultyMax, out, scratch);
            }
        };
    }

    /**
     * MoNNA's rule of a peer (Farhadkhani 2023, arXiv 2209.10931): the mean of the n - f rows nearest to the peer's own row, which
     * counts, too. Needs 2f &lt; n, and an own row that is honest: for each S with the own row x, |result - mean of S|^2 &lt;= 4f /
     * (n - f) * (v + |x - mean of S|^2) with v the mean over S of |x_i - mean of S|^2, hence kappa = 4f (1 + 1 / (n - f)).
     *
     * @param ownRow 0 or above; calls refuse it if there are not as many rows
     */
    public AggregationRule around(final int ownRow) {
        if (ownRow < 0) {
            throw new IllegalArgumentException("the own row is 0 or above, given " + ownRow);
        }
        return new Around(ownRow);
    }

    private final class Around implements AggregationRule {
        private final int ownRow;

        Around(final int ownRow) {
            this.ownRow = ownRow;
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
            meanOfNearest(rows, pairs, ownRow, rows.rows() - faultyMax, target, scratch);
            Reference.reachabilityFence(out);
        }

        private void require(final FloatMatrix rows, final int faultyMax) {
            RowChecks.requireMajority("MoNNA", rows.rows(), faultyMax);
            if (ownRow >= rows.rows()) {
                throw new IllegalArgumentException(
                        "MoNNA's own row must be one of the " + rows.rows() + " rows, given row " + ownRow);
            }
        }
    }

    private static void requireMajority(final FloatMatrix rows, final int faultyMax) {
        RowChecks.requireMajority("nearest-neighbour mixing", rows.rows(), faultyMax);
    }

    private void meanOfNearest(
            final FloatMatrix rows,
            final PairDistances pairs,
            final int row,
            final int neighbours,
            final long target,
            final AggregationScratch scratch) {
        meanOfLowest(primitives, rows, pairs.squared(), row * rows.rows(), neighbours, target, scratch);
    }

    /** The mean of the rows with the lowest keys, {@code keys[first]} being row 0's; ties to the lower row. */
    static void meanOfLowest(
            final Primitives primitives,
            final FloatMatrix rows,
            final double[] keys,
            final int first,
            final int wanted,
            final long target,
            final AggregationScratch scratch) {
        final int count = rows.rows();
        final double[] sorted = scratch.sorted();
        System.arraycopy(keys, first, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        final double highest = sorted[wanted - 1];
        int equalLeft = wanted;
        for (int i = 0; i < wanted && sorted[i] < highest; i++) {
            equalLeft--;
        }
        primitives.fillDoubles(scratch.sums(), -0.0, rows.cols());
        for (int row = 0; row < count; row++) {
            final double key = keys[first + row];
            if (key < highest || key == highest && equalLeft-- > 0) {
                primitives.accumulateScaled(
                        rows.address() + row * rows.strideBytes(), 1.0, scratch.sums(), rows.cols());
            }
        }
        primitives.divideToFloat(scratch.sums(), wanted, target, rows.cols());
        Reference.reachabilityFence(rows);
    }
}
