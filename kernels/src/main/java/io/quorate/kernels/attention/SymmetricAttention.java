package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.kernels.simd.SmallSymmetricLoops;
import io.quorate.kernels.simd.SymmetricLoops;
import java.lang.ref.Reference;

/**
 * Exact multi-head self-attention where queries and keys are the same unit rows X, as in the coordinator: half of the scores and
 * half of the exponentials are computed, the other half are their mirror image. For each head h, with its own part x_i of each
 * row and sums in {@link CanonicalOrder}:
 *
 * <pre>
 *   s_ij = sum over k of x_ik x_jk                          one FMA after the other, k ascending; so s_ij = s_ji
 *   b = max over i of s_ii                                  no s_ij is more than rounding above it
 *   e_ij = 2^-(c (b - s_ij))                                c = scale * log2(e), rounded once; so e_ij = e_ji
 *   l_i = sum over j of e_ij                                sixteen virtual lanes
 *   out_i = (sum over j of e_ij v_j) * (1 / l_i)            one FMA after the other, j ascending
 *   influence_j = sum over h, i of e_ij (1 / l_i) / (H n)   rows ascending in a head, then heads ascending
 * </pre>
 *
 * One bound for all rows of a head is what keeps e symmetric, and rows of norm 1 with a scale of at most {@link #SCALE_MAX} keep
 * every row's sum far above the smallest float. The bits depend on the inputs alone: not on the vector width, the threads, the
 * block size, the alignment, or the strides. They are near those of {@link MultiHeadAttention} and not the same: that one
 * subtracts each row's own maximum. Equal rows have exactly equal influence.
 *
 * <p>docs/kernels/symmetric-attention.md has the errors and the costs. An instance holds no state; any number of threads may
 * use it, each with its own scratch and summary. A call allocates nothing.
 */
public final class SymmetricAttention {
    /** With it no exponential that counts is lost: e_ii is at least 2^-93, and what is 2^-126 or more below the bound is 0. */
    public static final float SCALE_MAX = 64.0f;

    /** The square of a row may be so large: 1, and what rounding of a row and of the sum over it may add. */
    public static final float SQUARE_MAX = 1.0f + 0x1p-10f;

    private static final int SQUARE_MAX_BITS = Float.floatToRawIntBits(SQUARE_MAX);

    /** A square of at most this is within {@link #SQUARE_MAX} in any order of its additions, if there are not too many. */
    private static final int SURE_SQUARE_BITS = Float.floatToRawIntBits(1.0f + 0x1p-11f);

    private static final int SURE_DIM_MAX = 2048;
    private static final int INFINITY_BITS = 0x7f80_0000;

    /** Twice this is still finite, so sums of values are. */
    private static final double VALUES_MAX = 0x1p126;

    /** Smaller calls are over before a second thread has begun. */
    private static final int TEAM_ROWS_MIN = 16;

    private final Primitives primitives;
    private final SymmetricLoops loops;

    /** Null where four rows are computed as more are. */
    private final SmallSymmetricLoops fourRows;

    public SymmetricAttention(final Primitives primitives) {
        this.primitives = primitives;
        this.loops = PrimitivesProvider.symmetricLoops(primitives);
        this.fourRows = PrimitivesProvider.smallSymmetricLoops(primitives);
    }

    /** True for the shapes that this form computes: as many queries as keys, and a scale of at most {@link #SCALE_MAX}. */
    public static boolean fits(final AttentionShape shape) {
        return shape.queries() == shape.keys() && shape.scale() <= SCALE_MAX;
    }

    /**
     * Output and influence.
     *
     * @param x rows x modelDim, each row of norm at most 1
     * @param v rows x modelDim; may be {@code x}
     * @param out rows x modelDim, overwritten; must not overlap x or v
     * @param summary overwritten
     * @param scratch overwritten
     * @throws IllegalArgumentException if the shape does not fit, a matrix does not have it, the output overlaps an input, the
     *     scratch or the summary is too small, an input is NaN or infinite, a row of x is longer than 1, or the values are so
     *     large that a sum could overflow float32; nothing has been written then
     * @throws IllegalStateException if memory has been closed
     */
    public void attend(
            final AttentionShape shape,
            final FloatMatrix x,
            final FloatMatrix v,
            final FloatMatrix out,
            final AttentionSummary summary,
            final SymmetricScratch scratch) {
        attend(shape, x, v, out, summary, scratch, null);
    }

