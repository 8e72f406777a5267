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
 * already mirrored, but where it is far from the diagonal the block computes it again, with the same bits; right of it the block computes scores and exponentials and mirrors them to the rows below. A block of rows
 * is then complete, so its sums, its share of the influence and its output follow at once, while it is near the core.
 */
final class SymmetricCall implements KernelTeam.Task {
    private static final int LANES = CanonicalOrder.LANES;
    private static final int PANEL_ROW_BYTES = SymmetricLoops.PANEL_ROW_BYTES;
    private static final int BLOCK_BYTES = SymmetricLoops.BLOCK_BYTES;

    /** Rows that {@link SymmetricLoops#accumulateValues} computes together. */
    private static final int TILE_ROWS = 4;

    /** Panels of which influence and values are taken in one turn: 48 rows of them fit the nearest cache beside the rows of V. */
    private static final int TURN_PANELS = 6;

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
    private int bandBlocks;
    private boolean isRing;
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
        bandBlocks = scratch.bandBlocks();
        isRing = (rows - 1) / blockRows > bandBlocks;
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
        if (out != 0 && !isInPlace) {
            primitives.packRows(v + column, vStride, rows, headDim, paddedDim, part.values);
        }
        weigh(0, rows, isInPlace ? v + column : part.values, out + column, influence, part);
    }

    private void head(final int head, final SymmetricScratch.Part part) {
        final long column = (long) head * headDim * Float.BYTES;
        final long influence = scratch.headInfluence() + (long) head * paddedRows * Float.BYTES;
        packPanels(x + column, part);
        loops.squares(part.panels, headDim, paddedRows / LANES, part.squares);
        final float bound = primitives.maximum(part.squares, rows);
        if (out != 0 && !isInPlace) {
            primitives.packRows(v + column, vStride, rows, headDim, paddedDim, part.values);
        }
        loops.clear(influence, paddedRows);
        for (int block = 0; block * blockRows < rows; block++) {
            final int count = Math.min(blockRows, rows - block * blockRows);
            loops.clear(part.sums, CanonicalOrder.roundedUp(count) * LANES);
            far(block, count, column, bound, part);
            mirroredSums(block, count, part);
            diagonal(block, count, column, bound, part);
            right(block, count, column, bound, part);
            invertSums(count, part);
            final long values = isInPlace ? v + column : part.values;
            weigh(block, count, values, out + (long) block * blockRows * outStride + column, influence, part);
        }
    }

    /** Keys into panels: by whole transpositions where one vector is a row of a panel. */
    private void packPanels(final long keys, final SymmetricScratch.Part part) {
        int row = 0;
        if (primitives.bits() == LANES * Float.SIZE && headDim % LANES == 0) {
            for (; row + LANES <= rows; row += LANES) {
                final long source = keys + row * xStride;
                final long target = part.panels + (long) row * headDim * Float.BYTES;
                for (int k = 0; k < headDim; k += LANES) {
                    final long at = source + (long) k * Float.BYTES;
                    loops.transpose(at, xStride, target + (long) k * PANEL_ROW_BYTES, PANEL_ROW_BYTES, part.transposed);
                }
            }
        }
        if (row < rows) {
            final long target = part.panels + (long) row * headDim * Float.BYTES;
            primitives.packPanels(keys + row * xStride, xStride, rows - row, headDim, target);
        }
    }

    /** Blocks left of the band: computed once more rather than fetched from memory. */
    private void far(
            final int block, final int count, final long column, final float bound, final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final int blockPanels = blockRows / LANES;
        final long xRow = x + (long) block * blockRows * xStride + column;
        final int end = firstMirrored(block) * blockPanels;
        for (int panel = 0; panel < end; panel += blockPanels) {
            final long keys = part.panels + (long) panel * headDim * PANEL_ROW_BYTES;
            final long at = part.block + panel * panelBytes;
            loops.scores(xRow, xStride, count, headDim, keys, blockPanels, at, panelBytes);
            for (int i = 0; i < blockPanels; i++) {
                loops.exponentialsAndSums(at + i * panelBytes, count, bound, factor, part.masks, part.sums);
            }
        }
    }

    /** A few panels at a time, so that memory is read in its order. */
    private void mirroredSums(final int block, final int count, final SymmetricScratch.Part part) {
        final int panels = (block - firstMirrored(block)) * blockRows / LANES;
        final int padded = CanonicalOrder.roundedUp(count);
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final long start = mirrored(block, part);
        for (int panel = 0; panel < panels; panel += TURN_PANELS) {
            final int turn = Math.min(TURN_PANELS, panels - panel);
            loops.addPanels(start + panel * panelBytes, panelBytes, turn, padded, part.sums);
        }
    }

    private void diagonal(
            final int block, final int count, final long column, final float bound, final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final int padded = CanonicalOrder.roundedUp(count);
        final int panels = padded / LANES;
        final long start = right(block, part);
        scores(x + (long) block * blockRows * xStride + column, block, count, panels, start, part);
        for (int place = 0; place < panels; place++) {
            final long at = start + place * panelBytes;
            final long mask = mask(block * blockRows / LANES + place, part);
            loops.exponentials(at, Math.min(count, (place + 1) * LANES), bound, factor, mask);
            for (int i = 0; i < place; i++) {
                final long target = start + i * panelBytes + (long) place * BLOCK_BYTES;
                transpose(at + (long) i * BLOCK_BYTES, target, part);
            }
        }
        loops.addPanels(start, panelBytes, panels, padded, part.sums);
    }

    /** Blocks right of the diagonal, and the mirror images of the nearer ones. */
    private void right(
            final int block, final int count, final long column, final float bound, final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final int blockPanels = blockRows / LANES;
        final int before = block * blockPanels;
        final long xRow = x + (long) block * blockRows * xStride + column;
        final long start = right(block, part);
        for (int panel = before + blockPanels; panel < paddedRows / LANES; panel += blockPanels) {
            final int panels = Math.min(blockPanels, paddedRows / LANES - panel);
            final int below = panel / blockPanels;
            final long at = start + (panel - before) * panelBytes;
            final long keys = part.panels + (long) panel * headDim * PANEL_ROW_BYTES;
            loops.scores(xRow, xStride, count, headDim, keys, panels, at, panelBytes);
            final long target =
                    mirrored(below, part) + (long) (block - firstMirrored(below)) * blockPanels * panelBytes;
            for (int i = 0; i < panels; i++) {
                final long from = at + i * panelBytes;
                loops.exponentialsAndSums(from, count, bound, factor, mask(panel + i, part), part.sums);
                for (int strip = 0; strip < blockPanels && below - block <= bandBlocks; strip++) {
                    final long to = target + strip * panelBytes + (long) i * BLOCK_BYTES;
                    transpose(from + (long) strip * BLOCK_BYTES, to, part);
                }
            }
        }
    }

    private void transpose(final long source, final long target, final SymmetricScratch.Part part) {
        loops.transpose(source, PANEL_ROW_BYTES, target, PANEL_ROW_BYTES, part.transposed);
    }

    private long mask(final int panel, final SymmetricScratch.Part part) {
        return part.masks + ((panel + 1) * LANES > rows ? PANEL_ROW_BYTES : 0);
    }

    /** Scores of the block on the diagonal, in strips, which leave out what is below it. */
    private void scores(
            final long xRow,
            final int block,
            final int count,
            final int panels,
            final long target,
            final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final long keys = part.panels + (long) block * blockRows * headDim * Float.BYTES;
        for (int strip = 0; strip < panels; strip++) {
            loops.scores(
                    xRow + (long) strip * LANES * xStride,
                    xStride,
                    Math.min(LANES, count - strip * LANES),
                    headDim,
                    keys + (long) strip * headDim * PANEL_ROW_BYTES,
                    panels - strip,
                    target + strip * (panelBytes + BLOCK_BYTES),
                    panelBytes);
        }
    }

    private void invertSums(final int count, final SymmetricScratch.Part part) {
        for (int row = 0; row < count; row += LANES) {
            final long inverses = part.inverses + (long) row * Float.BYTES;
            loops.sumLanes(part.sums + (long) row * PANEL_ROW_BYTES, inverses, part.transposed);
            loops.invert(inverses);
        }
    }

    /** Influence and output of a complete block of rows, from its far, its mirrored, and its own part. */
    private void weigh(
            final int block,
            final int count,
            final long values,
            final long target,
            final long influence,
            final SymmetricScratch.Part part) {
        final int near = firstMirrored(block) * blockRows / LANES;
        final int own = block * blockRows / LANES;
        weigh(part.block, 0, near, count, values, target, influence, part);
        weigh(mirrored(block, part), near, own, count, values, target, influence, part);
        weigh(right(block, part), own, paddedRows / LANES, count, values, target, influence, part);
        // Whole tiles of whole vectors have gone straight to the output.
        if (out != 0 && !isDirect(count)) {
            final long paddedStride = (long) paddedDim * Float.BYTES;
            primitives.scaleRows(part.blockOut, paddedStride, count, part.inverses, target, outStride, headDim);
        }
    }

    private void weigh(
            final long start,
            final int firstPanel,
            final int endPanel,
            final int count,
            final long values,
            final long target,
            final long influence,
            final SymmetricScratch.Part part) {
        final long panelBytes = (long) blockRows * PANEL_ROW_BYTES;
        final long stride = isInPlace ? vStride : (long) paddedDim * Float.BYTES;
        for (int panel = firstPanel; panel < endPanel; panel += TURN_PANELS) {
            final int panels = Math.min(TURN_PANELS, endPanel - panel);
            final long at = start + (panel - firstPanel) * panelBytes;
            final long share = influence + (long) panel * PANEL_ROW_BYTES;
            loops.accumulatePanels(at, panelBytes, panels, count, part.inverses, share);
            if (out != 0) {
                final int depth = Math.min(panels * LANES, rows - panel * LANES);
                final boolean isLast = isDirect(count) && (panel + panels) * LANES >= rows;
                loops.accumulateValues(
                        at,
                        panelBytes,
                        depth,
                        isLast ? count : CanonicalOrder.roundedUp(count),
                        values + (long) panel * LANES * stride,
                        stride,
                        paddedDim,
                        panel == 0,
                        part.blockOut,
                        isLast ? part.inverses : 0,
                        target,
                        outStride);
            }
        }
    }

    private boolean isDirect(final int count) {
        return paddedDim == headDim && count % TILE_ROWS == 0;
    }

    /** The first block left of the diagonal that is mirrored in a block of rows; those before it are computed again. */
    private int firstMirrored(final int block) {
        return isRing ? Math.max(0, block - bandBlocks) : 0;
    }

    /** Where the blocks from the diagonal on start: behind the far ones. */
    private long right(final int block, final SymmetricScratch.Part part) {
        return part.block + (long) firstMirrored(block) * blockRows * blockRows * Float.BYTES;
    }

    /** Mirrored blocks of a block of rows: each block of rows has one more than the one before, or all as many, in a ring. */
    private long mirrored(final int block, final SymmetricScratch.Part part) {
        final long before = isRing ? (long) (block % (bandBlocks + 1)) * bandBlocks : (long) block * (block - 1) / 2;
        return part.mirrored + before * blockRows * blockRows * Float.BYTES;
    }
}
