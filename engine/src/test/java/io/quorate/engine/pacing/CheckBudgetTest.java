package io.quorate.engine.pacing;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.auth.SigningDomain;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class CheckBudgetTest {
    private static final UnsafeBuffer BYTES = new UnsafeBuffer(new byte[64]);

    private boolean holds;
    private int checks;
    private int refused;
    private final CheckBudget budget = new CheckBudget(
            (peerId, domain, content, offset, lengthBytes, signature, signatureOffset) -> {
                checks++;
                return holds;
            },
            0,
            new Allowances(4, 5, 1_000),
            () -> refused++);

    @Test
    void shouldChargeWhoeverHandsInAForgeryAndNobodyElse() {
        for (int i = 0; i < 100; i++) {
            budget.speaker(3, 0);
            assertThat(check(2)).as("signed, they say, by peer 2").isFalse();
        }
        assertThat(checks).isEqualTo(5);
        assertThat(refused).isEqualTo(95);
        holds = true;
        budget.speaker(2, 0);
        assertThat(check(2)).as("peer 2 itself").isTrue();
        budget.speaker(3, 999);
        assertThat(check(2)).as("not looked at").isFalse();
        budget.speaker(3, 1_000);
        assertThat(check(2)).as("one came back").isTrue();
    }

    @Test
    void shouldCheckGoodSignaturesWithoutEnd() {
        holds = true;
        budget.speaker(3, 0);
        for (int i = 0; i < 1_000; i++) {
            assertThat(check(3)).isTrue();
        }
        for (int i = 0; i < 5; i++) {
            budget.charge();
        }
        assertThat(check(3)).as("charged by the caller").isFalse();
    }

    @Test
    void shouldAskNothingOfItself() {
        budget.speaker(0, 0);
        for (int i = 0; i < 1_000; i++) {
            check(0);
            budget.charge();
        }
        assertThat(checks).isEqualTo(1_000);
    }

    private boolean check(final int signerId) {
        return budget.verify(signerId, SigningDomain.REQUEST, BYTES, 0, 1, BYTES, 0);
    }
}
