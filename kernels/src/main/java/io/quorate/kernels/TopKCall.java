package io.quorate.kernels;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.similarity.Neighbours;
import io.quorate.kernels.similarity.TopK;
import io.quorate.kernels.similarity.TopKScratch;

/** The nearest rows of three queries: one goes with the squares, two go as a pair. */
final class TopKCall implements KernelCall {
    private static final int QUERIES = 3;

    private final FloatMatrix vectors;
    private final FloatMatrix queries;
    private final TopK topK;
    private final Neighbours found;
    private final TopKScratch scratch;

    TopKCall(final Primitives primitives, final FloatMatrix vectors) {
        this.vectors = vectors;
        queries = vectors.slice(0, Math.min(QUERIES, vectors.rows()), 0, vectors.cols());
        topK = new TopK(primitives);
        found = new Neighbours(queries.rows(), 1);
        scratch = new TopKScratch(queries.rows(), vectors.cols(), 1, 1);
    }

    @Override
    public void call() {
        topK.find(vectors, queries, 1, found, scratch);
    }

    @Override
    public void close() {
        scratch.close();
    }
}
