package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;

/**
 * One worker's part of {@link AttentionScratch}, by address: the packed keys and values of a head, a block of scores and what
 * belongs to it.
 */
final class AttentionPart {
    private final long panels;
    private final long values;
    private final long scores;
    private final long blockOut;
    private final long inverseSums;
    private final long lanes;
    private final long biasFactor;

    AttentionPart(final Layout layout, final int keysMax, final int headDimMax) {
        final long paddedKeys = CanonicalOrder.roundedUp(keysMax);
        final long paddedDim = CanonicalOrder.roundedUp(headDimMax);
        final long rows = AttentionScratch.BLOCK_ROWS_MAX;
        panels = layout.take(paddedKeys * headDimMax);
        values = layout.take(keysMax * paddedDim);
        scores = layout.take(AttentionScratch.scoresMax(paddedKeys));
        blockOut = layout.take(rows * paddedDim);
        inverseSums = layout.take(rows);
        lanes = layout.take(rows * CanonicalOrder.LANES_BYTES / Float.BYTES);
        biasFactor = layout.take(1);
    }

    long panels() {
        return panels;
    }

    long values() {
        return values;
    }

    long scores() {
        return scores;
    }

    long blockOut() {
        return blockOut;
    }

    long inverseSums() {
        return inverseSums;
    }

    long lanes() {
        return lanes;
    }

    long biasFactor() {
        return biasFactor;
    }

    /** Lays regions out one after the other, each on a cache line of its own. */
    static final class Layout {
        private final long base;
        private long lengthBytes;

        Layout(final long base) {
            this.base = base;
        }

        long take(final long floats) {
            final long at = base + lengthBytes;
            lengthBytes += FloatSlab.roundedUpBytes(floats);
            return at;
        }

        long floats() {
            return lengthBytes / Float.BYTES;
        }
    }
}
