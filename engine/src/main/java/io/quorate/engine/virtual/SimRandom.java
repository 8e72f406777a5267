package io.quorate.engine.virtual;

import java.util.random.RandomGenerator;

/**
 * The simulator's own source of randomness, xoshiro256++ (Blackman and Vigna, 2019) seeded by SplitMix64 (Steele, Lea and
 * Flood, 2014). Written out here so that a seed means the same run whatever the JDK; every derived draw is integer arithmetic
 * for the same reason.
 */
public final class SimRandom implements RandomGenerator {
    /** Chances are given in parts per million. */
    public static final int CERTAIN_PPM = 1_000_000;

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private long s0;
    private long s1;
    private long s2;
    private long s3;

    public SimRandom(final long seed) {
        long state = seed;
        state += GOLDEN_GAMMA;
        s0 = mix(state);
        state += GOLDEN_GAMMA;
        s1 = mix(state);
        state += GOLDEN_GAMMA;
        s2 = mix(state);
        state += GOLDEN_GAMMA;
        s3 = mix(state);
    }

    /** The finaliser of SplitMix64: a bijection whose output bits all depend on every input bit. */
    public static long mix(final long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** A generator of its own for one concern, so that draws there do not shift the draws anywhere else. */
    public SimRandom split(final long label) {
        return new SimRandom(mix(s0 ^ mix(label + GOLDEN_GAMMA)) ^ s3);
    }

    @Override
    public long nextLong() {
        final long result = Long.rotateLeft(s0 + s3, 23) + s0;
        final long shifted = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= shifted;
        s3 = Long.rotateLeft(s3, 45);
        return result;
    }

    @Override
    public int nextInt() {
        return (int) (nextLong() >>> 32);
    }

    /** Uniform in {@code 0..bound-1}, by the high word of a product: the bias is below 2^-32. */
    @Override
    public int nextInt(final int bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("a bound is positive, given " + bound);
        }
        return (int) (((nextLong() >>> 32) * bound) >>> 32);
    }

    /** Uniform in {@code 0..bound-1}. */
    @Override
    public long nextLong(final long bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("a bound is positive, given " + bound);
        }
        return Math.multiplyHigh(nextLong() >>> 1, bound << 1);
    }

    /** Uniform in {@code low..high}, both ends included. */
    public long between(final long low, final long high) {
        return low + nextLong(high - low + 1);
    }

    /** True with the given chance in parts per million. */
    public boolean chance(final int ppm) {
        return ppm > 0 && nextInt(CERTAIN_PPM) < ppm;
    }
}
