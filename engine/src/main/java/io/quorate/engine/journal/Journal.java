package io.quorate.engine.journal;

import org.agrona.DirectBuffer;

/**
 * Where a protocol writes down what it is about to say, so that a restarted peer still knows it (docs/protocols/journal.md).
 * The consensus thread calls everything; nothing here blocks.
 *
 * <p>Entries are numbered from 1 without a gap. A journal that has no room, or whose disk fails, loses entries: then nothing
 * more becomes durable until a new <em>base</em>, the whole state as entries of its own, has taken the place of what was lost.
 */
public interface Journal {
    /** The durable number of a journal that keeps nothing. */
    long EVERYTHING = Long.MAX_VALUE;

    /**
     * Appends one entry; copies the bytes.
     *
     * @param type says what the bytes mean; from {@link JournalRecord#TYPE_MIN} upwards, the writer's own numbering
     * @return the entry's number: what depends on it may be said once {@link #durableNumber()} has reached it
     */
    long append(int type, DirectBuffer body, int offset, int lengthBytes);

    /**
     * Begins anew with a whole state; what stands before it is no longer needed once it is durable.
     *
     * @param base its buffers stay untouched from now on
     * @return the base's number
     */
    long append(JournalBase base);

    /** Number of the newest entry or base; 0 before the first. */
    long number();

    /** Everything up to this number outlives the process; {@link #EVERYTHING} if the journal is declared to keep nothing. */
    long durableNumber();

    /** True if the journal wants a new base: entries were lost, or it has grown too long. */
    boolean isBaseWanted();

    /** True if the journal keeps nothing, by declaration: nothing need be written. */
    boolean isMemoryOnly();
}
