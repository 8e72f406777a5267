package io.quorate.engine.journal;

import org.agrona.DirectBuffer;

/** The disk side of a journal. One thread calls everything, and may be held up in it. */
public interface JournalStore extends AutoCloseable {
    /** Reads and judges what is there; once, before anything is written. What is damaged is set aside by {@link #begin}. */
    JournalHistory read();

    /**
     * Starts a new file; the caller then writes a base into it.
     *
     * @throws RuntimeException if the disk refuses; it may be tried again later
     */
    void begin();

    /**
     * Hands one record to the disk.
     *
     * @param partsLeft how many more records belong to the same entry
     * @return false if it cannot be taken now: offer the same again
     * @throws RuntimeException if the disk failed; nothing more becomes durable until {@link #begin}
     */
    boolean write(int type, long number, int partsLeft, DirectBuffer body, int offset, int lengthBytes);

    /**
     * Number of the newest whole entry that is on the disk and forced.
     *
     * @throws RuntimeException if the disk failed
     */
    long poll();

    /** The base with this number is durable: what stands before it may go. */
    void dropBefore(long baseNumber);

    /** Bytes written since {@link #begin} or the newest base. */
    long lengthBytes();

    /** How often a group of records was forced to the disk. */
    long forcedCount();

    @Override
    void close();
}
