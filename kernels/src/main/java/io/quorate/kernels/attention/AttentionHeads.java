package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The work of one attention call, head by head: its operands by address, taken over once a call, and the next head for
 * whichever worker is free: a core that the machine takes away for a while delays one head, not half of them. Heads share nothing but what they read; their influences meet at the end, in the order of heads. Lives in the
 * scratch, so that a call allocates nothing; everything has been checked before.
 */
final class AttentionHeads implements KernelTeam.Task {
    /** So many keys' values stay in the first-level cache while all rows of a block pass over them. */
    private static final int CHUNK_KEYS = 96;

    /** Up to so many keys the values are read where they are: a copy would cost more than it saves. */
    private static final int KEYS_IN_PLACE_MAX = 64;

    private final AttentionScratch scratch;
    private final AtomicInteger nextHead = new AtomicInteger();

    private Primitives primitives;
    private AttentionShape shape;
    private int workers;
    private float factor;
    private long q;
    private long qStride;
    private long k;
    private long kStride;
    private long v;
    private long vStride;
    private long out;
    private long outStride;
    private boolean hasValues;
    private boolean hasBias;
    private long bias;
    private long biasStride;
    private long biasHeadStride;

    AttentionHeads(final AttentionScratch scratch) {
        this.scratch = scratch;
    }

    void begin(
            final Primitives newPrimitives,
            final AttentionShape newShape,
            final float newFactor,
            final int newWorkers,
            final FloatMatrix queries,
            final FloatMatrix keys) {
        primitives = newPrimitives;
        shape = newShape;
        factor = newFactor;
        workers = newWorkers;
        nextHead.set(0);
        q = queries.address();
        qStride = queries.strideBytes();
        k = keys.address();
        kStride = keys.strideBytes();
        hasValues = false;
        hasBias = false;
    }

    void withValues(final FloatMatrix values, final FloatMatrix result) {
        hasValues = true;
        v = values.address();
        vStride = values.strideBytes();
        out = result.addressForWriting();
        outStride = result.strideBytes();
    }

    void withBias(final AttentionBias newBias) {
        hasBias = newBias.isPresent();
        if (hasBias) {
            bias = newBias.matrix().address();
            biasStride = newBias.matrix().strideBytes();
            biasHeadStride = newBias.headStrideBytes(shape);
        }
    }

    @Override
    public void run(final int worker) {
        if (worker >= workers) {
            return;
        }
        final int heads = shape.heads();
        final AttentionPart part = scratch.part(worker);
        int head = nextHead.getAndIncrement();
        while (head < heads) {
            head(head, part);
            head = nextHead.getAndIncrement();
        }
    }

    private void head(final int head, final AttentionPart part) {
        final int keys = shape.keys();
        final int headDim = shape.headDim();
        final int paddedKeys = CanonicalOrder.roundedUp(keys);
        final int paddedDim = CanonicalOrder.roundedUp(headDim);
        final int blockRows = AttentionScratch.blockRows(paddedKeys);
        final long column = (long) head * headDim * Float.BYTES;
        final long influence = scratch.headInfluence(workers == 1 ? 0 : head);
        primitives.packPanels(k + column, kStride, keys, headDim, part.panels());
        final boolean isInPlace = headDim == paddedDim && keys <= KEYS_IN_PLACE_MAX;
        if (hasValues && !isInPlace) {
            primitives.packRows(v + column, vStride, keys, headDim, paddedDim, part.values());
        }
        final long values = isInPlace ? v + column : part.values();
        final long valuesStride = isInPlace ? vStride : (long) paddedDim * Float.BYTES;
        primitives.clear(influence, paddedKeys);
        for (int row = 0; row < shape.queries(); row += blockRows) {
            final int rows = Math.min(blockRows, shape.queries() - row);
            primitives.panelProduct(
                    q + row * qStride + column,
                    qStride,
                    rows,
                    headDim,
                    part.panels(),
                    paddedKeys / CanonicalOrder.LANES,
                    part.scores(),
                    AttentionScratch.scoresStride(paddedKeys));
            if (hasBias) {
                addBias(bias + head * biasHeadStride + row * biasStride, rows, part);
            }
            probabilities(rows, influence, part);
            if (hasValues) {
                values(values, valuesStride, rows, out + row * outStride + column, part);
            }
        }
        if (workers == 1) {
            primitives.add(influence, scratch.influence(), paddedKeys);
        }
    }

    /** Each score s becomes fma(b, 1 / scale, s). */
    private void addBias(final long rowsOfBias, final int rows, final AttentionPart part) {
        primitives.fillFloats(part.biasFactor(), 1.0f / shape.scale(), 1);
        final long scoresStride = AttentionScratch.scoresStride(CanonicalOrder.roundedUp(shape.keys()));
        for (int row = 0; row < rows; row++) {
            primitives.accumulateRows(
                    rowsOfBias + row * biasStride,
                    biasStride,
                    1,
                    part.biasFactor(),
                    part.scores() + row * scoresStride,
                    shape.keys());
        }
    }

    /** A block of scores becomes powers in place; 1/l of each row is kept, and the columns are added to the influence. */
    private void probabilities(final int rows, final long influence, final AttentionPart part) {
        final int keys = shape.keys();
        final int paddedKeys = CanonicalOrder.roundedUp(keys);
        final long scores = part.scores();
        final long scoresStride = AttentionScratch.scoresStride(paddedKeys);
        primitives.softmaxRows(scores, scoresStride, rows, keys, paddedKeys, factor, part.inverseSums(), part.lanes());
        primitives.accumulateRows(scores, scoresStride, rows, part.inverseSums(), influence, paddedKeys);
    }

    private void values(
            final long values, final long valuesStride, final int rows, final long outRow, final AttentionPart part) {
        final int keys = shape.keys();
        final int paddedDim = CanonicalOrder.roundedUp(shape.headDim());
        final long paddedStride = (long) paddedDim * Float.BYTES;
        final long scoresStride = AttentionScratch.scoresStride(CanonicalOrder.roundedUp(keys));
        for (int key = 0; key < keys; key += CHUNK_KEYS) {
            final int depth = Math.min(CHUNK_KEYS, keys - key);
            final long scores = part.scores() + (long) key * Float.BYTES;
            final long chunk = values + key * valuesStride;
            if (key == 0) {
                primitives.product(
                        scores,
                        scoresStride,
                        rows,
                        depth,
                        chunk,
                        valuesStride,
                        paddedDim,
                        part.blockOut(),
                        paddedStride);
            } else {
                primitives.resumeProduct(
                        scores,
                        scoresStride,
                        rows,
                        depth,
                        chunk,
                        valuesStride,
                        paddedDim,
                        part.blockOut(),
                        paddedStride);
            }
        }
        primitives.scaleRows(
                part.blockOut(), paddedStride, rows, part.inverseSums(), outRow, outStride, shape.headDim());
    }
}
