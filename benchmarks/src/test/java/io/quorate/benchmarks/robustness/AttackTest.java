package io.quorate.benchmarks.robustness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class AttackTest {
    private static final long SEED = Long.getLong("seed", 20_261_124L);

    /** ByzFL's documentation at commit 69bd1ac0, executed again: all three rows are honest, the fourth is the liar. */
    @ParameterizedTest
    @CsvSource({
        "SIGN_FLIP, -4, -5, -6",
        "IPM_STRONG, -8, -10, -12",
        "IPM_WEAK, -0.4, -0.5, -0.6",
        "ALIE, 8.5, 9.5, 10.5",
        "MIMIC, 1, 2, 3"
    })
    void shouldGiveTheDocumentedVectors(
            final Attack attack, final double first, final double second, final double third) {
        final double[][] rows = {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {0, 0, 0}};
        attack.lie(rows, 1, new SplittableRandom(SEED));
        assertThat(rows[3]).containsExactly(new double[] {first, second, third}, within(1e-12));
        assertThat(rows[1]).containsExactly(4, 5, 6);
    }

    @Test
    void shouldTakeAlieFromTheQuantile() {
        assertThat(NormalQuantile.of(0.5)).isCloseTo(0, within(1e-12));
        assertThat(NormalQuantile.of(0.975)).isCloseTo(1.959963984540054, within(1e-10));
        assertThat(NormalQuantile.of(1 / 3.0)).isCloseTo(-0.430727299295457, within(1e-10));
        assertThat(NormalQuantile.of(1)).isCloseTo(6, within(1e-6));
        // n = 31, f = 10: s = 6, z = Phi^-1(15 / 21).
        final double[][] rows = Attack.ALIE_QUANTILE.round(31, 10, 2, new SplittableRandom(SEED));
        final HonestRows honest = new HonestRows(rows, 21);
        assertThat(rows[30][1]).isCloseTo(honest.mean()[1] + 0.565948821932863 * honest.deviations()[1], within(1e-9));
    }

    @Test
    void shouldStayJustInsideTheHonestDiameter() {
        final double[][] rows = Attack.MIN_MAX.round(10, 3, 16, new SplittableRandom(SEED));
        final HonestRows honest = new HonestRows(rows, 7);
        assertThat(honest.farthestFrom(rows[9])).isCloseTo(honest.diameter(), within(1e-6));
        assertThat(rows[9]).isEqualTo(rows[7]);
    }

    @Test
    void shouldPlaceTheFarPointByTheHonestSpread() {
        final double[][] rows = Attack.FAR_POINT.round(7, 2, 64, new SplittableRandom(SEED));
        final HonestRows honest = new HonestRows(rows, 5);
        assertThat(Math.sqrt(HonestRows.squared(rows[6], honest.mean()))).isCloseTo(20 * honest.spread(), within(1e-9));
    }

    @ParameterizedTest
    @EnumSource(Attack.class)
    void shouldRepeatUnderASeedAndLeaveHonestRowsAlone(final Attack attack) {
        final double[][] first = attack.round(7, 2, 8, new SplittableRandom(SEED));
        final double[][] second = attack.round(7, 2, 8, new SplittableRandom(SEED));
        assertThat(first).isDeepEqualTo(second);
        final double[][] again = new double[7][];
        for (int row = 0; row < 7; row++) {
            again[row] = first[row].clone();
        }
        attack.lie(again, 2, new SplittableRandom(1));
        for (int row = 0; row < 5; row++) {
            assertThat(again[row]).isEqualTo(first[row]);
        }
        assertThat(attack.label()).isNotBlank();
        assertThat(attack.sentence()).isNotBlank();
    }
}
