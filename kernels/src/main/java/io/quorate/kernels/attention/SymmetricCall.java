package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.SymmetricLoops;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The heads of one call of {@link SymmetricAttention}, computed by one or more threads that take head after head. Lives in the
 * scratch, so that a call allocates nothing.
 *
 * <p>A head goes down its rows in blocks. What a block of rows needs from the left of the diagonal earlier blocks have
 * already mirrored; right of it the block computes scores and exponentials and mirrors them to the rows below. A block of rows
 * is then complete, so its sums, its share of the influence and its output follow at once, while it is near the core.
 */
final class SymmetricCall implements KernelTeam.Task {
    private static final int LANES = CanonicalOrder.LANES;
    private static final int PANEL_ROW_BYTES = SymmetricLoops.PANEL_ROW_BYTES;
    private static final int BLOCK_BYTES = SymmetricLoops.BLOCK_BYTES;

    /** Rows that {@link SymmetricLoops#accumulateValues} computes together. */
    private static final int TILE_ROWS = 4;

    /** More rows of V are copied into one piece before they are read again and again. */
    private static final int IN_PLACE_ROWS_MAX = 64;

    private static final double LOG2_E = 1.4426950408889634;

    private final SymmetricScratch scratch;
    private final AtomicInteger nextHead = new AtomicInteger();

    private Primitives primitives;
    private SymmetricLoops loops;
    private int rows;
    private int paddedRows;
    private int heads;
    private int headDim;
    private int paddedDim;
    private int blockRows;
    private boolean isInPlace;
    private float factor;
    private long x;
    private long xStride;
    private long v;
    private long vStride;
    private long out;
    private long outStride;

    SymmetricCall(final SymmetricScratch scratch) {
        this.scratch = scratch;
    }

    /** Keeps what the threads will need. Without output, {@code values} and {@code target} are null. */
    void begin(
            final Primitives givenPrimitives,
            final SymmetricLoops givenLoops,
            final AttentionShape shape,
            final FloatMatrix keys,
            final FloatMatrix values,
            final FloatMatrix target) {
        primitives = givenPrimitives;
        loops = givenLoops;
        rows = shape.keys();
        paddedRows = CanonicalOrder.roundedUp(rows);
        heads = shape.heads();
        headDim = shape.headDim();
        paddedDim = CanonicalOrder.roundedUp(headDim);
        blockRows = SymmetricScratch.blockRows(rows);
        isInPlace = paddedDim == headDim && rows <= IN_PLACE_ROWS_MAX;
        factor = factor(shape);
        x = keys.address();
        xStride = keys.strideBytes();
        v = values == null ? 0 : values.address();
        vStride = values == null ? 0 : values.strideBytes();
        out = target == null ? 0 : target.addressForWriting();
        outStride = target == null ? 0 : target.strideBytes();
        nextHead.set(0);
    }

    /** What meets a finished score. */
    static float factor(final AttentionShape shape) {
        return (float) (shape.scale() * LOG2_E);
    }

    @Override
    public void run(final int worker) {
        final SymmetricScratch.Part part = scratch.part(worker);
        fillMasks(part.masks);
        if (paddedRows == LANES) {
            loops.clear(part.block, LANES * LANES);
        }
        int head = nextHead.getAndIncrement();
        while (head < heads) {
            if (paddedRows == LANES) {
                small(head, part);
            } else {
                head(head, part);
            }
            head = nextHead.getAndIncrement();
        }
    }

    /** Sixteen ints of ones, then ones for the rows that the last panel holds. */
    private void fillMasks(final long masks) {
        loops.fillMask(masks, LANES);
        loops.fillMask(masks + PANEL_ROW_BYTES, rows - paddedRows + LANES);
    }

    /** All rows are one panel: nothing to mirror, and its rows are the lanes of their sums. */
    private void small(final int head, final SymmetricScratch.Part part) {
        final long column = (long) head * headDim * Float.BYTES;
        final long influence = scratch.headInfluence() + (long) head * paddedRows * Float.BYTES;
        primitives.packPanels(x + column, xStride, rows, headDim, part.panels);
        loops.scores(x + column, xStride, rows, headDim, part.panels, 1, part.block, BLOCK_BYTES);
        final float bound = loops.greatestOfDiagonal(part.block, rows);
        loops.exponentials(part.block, rows, bound, factor, part.masks + PANEL_ROW_BYTES);
        loops.sumLanes(part.block, part.inverses, part.transposed);
        loops.invert(part.inverses);
        loops.clear(influence, LANES);
        loops.accumulatePanels(part.block, BLOCK_BYTES, 1, rows, part.inverses, influence);
        if (out != 0) {
            if (!isInPlace) {
                primitives.packRows(v + column, vStride, rows, headDim, paddedDim, part.values);
            }
            values(0, rows, column, part);
        }
    }

