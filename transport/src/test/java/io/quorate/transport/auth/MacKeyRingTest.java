package io.quorate.transport.auth;

import static org.assertj.core.api.Assertions.assertThat;

import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class MacKeyRingTest {
    private static final int LENGTH = 40;

    private final MacKeyRing ring = new MacKeyRing();
    private final SessionKeys first = Samples.session(1, 10);
    private final SessionKeys second = Samples.session(2, 11);
    private final SessionKeys third = Samples.session(3, 12);
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[LENGTH + SessionKeys.TAG_LENGTH]);

    @Test
    void shouldKeepTheCurrentSessionUntilACandidateIsConfirmed() {
        ring.offer(first, true);
        assertThat(ring.currentKeyId()).isZero();
        assertThat(open(first, 1)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
        assertThat(ring.currentKeyId()).isEqualTo(first.keyId());
        assertThat(ring.currentIncarnation()).isEqualTo(10);
        ring.offer(second, true);
        ring.offer(third, false);
        assertThat(open(first, 2)).isEqualTo(MacKeyRing.Verdict.ACCEPTED);
        assertThat(ring.currentCounter()).isEqualTo(2);
        assertThat(open(second, 1)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
        assertThat(ring.currentKeyId()).isEqualTo(second.keyId());
        assertThat(open(first, 3)).as("grace").isEqualTo(MacKeyRing.Verdict.ACCEPTED);
        ring.dropPrevious();
        assertThat(open(first, 4)).isEqualTo(MacKeyRing.Verdict.UNKNOWN_KEY);
        assertThat(open(third, 1)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
    }

    @Test
    void shouldNotLetAnOldHelloPushOutTheCandidateOfANewOne() {
        ring.offer(first, true);
        for (int i = 0; i < 100; i++) {
            ring.offer(Samples.session(100 + i, 1), false);
        }
        assertThat(open(first, 1)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
    }

    @Test
    void shouldRefuseWrongMacsAndReplays() {
        ring.offer(first, true);
        first.tag(buffer, 0, LENGTH, buffer, LENGTH);
        buffer.putByte(3, (byte) 1);
        assertThat(ring.open(first.keyId(), 1, 1, buffer, 0, 0, LENGTH)).isEqualTo(MacKeyRing.Verdict.WRONG_MAC);
        assertThat(ring.currentKeyId()).as("a forged frame confirms nothing").isZero();
        buffer.putByte(3, (byte) 0);
        assertThat(open(first, 5)).isEqualTo(MacKeyRing.Verdict.CONFIRMED);
        assertThat(open(first, 5)).isEqualTo(MacKeyRing.Verdict.REPLAYED);
        assertThat(open(first, 0)).isEqualTo(MacKeyRing.Verdict.REPLAYED);
        assertThat(open(second, 6)).isEqualTo(MacKeyRing.Verdict.UNKNOWN_KEY);
    }

    private MacKeyRing.Verdict open(final SessionKeys session, final long counter) {
        session.tag(buffer, 0, LENGTH, buffer, LENGTH);
        return ring.open(session.keyId(), counter, 1, buffer, 0, 0, LENGTH);
    }
}
