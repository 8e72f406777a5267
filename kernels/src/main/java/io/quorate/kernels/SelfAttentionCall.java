package io.quorate.kernels;

import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.SymmetricAttention;
import io.quorate.kernels.attention.SymmetricScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;

/** The symmetric form over {@link #ROWS} that reach its paths: one panel, one block of rows, several. */
final class SelfAttentionCall implements KernelCall {
    private static final int[] ROWS = {13, 40, 112};
    private static final int HEADS = 2;
    private static final int HEAD_DIM = 48;

    private final SymmetricAttention attention;
    private final Path[] paths = new Path[ROWS.length];

    SelfAttentionCall(final Primitives primitives) {
        attention = new SymmetricAttention(primitives);
        for (int i = 0; i < ROWS.length; i++) {
            paths[i] = new Path(ROWS[i]);
        }
    }

    @Override
    public void call() {
        for (final Path path : paths) {
            attention.attend(path.shape, path.x, path.x, path.out, path.summary, path.scratch);
            attention.influence(path.shape, path.x, path.summary, path.scratch);
        }
    }

    @Override
    public void close() {
        for (final Path path : paths) {
            path.scratch.close();
        }
    }

    /** One number of rows with operands of its own; rows of zeros are short enough for any scale. */
    private static final class Path {
        private final AttentionShape shape;
        private final FloatMatrix x;
        private final FloatMatrix out;
        private final AttentionSummary summary;
        private final SymmetricScratch scratch;

        Path(final int rows) {
            shape = new AttentionShape(rows, rows, HEADS, HEAD_DIM, 1.0f);
            x = FloatMatrix.allocate(rows, shape.modelDim());
            out = FloatMatrix.allocate(rows, shape.modelDim());
            summary = new AttentionSummary(rows);
            scratch = SymmetricScratch.forShape(shape, 1);
        }
    }
}
