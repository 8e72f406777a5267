package io.quorate.benchmarks.robustness;

import java.util.random.RandomGenerator;

/**
 * Normal deviates by Box and Muller (1958) with {@link StrictMath}. The JDK's own nextGaussian asks Math.exp where it cannot decide
 * otherwise, and that may differ in the last bit between machines.
 */
final class Normal {
    private Normal() {}

    /** A standard normal deviate, of two draws. */
    static double next(final RandomGenerator random) {
        // 1 - u lies within (0, 1], so that the logarithm is finite.
        final double radius = StrictMath.sqrt(-2.0 * StrictMath.log(1.0 - random.nextDouble()));
        return radius * StrictMath.cos(2.0 * Math.PI * random.nextDouble());
    }
}
