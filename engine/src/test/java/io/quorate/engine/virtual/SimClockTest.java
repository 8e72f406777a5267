package io.quorate.engine.virtual;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimClockTest {
    private final SimClock clock = new SimClock();

    @Test
    void shouldLetEventsHappenInOrderOfTimeThenOfScheduling() {
        final List<String> happened = new ArrayList<>();
        clock.schedule(20, () -> happened.add("late"));
        clock.schedule(10, () -> happened.add("first"));
        clock.schedule(10, () -> {
            happened.add("second");
            clock.schedule(0, () -> happened.add("third"));
        });
        while (clock.step()) {
            happened.add(Long.toString(clock.nowNs()));
        }
        assertThat(happened).containsExactly("first", "10", "second", "10", "third", "10", "late", "20");
        assertThat(clock.eventCount()).isEqualTo(4);
    }

    @Test
    void shouldSortManyEvents() {
        final SimRandom random = new SimRandom(5);
        final List<Long> times = new ArrayList<>();
        for (int count = 0; count < 5_000; count++) {
            clock.schedule(random.nextInt(500), () -> times.add(clock.nowNs()));
        }
        while (clock.step()) {
            assertThat(clock.waiting()).isEqualTo(5_000 - times.size());
        }
        assertThat(times).hasSize(5_000).isSorted();
    }

    @Test
    void shouldRefuseThePast() {
        assertThatThrownBy(() -> clock.schedule(-1, () -> {})).hasMessageContaining("-1");
    }
}
