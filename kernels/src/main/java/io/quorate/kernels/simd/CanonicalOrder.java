package io.quorate.kernels.simd;

/**
 * The one order in which numbers are added, whatever the vector width.
 *
 * <ul>
 *   <li>A sum along a row has {@value #LANES} virtual lanes: element j goes to lane j mod {@value #LANES}, j ascending, each lane
 *       starting at +0. Then lane i takes lane i + 8, then i + 4, i + 2, i + 1; lane 0 is the sum. A 512-bit machine holds the
 *       lanes of a float32 sum in one register, a 256-bit machine in two; the additions are the same ones.
 *   <li>A product has its accumulators over the columns of the result: one fused multiply-add after the other, the inner
 *       index ascending from +0. Tiles and blocks may break the chain off to memory and take it up again.
 *   <li>Sums over rows go by ascending row, sums over heads by ascending head.
 * </ul>
 */
public final class CanonicalOrder {
    public static final int LANES = 16;

    /** Room for the virtual lanes, in float32 or float64. */
    public static final int LANES_BYTES = LANES * Double.BYTES;

    private CanonicalOrder() {}

    /** The next multiple of {@link #LANES}. */
    public static int roundedUp(final int count) {
        return (count + LANES - 1) & -LANES;
    }

    static void clearFloats(final long lanes) {
        for (int lane = 0; lane < LANES; lane++) {
            RawMemory.putFloat(lanes + (long) lane * Float.BYTES, 0.0f);
        }
    }

    static void clearDoubles(final long lanes) {
        for (int lane = 0; lane < LANES; lane++) {
            RawMemory.putDouble(lanes + (long) lane * Double.BYTES, 0.0);
        }
    }

    /** The fixed tree over sixteen float32 lanes; overwrites them. */
    static float sumFloats(final long lanes) {
        for (int half = LANES / 2; half > 0; half >>= 1) {
            for (int lane = 0; lane < half; lane++) {
                final long low = lanes + (long) lane * Float.BYTES;
                final float upper = RawMemory.getFloat(low + (long) half * Float.BYTES);
                RawMemory.putFloat(low, RawMemory.getFloat(low) + upper);
            }
        }
        return RawMemory.getFloat(lanes);
    }

    /** The fixed tree over sixteen float64 lanes; overwrites them. */
    static double sumDoubles(final long lanes) {
        for (int half = LANES / 2; half > 0; half >>= 1) {
            for (int lane = 0; lane < half; lane++) {
                final long low = lanes + (long) lane * Double.BYTES;
                final double upper = RawMemory.getDouble(low + (long) half * Double.BYTES);
                RawMemory.putDouble(low, RawMemory.getDouble(low) + upper);
            }
        }
        return RawMemory.getDouble(lanes);
    }
}
