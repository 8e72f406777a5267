package io.quorate.engine.journal;

import org.agrona.DirectBuffer;

/** The declared memory-only mode: keeps nothing, everything counts as durable at once, nothing costs anything. */
public enum MemoryJournal implements Journal {
    /** It has no state, so one is enough. */
    INSTANCE;

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
        return EVERYTHING;
    }

    @Override
    public boolean isBaseWanted() {
        return false;
    }

    @Override
    public boolean isMemoryOnly() {
        return true;
    }
}
