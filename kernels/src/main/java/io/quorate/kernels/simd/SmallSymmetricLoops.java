package io.quorate.kernels.simd;

/**
 * Symmetric self-attention of exactly four rows, with several heads side by side in one vector: lane 4h + i belongs to row i of
 * the h-th head of a group. By address and unchecked as {@link Primitives}; the bits are those of {@link SymmetricLoops}, and
 * no method allocates. A call is {@link #scores}, then {@link #influence}, then {@link #values} if there is an output, with the
 * same scratch.
 */
public interface SmallSymmetricLoops {
    /** Rows of a call. */
    int ROWS = 4;

    /** A head dimension is a multiple of it. */
    int HEAD_DIM_STEP = 4;

    /** No vector holds more heads; scratch is for so many or a multiple. */
    int HEADS_TOGETHER_MAX = CanonicalOrder.LANES / ROWS;

    /**
     * Floats of scratch that so many heads need, at any width: the rows transposed, three exponentials a lane, 1 / l, weights, and
     * one block on the way to its transposition.
     */
    static long scratchFloats(final int heads, final int headDim) {
        final long padded = (heads + HEADS_TOGETHER_MAX - 1) & -HEADS_TOGETHER_MAX;
        return padded * ROWS * (headDim + 5L) + (long) CanonicalOrder.LANES * CanonicalOrder.LANES;
    }

    /**
     * All scores, into the scratch.
     *
     * @return the greatest of the rows' squared norms as the bits of a float; above those of infinity if one is NaN. A float32 sum in
     *     an order of its own: near the canonical one, not the same
     */
    int scores(long x, long xStride, int heads, int headDim, long scratch);

    /**
     * influence[j] = the sum over heads, ascending, of w_j, for four rows.
     *
     * @param factor scale * log2(e)
     */
    void influence(int heads, int headDim, float factor, long scratch, long influence);

    /** out_i = (sum over j of e_ij v_j) / l_i for all heads. */
    void values(long v, long vStride, int heads, int headDim, long scratch, long out, long outStride);
}
