package io.quorate.engine.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * One peer of four sends what a mutator makes of real messages, in its own authenticated name: no decoder and no state machine of the
 * others may throw, and afterwards they still decide, all the same. {@code -Dseed=} replays.
 */
class MessageFuzzTest {
    private static final int SHORT = 60_000;
    private static final int LONG = 3_000_000;

    @Test
    void shouldSurviveWhatALiarMakesOfMessages() {
        assertThat(new FuzzRun(SHORT).apply(Long.getLong("seed", 1))).isNull();
    }

    @Tag("exhaustive")
    @Test
    void shouldSurviveMillionsOfThem() {
        for (long seed = 100; seed < 104; seed++) {
            assertThat(new FuzzRun(LONG / 4).apply(seed)).isNull();
        }
    }

    @Test
    void shouldHaveTheMessagesOfEveryRoom() {
        // pBFT, reads, decisions, delivery, membership: by their ranges of template ids.
        assertThat(Corpus.record().templates()).hasSizeGreaterThan(25);
    }
}
