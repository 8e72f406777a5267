package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.CHECKED_LATER;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_BAD_SIGNATURE;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_CHECK_BUDGET;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_DUPLICATE;
import static io.quorate.engine.metrics.PbftCounter.REQUESTS_ACCEPTED;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.verification.VerifyRing;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.RequestDecoder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Signatures of requests that are checked out of turn: what happens to a request before its verdict comes, and after. */
class CheckedLaterTest {
    private static final int USELESS_MAX = 4;

    private final TestGroup group =
            new TestGroup(4, 2, context -> context.uselessChecksMax(USELESS_MAX).uselessCheckNs(1_000 * MS));
    private final List<VerifyRing> rings = new ArrayList<>();
    private UnsafeBuffer sent;

    @BeforeEach
    void giveEveryPeerAVerifier() {
        for (final TestPeer peer : group.peers) {
            final VerifyRing ring = new VerifyRing(group.keys, 4, 64, 500, 0);
            rings.add(ring);
            peer.adapter.verifyWith(ring);
        }
        group.filter = (from, to, template, message) -> {
            if (template == RequestDecoder.TEMPLATE_ID) {
                sent = message;
            }
            return true;
        };
    }

    private void checkAll() {
        rings.forEach(ring -> ring.check(100));
    }

    @Test
    void shouldTakeARequestOnceItsVerdictIsThere() {
        group.submit(1, "a");
        group.runFor(20 * MS);
        for (int id = 0; id < 4; id++) {
            assertThat(group.count(id, CHECKED_LATER)).as("peer %d", id).isPositive();
            assertThat(group.count(id, REQUESTS_ACCEPTED)).isZero();
        }
        checkAll();
        group.runFor(MS);
        assertThat(group.count(0, REQUESTS_ACCEPTED)).isEqualTo(1);
        for (int i = 0; i < 20; i++) {
            checkAll();
            group.runFor(MS);
        }
        assertThat(group.allApplied(1)).isTrue();
        group.assertSameHistories();
    }

    @Test
    void shouldTakeOnceWhatComesTwiceBeforeItsVerdict() {
        group.submit(1, "a");
        group.runFor(2 * MS);
        group.peers[0].adapter.onMessage(2, sent, 0, sent.capacity(), group.nowNs);
        assertThat(group.count(0, CHECKED_LATER)).isEqualTo(2);
        checkAll();
        group.runFor(2 * MS);
        assertThat(group.count(0, REQUESTS_ACCEPTED)).isEqualTo(1);
        assertThat(group.count(0, DROPPED_DUPLICATE)).isPositive();
    }

    @Test
    void shouldChargeForgeriesToWhoHandsThemIn() {
        group.submit(1, "a");
        final int signatureAt = MessageHeaderEncoder.ENCODED_LENGTH;
        for (int i = 0; i < USELESS_MAX + 3; i++) {
            final UnsafeBuffer forged = copy();
            // Another body each time, in the name of the same client.
            forged.putByte(forged.capacity() - 1, (byte) ('b' + i));
            forged.putByte(signatureAt, (byte) i);
            group.peers[0].adapter.onMessage(3, forged, 0, forged.capacity(), group.nowNs);
            rings.getFirst().check(1);
            group.peers[0].adapter.onTurn(group.nowNs);
        }
        assertThat(group.count(0, DROPPED_BAD_SIGNATURE)).isEqualTo(USELESS_MAX + 3);
        assertThat(group.count(0, CHECKED_LATER)).as("not one more is checked").isEqualTo(USELESS_MAX);
        assertThat(group.count(0, DROPPED_CHECK_BUDGET)).isEqualTo(3);
        group.peers[0].adapter.onMessage(1, sent, 0, sent.capacity(), group.nowNs);
        rings.getFirst().check(1);
        group.peers[0].adapter.onTurn(group.nowNs);
        assertThat(group.count(0, REQUESTS_ACCEPTED)).as("others' are").isEqualTo(1);
    }

    /** The request that they imitate is there when their verdicts come; the checks were made all the same. */
    @Test
    void shouldChargeForgeriesOfWhatHasBecomeKnown() {
        group.submit(1, "a");
        group.peers[0].adapter.onMessage(1, sent, 0, sent.capacity(), group.nowNs);
        for (int i = 0; i < USELESS_MAX; i++) {
            final UnsafeBuffer forged = copy();
            forged.putByte(
                    MessageHeaderEncoder.ENCODED_LENGTH, (byte) ~forged.getByte(MessageHeaderEncoder.ENCODED_LENGTH));
            group.peers[0].adapter.onMessage(3, forged, 0, forged.capacity(), group.nowNs);
        }
        rings.getFirst().check(100);
        group.peers[0].adapter.onTurn(group.nowNs);
        assertThat(group.count(0, REQUESTS_ACCEPTED)).isEqualTo(1);
        assertThat(group.count(0, DROPPED_BAD_SIGNATURE)).isEqualTo(USELESS_MAX);
        final UnsafeBuffer other = copy();
        other.putByte(other.capacity() - 1, (byte) 'b');
        group.peers[0].adapter.onMessage(3, other, 0, other.capacity(), group.nowNs);
        assertThat(group.count(0, DROPPED_CHECK_BUDGET)).as("nothing is left").isEqualTo(1);
    }

    private UnsafeBuffer copy() {
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[sent.capacity()]);
        copy.putBytes(0, sent, 0, sent.capacity());
        return copy;
    }
}
