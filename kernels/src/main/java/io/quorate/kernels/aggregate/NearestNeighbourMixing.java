package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.util.Arrays;

/**
 * Replaces each row by the mean of its n - f nearest rows, itself included, ties to the lower row (Allouah 2023, arXiv
 * 2302.01772). Done before another rule it makes that rule's bound of optimal order. Needs 2f &lt; n.
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
        final int count = rows.rows();
        RowChecks.requireMajority("nearest-neighbour mixing", count, faultyMax);
        RowChecks.requireRows(primitives, rows, scratch);
        final long target = RowChecks.outAddress(rows, count, out);
        pairDistances(rows, scratch);
        for (int row = 0; row < count; row++) {
            mixRow(rows, row, count - faultyMax, target + row * out.strideBytes(), scratch);
        }
    }

    /** A rule that mixes first and then applies another one to the mixed rows. */
    public AggregationRule before(final AggregationRule rule) {
        return (rows, faultyMax, out, scratch) -> {
            scratch.require(rows);
            RowChecks.outAddress(rows, 1, out);
            final FloatMatrix mixed = scratch.mixed(rows.rows(), rows.cols());
            mix(rows, faultyMax, mixed, scratch);
            rule.aggregate(mixed, faultyMax, out, scratch);
        };
    }

    private void pairDistances(final FloatMatrix rows, final AggregationScratch scratch) {
        final int count = rows.rows();
        final long source = rows.address();
        final double[] pairs = scratch.pairs();
        for (int row = 0; row < count; row++) {
            pairs[row * count + row] = 0.0;
            for (int other = row + 1; other < count; other++) {
                final double squared = primitives.squaredDistance(
                        source + row * rows.strideBytes(),
                        source + other * rows.strideBytes(),
                        rows.cols(),
                        scratch.lanes());
                pairs[row * count + other] = squared;
                pairs[other * count + row] = squared;
            }
        }
    }

    private void mixRow(
            final FloatMatrix rows,
            final int row,
            final int neighbours,
            final long target,
            final AggregationScratch scratch) {
        final int count = rows.rows();
        final int first = row * count;
        final double[] pairs = scratch.pairs();
        final double[] sorted = scratch.sorted();
        System.arraycopy(pairs, first, sorted, 0, count);
        Arrays.sort(sorted, 0, count);
        final double farthest = sorted[neighbours - 1];
        int equalLeft = neighbours;
        for (int i = 0; i < neighbours && sorted[i] < farthest; i++) {
            equalLeft--;
        }
        primitives.fillDoubles(scratch.sums(), -0.0, rows.cols());
        for (int other = 0; other < count; other++) {
            final double distance = pairs[first + other];
            final boolean isNearest = distance < farthest || distance == farthest && equalLeft-- > 0;
            if (isNearest) {
                primitives.accumulateScaled(
                        rows.address() + other * rows.strideBytes(), 1.0, scratch.sums(), rows.cols());
            }
        }
        primitives.divideToFloat(scratch.sums(), neighbours, target, rows.cols());
    }
}
