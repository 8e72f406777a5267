package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;

/**
 * Exact multi-head attention (Vaswani 2017, arXiv 1706.03762, section 3.2) in float32, which also says how much each key
 * counted. For each head h, query row i and key row j, with sums in {@link CanonicalOrder}:
 *
 * <pre>
 *   s_ij = sum over k of q_ik k_jk                          one FMA after the other, k ascending
 *   p_ij = 2^-(c (max over j of s_ij - s_ij))               c = scale * log2(e), rounded once
 *   l_i  = sum over j of p_ij                               sixteen virtual lanes
 *   out_i = (sum over j of p_ij v_j) * (1 / l_i)            one FMA after the other, j ascending
 *   influence_j = sum over h, i of p_ij (1 / l_i) / (H n)   rows ascending in a head, then heads ascending
 * </pre>
 *
 * The scale meets the finished product, never an operand, so that s_ij = s_ji where Q = K. Equal rows have exactly equal
 * probabilities, and a single key has probability exactly 1. The bits depend on the inputs alone: not on the vector width, the
 * block size, the alignment, or the strides.
 *
 * <p>Against float64 the output is within a few 1e-6 of the largest |v| as long as the logits stay within some tens; see the
 * tests. An instance holds no state; any number of threads may use it, each with its own scratch and summary. A call
 * allocates nothing.
 */
public final class MultiHeadAttention {
    private static final double LOG2_E = 1.4426950408889634;
    private static final int INFINITY_BITS = 0x7f80_0000;

    /** Twice this is still finite, so differences of scores are. */
    private static final double SCORE_MAX = 0x1p126;

    /** So many keys' values stay in the first-level cache while all rows of a block pass over them. */
    private static final int CHUNK_KEYS = 96;

    private final Primitives primitives;

    public MultiHeadAttention(final Primitives primitives) {
        this.primitives = primitives;
    }

    public Primitives primitives() {
        return primitives;
    }

    /**
     * Output and influence.
     *
     * @param q queries x modelDim
     * @param k keys x modelDim
     * @param v keys x modelDim
     * @param out queries x modelDim, overwritten; must not overlap q, k or v
     * @param summary overwritten
     * @param scratch overwritten
     * @throws IllegalArgumentException if a matrix does not have its shape, the output overlaps an input, the scratch or the
     *     summary is too small, an input is NaN or infinite, or the inputs are so large that a sum could overflow float32;
     *     nothing has been written then
     * @throws IllegalStateException if memory has been closed
     */
    public void attend(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final FloatMatrix v,
            final FloatMatrix out,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        requireScores(shape, q, k, summary, scratch);
        requireShape("V", v, shape.keys(), shape.modelDim());
        requireShape("the output", out, shape.queries(), shape.modelDim());
        requireApart("Q", q, out);
        requireApart("K", k, out);
        requireApart("V", v, out);
        requireValues(shape, v);
        run(shape, q.address(), q.strideBytes(), k, v, out, summary, scratch);
    }

    /** Influence alone, which needs no V: the same bits as {@link #attend} gives. Throws as it does. */
    public void influence(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        requireScores(shape, q, k, summary, scratch);
        run(shape, q.address(), q.strideBytes(), k, null, null, summary, scratch);
    }

    private void run(
            final AttentionShape shape,
            final long q,
            final long qStride,
            final FloatMatrix k,
            final FloatMatrix v,
            final FloatMatrix out,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        final int keys = shape.keys();
        final int headDim = shape.headDim();
        final int paddedKeys = CanonicalOrder.roundedUp(keys);
        final int paddedDim = CanonicalOrder.roundedUp(headDim);
        final int blockRows = AttentionScratch.blockRows(paddedKeys);
        final float factor = (float) (shape.scale() * LOG2_E);
        final long kAddress = k.address();
        final long vAddress = v == null ? 0 : v.address();
        final long outAddress = out == null ? 0 : out.addressForWriting();
        primitives.clear(scratch.influence(), paddedKeys);
        for (int head = 0; head < shape.heads(); head++) {
            final long column = (long) head * headDim * Float.BYTES;
            primitives.packPanels(kAddress + column, k.strideBytes(), keys, headDim, scratch.panels());
            if (v != null) {
                primitives.packRows(vAddress + column, v.strideBytes(), keys, headDim, paddedDim, scratch.values());
            }
            primitives.clear(scratch.headInfluence(), paddedKeys);
            for (int row = 0; row < shape.queries(); row += blockRows) {
                final int rows = Math.min(blockRows, shape.queries() - row);
                probabilities(q + row * qStride + column, qStride, rows, shape, factor, scratch);
                if (v != null) {
                    final long outRow = outAddress + row * out.strideBytes() + column;
                    values(outRow, out.strideBytes(), rows, keys, headDim, scratch);
                }
            }
            primitives.add(scratch.headInfluence(), scratch.influence(), paddedKeys);
        }
        final float divisor = (float) ((double) shape.heads() * shape.queries());
        final float[] influence = summary.begin(keys);
        primitives.divideToArray(scratch.influence(), divisor, influence, keys);
    }

