package io.quorate.kernels.graph;

/**
 * Random numbers without a state: each is a function of three keys, so that every replica has the same ones in whatever order it
 * asks. The keys are hashed one after the other by SplitMix64 (Steele, Lea, Flood 2014), whose stream from there gives the
 * bits. Deviates are normal by Box and Muller (1958) with {@link StrictMath}, which is the same on every machine.
 */
final class EdgeNoise {
    private static final long GOLDEN = 0x9e37_79b9_7f4a_7c15L;
    private static final int MANTISSA_BITS = 53;
    private static final double UNIT = 0x1p-53;

    /** The two uses have streams of their own. */
    private static final long DEVIATES = 1;

    private static final long PHASES = 2;

    private EdgeNoise() {}

    /** A standard normal deviate for an edge, from its smaller to its greater id, and a rotary pair. */
    static double deviate(final int lower, final int upper, final int pair) {
        final long key = key(DEVIATES, lower, upper, pair);
        // 1 - u lies within (0, 1], so that the logarithm is finite.
        final double radius = StrictMath.sqrt(-2.0 * StrictMath.log(1.0 - uniform(key, 1)));
        return radius * StrictMath.cos(2.0 * Math.PI * uniform(key, 2));
    }

    /** An angle within [0, 2 pi) for a component and a rotary pair. */
    static double phase(final int component, final int pair) {
        return 2.0 * Math.PI * uniform(key(PHASES, component, component, pair), 1);
    }

    private static long key(final long use, final int first, final int second, final int third) {
        long key = mixed(use * GOLDEN);
        key = mixed(key + (first + 1L) * GOLDEN);
        key = mixed(key + (second + 1L) * GOLDEN);
        return mixed(key + (third + 1L) * GOLDEN);
    }

    private static double uniform(final long key, final int draw) {
        return (mixed(key + draw * GOLDEN) >>> (Long.SIZE - MANTISSA_BITS)) * UNIT;
    }

    private static long mixed(final long bits) {
        long z = bits;
        z = (z ^ (z >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d0_49bb_1331_11ebL;
        return z ^ (z >>> 31);
    }
}
