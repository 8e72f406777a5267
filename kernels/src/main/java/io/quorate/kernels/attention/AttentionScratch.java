package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;

/**
 * The working memory of one attention call at a time: for each thread of the call the packed keys and values of one head and a
 * block of scores, and the sums of the columns. Owned by the caller and reused from call to call. What it holds between calls
 * has no meaning.
 */
public final class AttentionScratch implements AutoCloseable {
    static final int BLOCK_ROWS_MAX = 24;
    private static final int BLOCK_ROWS_STEP = 8;
    private static final int BLOCK_SCORES = 1 << 16;

    private final int keysMax;
    private final int headDimMax;
    private final int headsMax;
    private final FloatSlab slab;
    private final AttentionPart[] parts;
    private final AttentionHeads heads = new AttentionHeads(this);
    private final long headInfluence;
    private final long headInfluenceBytes;
    private final long influence;

    /** Room for any number of queries over at most {@code keysMax} keys, with heads of at most {@code headDimMax} floats. */
    public AttentionScratch(final int keysMax, final int headDimMax) {
        this(keysMax, headDimMax, 1, 1);
    }

    /**
     * Room for calls of up to {@code threads} threads.
     *
     * @param headsMax so many heads a call may have if it runs on more than one thread; without effect for one
     * @throws IllegalArgumentException if a size is not positive, or too large for an {@link AttentionShape}
     */
    public AttentionScratch(final int keysMax, final int headDimMax, final int headsMax, final int threads) {
        final AttentionShape largest = new AttentionShape(1, keysMax, headsMax, headDimMax, 1.0f);
        if (threads < 1) {
            throw new IllegalArgumentException("a call has at least one thread, given " + threads);
        }
        this.keysMax = largest.keys();
        this.headDimMax = largest.headDim();
        this.headsMax = threads == 1 ? AttentionShape.SIZE_MAX : largest.heads();
        final int influences = threads == 1 ? 1 : headsMax;
        final long paddedKeys = CanonicalOrder.roundedUp(keysMax);
        this.headInfluenceBytes = FloatSlab.roundedUpBytes(paddedKeys);
        this.parts = new AttentionPart[Math.min(threads, headsMax)];
        final AttentionPart.Layout dry = new AttentionPart.Layout(0);
        layOut(dry);
        dry.take(paddedKeys);
        dry.take(influences * paddedKeys);
        this.slab = FloatSlab.allocate(dry.floats());
        final AttentionPart.Layout layout =
                new AttentionPart.Layout(slab.segment().address());
        layOut(layout);
        this.influence = layout.take(paddedKeys);
        this.headInfluence = layout.take(influences * paddedKeys);
    }

    private void layOut(final AttentionPart.Layout layout) {
        for (int part = 0; part < parts.length; part++) {
            parts[part] = new AttentionPart(layout, keysMax, headDimMax);
        }
    }

    /** Room for one shape and all smaller ones, on one thread. */
    public static AttentionScratch forShape(final AttentionShape shape) {
        return forShape(shape, 1);
    }

    /** Room for one shape and all smaller ones, on up to {@code threads} threads. */
    public static AttentionScratch forShape(final AttentionShape shape, final int threads) {
        return new AttentionScratch(shape.keys(), shape.headDim(), shape.heads(), threads);
    }

    public long lengthBytes() {
        return slab.lengthBytes();
    }

    /** Gives the memory back; a second call has no effect. */
    @Override
    public void close() {
        slab.close();
    }

    /** How many threads of a team can work on a shape here: never more than it has heads. */
    int workers(final AttentionShape shape, final int threads) {
        return shape.heads() > headsMax ? 1 : Math.min(Math.min(threads, parts.length), shape.heads());
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

    /** The floats of the largest block. Fewer keys may have more rows, so the room is for whichever is larger. */
    static long scoresMax(final long paddedKeys) {
        return Math.max(BLOCK_ROWS_STEP * paddedKeys, BLOCK_SCORES) + (long) BLOCK_ROWS_MAX * CanonicalOrder.LANES;
    }

    AttentionHeads heads() {
        return heads;
    }

    AttentionPart part(final int worker) {
        return parts[worker];
    }

    /** Where the influences of a head are added up; one head after the other in the same place if there is one thread. */
    long headInfluence(final int head) {
        return headInfluence + head * headInfluenceBytes;
    }

    long influence() {
        return influence;
    }
}
