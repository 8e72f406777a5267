package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RoundDeadlinesTest {
    private static final long MS = 1_000_000L;

    private final List<String> submitted = new ArrayList<>();
    private boolean isFull;
    private final RoundDeadlines deadlines =
            new RoundDeadlines(MachineRun.context(4).conclude(), round -> !isFull && submitted.add(round));

    @Test
    void shouldSubmitOnceHalfASecondAfterTheRoundOpened() {
        deadlines.onRoundOpened("a", 0);
        deadlines.onRoundOpened("b", 100 * MS);
        assertThat(deadlines.onTick(500 * MS - 1)).isZero();
        assertThat(deadlines.onTick(500 * MS)).isEqualTo(1);
        assertThat(deadlines.onTick(600 * MS)).isEqualTo(1);
        assertThat(deadlines.onTick(900 * MS)).isZero();
        assertThat(submitted).containsExactly("a", "b");
    }

    @Test
    void shouldNotSubmitForAClosedRound() {
        deadlines.onRoundOpened("a", 0);
        deadlines.onRoundClosed("a");
        assertThat(deadlines.onTick(900 * MS)).isZero();
        deadlines.onRoundOpened("b", 0);
        deadlines.onRestored();
        deadlines.onRoundOpened("c", 0);
        deadlines.onTick(900 * MS);
        assertThat(submitted).containsExactly("c");
    }

    @Test
    void shouldOfferAgainWhatTheOrderingRefused() {
        deadlines.onRoundOpened("a", 0);
        isFull = true;
        assertThat(deadlines.onTick(900 * MS)).isZero();
        assertThat(deadlines.pendingCount()).isEqualTo(1);
        isFull = false;
        assertThat(deadlines.onTick(901 * MS)).isEqualTo(1);
        assertThat(submitted).containsExactly("a");
    }

    @Test
    void shouldWorkWhenTheClockWraps() {
        deadlines.onRoundOpened("a", Long.MAX_VALUE - 10 * MS);
        assertThat(deadlines.onTick(Long.MAX_VALUE)).isZero();
        assertThat(deadlines.onTick(Long.MIN_VALUE + 600 * MS)).isEqualTo(1);
    }
}
