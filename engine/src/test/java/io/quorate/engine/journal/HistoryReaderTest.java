package io.quorate.engine.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** What a reader makes of records that are whole, torn, changed, misplaced, missing or foreign. */
class HistoryReaderTest {
    private static final JournalIdentity OWNER = JournalIdentity.of(new byte[32], 1, 2, 1);
    private static final int TYPE = JournalRecord.TYPE_MIN;

    private final List<byte[]> records = new ArrayList<>();
    private final RecordChain chain = new RecordChain();
    private long number;

    @Test
    void shouldTakeBaseAndWhatFollows() {
        base("state");
        entry("one");
        entry("two");
        assertThat(texts(read(3))).containsExactly("state", "one", "two");
        assertThat(read(3).lastNumber()).isEqualTo(3);
    }

    @Test
    void shouldForgetWhatStandsBeforeTheNewestBase() {
        base("old");
        entry("gone");
        base("new");
        entry("kept");
        assertThat(texts(read(4))).containsExactly("new", "kept");
    }

    @Test
    void shouldKeepTheOldBaseWhileTheNewOneIsIncomplete() {
        base("old");
        entry("kept");
        base("new");
        records.removeLast();
        assertThat(texts(read(2))).containsExactly("old", "kept");
        assertDamaged(read(3), "ends at number 2 but number 3 was durable");
    }

    @Test
    void shouldCutTornTailThatWasNotDurable() {
        base("state");
        entry("one");
        entry("torn");
        records.set(records.size() - 1, Arrays.copyOf(records.getLast(), 70));
        final JournalHistory history = read(2);
        assertThat(texts(history)).containsExactly("state", "one");
        assertThat(history.cutCount()).isEqualTo(1);
    }

    @Test
    void shouldNotCutWhatWasDurable() {
        base("state");
        entry("one");
        entry("two");
        records.removeLast();
        assertDamaged(read(3), "ends at number 2 but number 3 was durable");
    }

    @Test
    void shouldSeeEveryFlippedBit() {
        base("state");
        entry("one");
        entry("two");
        final int middle = records.size() - 2;
        for (int bit = 0; bit < records.get(middle).length * 8; bit++) {
            final byte[] whole = records.get(middle).clone();
            records.get(middle)[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(read(3).verdict()).as("bit %d", bit).isEqualTo(JournalHistory.Verdict.DAMAGED);
            records.set(middle, whole);
        }
        assertThat(read(3).isIntact()).isTrue();
    }

    @Test
    void shouldSeeMisdirectedMissingAndForeignRecords() {
        base("state");
        entry("one");
        entry("two");
        entry("three");
        final byte[] second = records.get(records.size() - 2);
        records.set(records.size() - 2, records.get(records.size() - 3));
        assertDamaged(read(4), "does not follow");
        records.set(records.size() - 2, second);
        records.remove(records.size() - 2);
        assertDamaged(read(4), "does not follow");
        final RecordChain other = new RecordChain();
        final UnsafeBuffer body = new UnsafeBuffer(new byte[8]);
        records.add(other.record(TYPE, 5, 0, JournalIdentity.of(new byte[32], 1, 3, 1), body, 0, 8));
        records.remove(records.size() - 2);
        assertDamaged(read(2), "belongs to another peer");
    }

    @Test
    void shouldPutPartsTogether() {
        base("state");
        number++;
        final UnsafeBuffer body = new UnsafeBuffer(new byte[JournalRecord.PART_LENGTH_MAX + 5]);
        body.putByte(JournalRecord.PART_LENGTH_MAX + 4, (byte) 7);
        records.add(chain.record(TYPE, number, 1, OWNER, body, 0, JournalRecord.PART_LENGTH_MAX));
        assertThat(texts(read(1))).containsExactly("state");
        records.add(chain.record(TYPE, number, 0, OWNER, body, JournalRecord.PART_LENGTH_MAX, 5));
        final JournalBase.Entry whole = read(2).entries().get(1);
        assertThat(whole.lengthBytes()).isEqualTo(body.capacity());
        assertThat(whole.body().getByte(body.capacity() - 1)).isEqualTo((byte) 7);
    }

    @Test
    void shouldTellEmptyFromLost() {
        assertThat(read(0).verdict()).isEqualTo(JournalHistory.Verdict.EMPTY);
        assertDamaged(read(1), "number 1 was durable");
        assertDamaged(read(-1), "mark");
        base("state");
        assertDamaged(read(-1), "mark");
    }

    @Test
    void shouldSeeACopyFromBeforeALaterStart() {
        base("state");
        entry("one");
        assertThat(read(2, OWNER.incarnation()).isIntact()).isTrue();
        assertDamaged(read(2, OWNER.incarnation() + 1), "newest base is of start 1");
        number++;
        final UnsafeBuffer body = new UnsafeBuffer(new byte[8]);
        final JournalIdentity later = new JournalIdentity(OWNER.key(), 2);
        records.add(chain.record(JournalRecord.BASE_BEGIN, number, 0, later, body, 0, 0));
        assertDamaged(read(2, 2), "newest base is of start 1");
        records.add(chain.record(JournalRecord.BASE_END, number, 0, later, body, 0, 0));
        assertThat(read(3, 2).isIntact()).isTrue();
    }

    private void base(final String state) {
        number++;
        final UnsafeBuffer body = new UnsafeBuffer(state.getBytes(StandardCharsets.US_ASCII));
        records.add(chain.record(JournalRecord.BASE_BEGIN, number, 0, OWNER, body, 0, 0));
        records.add(chain.record(TYPE, number, 0, OWNER, body, 0, body.capacity()));
        records.add(chain.record(JournalRecord.BASE_END, number, 0, OWNER, body, 0, 0));
    }

    private void entry(final String text) {
        number++;
        final UnsafeBuffer body = new UnsafeBuffer(text.getBytes(StandardCharsets.US_ASCII));
        records.add(chain.record(TYPE, number, 0, OWNER, body, 0, body.capacity()));
    }

    private JournalHistory read(final long mark) {
        return read(mark, 0);
    }

    private JournalHistory read(final long mark, final long incarnationMin) {
        final HistoryReader reader = new HistoryReader(OWNER);
        reader.onFile();
        for (final byte[] record : records) {
            reader.onRecord(new UnsafeBuffer(record), 0, record.length);
        }
        return reader.finish(mark, incarnationMin);
    }

    private static void assertDamaged(final JournalHistory history, final String reason) {
        assertThat(history.verdict()).isEqualTo(JournalHistory.Verdict.DAMAGED);
        assertThat(history.reason()).contains(reason);
    }

    private static List<String> texts(final JournalHistory history) {
        assertThat(history.reason()).isEmpty();
        return history.entries().stream()
                .map(entry -> {
                    final byte[] bytes = new byte[entry.lengthBytes()];
                    entry.body().getBytes(entry.offset(), bytes);
                    return new String(bytes, StandardCharsets.US_ASCII);
                })
                .toList();
    }
}
