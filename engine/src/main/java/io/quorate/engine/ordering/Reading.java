package io.quorate.engine.ordering;

import org.agrona.DirectBuffer;

/**
 * Where queries go that change nothing: behind everything that was handed to {@link Execution} before, on the same way. What
 * the state machine answers returns with the ticket.
 */
@FunctionalInterface
public interface Reading {
    /** Asks the newest state; false if the way is full. */
    boolean read(long ticket, int clientId, DirectBuffer query, int offset, int lengthBytes);

    /** Receives answers, in order with everything else that execution gives; on the consensus thread. */
    @FunctionalInterface
    interface Listener {
        /** The buffer is valid during the call only. */
        void onRead(long ticket, DirectBuffer answer, int offset, int lengthBytes);
    }
}
