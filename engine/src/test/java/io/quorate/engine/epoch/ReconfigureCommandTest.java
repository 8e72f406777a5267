package io.quorate.engine.epoch;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.auth.Roster;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class ReconfigureCommandTest {
    private final Rosters rosters = new Rosters();
    private final Roster current = rosters.roster(7, 0, 1, 2, 3);
    private final Roster next = rosters.roster(8, 0, 1, 2, 3, 4);
    private final byte[] bytes = ReconfigureCommand.encode(current, next, rosters.approvals(current, next, 0, 2, 3));

    @Test
    void shouldReadWhatWasWritten() {
        final ReconfigureCommand command = wrap(bytes);

        assertThat(command.isFor(current.groupId())).isTrue();
        assertThat(command.isFor(next.groupId())).isFalse();
        assertThat(command.nextText()).isEqualTo(next.canonicalText());
        assertThat(command.approvalCount()).isEqualTo(3);
        assertThat(command.areApprovalsValid(current, rosters.verifier(current)))
                .isTrue();
    }

    @Test
    void shouldRefuseEveryOtherLength() {
        for (int length = 0; length < bytes.length; length++) {
            assertThat(wrap(Arrays.copyOf(bytes, length)))
                    .as("cut to " + length)
                    .isNull();
        }
        assertThat(wrap(Arrays.copyOf(bytes, bytes.length + 1))).isNull();
    }

    @Test
    void shouldNeitherFailNorBelieveWhateverBitsAreFlipped() {
        final SplittableRandom random = new SplittableRandom(5);
        for (int turn = 0; turn < 300; turn++) {
            final byte[] flipped = bytes.clone();
            flipped[random.nextInt(8, bytes.length)] ^= (byte) (1 << random.nextInt(8));
            final ReconfigureCommand command = wrap(flipped);
            assertThat(command != null
                            && command.isFor(current.groupId())
                            && command.areApprovalsValid(current, rosters.verifier(current)))
                    .isFalse();
        }
    }

    @Test
    void shouldCountASignerOnce() {
        final byte[] twice = bytes.clone();
        final int approvalLength = 2 + 64;
        System.arraycopy(
                twice, twice.length - approvalLength, twice, twice.length - 2 * approvalLength, approvalLength);

        assertThat(wrap(twice)).as("signers must rise").isNull();
    }

    private static ReconfigureCommand wrap(final byte[] body) {
        return ReconfigureCommand.wrap(new UnsafeBuffer(body), 0, body.length);
    }
}
