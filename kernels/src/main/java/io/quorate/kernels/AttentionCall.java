package io.quorate.kernels;

import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.attention.SymmetricAttention;
import io.quorate.kernels.attention.SymmetricScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.similarity.UnitRows;

/** Both forms of attention, as a round calls them: over the unit rows of its vectors. */
final class AttentionCall implements KernelCall {
    private final FloatMatrix vectors;
    private final FloatMatrix units;
    private final FloatMatrix out;
    private final AttentionShape shape;
    private final AttentionSummary summary;
    private final AttentionScratch scratch;
    private final UnitRows unitRows;
    private final MultiHeadAttention attention;
    private final SymmetricAttention symmetric;
    private final SymmetricScratch symmetricScratch;

    AttentionCall(final Primitives primitives, final FloatMatrix vectors, final int heads) {
        this.vectors = vectors;
        shape = AttentionShape.ofSelf(vectors.rows(), vectors.cols(), heads);
        units = FloatMatrix.allocate(vectors.rows(), vectors.cols());
        out = FloatMatrix.allocate(vectors.rows(), vectors.cols());
        summary = new AttentionSummary(vectors.rows());
        attention = new MultiHeadAttention(primitives);
        scratch = AttentionScratch.forShape(shape);
        symmetric = new SymmetricAttention(primitives);
        symmetricScratch = SymmetricScratch.forShape(shape, 1);
        unitRows = new UnitRows(primitives);
    }

    @Override
    public void call() {
        unitRows.normalize(vectors, units);
        unitRows.dot(units, 0, units, units.rows() - 1);
        attention.attend(shape, units, units, vectors, out, summary, scratch);
        symmetric.attend(shape, units, vectors, out, summary, symmetricScratch);
        symmetric.influence(shape, units, summary, symmetricScratch);
    }

    @Override
    public void close() {
        scratch.close();
        symmetricScratch.close();
        unitRows.close();
    }
}
