package io.quorate.benchmarks.robustness;

/** The quantile of the standard normal distribution, by bisection over the series of its distribution function. */
final class NormalQuantile {
    private static final double RANGE = 6;

    private NormalQuantile() {}

    /** The z for which a standard normal value is below z with this probability, within -6..6. */
    static double of(final double probability) {
        double low = -RANGE;
        double high = RANGE;
        for (int halving = 0; halving < 60; halving++) {
            final double middle = (low + high) / 2;
            if (distribution(middle) < probability) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    /** 1/2 + density * (z + z^3 / 3 + z^5 / (3 * 5) + ...) */
    private static double distribution(final double z) {
        double term = z;
        double sum = z;
        for (int odd = 3; odd < 200; odd += 2) {
            term *= z * z / odd;
            sum += term;
        }
        return 0.5 + sum * StrictMath.exp(-0.5 * z * z) / StrictMath.sqrt(2 * Math.PI);
    }
}
