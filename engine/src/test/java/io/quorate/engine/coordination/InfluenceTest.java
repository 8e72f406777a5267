package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InfluenceTest {
    @Test
    void shouldFillTheRestInProportion() {
        assertThat(capped(0.5, 0.7, 0.2, 0.1)).containsExactly(new double[] {0.5, 1 / 3.0, 1 / 6.0}, within(1e-15));
        assertThat(capped(0.4, 0.7, 0.2, 0.1)).containsExactly(new double[] {0.4, 0.4, 0.2}, within(1e-15));
        assertThat(capped(0.5, 0.4, 0.4, 0.2)).containsExactly(new double[] {0.4, 0.4, 0.2}, within(1e-15));
        assertThat(capped(1, 3, 1)).containsExactly(new double[] {0.75, 0.25}, within(1e-15));
        assertThat(capped(1, 5)).containsExactly(1.0);
    }

    @Test
    void shouldShareEquallyWhatNobodyHas() {
        assertThat(capped(0.5, 1, 0, 0)).containsExactly(0.5, 0.25, 0.25);
        assertThat(capped(0.5, 1, 1, 0)).containsExactly(0.5, 0.5, 0);
        assertThat(capped(1 / 3.0, 1, 0, 0)).containsExactly(new double[] {1 / 3.0, 1 / 3.0, 1 / 3.0}, within(1e-15));
    }

    @Test
    void shouldAgreeWithBisection() {
        final Random random = new Random(1);
        for (int run = 0; run < 1000; run++) {
            final int count = 1 + random.nextInt(40);
            final double[] weights =
                    random.doubles(count, 1e-6, 1).map(w -> Math.pow(w, 4)).toArray();
            final double ceiling = 1.0 / (count - random.nextInt((count + 2) / 3));
            final double[] expected = ReferenceCoordinator.capped(weights, ceiling);
            final double[] actual = capped(ceiling, weights);
            assertThat(actual).containsExactly(expected, within(1e-9));
            assertThat(Arrays.stream(actual).sum()).isCloseTo(1, within(1e-12));
            assertThat(Arrays.stream(actual).boxed()).allMatch(w -> w <= ceiling);
        }
    }

    @Test
    void shouldRankTiesByIndex() {
        final int[] order = new int[5];
        Influence.rank(new double[] {0.2, 0.3, 0.2, 0.3, 0.0}, 5, order);
        assertThat(order).containsExactly(1, 3, 0, 2, 4);
    }

    private static double[] capped(final double ceiling, final double... weights) {
        final double[] copy = weights.clone();
        new Influence(copy.length).cap(copy, copy.length, ceiling);
        return copy;
    }
}
