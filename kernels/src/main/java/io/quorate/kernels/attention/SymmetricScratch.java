package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.SmallSymmetricLoops;
import io.quorate.kernels.simd.SymmetricLoops;

/**
 * The working memory of one call of {@link SymmetricAttention} at a time, reused from call to call. What it holds between calls
 * has no meaning. For each thread there is a part: the packed keys and values of a head, one block of rows of exponentials,
 * and the blocks below the diagonal, which mirror what earlier rows have computed. The last is the large one, half of
 * rows x rows floats a thread, and never more than 17 MiB: blocks far from the diagonal are computed twice instead.
 */
public final class SymmetricScratch implements AutoCloseable {
    private static final int BLOCK_ROWS_MAX = 48;
    private static final int LANES = CanonicalOrder.LANES;

    /** Rows further apart than this are not mirrored but computed again: what is mirrored stays in a cache of 32 MiB. */
    private static final int BAND_ROWS = 2_064;

    private final int rowsMax;
    private final int headsMax;
    private final int headDimMax;
    private final int bandBlocksMax;
    private final FloatSlab shared;
    private final long headInfluence;
    private final long influence;
    private final long ofFourRows;
    private final Part[] parts;
    private final SymmetricCall call = new SymmetricCall(this);

    /**
     * Room for at most {@code rowsMax} rows of at most {@code headsMax} heads of at most {@code headDimMax} floats.
     *
     * @param threads how many threads of a team may share a call, at least 1
     */
    public SymmetricScratch(final int rowsMax, final int headsMax, final int headDimMax, final int threads) {
        this(rowsMax, headsMax, headDimMax, threads, BAND_ROWS);
    }

    /** As above with another band, for tests: rows nearer than it are mirrored. Moves no bit of the result. */
    SymmetricScratch(
            final int rowsMax, final int headsMax, final int headDimMax, final int threads, final int bandRows) {
        final AttentionShape largest = new AttentionShape(rowsMax, rowsMax, headsMax, headDimMax, 1.0f);
        if (threads < 1) {
            throw new IllegalArgumentException("a scratch is for at least one thread, given " + threads);
        }
        bandBlocksMax = Math.max(1, bandRows / BLOCK_ROWS_MAX);
        this.rowsMax = largest.keys();
        this.headsMax = largest.heads();
        this.headDimMax = largest.headDim();
        final long paddedRows = CanonicalOrder.roundedUp(rowsMax);
        final long influences = (headsMax + 1) * paddedRows;
        shared = FloatSlab.allocate(influences + SmallSymmetricLoops.scratchFloats(headsMax, headDimMax));
        influence = shared.segment().address();
        headInfluence = influence + paddedRows * Float.BYTES;
        ofFourRows = influence + influences * Float.BYTES;
        parts = new Part[threads];
        for (int i = 0; i < threads; i++) {
            parts[i] = new Part(rowsMax, headDimMax, bandBlocksMax);
        }
    }

    /** Room for one shape and all smaller ones, and so many threads. */
    public static SymmetricScratch forShape(final AttentionShape shape, final int threads) {
        return new SymmetricScratch(shape.keys(), shape.heads(), shape.headDim(), threads);
    }

    public long lengthBytes() {
        long lengthBytes = shared.lengthBytes();
        for (final Part part : parts) {
            lengthBytes += part.slab.lengthBytes();
        }
        return lengthBytes;
    }

    /** How many threads may share a call. */
    public int threads() {
        return parts.length;
    }

    /** Gives the memory back; a second call has no effect. */
    @Override
    public void close() {
        shared.close();
        for (final Part part : parts) {
            part.slab.close();
        }
    }

    void require(final AttentionShape shape) {
        if (shape.keys() > rowsMax || shape.headDim() > headDimMax || shape.heads() > headsMax) {
            throw new IllegalArgumentException("the scratch has room for " + rowsMax + " rows of " + headsMax
                    + " heads of " + headDimMax + ", given " + shape.keys() + " rows of " + shape.heads() + " heads of "
                    + shape.headDim());
        }
        if (!shared.segment().scope().isAlive()) {
            throw new IllegalStateException("the scratch has been closed");
        }
    }

    /** Rows of a block; moves no bit of the result. */
    static int blockRows(final int rows) {
        return Math.min(BLOCK_ROWS_MAX, CanonicalOrder.roundedUp(rows));
    }

    /**
     * How many blocks left of the diagonal a block of rows finds mirrored; those further left it computes itself. All of them where
     * a head has few rows.
     */
    int bandBlocks() {
        return bandBlocksMax;
    }

    /** Floats of all mirrored blocks: half of a square, or a ring of rows as wide as the band. */
    private static long mirroredFloats(final int blocks, final int blockRows, final int bandBlocks) {
        final long count =
                blocks - 1 <= bandBlocks ? (long) blocks * (blocks - 1) / 2 : (long) bandBlocks * (bandBlocks + 1);
        return count * blockRows * blockRows;
    }

    SymmetricCall call() {
        return call;
    }

    Part part(final int thread) {
        return parts[thread];
    }

    /** The influence of all heads together. */
    long influence() {
        return influence;
    }

    /** The influence of the heads, padded rows after padded rows. */
    long headInfluence() {
        return headInfluence;
    }

    /** What {@link SmallSymmetricLoops} needs. */
    long ofFourRows() {
        return ofFourRows;
    }

    /** What one thread works on: regions of one slab, each on cache lines of its own. */
    static final class Part {
        final FloatSlab slab;
        final long panels;
        final long values;
        final long block;
        final long mirrored;
        final long sums;
        final long inverses;
        final long blockOut;
        final long squares;
        final long transposed;
        final long masks;
        final long lanes;

        private Part(final int rowsMax, final int headDimMax, final int bandBlocksMax) {
            final long paddedRows = CanonicalOrder.roundedUp(rowsMax);
            final long paddedDim = CanonicalOrder.roundedUp(headDimMax);
            final int blockRows = blockRows(rowsMax);
            final int blocks = (rowsMax + blockRows - 1) / blockRows;
            final long[] floats = {
                paddedRows * headDimMax,
                rowsMax * paddedDim,
                blockRows * paddedRows,
                mirroredFloats(blocks, blockRows, bandBlocksMax),
                (long) BLOCK_ROWS_MAX * LANES,
                BLOCK_ROWS_MAX,
                BLOCK_ROWS_MAX * paddedDim,
                paddedRows,
                2L * SymmetricLoops.BLOCK_BYTES / Float.BYTES,
                2L * LANES,
                CanonicalOrder.LANES_BYTES / Float.BYTES
            };
            final long[] at = new long[floats.length + 1];
            for (int i = 0; i < floats.length; i++) {
                at[i + 1] = at[i] + FloatSlab.roundedUpBytes(floats[i]);
            }
            slab = FloatSlab.allocate(at[floats.length] / Float.BYTES);
            final long base = slab.segment().address();
            panels = base + at[0];
            values = base + at[1];
            block = base + at[2];
            mirrored = base + at[3];
            sums = base + at[4];
            inverses = base + at[5];
            blockOut = base + at[6];
            squares = base + at[7];
            transposed = base + at[8];
            masks = base + at[9];
            lanes = base + at[10];
        }
    }
}
