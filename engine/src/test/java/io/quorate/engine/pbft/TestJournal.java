package io.quorate.engine.pbft;

import io.quorate.engine.journal.Journal;
import io.quorate.engine.journal.JournalBase;
import io.quorate.engine.journal.JournalHistory;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A journal in memory that outlives its peer; durable at once, or up to the entry at which a test stops the disk. */
final class TestJournal implements Journal {
    private record Written(long number, boolean isBase, List<JournalBase.Entry> entries) {}

    private final List<Written> written = new ArrayList<>();
    private long number;
    private long durableNumber;
    private int stopType = -1;
    private boolean isStopped;

    /** The disk takes the next entry of this type and nothing after it. */
    void stopAfter(final int type) {
        stopType = type;
    }

    boolean isStopped() {
        return isStopped;
    }

    /** The process ended: what was not durable is gone. The disk works again. */
    JournalHistory reopen() {
        written.removeIf(each -> each.number > durableNumber);
        stopType = -1;
        isStopped = false;
        number = durableNumber;
        final List<JournalBase.Entry> entries = new ArrayList<>();
        for (final Written each : written) {
            if (each.isBase) {
                entries.clear();
            }
            entries.addAll(each.entries);
        }
        return written.isEmpty()
                ? JournalHistory.empty()
                : new JournalHistory(JournalHistory.Verdict.INTACT, "", entries, number, 0);
    }

    @Override
    public long append(final int type, final DirectBuffer body, final int offset, final int lengthBytes) {
        write(false, List.of(copy(type, body, offset, lengthBytes)));
        isStopped |= type == stopType;
        return number;
    }

    @Override
    public long append(final JournalBase base) {
        final List<JournalBase.Entry> entries = new ArrayList<>();
        for (int i = 0; i < base.count(); i++) {
            final JournalBase.Entry entry = base.entry(i);
            entries.add(copy(entry.type(), entry.body(), entry.offset(), entry.lengthBytes()));
        }
        write(true, entries);
        return number;
    }

    private void write(final boolean isBase, final List<JournalBase.Entry> entries) {
        number++;
        written.add(new Written(number, isBase, entries));
        durableNumber = isStopped ? durableNumber : number;
    }

    private static JournalBase.Entry copy(
            final int type, final DirectBuffer body, final int offset, final int lengthBytes) {
        final byte[] bytes = new byte[lengthBytes];
        body.getBytes(offset, bytes);
        return new JournalBase.Entry(type, new UnsafeBuffer(bytes), 0, lengthBytes);
    }

    @Override
    public long number() {
        return number;
    }

    @Override
    public long durableNumber() {
        return durableNumber;
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
