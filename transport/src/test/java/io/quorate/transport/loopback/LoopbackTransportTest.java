package io.quorate.transport.loopback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.transport.LinkCounter;
import io.quorate.transport.frame.FramePacker;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class LoopbackTransportTest {
    private static final int RING_LENGTH = 2 * 1024 * 1024;

    private final List<LoopbackTransport> group = LoopbackTransport.group(3, RING_LENGTH);
    private final List<String> received = new ArrayList<>();

    @Test
    void shouldDeliverInOrderFromEverySender() {
        send(0, 2, 1);
        send(1, 2, 2);
        send(0, 2, 3);
        assertThat(poll(2, 2)).isEqualTo(2);
        assertThat(poll(2, 10)).isEqualTo(1);
        assertThat(received).containsExactly("0:1", "1:2", "0:3");
        assertThat(poll(0, 10)).isZero();
        assertThat(group.get(2).counters().get(0, LinkCounter.MESSAGES_RECEIVED))
                .isEqualTo(2);
    }

    @Test
    void shouldRefuseWhenTheRingIsFullAndGoOnAfterwards() {
        final int longest = group.get(0).limits().messageLengthMax();
        final UnsafeBuffer message = new UnsafeBuffer(new byte[longest]);
        int accepted = 0;
        while (group.get(0).outbox().send(1, message, 0, longest)) {
            accepted++;
        }
        assertThat(accepted).isBetween(6, 8);
        assertThat(group.get(0).counters().get(1, LinkCounter.MESSAGES_REFUSED)).isEqualTo(1);
        assertThat(poll(1, 100)).isEqualTo(accepted);
        assertThat(group.get(0).outbox().send(1, message, 0, longest)).isTrue();
    }

    @Test
    void shouldHaveTheLimitsOfTheNetwork() {
        assertThat(LoopbackTransport.LIMITS).isEqualTo(FramePacker.limits(256 * 1024));
    }

    @Test
    void shouldRefuseWhatCannotBe() {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[LoopbackTransport.LIMITS.messageLengthMax() + 1]);
        for (final int peerId : new int[] {-1, 0, 3}) {
            assertThatThrownBy(() -> group.get(0).outbox().send(peerId, message, 0, 8))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("peer " + peerId);
        }
        assertThatThrownBy(() -> group.get(0).outbox().send(1, message, 0, message.capacity()))
                .hasMessageContaining("must be 1 to");
        assertThatThrownBy(() -> LoopbackTransport.group(0, RING_LENGTH)).hasMessageContaining("0 peers");
        assertThatThrownBy(() -> LoopbackTransport.group(2, 1000)).hasMessageContaining("1000");
    }

    @Test
    void shouldBeSilentAfterClose() {
        send(0, 1, 5);
        group.get(1).close();
        assertThat(poll(1, 10)).isZero();
        assertThat(group.get(1).isReady(0)).isFalse();
        assertThat(group.get(0).isReady(1)).isTrue();
        assertThat(group.get(0).isReady(0)).isFalse();
    }

    private void send(final int from, final int to, final int value) {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[8]);
        message.putInt(0, value);
        assertThat(group.get(from).outbox().send(to, message, 0, 8)).isTrue();
    }

    private int poll(final int peerId, final int limit) {
        return group.get(peerId)
                .inbox()
                .poll(
                        (senderId, buffer, offset, length) -> received.add(senderId + ":" + buffer.getInt(offset)),
                        limit);
    }
}
