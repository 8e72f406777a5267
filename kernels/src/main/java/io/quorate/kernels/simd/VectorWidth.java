package io.quorate.kernels.simd;

import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The species of one vector width. Loaded only where the vector module is there.
 *
 * <p>C2 compiles vector code well only if the species is a constant of the class that holds the loops. So the width belongs
 * to the class, not to the object: {@link VectorPrimitives} as loaded has the CPU's preferred width, and each other width is a
 * hidden class made of the same bytes, with its width as class data.
 *
 * @param floats float32, the full width
 * @param ints int32, the full width
 * @param doubles float64; 128 bits where the width is 64, since there is no vector of one float32 to widen
 * @param halves float32, as many as there are doubles in a vector
 */
record VectorWidth(
        VectorSpecies<Float> floats,
        VectorSpecies<Integer> ints,
        VectorSpecies<Double> doubles,
        VectorSpecies<Float> halves) {
    private static final int DOUBLES_BITS_MIN = 128;

    static VectorWidth ofBits(final int bits) {
        final VectorShape shape = VectorShape.forBitSize(bits);
        final int doublesBits = Math.max(bits, DOUBLES_BITS_MIN);
        return new VectorWidth(
                FloatVector.SPECIES_PREFERRED.withShape(shape),
                IntVector.SPECIES_PREFERRED.withShape(shape),
                DoubleVector.SPECIES_PREFERRED.withShape(VectorShape.forBitSize(doublesBits)),
                FloatVector.SPECIES_PREFERRED.withShape(VectorShape.forBitSize(doublesBits / 2)));
    }

    /** The width in the class data of a hidden class, or the preferred one. */
    static VectorWidth ofClass(final MethodHandles.Lookup lookup) {
        try {
            final Integer bits = MethodHandles.classData(lookup, "_", Integer.class);
            return ofBits(bits == null ? preferredBits() : bits);
        } catch (final IllegalAccessException e) {
            throw new IllegalStateException("the class data of " + lookup.lookupClass() + " cannot be read", e);
        }
    }

    /** The widest width, up to 512 bits, that HotSpot uses on this CPU. */
    static int preferredBits() {
        return Math.min(512, FloatVector.SPECIES_PREFERRED.vectorBitSize());
    }
}
