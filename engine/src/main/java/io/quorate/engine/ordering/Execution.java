package io.quorate.engine.ordering;

import org.agrona.DirectBuffer;

/**
 * Where an ordering core hands committed requests, in order. What comes of them returns through {@link ExecutionListener},
 * in the same order, now or later: production crosses a ring to the kernel agent, the simulator calls straight through.
 */
public interface Execution {
    /**
     * Applies one committed request, exactly once per client and number.
     *
     * @return false if the way is full: offer the same request again later
     */
    boolean execute(long sequence, int clientId, long requestNumber, DirectBuffer request, int offset, int lengthBytes);

    /** Takes a checkpoint of the state after everything up to and including {@code sequence}; false if the way is full. */
    boolean checkpoint(long sequence);

    /** Replaces the state by the snapshot of {@code sequence}; the bytes are copied or consumed before the call returns true. */
    boolean restore(long sequence, DirectBuffer snapshot, int offset, int lengthBytes);
}