    /** A block of scores becomes powers in place; 1/l of each row is kept, and the columns are added to the influence. */
    private void probabilities(
            final long q,
            final long qStride,
            final int rows,
            final AttentionShape shape,
            final float factor,
            final AttentionScratch scratch) {
        final int keys = shape.keys();
        final int headDim = shape.headDim();
        final int paddedKeys = CanonicalOrder.roundedUp(keys);
        final long scores = scratch.scores();
        final long scoresStride = AttentionScratch.scoresStride(paddedKeys);
        primitives.panelProduct(
                q, qStride, rows, headDim, scratch.panels(), paddedKeys / CanonicalOrder.LANES, scores, scoresStride);
        primitives.softmaxRows(
                scores, scoresStride, rows, keys, paddedKeys, factor, scratch.inverseSums(), scratch.lanes());
        primitives.accumulateRows(
                scores, scoresStride, rows, scratch.inverseSums(), scratch.headInfluence(), paddedKeys);
    }

    private void values(
            final long out,
            final long outStride,
            final int rows,
            final int keys,
            final int headDim,
            final AttentionScratch scratch) {
        final int paddedDim = CanonicalOrder.roundedUp(headDim);
        final long paddedStride = (long) paddedDim * Float.BYTES;
        final long scoresStride = AttentionScratch.scoresStride(CanonicalOrder.roundedUp(keys));
        for (int key = 0; key < keys; key += CHUNK_KEYS) {
            final int depth = Math.min(CHUNK_KEYS, keys - key);
            final long scores = scratch.scores() + (long) key * Float.BYTES;
            final long chunk = scratch.values() + key * paddedStride;
            if (key == 0) {
                primitives.product(
                        scores,
                        scoresStride,
                        rows,
                        depth,
                        chunk,
                        paddedStride,
                        paddedDim,
                        scratch.blockOut(),
                        paddedStride);
            } else {
                primitives.resumeProduct(
                        scores,
                        scoresStride,
                        rows,
                        depth,
                        chunk,
                        paddedStride,
                        paddedDim,
                        scratch.blockOut(),
                        paddedStride);
            }
        }
        primitives.scaleRows(scratch.blockOut(), paddedStride, rows, scratch.inverseSums(), out, outStride, headDim);
    }

    private void requireScores(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        requireShape("Q", q, shape.queries(), shape.modelDim());
        requireShape("K", k, shape.keys(), shape.modelDim());
        scratch.require(shape);
        if (summary.keysMax() < shape.keys()) {
            throw new IllegalArgumentException(
                    "the summary has room for " + summary.keysMax() + " keys, given " + shape.keys());
        }
        final float greatestQ = magnitude("Q", q);
        final float greatestK = magnitude("K", k);
        if ((double) greatestQ * greatestK * shape.headDim() > SCORE_MAX) {
            throw new IllegalArgumentException(
                    "a product of a query and a key may overflow float32: heads of " + shape.headDim()
                            + " with components up to " + greatestQ + " and " + greatestK + "; scale them down");
        }
    }

    private void requireValues(final AttentionShape shape, final FloatMatrix v) {
        final float greatest = magnitude("V", v);
        if ((double) greatest * shape.keys() > SCORE_MAX) {
            throw new IllegalArgumentException("a sum of values may overflow float32: " + shape.keys()
                    + " keys with components up to " + greatest + "; scale them down");
        }
    }

    private float magnitude(final String name, final FloatMatrix matrix) {
        final long address = matrix.address();
        int bits = 0;
        for (int row = 0; row < matrix.rows(); row++) {
            bits = Math.max(bits, primitives.magnitudeBits(address + row * matrix.strideBytes(), matrix.cols()));
            if (bits >= INFINITY_BITS) {
                throw new IllegalArgumentException(name + " must be finite, and row " + row + " holds NaN or infinity");
            }
        }
        return Float.intBitsToFloat(bits);
    }

    private static void requireShape(final String name, final FloatMatrix matrix, final int rows, final int cols) {
        if (matrix.rows() != rows || matrix.cols() != cols) {
            throw new IllegalArgumentException(
                    name + " must be " + rows + " x " + cols + ", given " + matrix.rows() + " x " + matrix.cols());
        }
    }

    private static void requireApart(final String name, final FloatMatrix input, final FloatMatrix out) {
        if (out.overlaps(input)) {
            throw new IllegalArgumentException("the output must not overlap " + name);
        }
    }
}
