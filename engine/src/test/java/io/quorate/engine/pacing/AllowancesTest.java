package io.quorate.engine.pacing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AllowancesTest {
    @Test
    void shouldGiveABurstAndThenOneAnInterval() {
        final Allowances allowances = new Allowances(2, 3, 10);
        long nowNs = -1_000;
        for (int i = 0; i < 3; i++) {
            assertThat(allowances.take(0, nowNs)).isTrue();
        }
        assertThat(allowances.take(0, nowNs)).isFalse();
        assertThat(allowances.take(1, nowNs)).as("another peer's").isTrue();
        int taken = 0;
        for (int i = 0; i < 1_000; i++) {
            nowNs++;
            taken += allowances.take(0, nowNs) ? 1 : 0;
        }
        assertThat(taken).isEqualTo(100);
        assertThat(allowances.has(0, nowNs + 1_000_000)).isTrue();
        for (int i = 0; i < 3; i++) {
            assertThat(allowances.take(0, nowNs + 1_000_000)).isTrue();
        }
        assertThat(allowances.take(0, nowNs + 1_000_000)).as("a burst at most").isFalse();
    }

    @Test
    void shouldNotSaveUpWhileFull() {
        final Allowances allowances = new Allowances(1, 1, 10);
        assertThat(allowances.take(0, 0)).isTrue();
        assertThat(allowances.take(0, 9)).isFalse();
        assertThat(allowances.take(0, 10)).isTrue();
        assertThat(allowances.take(0, 1_000)).isTrue();
        assertThat(allowances.take(0, 1_009)).isFalse();
    }
}
