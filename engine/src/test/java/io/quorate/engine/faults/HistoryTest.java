package io.quorate.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The judge of histories passes a good one and catches each way in which one can be bad. */
class HistoryTest {
    @Test
    void shouldPassAGoodHistory() {
        assertThat(judged(history -> {})).isEmpty();
    }

    @Test
    void shouldCatchTwoDecisionsOfOneRound() {
        catches("another decision", h -> h.decided(31, 1, "a", 7, "other", Map.of(0, "a0", 1, "a1")));
        catches("another decision", h -> h.decided(31, 1, "a", 8, "da", Map.of(0, "a0", 1, "a1")));
    }

    @Test
    void shouldCatchWhatWasAcknowledgedAndLost() {
        catches("is lost", h -> {
            h.submitted(12, 2, "a", "a2");
            h.outcome(2, "a", "ACCEPTED");
        });
        catches("is UNKNOWN at peer 3", h -> {
            h.submitted(12, 2, "c", "c2");
            h.outcome(2, "c", "ACCEPTED");
            h.answered(3, "c", "UNKNOWN", 2, "-");
        });
    }

    @Test
    void shouldCatchWhatRanTwice() {
        catches("ran twice", h -> h.outcome(0, "a", "DUPLICATE"));
    }

    @Test
    void shouldCatchWhatNobodySaid() {
        catches("never said", h -> h.decided(70, 1, "forged", 9, "df", Map.of(3, "f3")));
        catches("never said", h -> {
            h.submitted(65, 3, "c", "c3");
            h.decided(70, 1, "c", 9, "dc", Map.of(3, "changed"));
        });
    }

    @Test
    void shouldCatchAnOrderAgainstTime() {
        catches("began after", h -> {
            h.submitted(100, 0, "late", "l0");
            h.decided(110, 0, "late", 3, "dl", Map.of(0, "l0"));
        });
    }

    @Test
    void shouldCatchAnswersThatDiffer() {
        catches("answer differently about a", h -> h.answered(1, "a", "AGREED", 7, "other"));
        catches("what was not decided", h -> h.answered(1, "b", "AGREED", 8, "other"));
    }

    private static void catches(final String words, final Consumer<History> change) {
        assertThat(judged(change)).isNotEmpty().anyMatch(line -> line.contains(words));
    }

    /** Two rounds, one after the other, both as they should be, and a change. */
    private static java.util.List<String> judged(final Consumer<History> change) {
        final History history = new History();
        history.submitted(10, 0, "a", "a0");
        history.submitted(11, 1, "a", "a1");
        history.outcome(0, "a", "ACCEPTED");
        history.outcome(1, "a", "ACCEPTED");
        history.decided(30, 0, "a", 7, "da", Map.of(0, "a0", 1, "a1"));
        history.submitted(40, 0, "b", "b0");
        history.outcome(0, "b", "ACCEPTED");
        history.decided(60, 1, "b", 8, "db", Map.of(0, "b0"));
        history.answered(0, "a", "AGREED", 7, "da");
        change.accept(history);
        return history.judge();
    }
}
