package io.quorate.kernels.simd;

/** The matrix product of {@link Primitives}, which is the one that has tiles of its own. */
interface Product {
    /** As {@link Primitives#product}. */
    void product(
            long a, long aStride, int rows, int depth, long b, long bStride, int columns, long out, long outStride);
}
