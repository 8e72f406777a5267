package io.quorate.engine.checker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Each property is broken once by hand: a checker that cannot fail is a defect. */
class SafetyCheckerTest {
    private static final long FIRST = 0xA1;
    private static final long SECOND = 0xB2;
    private static final long THIRD = 0xC3;
    private static final int COMMIT = 30;

    private final SafetyChecker checker = new SafetyChecker();

    SafetyCheckerTest() {
        checker.onSubmitted(FIRST, 3, FIRST);
        checker.onSubmitted(SECOND, 3, SECOND);
        checker.onApplied(0, 0, 1, 2, FIRST, 100);
    }

    @Test
    void shouldAcceptEqualHistories() {
        assertThatCode(() -> {
                    checker.onApplied(1, 0, 1, 2, FIRST, 100);
                    checker.onBelieved(2, FIRST, 0, 100);
                    checker.onApplied(0, 1, 2, 3, SECOND, 200);
                    checker.onRestored(3, 2, 200);
                    checker.onRestored(3, 0, 0);
                    checker.onCommitted(0, 1, 1, 7);
                    checker.onCommitted(1, 1, 1, 7);
                    checker.onCheckpoint(0, 1, 4, 9);
                    checker.onCheckpoint(1, 1, 4, 9);
                    checker.onVote(0, COMMIT, 0, 1, 7);
                    checker.onVote(0, COMMIT, 0, 1, 7);
                    checker.onVote(0, COMMIT, 1, 1, 8);
                    checker.onVote(1, COMMIT, 0, 1, 8);
                })
                .doesNotThrowAnyException();
        assertThat(checker.appliedCount()).isEqualTo(2);
        assertThat(checker.isApplied(SECOND)).isTrue();
    }

    @Test
    void shouldReportTwoDigestsAtOneSequence() {
        checker.onCommitted(0, 1, 1, 7);
        assertViolates("agreement", () -> checker.onCommitted(1, 1, 1, 8));
    }

    @Test
    void shouldReportAnotherOrder() {
        assertViolates("order", () -> checker.onApplied(1, 0, 1, 3, SECOND, 300));
        assertViolates("order", () -> checker.onApplied(1, 0, 1, 2, FIRST, 101));
        assertViolates("order", () -> checker.onApplied(1, 0, 2, 2, FIRST, 100));
        assertViolates("order", () -> checker.onApplied(1, 2, 3, 3, SECOND, 300));
    }

    @Test
    void shouldReportACommandAppliedTwice() {
        assertViolates("exactly-once", () -> checker.onApplied(0, 1, 2, 2, FIRST, 200));
    }

    @Test
    void shouldReportAStateNobodyHad() {
        assertViolates("order", () -> checker.onRestored(1, 1, 101));
        assertViolates("order", () -> checker.onRestored(1, 2, 200));
    }

    @Test
    void shouldReportDifferentCheckpoints() {
        checker.onCheckpoint(0, 1, 4, 9);
        assertViolates("checkpoints", () -> checker.onCheckpoint(1, 1, 4, 10));
    }

    @Test
    void shouldReportWrongReplies() {
        assertViolates("replies", () -> checker.onBelieved(2, THIRD, -1, 100));
        assertViolates("replies", () -> checker.onBelieved(3, SECOND, 0, 100));
        assertViolates("replies", () -> checker.onBelieved(2, 0xD4, 0, 101));
        checker.onBelieved(2, FIRST, 0, 100);
        assertViolates("replies", () -> checker.onBelieved(2, FIRST, 0, 100));
    }

    @Test
    void shouldJudgeAReplyThatWasBelievedBeforeItsPlaceCommitted() {
        checker.onBelieved(3, SECOND, 1, 200);
        assertThat(checker.earlyCount()).isEqualTo(1);
        assertViolates("replies", () -> checker.onBelieved(2, THIRD, 1, 200));
        assertViolates("replies", () -> checker.onApplied(0, 1, 2, 2, THIRD, 300));
    }

    @Test
    void shouldAcceptAReplyThatWasBelievedBeforeItsPlaceCommitted() {
        checker.onBelieved(3, SECOND, 1, 200);
        checker.onApplied(0, 1, 2, 3, SECOND, 200);
        assertThat(checker.earlyCount()).isZero();
    }

    @Test
    void shouldReportACommandThatStandsBeforeOneAnsweredWhenItWasSubmitted() {
        checker.onBelieved(3, SECOND, 2, 300);
        checker.onSubmitted(THIRD, 3, THIRD);
        assertViolates("linearizability", () -> checker.onApplied(0, 1, 2, 2, THIRD, 200));
    }

    @Test
    void shouldAcceptReadsThatFitTheOrder() {
        checker.onReadBegun(1);
        checker.onReadBelieved(2, 1, 3, 0, FIRST);
        checker.onReadBegun(2);
        checker.onReadBelieved(2, 2, 4, -1, 0);
        checker.onReadBegun(3);
        checker.onReadBelieved(2, 3, 3, 1, SECOND);
        assertThat(checker.earlyCount()).isEqualTo(1);
        checker.onApplied(0, 1, 2, 3, SECOND, 200);
        assertThat(checker.earlyCount()).isZero();
    }

    @Test
    void shouldReportAReadThatIsOlderThanAnAnswer() {
        checker.onBelieved(3, SECOND, 1, 200);
        checker.onReadBegun(1);
        checker.onReadBelieved(2, 1, 3, 0, FIRST);
        assertViolates("linearizability", () -> checker.onApplied(0, 1, 2, 3, SECOND, 200));
    }

    @Test
    void shouldReportAReadThatIsOlderThanAnotherRead() {
        checker.onApplied(0, 1, 2, 3, SECOND, 200);
        checker.onReadBegun(1);
        checker.onReadBegun(2);
        checker.onReadBelieved(2, 1, 3, 1, SECOND);
        checker.onReadBelieved(2, 2, 3, 0, FIRST);
        checker.onReadBegun(3);
        assertViolates("linearizability", () -> checker.onReadBelieved(2, 3, 3, 0, FIRST));
    }

    @Test
    void shouldReportAReadOfWhatNobodyWrote() {
        checker.onReadBegun(1);
        assertViolates("linearizability", () -> checker.onReadBelieved(2, 1, 3, 0, FIRST + 1));
        checker.onReadBegun(2);
        assertViolates("linearizability", () -> checker.onReadBelieved(2, 2, 3, -1, 7));
    }

    @Test
    void shouldReportACommandThatStandsBeforeWhatAReadHadSeen() {
        checker.onReadBegun(1);
        checker.onReadBelieved(2, 1, 3, 2, FIRST);
        checker.onSubmitted(THIRD, 3, THIRD);
        assertViolates("linearizability", () -> checker.onApplied(0, 1, 2, 2, THIRD, 200));
    }

    @Test
    void shouldReportAVoteThatIsChanged() {
        checker.onVote(0, COMMIT, 0, 1, 7);
        assertViolates("one-vote", () -> checker.onVote(0, COMMIT, 0, 1, 8));
    }

    private static void assertViolates(final String property, final ThrowingCallable step) {
        assertThatThrownBy(step)
                .isInstanceOfSatisfying(
                        SafetyChecker.Violation.class,
                        violation -> assertThat(violation.property()).isEqualTo(property));
    }
}
