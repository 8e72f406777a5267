package io.quorate.engine.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.Outbox;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** A vote waits for its entry, keeps its place, and never waits without bound. */
class DurableGateTest {
    private final List<String> sent = new ArrayList<>();
    private final SlowDisk disk = new SlowDisk();
    private final DurableGate gate = new DurableGate(disk, new Recorder(), 1000);

    @Test
    void shouldHoldWhatIsNotDurable() {
        gate.vouch(3);
        assertThat(send(1, 10)).isTrue();
        gate.vouch(5);
        assertThat(send(2, 20)).isTrue();
        gate.flush();
        assertThat(sent).isEmpty();
        disk.durable = 4;
        gate.flush();
        assertThat(sent).containsExactly("1:10");
        disk.durable = 5;
        gate.flush();
        assertThat(sent).containsExactly("1:10", "2:20");
        assertThat(gate.heldCount()).isEqualTo(2);
    }

    @Test
    void shouldLetDurableVotesPassAtOnceInOrder() {
        disk.durable = 7;
        gate.vouch(7);
        assertThat(send(1, 10)).isTrue();
        assertThat(sent).containsExactly("1:10");
        gate.vouch(8);
        send(1, 11);
        gate.vouch(2);
        send(1, 12);
        assertThat(sent).hasSize(1);
        disk.durable = 8;
        assertThat(gate.release()).isEqualTo(2);
        assertThat(sent).containsExactly("1:10", "1:11", "1:12");
    }

    @Test
    void shouldDropWhatFindsTheQueueFull() {
        gate.vouch(1);
        for (int i = 0; i < 10; i++) {
            assertThat(send(1, 100)).isTrue();
        }
        assertThat(send(1, 100)).isFalse();
        assertThat(gate.droppedCount()).isEqualTo(1);
        disk.durable = 1;
        gate.flush();
        assertThat(sent).hasSize(10);
        assertThat(send(1, 300)).isTrue();
    }

    @Test
    void shouldCopyWhatItHolds() {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[400]);
        message.putByte(399, (byte) 9);
        gate.vouch(1);
        gate.send(1, message, 0, 400);
        message.setMemory(0, 400, (byte) 1);
        disk.durable = 1;
        gate.flush();
        assertThat(sent).containsExactly("1:400/9");
    }

    private boolean send(final int peerId, final int length) {
        return gate.send(peerId, new UnsafeBuffer(new byte[length]), 0, length);
    }

    private final class Recorder implements Outbox {
        @Override
        public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
            final int last = message.getByte(offset + lengthBytes - 1);
            sent.add(peerId + ":" + lengthBytes + (last == 0 ? "" : "/" + last));
            return true;
        }

        @Override
        public void flush() {
            // Nothing waits here.
        }
    }

    private static final class SlowDisk implements Journal {
        private long durable;

        @Override
        public long append(final int type, final DirectBuffer body, final int offset, final int lengthBytes) {
            return 0;
        }

        @Override
        public long append(final JournalBase base) {
            return 0;
        }

        @Override
        public long number() {
            return 0;
        }

        @Override
        public long durableNumber() {
            return durable;
        }

        @Override
        public boolean isBaseWanted() {
            return false;
        }

        @Override
        public boolean isMemoryOnly() {
            return false;
        }
    }
}
