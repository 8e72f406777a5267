package io.quorate.kernels;

import io.quorate.kernels.attention.AttentionBias;
import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.attention.SymmetricAttention;
import io.quorate.kernels.attention.SymmetricScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.similarity.UnitRows;

/**
 * General attention: as a round calls it, over the unit rows of its vectors, and over {@link #SHAPES} that reach every tile and
 * every path of it, with a bias, and on two threads where there are two processors. Then the symmetric form over four rows, which has
 * loops of its own.
 */
final class AttentionCall implements KernelCall {
    /** Queries and keys: one panel; pairs of panels; threes, packed values and chains taken up again. */
    private static final int[][] SHAPES = {{9, 16}, {6, 60}, {5, 112}};

    private static final int HEADS = 2;
    private static final int HEAD_DIM = 48;
    private static final int TEAM_THREADS = 2;
    private static final int FEW_ROWS = 4;

    private final FloatMatrix vectors;
    private final FloatMatrix units;
    private final FloatMatrix out;
    private final AttentionShape shape;
    private final AttentionSummary summary;
    private final AttentionScratch scratch;
    private final UnitRows unitRows;
    private final MultiHeadAttention attention;
    private final KernelTeam team;
    private final Path[] paths = new Path[SHAPES.length];
    private final FloatMatrix fewRows = FloatMatrix.allocate(FEW_ROWS, HEADS * HEAD_DIM);
    private final FloatMatrix fewOut = FloatMatrix.allocate(FEW_ROWS, HEADS * HEAD_DIM);
    private final AttentionShape fewShape = AttentionShape.ofSelf(FEW_ROWS, HEADS * HEAD_DIM, HEADS);
    private final SymmetricScratch fewScratch = SymmetricScratch.forShape(fewShape, 1);
    private final AttentionSummary fewSummary = new AttentionSummary(FEW_ROWS);
    private final SymmetricAttention symmetric;

    AttentionCall(final Primitives primitives, final FloatMatrix vectors, final int heads) {
        this.vectors = vectors;
        shape = AttentionShape.ofSelf(vectors.rows(), vectors.cols(), heads);
        units = FloatMatrix.allocate(vectors.rows(), vectors.cols());
        out = FloatMatrix.allocate(vectors.rows(), vectors.cols());
        summary = new AttentionSummary(vectors.rows());
        attention = new MultiHeadAttention(primitives);
        symmetric = new SymmetricAttention(primitives);
        scratch = AttentionScratch.forShape(shape);
        unitRows = new UnitRows(primitives);
        team = Runtime.getRuntime().availableProcessors() < TEAM_THREADS ? null : new KernelTeam(TEAM_THREADS);
        final MultiHeadAttention shared = new MultiHeadAttention(primitives, team);
        for (int i = 0; i < SHAPES.length; i++) {
            paths[i] = new Path(i == SHAPES.length - 1 ? shared : attention, SHAPES[i][0], SHAPES[i][1]);
        }
    }

    @Override
    public void call() {
        unitRows.normalize(vectors, units);
        unitRows.dot(units, 0, units, units.rows() - 1);
        attention.attend(shape, units, units, vectors, out, summary, scratch);
        for (final Path path : paths) {
            path.call();
        }
        symmetric.attend(fewShape, fewRows, fewRows, fewOut, fewSummary, fewScratch);
        symmetric.influence(fewShape, fewRows, fewSummary, fewScratch);
    }

    @Override
    public void close() {
        scratch.close();
        fewScratch.close();
        unitRows.close();
        for (final Path path : paths) {
            path.scratch.close();
        }
        if (team != null) {
            team.close();
        }
    }

    /** One shape with operands of its own. */
    private static final class Path {
        private final MultiHeadAttention attention;
        private final AttentionShape shape;
        private final FloatMatrix q;
        private final FloatMatrix k;
        private final FloatMatrix out;
        private final AttentionBias bias;
        private final AttentionSummary summary;
        private final AttentionScratch scratch;

        Path(final MultiHeadAttention attention, final int queries, final int keys) {
            this.attention = attention;
            shape = new AttentionShape(queries, keys, HEADS, HEAD_DIM, 1.0f);
            q = FloatMatrix.allocate(queries, shape.modelDim());
            k = FloatMatrix.allocate(keys, shape.modelDim());
            out = FloatMatrix.allocate(queries, shape.modelDim());
            bias = AttentionBias.shared(negative(queries, keys));
            summary = new AttentionSummary(keys);
            scratch = AttentionScratch.forShape(shape, TEAM_THREADS);
        }

        /** Rows of negative scores only have a loop of their own in the search for the maximum. */
        private static FloatMatrix negative(final int rows, final int cols) {
            final FloatMatrix matrix = FloatMatrix.allocate(rows, cols);
            for (int row = 0; row < rows; row++) {
                for (int col = 0; col < cols; col++) {
                    matrix.set(row, col, -1.0f);
                }
            }
            return matrix;
        }

        void call() {
            attention.attend(shape, q, k, k, bias, out, summary, scratch);
        }
    }
}
