package io.quorate.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class ExpPolynomialTest {
    private static final long SEED = Long.getLong("seed", 20_251_128L);
    private static final int ARGUMENT_MAX_BITS = Float.floatToRawIntBits(ExpPolynomial.ARGUMENT_MAX);

    private static double relativeError(final float u) {
        return Math.abs(ExpPolynomial.exp2Negated(u) / exact(u) - 1.0);
    }

    /** 2^-u: the fraction by StrictMath, whose error is below 1e-15, the whole part exactly. */
    private static double exact(final float u) {
        final double whole = Math.rint(u);
        return Math.scalb(StrictMath.exp((whole - u) * 0.6931471805599453), -(int) whole);
    }

    @Test
    void shouldStayWithinItsBoundOnASample() {
        final SplittableRandom random = new SplittableRandom(SEED);
        double worst = 0.0;
        for (int i = 0; i < 2_000_000; i++) {
            worst = Math.max(worst, relativeError(Float.intBitsToFloat(random.nextInt(ARGUMENT_MAX_BITS + 1))));
            worst = Math.max(worst, relativeError((float) random.nextDouble(-126.0, 126.0)));
        }
        assertThat(worst).isLessThan(ExpPolynomial.RELATIVE_ERROR_MAX).isGreaterThan(5e-8);
    }

    @Test
    @Tag("exhaustive")
    void shouldStayWithinItsBoundForEveryArgument() {
        double worst = 0.0;
        for (int bits = 0; bits <= ARGUMENT_MAX_BITS; bits++) {
            worst = Math.max(worst, relativeError(Float.intBitsToFloat(bits)));
            worst = Math.max(worst, relativeError(-Float.intBitsToFloat(bits)));
        }
        assertThat(worst).isLessThan(ExpPolynomial.RELATIVE_ERROR_MAX);
    }

    @Test
    @Tag("exhaustive")
    void shouldBeZeroForEveryArgumentAboveTheGreatest() {
        for (int bits = ARGUMENT_MAX_BITS + 1; bits <= 0x7f80_0000; bits++) {
            assertThat(Float.floatToRawIntBits(ExpPolynomial.exp2Negated(Float.intBitsToFloat(bits))))
                    .isZero();
        }
    }

    @Test
    void shouldBeExactWhereTheResultIsAPowerOfTwo() {
        for (int u = -126; u <= 126; u++) {
            assertThat(ExpPolynomial.exp2Negated(u)).isEqualTo(Math.scalb(1.0f, -u));
        }
        assertThat(ExpPolynomial.exp2Negated(-0.0f)).isEqualTo(1.0f);
        assertThat(ExpPolynomial.exp2Negated(Float.MIN_VALUE)).isEqualTo(1.0f);
    }

    @Test
    void shouldBeZeroAboveTheGreatestArgument() {
        for (final float u : new float[] {Math.nextUp(126.0f), 127, 149.5f, 1e6f, 1e30f, Float.POSITIVE_INFINITY}) {
            assertThat(Float.floatToRawIntBits(ExpPolynomial.exp2Negated(u))).isZero();
        }
    }

    @Test
    void shouldNeverRiseAsItsArgumentRises() {
        float before = 1.0f;
        for (float u = 0.0f; u < 3.0f; u += 0x1p-18f) {
            final float now = ExpPolynomial.exp2Negated(u);
            assertThat(now).isLessThanOrEqualTo(before * 1.0000002f);
            before = now;
        }
    }
}
