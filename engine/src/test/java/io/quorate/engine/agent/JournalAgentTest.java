package io.quorate.engine.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.journal.JournalBase;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.JournalRecord;
import io.quorate.engine.journal.JournalStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** What the journal agent makes of entries, bases, a slow disk and a broken one; without a thread. */
class JournalAgentTest {
    private static final int TYPE = JournalRecord.TYPE_MIN;
    private static final long SECOND_NS = 1_000_000_000L;

    private final Disk disk = new Disk();
    private long nowNs;
    private final JournalAgent agent = new JournalAgent(() -> nowNs, disk);
    private final JournalRing ring = new JournalRing(1024 * 1024, 0);

    @Test
    void shouldPublishWhatTheDiskHasForced() {
        start();
        ring.append(base("state"));
        final long entry = append("vote");
        turn();
        assertThat(disk.written).containsExactly("begin 1", "16:state", "end 1", "16:vote");
        assertThat(ring.durableNumber()).isZero();
        disk.durable = 1;
        turn();
        assertThat(ring.durableNumber()).isEqualTo(1);
        assertThat(disk.droppedBefore).isEqualTo(1);
        disk.durable = entry;
        turn();
        assertThat(ring.durableNumber()).isEqualTo(entry);
        assertThat(ring.status().state()).isEqualTo("writes");
    }

    @Test
    void shouldCountTheStartBeforeAnybodyHearsOfTheFirstBase() {
        final List<Long> counted = new ArrayList<>();
        agent.onFirstBase(() -> counted.add(ring.durableNumber()));
        start();
        ring.append(base("state"));
        turn();
        assertThat(counted).isEmpty();
        disk.durable = 1;
        turn();
        assertThat(counted).containsExactly(0L);
        disk.durable = append("vote");
        turn();
        turn();
        assertThat(ring.durableNumber()).isEqualTo(2);
        assertThat(counted).hasSize(1);
    }

    @Test
    void shouldKeepOrderWhenTheDiskTakesLittleAtATime() {
        start();
        disk.room = 1;
        ring.append(base("state"));
        append("one");
        append("two");
        for (int i = 0; i < 10; i++) {
            disk.room = 1;
            turn();
        }
        assertThat(disk.written).containsExactly("begin 1", "16:state", "end 1", "16:one", "16:two");
    }

    @Test
    void shouldWriteLongEntriesInParts() {
        start();
        disk.room = 2;
        ring.append(base("state"));
        turn();
        final UnsafeBuffer body = new UnsafeBuffer(new byte[JournalRecord.PART_LENGTH_MAX + 100]);
        ring.append(TYPE, body, 0, body.capacity());
        for (int i = 0; i < 4; i++) {
            disk.room = 1;
            turn();
        }
        assertThat(disk.parts).containsExactly(1, 0);
    }

    @Test
    void shouldThrowAwayWhatABrokenDiskCannotTakeAndAskForABase() {
        start();
        ring.append(base("state"));
        turn();
        disk.durable = 1;
        turn();
        disk.isBroken = true;
        final long lost = append("lost");
        turn();
        assertThat(ring.status().state()).isEqualTo("failed");
        assertThat(ring.status().failure()).isEqualTo("no space");
        assertThat(ring.isBaseWanted()).isFalse();
        append("lost, too");
        nowNs += SECOND_NS;
        turn();
        assertThat(ring.status().failures()).isEqualTo(2);
        disk.isBroken = false;
        nowNs += SECOND_NS;
        turn();
        assertThat(ring.isBaseWanted()).isTrue();
        append("before the base");
        final long number = ring.append(base("all of it"));
        assertThat(ring.isBaseWanted()).isFalse();
        append("after");
        disk.written.clear();
        turn();
        turn();
        assertThat(disk.written).containsExactly("begin " + number, "16:all of it", "end " + number, "16:after");
        assertThat(ring.durableNumber()).isLessThan(lost);
        disk.durable = number;
        turn();
        assertThat(ring.durableNumber()).isEqualTo(number);
        assertThat(ring.status().state()).isEqualTo("writes");
        assertThat(ring.status().failure()).isEmpty();
    }

    @Test
    void shouldLoseEntriesThatFindNoRoomAndWantABase() {
        start();
        ring.append(base("state"));
        final UnsafeBuffer body = new UnsafeBuffer(new byte[100_000]);
        long last = 0;
        for (int i = 0; i < 20; i++) {
            last = ring.append(TYPE, body, 0, body.capacity());
        }
        assertThat(last).isEqualTo(21);
        assertThat(ring.status().lost()).isPositive();
        assertThat(ring.isBaseWanted()).isFalse();
        turn();
        turn();
        assertThat(ring.isBaseWanted()).isTrue();
        final long number = ring.append(base("again"));
        turn();
        disk.durable = number;
        turn();
        assertThat(ring.durableNumber()).isEqualTo(number).isGreaterThan(last);
    }

    @Test
    void shouldWantABaseWhenTheJournalHasGrownLong() {
        start();
        ring.append(base("state"));
        turn();
        disk.length = 1L << 30;
        disk.durable = 1;
        turn();
        assertThat(ring.isBaseWanted()).isTrue();
    }

    private void start() {
        assertThat(agent.open().verdict()).isEqualTo(JournalHistory.Verdict.EMPTY);
        agent.ring(ring);
    }

    private void turn() {
        agent.doWork();
        agent.doWork();
    }

    private long append(final String text) {
        final UnsafeBuffer body = new UnsafeBuffer(text.getBytes(StandardCharsets.US_ASCII));
        return ring.append(TYPE, body, 0, body.capacity());
    }

    private static JournalBase base(final String text) {
        final UnsafeBuffer body = new UnsafeBuffer(text.getBytes(StandardCharsets.US_ASCII));
        return new JournalBase().add(TYPE, body, 0, body.capacity());
    }

    private static final class Disk implements JournalStore {
        private final List<String> written = new ArrayList<>();
        private final List<Integer> parts = new ArrayList<>();
        private boolean isBroken;
        private int room = Integer.MAX_VALUE;
        private long durable;
        private long droppedBefore;
        private long length;

        @Override
        public JournalHistory read() {
            return JournalHistory.empty();
        }

        @Override
        public void begin() {
            requireWhole();
        }

        @Override
        public boolean write(
                final int type,
                final long number,
                final int partsLeft,
                final DirectBuffer body,
                final int offset,
                final int lengthBytes) {
            requireWhole();
            if (room == 0) {
                return false;
            }
            room--;
            if (type == JournalRecord.BASE_BEGIN || type == JournalRecord.BASE_END) {
                written.add((type == JournalRecord.BASE_BEGIN ? "begin " : "end ") + number);
            } else {
                final byte[] bytes = new byte[lengthBytes];
                body.getBytes(offset, bytes);
                written.add(type + ":" + new String(bytes, StandardCharsets.US_ASCII));
                if (lengthBytes > 10) {
                    parts.add(partsLeft);
                }
            }
            return true;
        }

        private void requireWhole() {
            if (isBroken) {
                throw new IllegalStateException("no space");
            }
        }

        @Override
        public long poll() {
            return durable;
        }

        @Override
        public void dropBefore(final long baseNumber) {
            droppedBefore = baseNumber;
        }

        @Override
        public long lengthBytes() {
            return length;
        }

        @Override
        public long forcedCount() {
            return 0;
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
