package io.quorate.transport.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplayWindowTest {
    @ParameterizedTest
    @CsvSource({
        "0, 1, true",
        "0, 0, false",
        "0, -1, false",
        "0, 9223372036854775807, true",
        "1, 1, false",
        "5, 4, true",
        "1024, 1, true",
        "1025, 1, false",
        "1025, 2, true",
        "2000, 976, false",
        "2000, 977, true",
        "9223372036854775807, 9223372036854775807, false",
        "9223372036854775807, 9223372036854775806, true",
        "9223372036854775807, 9223372036854774783, false",
        "9223372036854775807, -9223372036854775808, false",
    })
    void shouldJudgeOneCounterAfterAnother(final long seen, final long counter, final boolean expected) {
        final ReplayWindow window = new ReplayWindow();
        if (seen > 0) {
            assertThat(window.accept(seen)).isTrue();
        }
        assertThat(window.accept(counter)).isEqualTo(expected);
        assertThat(window.accept(counter)).as("never twice").isFalse();
    }

    @Test
    void shouldAgreeWithASetOfAllCountersSeen() {
        final Random random = new Random(3);
        for (int run = 0; run < 50; run++) {
            final ReplayWindow window = new ReplayWindow();
            final Set<Long> seen = new HashSet<>();
            long highest = 0;
            for (int i = 0; i < 3_000; i++) {
                final long jump = random.nextInt(20) == 0 ? random.nextInt(3_000) : random.nextInt(4);
                final long counter = Math.max(1, highest + jump - random.nextInt(random.nextInt(20) == 0 ? 1_500 : 5));
                final boolean expected = counter > highest - ReplayWindow.SIZE && !seen.contains(counter);
                assertThat(window.accept(counter)).isEqualTo(expected);
                if (expected) {
                    seen.add(counter);
                    highest = Math.max(highest, counter);
                }
                assertThat(window.highest()).isEqualTo(highest);
            }
        }
    }
}
