package io.quorate.kernels.simd;

/** The rotation of {@link Primitives}, which needs a shuffle of its own for each width. */
interface Rotation {
    /** As {@link Primitives#rotatePairs}. */
    void rotatePairs(long source, long cosines, long sines, long target, int count, int repeats);
}
