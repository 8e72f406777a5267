package io.quorate.kernels.simd;

import static io.quorate.kernels.simd.RawMemory.ADDRESS_MASK;
import static io.quorate.kernels.simd.RawMemory.ALL;
import static io.quorate.kernels.simd.RawMemory.ORDER;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * The rotation of pairs on the vector unit. The width is a constant of the class, as in {@link VectorPrimitives}. Every
 * element has its own two roundings and no sum, so that only the form of one step is fixed.
 */
final class VectorRotation implements VectorLoops.Rotation {
    private static final VectorSpecies<Float> FLOATS =
            VectorWidth.ofClass(MethodHandles.lookup()).floats();
    private static final int FLOATS_BYTES = FLOATS.vectorByteSize();

    /** Exchanges the two floats of each pair. */
    private static final VectorShuffle<Float> PARTNERS = VectorShuffle.fromOp(FLOATS, lane -> lane ^ 1);

    VectorRotation() {}

    @Override
    public void rotatePairs(
            final long source,
            final long cosines,
            final long sines,
            final long target,
            final int count,
            final int repeats) {
        final int whole = count & -FLOATS.length();
        final long countBytes = (long) count * Float.BYTES;
        for (int repeat = 0; repeat < repeats; repeat++) {
            final long from = source + repeat * countBytes;
            final long to = target + repeat * countBytes;
            rotateWhole(from, cosines, sines, to, whole);
            ScalarPrimitives.rotatePairsFrom(from, cosines, sines, to, whole, count);
        }
    }

    private static void rotateWhole(
            final long source, final long cosines, final long sines, final long target, final int whole) {
        final long end = (source & ADDRESS_MASK) + (long) whole * Float.BYTES;
        long from = source & ADDRESS_MASK;
        long cosine = cosines;
        long sine = sines;
        long to = target;
        while (from < end) {
            final FloatVector value = FloatVector.fromMemorySegment(FLOATS, ALL, from & ADDRESS_MASK, ORDER);
            final FloatVector turned = value.rearrange(PARTNERS)
                    .mul(FloatVector.fromMemorySegment(FLOATS, ALL, sine & ADDRESS_MASK, ORDER));
            value.fma(FloatVector.fromMemorySegment(FLOATS, ALL, cosine & ADDRESS_MASK, ORDER), turned)
                    .intoMemorySegment(ALL, to & ADDRESS_MASK, ORDER);
            from += FLOATS_BYTES;
            cosine += FLOATS_BYTES;
            sine += FLOATS_BYTES;
            to += FLOATS_BYTES;
        }
    }
}
