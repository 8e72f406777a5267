package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;

/**
 * The working memory of one attention call at a time: the packed keys and values of one head, a block of scores, and the
 * sums of the columns. Owned by the caller and reused from call to call; one for each thread. What it holds between calls has
 * no meaning.
 */
public final class AttentionScratch implements AutoCloseable {
    private static final int BLOCK_ROWS_MAX = 24;
    private static final int BLOCK_ROWS_STEP = 8;
    private static final int BLOCK_SCORES = 1 << 15;

    private final int keysMax;
    private final int headDimMax;
    private final FloatSlab slab;
    private final long panels;
    private final long values;
    private final long scores;
    private final long blockOut;
    private final long inverseSums;
    private final long headInfluence;
    private final long influence;
    private final long lanes;

    /** Room for any number of queries over at most {@code keysMax} keys, with heads of at most {@code headDimMax} floats. */
    public AttentionScratch(final int keysMax, final int headDimMax) {
        final AttentionShape largest = new AttentionShape(1, keysMax, 1, headDimMax, 1.0f);
        this.keysMax = largest.keys();
        this.headDimMax = largest.headDim();
        final long paddedKeys = CanonicalOrder.roundedUp(keysMax);
        final long paddedDim = CanonicalOrder.roundedUp(headDimMax);
        final Layout layout = new Layout();
        final long panelsAt = layout.take(paddedKeys * headDimMax);
        final long valuesAt = layout.take(keysMax * paddedDim);
        // A block of fewer keys may have more rows, so the room is for whichever is larger.
        final long scoresAt = layout.take(
                Math.max(BLOCK_ROWS_STEP * paddedKeys, BLOCK_SCORES) + BLOCK_ROWS_MAX * CanonicalOrder.LANES);
        final long blockOutAt = layout.take(BLOCK_ROWS_MAX * paddedDim);
        final long inverseSumsAt = layout.take(BLOCK_ROWS_MAX);
        final long headInfluenceAt = layout.take(paddedKeys);
        final long influenceAt = layout.take(paddedKeys);
        final long lanesAt = layout.take(BLOCK_ROWS_MAX * CanonicalOrder.LANES_BYTES / Float.BYTES);
        this.slab = FloatSlab.allocate(layout.lengthBytes / Float.BYTES);
        final long base = slab.segment().address();
        this.panels = base + panelsAt;
        this.values = base + valuesAt;
        this.scores = base + scoresAt;
        this.blockOut = base + blockOutAt;
        this.inverseSums = base + inverseSumsAt;
        this.headInfluence = base + headInfluenceAt;
        this.influence = base + influenceAt;
        this.lanes = base + lanesAt;
    }

    /** Room for one shape and all smaller ones. */
    public static AttentionScratch forShape(final AttentionShape shape) {
        return new AttentionScratch(shape.keys(), shape.headDim());
    }

    public long lengthBytes() {
        return slab.lengthBytes();
    }

    /** Gives the memory back; a second call has no effect. */
    @Override
    public void close() {
        slab.close();
    }

    void require(final AttentionShape shape) {
        if (shape.keys() > keysMax || shape.headDim() > headDimMax) {
            throw new IllegalArgumentException("the scratch has room for " + keysMax + " keys and heads of "
                    + headDimMax + ", given " + shape.keys() + " keys and heads of " + shape.headDim());
        }
        if (!slab.segment().scope().isAlive()) {
            throw new IllegalStateException("the scratch has been closed");
        }
    }

    /** How many query rows a block has, so that its scores stay near the core; moves no bit of the result. */
    static int blockRows(final int paddedKeys) {
        final int fitting = BLOCK_SCORES / paddedKeys & -BLOCK_ROWS_STEP;
        return Math.max(BLOCK_ROWS_STEP, Math.min(BLOCK_ROWS_MAX, fitting));
    }

    /** From one row of scores to the next: a cache line more than the row, so that rows do not fall on the same cache sets. */
    static long scoresStride(final int paddedKeys) {
        return (long) (paddedKeys + CanonicalOrder.LANES) * Float.BYTES;
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

    long headInfluence() {
        return headInfluence;
    }

    long influence() {
        return influence;
    }

    long lanes() {
        return lanes;
    }

    /** Lays regions out one after the other, each on a cache line of its own. */
    private static final class Layout {
        private long lengthBytes;

        long take(final long floats) {
            final long at = lengthBytes;
            lengthBytes += FloatSlab.roundedUpBytes(floats);
            return at;
        }
    }
}
