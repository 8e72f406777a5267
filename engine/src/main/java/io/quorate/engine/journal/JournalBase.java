package io.quorate.engine.journal;

import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;

/** A whole state as entries, by reference: whoever adds a buffer leaves it untouched from then on. Built once, then read. */
public final class JournalBase {
    /** One entry. */
    public record Entry(int type, DirectBuffer body, int offset, int lengthBytes) {}

    private final List<Entry> entries = new ArrayList<>();
    private long lengthBytes;

    /** Adds an entry; it may be longer than one that is appended alone. */
    public JournalBase add(final int type, final DirectBuffer body, final int offset, final int bodyLength) {
        entries.add(new Entry(type, body, offset, bodyLength));
        lengthBytes += bodyLength;
        return this;
    }

    public int count() {
        return entries.size();
    }

    public Entry entry(final int index) {
        return entries.get(index);
    }

    /** Bytes of all entries. */
    public long lengthBytes() {
        return lengthBytes;
    }
}