    /** As above, with the heads shared out among the threads of a team, of which the scratch must have room for all. */
    public void attend(
            final AttentionShape shape,
            final FloatMatrix x,
            final FloatMatrix v,
            final FloatMatrix out,
            final AttentionSummary summary,
            final SymmetricScratch scratch,
            final KernelTeam team) {
        requireRows(shape, x, summary, scratch, team);
        requireShape("V", v, shape);
        requireShape("the output", out, shape);
        requireApart("X", x, out);
        requireApart("V", v, out);
        if (v.address() != x.address() || v.stride() != x.stride()) {
            requireValues(v);
        }
        run(shape, x, v, out, summary, scratch, team);
    }

    /** Influence alone, which needs no V: the same bits as {@link #attend} gives. Throws as it does. */
    public void influence(
            final AttentionShape shape,
            final FloatMatrix x,
            final AttentionSummary summary,
            final SymmetricScratch scratch) {
        influence(shape, x, summary, scratch, null);
    }

    /** As above, with the heads shared out among the threads of a team, of which the scratch must have room for all. */
    public void influence(
            final AttentionShape shape,
            final FloatMatrix x,
            final AttentionSummary summary,
            final SymmetricScratch scratch,
            final KernelTeam team) {
        requireRows(shape, x, summary, scratch, team);
        run(shape, x, null, null, summary, scratch, team);
    }

    private void run(
            final AttentionShape shape,
            final FloatMatrix x,
            final FloatMatrix v,
            final FloatMatrix out,
            final AttentionSummary summary,
            final SymmetricScratch scratch,
            final KernelTeam team) {
        if (isOfFourRows(shape)) {
            runFourRows(shape, v, out, summary, scratch);
            return;
        }
        final SymmetricCall call = scratch.call();
        call.begin(primitives, loops, shape, x, v, out);
        if (team == null || team.threads() == 1 || shape.keys() < TEAM_ROWS_MIN) {
            call.run(0);
        } else {
            team.run(call);
        }
        final int rows = shape.keys();
        final int paddedRows = CanonicalOrder.roundedUp(rows);
        loops.clear(scratch.influence(), paddedRows);
        for (int head = 0; head < shape.heads(); head++) {
            final long headInfluence = scratch.headInfluence() + (long) head * paddedRows * Float.BYTES;
            primitives.add(headInfluence, scratch.influence(), paddedRows);
        }
        final float divisor = (float) ((double) shape.heads() * rows);
        primitives.divideToArray(scratch.influence(), divisor, summary.begin(rows), rows);
        Reference.reachabilityFence(x);
        Reference.reachabilityFence(v);
        Reference.reachabilityFence(out);
    }

    /** A head dimension of any other number would need tails everywhere. */
    private boolean isOfFourRows(final AttentionShape shape) {
        return fourRows != null
                && shape.keys() == SmallSymmetricLoops.ROWS
                && shape.headDim() % SmallSymmetricLoops.HEAD_DIM_STEP == 0
                && shape.modelDim() <= SURE_DIM_MAX;
    }

    /** The scores are there: the norms were taken from them. */
    private void runFourRows(
            final AttentionShape shape,
            final FloatMatrix v,
            final FloatMatrix out,
            final AttentionSummary summary,
            final SymmetricScratch scratch) {
        final int heads = shape.heads();
        final int headDim = shape.headDim();
        final long memory = scratch.ofFourRows();
        fourRows.influence(heads, headDim, SymmetricCall.factor(shape), memory, scratch.influence());
        if (out != null) {
            final long target = out.addressForWriting();
            fourRows.values(v.address(), v.strideBytes(), heads, headDim, memory, target, out.strideBytes());
        }
        Reference.reachabilityFence(v);
        Reference.reachabilityFence(out);
        final float divisor = (float) ((double) heads * SmallSymmetricLoops.ROWS);
        final int rows = SmallSymmetricLoops.ROWS;
        primitives.divideToArray(scratch.influence(), divisor, summary.begin(rows), rows);
    }

