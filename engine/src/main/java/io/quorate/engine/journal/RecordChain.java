package io.quorate.engine.journal;

import io.quorate.transport.auth.Digest;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The hash that ties each record of a journal to the one before: the first 16 bytes of SHA-256 over the whole record. Used by
 * the writer to make the next header and by the reader to check it. Not thread-safe.
 */
public final class RecordChain {
    private final Digest sha256 = new Digest();
    private final UnsafeBuffer last = new UnsafeBuffer(new byte[Digest.LENGTH]);
    private final UnsafeBuffer header = new UnsafeBuffer(new byte[JournalRecord.HEADER_LENGTH]);

    /** Forgets what came before: the next record is the first of its file. */
    public void restart() {
        last.setMemory(0, last.capacity(), (byte) 0);
    }

    /** Makes the header of the next record; it is valid until the next call. */
    UnsafeBuffer next(
            final int type,
            final long number,
            final int partsLeft,
            final JournalIdentity identity,
            final DirectBuffer body,
            final int offset,
            final int lengthBytes) {
        JournalRecord.encode(header, type, number, partsLeft, identity, last, body, offset, lengthBytes);
        sha256.update(header, 0, JournalRecord.HEADER_LENGTH)
                .update(body, offset, lengthBytes)
                .finish(last, 0);
        return header;
    }

    /** Makes the whole next record, header and body. */
    public byte[] record(
            final int type,
            final long number,
            final int partsLeft,
            final JournalIdentity identity,
            final DirectBuffer body,
            final int offset,
            final int lengthBytes) {
        final byte[] record = new byte[JournalRecord.HEADER_LENGTH + lengthBytes];
        next(type, number, partsLeft, identity, body, offset, lengthBytes)
                .getBytes(0, record, 0, JournalRecord.HEADER_LENGTH);
        body.getBytes(offset, record, JournalRecord.HEADER_LENGTH, lengthBytes);
        return record;
    }

    /** True if a sound record follows the one before; it is then the newest. */
    boolean follow(final DirectBuffer record, final int offset, final int lengthBytes) {
        final boolean isNext = JournalRecord.isChained(record, offset, last);
        if (isNext) {
            begin(record, offset, lengthBytes);
        }
        return isNext;
    }

    /** Takes a sound record as it stands: nothing before it is known. */
    void begin(final DirectBuffer record, final int offset, final int lengthBytes) {
        sha256.update(record, offset, lengthBytes).finish(last, 0);
    }
}
