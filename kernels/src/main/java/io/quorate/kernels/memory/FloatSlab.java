package io.quorate.kernels.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One off-heap allocation of float32, zeroed and aligned to a cache line, out of which matrices and scratch are cut. Any
 * thread may read and write it; any thread may close it, but never while a kernel is running on it: kernels check that the
 * memory is alive when they are called, and not again.
 */
public final class FloatSlab implements AutoCloseable {
    public static final int ALIGNMENT_BYTES = 64;

    private final Arena arena;
    private final MemorySegment segment;

    @SuppressWarnings("MustBeClosedChecker")
    private FloatSlab(final long lengthBytes) {
        this.arena = Arena.ofShared();
        this.segment = arena.allocate(lengthBytes, ALIGNMENT_BYTES);
    }

    /**
     * A slab of at least {@code floats} floats, all zero; its length is rounded up to whole cache lines.
     *
     * @throws IllegalArgumentException if {@code floats} is not positive
     * @throws OutOfMemoryError if the system refuses the memory
     */
    public static FloatSlab allocate(final long floats) {
        if (floats < 1 || floats > (Long.MAX_VALUE >> 8)) {
            throw new IllegalArgumentException("a slab holds at least one float, given " + floats);
        }
        return new FloatSlab(roundedUpBytes(floats));
    }

    /** How many bytes {@code floats} floats take, rounded up to whole cache lines. */
    public static long roundedUpBytes(final long floats) {
        return (floats * Float.BYTES + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
    }

    /** A matrix without gaps that lies {@code offsetFloats} floats into the slab. */
    public FloatMatrix matrix(final long offsetFloats, final int rows, final int cols) {
        return matrix(offsetFloats, rows, cols, cols);
    }

    /**
     * A matrix whose rows start {@code stride} floats apart, the first one {@code offsetFloats} floats into the slab.
     *
     * @throws IllegalArgumentException if the matrix does not lie within the slab
     */
    public FloatMatrix matrix(final long offsetFloats, final int rows, final int cols, final int stride) {
        if (offsetFloats < 0 || offsetFloats > segment.byteSize() / Float.BYTES) {
            throw new IllegalArgumentException("the slab holds " + segment.byteSize() / Float.BYTES
                    + " floats, given an offset of " + offsetFloats + " floats");
        }
        return FloatMatrix.over(segment.asSlice(offsetFloats * Float.BYTES), rows, cols, stride);
    }

    public MemorySegment segment() {
        return segment;
    }

    public long lengthBytes() {
        return segment.byteSize();
    }

    /** Gives the memory back; a second call has no effect. Matrices over it throw from then on. */
    @Override
    public void close() {
        if (segment.scope().isAlive()) {
            arena.close();
        }
    }
}