    private void requireRows(
            final AttentionShape shape,
            final FloatMatrix x,
            final AttentionSummary summary,
            final SymmetricScratch scratch,
            final KernelTeam team) {
        if (!fits(shape)) {
            throw new IllegalArgumentException(
                    "symmetric attention is over as many queries as keys with a scale of at most "
                            + SCALE_MAX + ", given " + shape.queries() + " queries, " + shape.keys()
                            + " keys and a scale of "
                            + shape.scale() + "; the general form takes any");
        }
        requireShape("X", x, shape);
        scratch.require(shape);
        if (summary.keysMax() < shape.keys()) {
            throw new IllegalArgumentException(
                    "the summary has room for " + summary.keysMax() + " keys, given " + shape.keys());
        }
        if (team != null && team.threads() > scratch.threads()) {
            throw new IllegalArgumentException(
                    "the scratch is for " + scratch.threads() + " threads, given a team of " + team.threads());
        }
        if (!isOfFourRows(shape) || !hasSureNorms(shape, x, scratch)) {
            requireNorms(x, scratch.part(0));
        }
    }

    /** Scores of four rows, and with them their squares, in another order: false if the order could matter. */
    private boolean hasSureNorms(final AttentionShape shape, final FloatMatrix x, final SymmetricScratch scratch) {
        final long memory = scratch.ofFourRows();
        final int bits = fourRows.scores(x.address(), x.strideBytes(), shape.heads(), shape.headDim(), memory);
        Reference.reachabilityFence(x);
        return bits <= SURE_SQUARE_BITS;
    }

    private void requireNorms(final FloatMatrix x, final SymmetricScratch.Part part) {
        final long address = x.address();
        for (int row = 0; row < x.rows(); row += CanonicalOrder.LANES) {
            final int count = Math.min(CanonicalOrder.LANES, x.rows() - row);
            loops.squareLanes(address + row * x.strideBytes(), x.strideBytes(), count, x.cols(), part.sums);
            loops.sumLanes(part.sums, part.inverses, part.transposed);
            if (primitives.magnitudeBits(part.inverses, count) > SQUARE_MAX_BITS) {
                refuseNorm(x, row, count);
            }
        }
    }

    private static void refuseNorm(final FloatMatrix x, final int first, final int count) {
        for (int row = first; row < first + count; row++) {
            double square = 0;
            for (int col = 0; col < x.cols(); col++) {
                square += (double) x.get(row, col) * x.get(row, col);
            }
            if (!(square <= 1.0 + (SQUARE_MAX - 1.0) / 2) || row == first + count - 1) {
                throw new IllegalArgumentException("each row of X must be finite and of norm at most 1, and row " + row
                        + " has norm " + Math.sqrt(square) + "; normalise the rows, or use the general form");
            }
        }
    }

    private void requireValues(final FloatMatrix v) {
        final long address = v.address();
        int bits = 0;
        for (int row = 0; row < v.rows(); row++) {
            bits = Math.max(bits, primitives.magnitudeBits(address + row * v.strideBytes(), v.cols()));
            if (bits >= INFINITY_BITS) {
                throw new IllegalArgumentException("V must be finite, and row " + row + " holds NaN or infinity");
            }
        }
        final float greatest = Float.intBitsToFloat(bits);
        if ((double) greatest * v.rows() > VALUES_MAX) {
            throw new IllegalArgumentException("a sum of values may overflow float32: " + v.rows()
                    + " rows with components up to " + greatest + "; scale them down");
        }
    }

    private static void requireShape(final String name, final FloatMatrix matrix, final AttentionShape shape) {
        if (matrix.rows() != shape.keys() || matrix.cols() != shape.modelDim()) {
            throw new IllegalArgumentException(name + " must be " + shape.keys() + " x " + shape.modelDim() + ", given "
                    + matrix.rows() + " x " + matrix.cols());
        }
    }

    private static void requireApart(final String name, final FloatMatrix input, final FloatMatrix out) {
        if (out.overlaps(input)) {
            throw new IllegalArgumentException("the output must not overlap " + name);
        }
    }
}