    private void head(final int head, final SymmetricScratch.Part part) {
        final long column = (long) head * headDim * Float.BYTES;
        final long influence = scratch.headInfluence() + (long) head * paddedRows * Float.BYTES;
        primitives.packPanels(x + column, xStride, rows, headDim, part.panels);
        loops.squares(part.panels, headDim, paddedRows / LANES, part.squares);
        final float bound = primitives.maximum(part.squares, rows);
        if (out != 0 && !isInPlace) {
            primitives.packRows(v + column, vStride, rows, headDim, paddedDim, part.values);
        }
        loops.clear(influence, paddedRows);
        final int blockPanels = blockRows / LANES;
        for (int block = 0; block * blockRows < rows; block++) {
            final int first = block * blockRows;
            final int count = Math.min(blockRows, rows - first);
            for (int panel = first / LANES; panel < paddedRows / LANES; panel += blockPanels) {
                final int panels = Math.min(blockPanels, paddedRows / LANES - panel);
                scores(x + first * xStride + column, first, count, panel, panels, part);
                for (int i = 0; i < panels; i++) {
                    exponentials(first, count, panel + i, bound, part);
                }
            }
            sums(block, count, influence, part);
            if (out != 0) {
                values(block, count, column, part);
            }
        }
    }

    /** Scores of a block of rows and as many keys; on the diagonal in strips, which leave out what is below it. */
    private void scores(
            final long xRow,
            final int first,
            final int count,
            final int panel,
            final int panels,
            final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final long keys = part.panels + (long) panel * headDim * PANEL_ROW_BYTES;
        final long at = part.block + (panel - first / LANES) * panelBytes;
        if (panel * LANES > first) {
            loops.scores(xRow, xStride, count, headDim, keys, panels, at, panelBytes);
            return;
        }
        for (int strip = 0; strip < panels; strip++) {
            loops.scores(
                    xRow + (long) strip * LANES * xStride,
                    xStride,
                    Math.min(LANES, count - strip * LANES),
                    headDim,
                    keys + (long) strip * headDim * PANEL_ROW_BYTES,
                    panels - strip,
                    at + strip * (panelBytes + BLOCK_BYTES),
                    panelBytes);
        }
    }

    /** Exponentials of a block of rows and one panel of keys from the diagonal on, and their mirror image. */
    private void exponentials(
            final int first, final int count, final int panel, final float bound, final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final int place = panel - first / LANES;
        final long at = part.block + place * panelBytes;
        final long mask = part.masks + ((panel + 1) * LANES > rows ? PANEL_ROW_BYTES : 0);
        loops.exponentials(at, Math.min(count, (place + 1) * LANES), bound, factor, mask);
        // The panel's keys are rows of this block, or of one below it.
        final int row = panel * LANES;
        final int below = row / blockRows;
        final long within = (long) (row - below * blockRows) * PANEL_ROW_BYTES;
        final long target = row - first < blockRows
                ? part.block + within
                : mirrored(below, part) + first / LANES * panelBytes + within;
        final int mirroredCount = Math.min(place, blockRows / LANES);
        for (int i = 0; i < mirroredCount; i++) {
            final long source = at + (long) i * BLOCK_BYTES;
            loops.transpose(source, PANEL_ROW_BYTES, target + i * panelBytes, PANEL_ROW_BYTES, part.transposed);
        }
    }

    private void sums(final int block, final int count, final long influence, final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final int before = block * blockRows / LANES;
        final int after = paddedRows / LANES - before;
        final int padded = CanonicalOrder.roundedUp(count);
        final long left = mirrored(block, part);
        loops.clear(part.sums, padded * LANES);
        loops.addPanels(left, panelBytes, before, padded, part.sums);
        loops.addPanels(part.block, panelBytes, after, padded, part.sums);
        for (int row = 0; row < padded; row += LANES) {
            final long inverses = part.inverses + (long) row * Float.BYTES;
            loops.sumLanes(part.sums + (long) row * PANEL_ROW_BYTES, inverses, part.transposed);
            loops.invert(inverses);
        }
        loops.accumulatePanels(left, panelBytes, before, count, part.inverses, influence);
        final long rest = influence + (long) before * PANEL_ROW_BYTES;
        loops.accumulatePanels(part.block, panelBytes, after, count, part.inverses, rest);
    }

    private void values(final int block, final int count, final long column, final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final int first = block * blockRows;
        final int padded = CanonicalOrder.roundedUp(count);
        final long values = isInPlace ? v + column : part.values;
        final long stride = isInPlace ? vStride : (long) paddedDim * Float.BYTES;
        final long target = out + first * outStride + column;
        if (first > 0) {
            loops.accumulateValues(
                    mirrored(block, part),
                    panelBytes,
                    first,
                    padded,
                    values,
                    stride,
                    paddedDim,
                    true,
                    part.blockOut,
                    0,
                    0,
                    0);
        }
        // Whole tiles of whole vectors go straight to the output.
        final boolean isDirect = paddedDim == headDim && count % TILE_ROWS == 0;
        loops.accumulateValues(
                part.block,
                panelBytes,
                rows - first,
                isDirect ? count : padded,
                values + first * stride,
                stride,
                paddedDim,
                first == 0,
                part.blockOut,
                isDirect ? part.inverses : 0,
                target,
                outStride);
        if (!isDirect) {
            final long paddedStride = (long) paddedDim * Float.BYTES;
            primitives.scaleRows(part.blockOut, paddedStride, count, part.inverses, target, outStride, headDim);
        }
    }

    private long mirrored(final int block, final SymmetricScratch.Part part) {
        return part.mirrored + SymmetricScratch.mirroredFloats(block, blockRows) * Float.BYTES;
    }
}
