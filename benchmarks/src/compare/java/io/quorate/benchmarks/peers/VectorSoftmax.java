package io.quorate.benchmarks.peers;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The softmax that a product library leaves to its caller: on the vector unit, with the polynomial of our own kernels. */
final class VectorSoftmax {
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED;
    private static final float LOG2_E = 1.442695f;
    private static final float ROUND = 0x1.8p23f;
    private static final float LOWEST = -126.0f;
    private static final int EXPONENT_SHIFT = 23;

    private VectorSoftmax() {}

    /**
     * Turns a row of scores into exponentials of what they lie below their maximum, in place.
     *
     * @return 1 / their sum
     */
    static float row(final MemorySegment scores, final long offsetBytes, final int count) {
        final float maximum = maximum(scores, offsetBytes, count);
        final int whole = FLOATS.loopBound(count);
        final FloatVector highest = FloatVector.broadcast(FLOATS, maximum);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int j = 0; j < whole; j += FLOATS.length()) {
            final long at = offsetBytes + (long) j * Float.BYTES;
            final FloatVector scaled = FloatVector.fromMemorySegment(FLOATS, scores, at, ByteOrder.nativeOrder())
                    .sub(highest)
                    .mul(LOG2_E)
                    .max(LOWEST);
            final FloatVector shifted = scaled.add(ROUND);
            final FloatVector r = scaled.sub(shifted.sub(ROUND));
            final FloatVector power = r.mul(0x1.5bda4p-10f)
                    .add(0x1.3ce8acp-7f)
                    .fma(r, FloatVector.broadcast(FLOATS, 0x1.c6b6d8p-5f))
                    .fma(r, FloatVector.broadcast(FLOATS, 0x1.ebf9c2p-3f))
                    .fma(r, FloatVector.broadcast(FLOATS, 0x1.62e42ap-1f))
                    .fma(r, FloatVector.broadcast(FLOATS, 1.0f));
            final FloatVector exponential = power.reinterpretAsInts()
                    .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, EXPONENT_SHIFT))
                    .reinterpretAsFloats();
            exponential.intoMemorySegment(scores, at, ByteOrder.nativeOrder());
            sums = sums.add(exponential);
        }
        float sum = sums.reduceLanes(VectorOperators.ADD);
        for (int j = whole; j < count; j++) {
            final long at = offsetBytes + (long) j * Float.BYTES;
            final float exponential = (float) Math.exp(scores.get(ValueLayout.JAVA_FLOAT, at) - maximum);
            scores.set(ValueLayout.JAVA_FLOAT, at, exponential);
            sum += exponential;
        }
        return 1.0f / sum;
    }

    private static float maximum(final MemorySegment scores, final long offsetBytes, final int count) {
        final int whole = FLOATS.loopBound(count);
        FloatVector highest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int j = 0; j < whole; j += FLOATS.length()) {
            final long at = offsetBytes + (long) j * Float.BYTES;
            highest = highest.max(FloatVector.fromMemorySegment(FLOATS, scores, at, ByteOrder.nativeOrder()));
        }
        float maximum = highest.reduceLanes(VectorOperators.MAX);
        for (int j = whole; j < count; j++) {
            maximum = Math.max(maximum, scores.get(ValueLayout.JAVA_FLOAT, offsetBytes + (long) j * Float.BYTES));
        }
        return maximum;
    }
}
