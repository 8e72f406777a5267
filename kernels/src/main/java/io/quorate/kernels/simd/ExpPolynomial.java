package io.quorate.kernels.simd;

/**
 * 2^-u in float32, the exponential of every softmax of the project. For |u| &lt;= 126: n = round(u), r = n - u within
 * [-1/2, 1/2], a polynomial of degree 5 for 2^r (minimax of the relative error, constant term 1, coefficients rounded to
 * float32), and n taken off the exponent field. Relative error below {@link #RELATIVE_ERROR_MAX}; the tests go through every
 * float32 of the range. Exact at whole u. Exactly 0 for u above 126, infinity included, so that what is that far below the
 * maximum has no weight at all; the kernels never ask for u below -126, where the result is 0 too. The vector form repeats
 * these steps one for one, so it has the same bits.
 */
public final class ExpPolynomial {
    /** Bound on |result / 2^-u - 1| for |u| up to 126. */
    public static final double RELATIVE_ERROR_MAX = 1.6e-7;

    /** Where |u| is above it the result is zero. */
    public static final float ARGUMENT_MAX = 126.0f;

    static final int ARGUMENT_MAX_BITS = Float.floatToRawIntBits(ARGUMENT_MAX);

    /** 1.5 * 2^23: adding it leaves the rounded argument in the low bits of the significand. */
    static final float ROUND = 0x1.8p23f;

    static final int EXPONENT_SHIFT = 23;
    static final int MAGNITUDE_MASK = 0x7fff_ffff;

    static final float C1 = 0x1.62e42ap-1f;
    static final float C2 = 0x1.ebf9c2p-3f;
    static final float C3 = 0x1.c6b6d8p-5f;
    static final float C4 = 0x1.3ce8acp-7f;
    static final float C5 = 0x1.5bda4p-10f;

    private ExpPolynomial() {}

    /** 2^-u; a NaN gives a number without meaning. */
    public static float exp2Negated(final float u) {
        final float shifted = u + ROUND;
        final float r = (shifted - ROUND) - u;
        float power = Math.fma(C5, r, C4);
        power = Math.fma(power, r, C3);
        power = Math.fma(power, r, C2);
        power = Math.fma(power, r, C1);
        power = Math.fma(power, r, 1.0f);
        final int bits = Float.floatToRawIntBits(power) - (Float.floatToRawIntBits(shifted) << EXPONENT_SHIFT);
        final int magnitude = Float.floatToRawIntBits(u) & MAGNITUDE_MASK;
        final int keep = (magnitude - (ARGUMENT_MAX_BITS + 1)) >> 31;
        return Float.intBitsToFloat(bits & keep);
    }
}
