package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;

/**
 * What is added to the logits of attention before the softmax, and which keys a query may not see. An entry b_ij stands beside
 * the scaled product: the logit of query i and key j is scale * s_ij + b_ij. It is taken in as s_ij + b_ij * (1 / scale), with
 * 1 / scale rounded to float32 and one FMA, so that a bias of zeros changes no bit of the result.
 *
 * <p>{@link #MASKED} hides a key from a query: its probability is exactly 0. A query must see at least one key. The matrices
 * are read during the call only and must not overlap the output.
 */
public final class AttentionBias {
    /** The entry that hides a key from a query: minus infinity. */
    public static final float MASKED = Float.NEGATIVE_INFINITY;

    /** No bias and no mask. */
    public static final AttentionBias NONE = new AttentionBias(null, false);

    private final FloatMatrix matrix;
    private final boolean isPerHead;

    private AttentionBias(final FloatMatrix matrix, final boolean isPerHead) {
        this.matrix = matrix;
        this.isPerHead = isPerHead;
    }

    /** One matrix of queries x keys for all heads. */
    public static AttentionBias shared(final FloatMatrix bias) {
        return new AttentionBias(bias, false);
    }

    /** A matrix of queries x keys for each head, one below the other: (heads x queries) rows of keys. */
    public static AttentionBias perHead(final FloatMatrix bias) {
        return new AttentionBias(bias, true);
    }

    boolean isPresent() {
        return matrix != null;
    }

    FloatMatrix matrix() {
        return matrix;
    }

    /** How many rows of bias the shape has. */
    int rows(final AttentionShape shape) {
        return isPerHead ? Math.multiplyExact(shape.heads(), shape.queries()) : shape.queries();
    }

    /** Bytes from the bias of one head to that of the next. */
    long headStrideBytes(final AttentionShape shape) {
        return isPerHead ? shape.queries() * matrix.strideBytes() : 0;
    }
}
