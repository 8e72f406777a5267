package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;

/**
 * How much each of some unit rows is attended to when all attend over all: the coordinator's attention. The shape alone, never the
 * rows, says which form computes it: the symmetric one where {@link SymmetricAttention#fits}, the general one elsewhere. The two
 * differ in the last bits.
 *
 * <p>Holds its scratch, off the heap: one instance a thread. Calls allocate nothing.
 */
public final class SelfInfluence implements AutoCloseable {
    private final AttentionShape[] shapes;
    private final AttentionSummary summary;
    private final SymmetricAttention symmetric;
    private final SymmetricScratch symmetricScratch;
    private final MultiHeadAttention general;
    private final AttentionScratch generalScratch;

    /** @param largest as many queries as keys; calls are for so many rows or fewer */
    public SelfInfluence(final Primitives primitives, final AttentionShape largest) {
        shapes = new AttentionShape[largest.keys() + 1];
        for (int rows = 1; rows <= largest.keys(); rows++) {
            shapes[rows] = new AttentionShape(rows, rows, largest.heads(), largest.headDim(), largest.scale());
        }
        summary = new AttentionSummary(largest.keys());
        final boolean fits = SymmetricAttention.fits(largest);
        symmetric = fits ? new SymmetricAttention(primitives) : null;
        symmetricScratch = fits ? SymmetricScratch.forShape(largest, 1) : null;
        general = fits ? null : new MultiHeadAttention(primitives);
        generalScratch = fits ? null : AttentionScratch.forShape(largest);
    }

    /**
     * @param rows unit rows
     * @param influence as many are overwritten: not negative, sum 1
     * @throws IllegalArgumentException as {@link SymmetricAttention#influence} or {@link MultiHeadAttention#influence}
     */
    public void measure(final FloatMatrix rows, final double[] influence) {
        final int count = rows.rows();
        if (count >= shapes.length || influence.length < count) {
            throw new IllegalArgumentException(
                    "there is room for " + Math.min(shapes.length - 1, influence.length) + " rows, given " + count);
        }
        if (isSymmetric()) {
            symmetric.influence(shapes[count], rows, summary, symmetricScratch);
        } else {
            general.influence(shapes[count], rows, rows, summary, generalScratch);
        }
        for (int i = 0; i < count; i++) {
            influence[i] = summary.influence(i);
        }
    }

    public boolean isSymmetric() {
        return symmetric != null;
    }

    public long lengthBytes() {
        return isSymmetric() ? symmetricScratch.lengthBytes() : generalScratch.lengthBytes();
    }

    /** Gives the memory back; a second call has no effect. */
    @Override
    public void close() {
        if (isSymmetric()) {
            symmetricScratch.close();
        } else {
            generalScratch.close();
        }
    }
}
