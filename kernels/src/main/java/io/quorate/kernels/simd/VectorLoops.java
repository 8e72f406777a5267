package io.quorate.kernels.simd;

/**
 * The loops of {@link Primitives} that have a class of their own, one instance of each for a vector width. Behind
 * {@link VectorPrimitives}; a new one is added here and in {@link PrimitivesProvider}.
 */
record VectorLoops(Product product, Packing packing, Softmax softmax, Rotation rotation) {

    /** The matrix products of {@link Primitives}, which are the ones that have tiles of their own. */
    interface Product {
        /** As {@link Primitives#product}, or as {@link Primitives#resumeProduct} if the chains go on from the result so far. */
        void product(
                long a,
                long aStride,
                int rows,
                int depth,
                long b,
                long bStride,
                int columns,
                boolean isResumed,
                long out,
                long outStride);

        /** As {@link Primitives#panelProduct}. */
        void panelProduct(
                long a, long aStride, int rows, int depth, long panels, int panelCount, long out, long outStride);
    }

    /** The copies of {@link Primitives} that bring operands into the order of the tiles. */
    interface Packing {
        /** As {@link Primitives#packPanels}. */
        void packPanels(long source, long stride, int rows, int depth, long panels);

        /** As {@link Primitives#packRows}. */
        void packRows(long source, long stride, int rows, int columns, int paddedColumns, long target);
    }

    /** The operations of {@link Primitives} on a block of scores: what a softmax is made of, and what applies its sums. */
    interface Softmax {
        /** As {@link Primitives#maximum}. */
        float maximum(long row, int count);

        /** As {@link Primitives#exponentials}. */
        float exponentials(long row, int count, float maximum, float factor, long lanes);

        /** As {@link Primitives#accumulateRows}. */
        void accumulateRows(long rowsAddress, long stride, int rows, long factors, long target, int count);

        /** As {@link Primitives#scaleRows}. */
        void scaleRows(long source, long stride, int rows, long factors, long out, long outStride, int columns);

        /** As {@link Primitives#softmaxRows}. */
        void softmaxRows(
                long scores,
                long stride,
                int rows,
                int count,
                int paddedCount,
                float factor,
                long inverseSums,
                long lanes);
    }

    /** The rotation of {@link Primitives}, which needs a shuffle of its own for each width. */
    interface Rotation {
        /** As {@link Primitives#rotatePairs}. */
        void rotatePairs(long source, long cosines, long sines, long target, int count, int repeats);
    }
}
