package io.quorate.engine.gossip;

import org.agrona.DirectBuffer;

/**
 * Says what a record is worth; the room whose records a kind of rumor carries implements it. Called on the consensus thread, once
 * for each record that the mill has not seen.
 */
@FunctionalInterface
public interface RumorHandler {
    /** What the mill does with a record. */
    enum Verdict {
        /** Valid and newer than what is known: remembered and passed on. */
        NEW,
        /** Valid, or of no interest, but nothing new: remembered, goes no further. */
        OLD,
        /** Not what its owner said: forgotten, and charged to who passed it on. */
        INVALID
    }

    /**
     * Checks a record and takes it in. Cheap questions come first: a record that is older than what is known need not have its
     * signature checked, its verdict is OLD. May spread records of its own during the call.
     *
     * @param senderId who passed the record on; authenticated, and not its owner in general
     * @param buffer valid only during the call
     */
    Verdict onRecord(int senderId, DirectBuffer buffer, int offset, int lengthBytes, long nowNs);
}
