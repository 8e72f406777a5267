package io.quorate.engine.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ServedBytesTest {
    @Test
    void shouldGiveEachPeerItsOwnBudgetAnInterval() {
        final ServedBytes served = new ServedBytes(4, 100, 10);
        assertThat(served.take(1, 60, 0)).isTrue();
        assertThat(served.take(1, 41, 1)).isFalse();
        assertThat(served.take(1, 40, 1)).isTrue();
        assertThat(served.take(2, 100, 1)).as("another peer's").isTrue();
        assertThat(served.take(1, 1, 9)).isFalse();
        assertThat(served.take(1, 100, 10)).isTrue();
        assertThat(served.take(1, 101, 100)).as("more than there ever is").isFalse();
    }
}
