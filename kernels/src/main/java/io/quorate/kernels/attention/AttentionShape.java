package io.quorate.kernels.attention;

/**
 * The shape of one multi-head attention: {@code queries} rows attend over {@code keys} rows; each row holds
 * {@code heads} x {@code headDim} floats, head after head.
 *
 * @param queries rows of Q and of the output
 * @param keys rows of K and V
 * @param heads H
 * @param headDim floats of a row that belong to one head
 * @param scale what the finished product of a query and a key is multiplied with before the softmax; above 0, at most {@link #SCALE_MAX}
 */
public record AttentionShape(int queries, int keys, int heads, int headDim, float scale) {
    /** The longest row and the greatest number of rows; products of two such sizes still fit the arithmetic of the kernels. */
    public static final int SIZE_MAX = 1 << 24;

    /** A panel of so many steps is as long as the address arithmetic of a tile reaches. */
    public static final int HEAD_DIM_MAX = 1 << 22;

    /** Larger scales would overflow together with log2(e); a softmax this sharp is a plain maximum anyway. */
    public static final float SCALE_MAX = 0x1p100f;

    /** @throws IllegalArgumentException if a size is not within 1..{@value #SIZE_MAX}, headDim above {@value #HEAD_DIM_MAX}, or the scale not above 0 and at most 2^100 */
    public AttentionShape {
        requireSize("queries", queries);
        requireSize("keys", keys);
        requireSize("heads", heads);
        requireSize("headDim", headDim);
        if (headDim > HEAD_DIM_MAX) {
            throw new IllegalArgumentException("headDim is at most " + HEAD_DIM_MAX + ", given " + headDim);
        }
        if ((long) heads * headDim > SIZE_MAX) {
            throw new IllegalArgumentException(
                    "heads x headDim is at most " + SIZE_MAX + ", given " + heads + " x " + headDim);
        }
        if (!(scale > 0.0f) || scale > SCALE_MAX) {
            throw new IllegalArgumentException("the scale must be above 0 and at most 2^100, given " + scale);
        }
    }

    /**
     * {@code rows} rows attending over themselves, with the usual scale 1 / sqrt(headDim).
     *
     * @throws IllegalArgumentException if {@code heads} does not divide {@code modelDim}, or as the constructor
     */
    public static AttentionShape ofSelf(final int rows, final int modelDim, final int heads) {
        requireSize("heads", heads);
        if (modelDim < 1 || modelDim % heads != 0) {
            throw new IllegalArgumentException(
                    "the number of heads must divide the row, given " + heads + " heads and " + modelDim + " floats");
        }
        final int headDim = modelDim / heads;
        return new AttentionShape(rows, rows, heads, headDim, (float) (1.0 / Math.sqrt(headDim)));
    }

    public AttentionShape withScale(final float newScale) {
        return new AttentionShape(queries, keys, heads, headDim, newScale);
    }

    public int modelDim() {
        return heads * headDim;
    }

    private static void requireSize(final String name, final int size) {
        if (size < 1 || size > SIZE_MAX) {
            throw new IllegalArgumentException(name + " must be within 1.." + SIZE_MAX + ", given " + size);
        }
    }
}
