package io.quorate.engine.ordering;

import org.agrona.DirectBuffer;

/** What comes back from {@link Execution}, in order; called on the consensus thread. Buffers are valid during the call only. */
public interface ExecutionListener {
    /**
     * A request was applied now, or earlier: then this is the reply kept from that time, and {@code sequence} is that time's.
     * Not called for a {@link Execution.Standing#REPEATED} one.
     */
    void onReply(long sequence, int clientId, long requestNumber, DirectBuffer reply, int offset, int lengthBytes);

    /** The state after {@code sequence}; its digest is SHA-256 over the snapshot. The snapshot buffer stays untouched by its owner from now on. */
    void onCheckpoint(long sequence, DirectBuffer snapshot, int offset, int lengthBytes);

    /** The snapshot of {@code sequence} is in place, or was refused. */
    void onRestored(long sequence, boolean accepted);

    /** The state is again that of {@code sequence}; everything that was handed over before has been told of. */
    void onRolledBack(long sequence);
}
