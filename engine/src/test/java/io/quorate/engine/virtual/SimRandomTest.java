package io.quorate.engine.virtual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SimRandomTest {
    @Test
    void shouldDrawTheSameNumbersForEver() {
        // Frozen: if these change, every seed ever reported loses its meaning.
        final SimRandom random = new SimRandom(42);
        assertThat(new long[] {random.nextLong(), random.nextLong(), random.nextLong()})
                .containsExactly(-3425465463722317665L, 5881210131331364753L, -297100157724070516L);
    }

    @Test
    void shouldSplitWithoutDisturbingTheParent() {
        final SimRandom whole = new SimRandom(7);
        final SimRandom split = new SimRandom(7);
        final SimRandom child = split.split(1);
        assertThat(split.nextLong()).isEqualTo(whole.nextLong());
        assertThat(child.nextLong()).isNotEqualTo(new SimRandom(7).split(2).nextLong());
        assertThat(new SimRandom(7).split(1).nextLong())
                .isEqualTo(new SimRandom(7).split(1).nextLong());
    }

    @Test
    void shouldStayWithinItsBoundsAndReachThem() {
        final SimRandom random = new SimRandom(3);
        final boolean[] seen = new boolean[7];
        for (int draw = 0; draw < 1000; draw++) {
            final long value = random.between(-3, 3);
            assertThat(value).isBetween(-3L, 3L);
            seen[(int) value + 3] = true;
            assertThat(random.nextInt(5)).isBetween(0, 4);
            assertThat(random.nextLong(1L << 40)).isBetween(0L, (1L << 40) - 1);
        }
        assertThat(seen).containsOnly(true);
        assertThat(random.nextInt(1)).isZero();
        assertThatThrownBy(() -> random.nextInt(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shouldMeetChancesInTheMean() {
        final SimRandom random = new SimRandom(11);
        int hits = 0;
        for (int draw = 0; draw < 100_000; draw++) {
            hits += random.chance(SimRandom.CERTAIN_PPM / 10) ? 1 : 0;
        }
        assertThat(hits).isBetween(9_500, 10_500);
        assertThat(random.chance(0)).isFalse();
        assertThat(random.chance(SimRandom.CERTAIN_PPM)).isTrue();
    }
}
