package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

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
 * With a bias, s_ij is the sum above plus b_ij / scale: see {@link AttentionBias}. The scale meets the finished product, never an operand, so that s_ij = s_ji where Q = K. Equal rows have exactly equal
 * probabilities, and a single key has probability exactly 1. The bits depend on the inputs alone: not on the vector width, the
 * number of threads, the block size, the alignment, or the strides.
 *
 * <p>Against float64 the output is within a few 1e-6 of the largest |v| as long as the logits stay within some tens; see the
 * tests. An instance without a team holds no state; any number of threads may use it, each with its own scratch and summary. A
 * call allocates nothing.
 */
public final class MultiHeadAttention {
    private static final double LOG2_E = 1.4426950408889634;

    /** Below so many products of floats a second thread costs more than it does. */
    private static final long TEAM_PRODUCTS_MIN = 1 << 15;

    private final Primitives primitives;
    private final KernelTeam team;

    /** Attention on the calling thread alone. */
    public MultiHeadAttention(final Primitives primitives) {
        this(primitives, null);
    }

    /**
     * Attention whose heads are shared out among the threads of a team, as far as the scratch has room for them: a team of as
     * many threads as heads is the largest that helps. The team does one call at a time, so the instance does too.
     */
    public MultiHeadAttention(final Primitives primitives, final KernelTeam team) {
        this.primitives = primitives;
        this.team = team;
    }

    public Primitives primitives() {
        return primitives;
    }

    /** Output and influence without a bias: see the other form. */
    public void attend(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final FloatMatrix v,
            final FloatMatrix out,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        attend(shape, q, k, v, AttentionBias.NONE, out, summary, scratch);
    }

    /**
     * Output and influence.
     *
     * @param q queries x modelDim
     * @param k keys x modelDim
     * @param v keys x modelDim
     * @param bias what is added to the logits, and which keys are masked; {@link AttentionBias#NONE} for nothing
     * @param out queries x modelDim, overwritten; must not overlap q, k, v or the bias
     * @param summary overwritten
     * @param scratch overwritten
     * @throws IllegalArgumentException if a matrix does not have its shape, the output overlaps an input, the scratch or the
     *     summary is too small, an input is NaN or infinite (minus infinity masks in a bias), a query sees no key, or the
     *     inputs are so large that a sum could overflow float32; nothing has been written then
     * @throws IllegalStateException if memory has been closed, or the team is closed or busy
     */
    public void attend(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final FloatMatrix v,
            final AttentionBias bias,
            final FloatMatrix out,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        requireRoom(shape, summary, scratch);
        AttentionChecks.requireShape("the output", out, shape.queries(), shape.modelDim());
        AttentionChecks.requireApart("Q", q, out);
        AttentionChecks.requireApart("K", k, out);
        AttentionChecks.requireApart("V", v, out);
        if (bias.isPresent()) {
            AttentionChecks.requireApart("the bias", bias.matrix(), out);
        }
        final AttentionHeads heads = begin(shape, q, k, bias, scratch);
        AttentionChecks.requireValues(primitives, shape, v);
        heads.withValues(v, out);
        finish(heads, shape, summary, scratch);
        Reference.reachabilityFence(q);
        Reference.reachabilityFence(k);
        Reference.reachabilityFence(v);
        Reference.reachabilityFence(bias);
        Reference.reachabilityFence(out);
    }

    /** Influence alone, which needs no V: the same bits as {@link #attend} gives. Throws as it does. */
    public void influence(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        influence(shape, q, k, AttentionBias.NONE, summary, scratch);
    }

    /** As the other form, with a bias. */
    public void influence(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final AttentionBias bias,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        requireRoom(shape, summary, scratch);
        finish(begin(shape, q, k, bias, scratch), shape, summary, scratch);
        Reference.reachabilityFence(q);
        Reference.reachabilityFence(k);
        Reference.reachabilityFence(bias);
    }

    private static void requireRoom(
            final AttentionShape shape, final AttentionSummary summary, final AttentionScratch scratch) {
        scratch.require(shape);
        if (summary.keysMax() < shape.keys()) {
            throw new IllegalArgumentException(
                    "the summary has room for " + summary.keysMax() + " keys, given " + shape.keys());
        }
    }

    private AttentionHeads begin(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final AttentionBias bias,
            final AttentionScratch scratch) {
        final double greatestScore = AttentionChecks.requireScores(primitives, shape, q, k);
        if (bias.isPresent()) {
            AttentionChecks.requireBias(primitives, shape, bias, greatestScore);
        }
        final AttentionHeads heads = scratch.heads();
        heads.begin(primitives, shape, (float) (shape.scale() * LOG2_E), workers(shape, scratch), q, k);
        heads.withBias(bias);
        return heads;
    }

    private int workers(final AttentionShape shape, final AttentionScratch scratch) {
        final long products = (long) shape.queries() * shape.keys() * shape.modelDim();
        return team == null || products < TEAM_PRODUCTS_MIN ? 1 : scratch.workers(shape, team.threads());
    }

    private void finish(
            final AttentionHeads heads,
            final AttentionShape shape,
            final AttentionSummary summary,
            final AttentionScratch scratch) {
        final int paddedKeys = CanonicalOrder.roundedUp(shape.keys());
        primitives.clear(scratch.influence(), paddedKeys);
        if (workers(shape, scratch) == 1) {
            heads.run(0);
        } else {
            team.run(heads);
            for (int head = 0; head < shape.heads(); head++) {
                primitives.add(scratch.headInfluence(head), scratch.influence(), paddedKeys);
            }
        }
        final float divisor = (float) ((double) shape.heads() * shape.queries());
        primitives.divideToArray(scratch.influence(), divisor, summary.begin(shape.keys()), shape.keys());
    }
}
