package io.quorate.engine.verification;

import static io.quorate.engine.ordering.Request.SIGNATURE_LENGTH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class VerifyRingTest {
    private static final int CELLS = 8;
    private static final int PEERS = 4;
    private static final int LENGTH = SIGNATURE_LENGTH + 24;
    private static final int LENGTH_MAX = 200;

    private final List<String> handed = new ArrayList<>();
    private int checks;

    /** A signature holds if its first byte is the first one of what it signs. */
    private final Verifier verifier = (peerId, domain, content, offset, lengthBytes, signature, signatureOffset) -> {
        checks++;
        assertThat(domain).isEqualTo(SigningDomain.REQUEST);
        assertThat(lengthBytes).isEqualTo(LENGTH - SIGNATURE_LENGTH);
        return content.getByte(offset) == signature.getByte(signatureOffset);
    };

    private final VerifyRing ring = new VerifyRing(verifier, PEERS, CELLS, LENGTH_MAX, 0);

    private boolean offer(final VerifyRing to, final int senderId, final long number, final boolean isGood) {
        final UnsafeBuffer statement = new UnsafeBuffer(new byte[3 + LENGTH]);
        statement.putByte(3, (byte) number);
        statement.putByte(3 + SIGNATURE_LENGTH, (byte) (isGood ? number : number + 1));
        return to.offer(senderId, 9, number, statement, 3, LENGTH);
    }

    private int turn(final VerifyRing of) {
        return of.turn((senderId, clientId, number, buffer, offset, lengthBytes, holds) -> {
            assertThat(clientId).isEqualTo(9);
            assertThat(lengthBytes).isEqualTo(LENGTH);
            assertThat(buffer.getByte(offset)).isEqualTo((byte) number);
            handed.add(senderId + ":" + number + (holds ? "" : " bad"));
        });
    }

    @Test
    void shouldGiveEachItsVerdictInTheOrderTheyCame() {
        for (int round = 0; round < 3 * CELLS; round++) {
            assertThat(offer(ring, round % PEERS, round, round % 3 != 0)).isTrue();
            assertThat(offer(ring, (round + 1) % PEERS, 100 + round, true)).isTrue();
            assertThat(turn(ring)).as("nobody has checked").isZero();
            assertThat(ring.check(1)).isEqualTo(1);
            assertThat(turn(ring)).isEqualTo(1);
            assertThat(ring.check(10)).isEqualTo(1);
            assertThat(turn(ring)).isEqualTo(1);
            assertThat(handed)
                    .containsExactly(
                            round % PEERS + ":" + round + (round % 3 != 0 ? "" : " bad"),
                            (round + 1) % PEERS + ":" + (100 + round));
            handed.clear();
        }
        assertThat(checks).isEqualTo(6 * CELLS);
    }

    @Test
    void shouldLeaveTheOthersTheirShareWhenOneFloods() {
        assertThat(offer(ring, 1, 1, true)).isTrue();
        assertThat(offer(ring, 1, 2, true)).isTrue();
        assertThat(offer(ring, 1, 3, true)).isFalse();
        for (final int other : new int[] {0, 2, 3}) {
            assertThat(offer(ring, other, 4, true)).isTrue();
            assertThat(offer(ring, other, 5, true)).isTrue();
        }
        assertThat(ring.check(1)).isEqualTo(1);
        assertThat(offer(ring, 1, 6, true)).as("not before it is taken out").isFalse();
        assertThat(turn(ring)).isEqualTo(1);
        assertThat(offer(ring, 1, 6, true)).isTrue();
    }

    @Test
    void shouldNotTakeWhatIsTooLong() {
        final UnsafeBuffer statement = new UnsafeBuffer(new byte[1_000]);
        assertThat(ring.offer(0, 1, 1, statement, 0, 1_000)).isFalse();
        assertThat(ring.offer(0, 1, 1, statement, 0, LENGTH_MAX)).isTrue();
    }

    @Test
    void shouldLetTheOwnerCheckAFewATurn() {
        final VerifyRing own = new VerifyRing(verifier, PEERS, 16, LENGTH_MAX, 3);
        for (int i = 0; i < 4; i++) {
            assertThat(offer(own, 2, i, true)).isTrue();
        }
        assertThat(turn(own)).isEqualTo(6);
        assertThat(handed).containsExactly("2:0", "2:1", "2:2");
        assertThat(turn(own)).isEqualTo(2);
        assertThat(turn(own)).isZero();
    }

    @Test
    void shouldRefuseAnOddNumberOfCells() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new VerifyRing(verifier, PEERS, 12, LENGTH_MAX, 0))
                .withMessage("cellCount is a power of two and at least peerCount 4, given 12");
    }
}
