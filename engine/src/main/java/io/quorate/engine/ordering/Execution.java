package io.quorate.engine.ordering;

import org.agrona.DirectBuffer;

/**
 * Where an ordering core hands ordered requests, in order. What comes of them returns through {@link ExecutionListener}, in
 * the same order, now or later: production crosses a ring to the kernel agent, the simulator calls straight through.
 *
 * <p>At most one sequence, the one above everything that has committed, is applied tentatively. Nobody outside but its
 * clients may hear of it before {@link #confirm}: what it told listeners waits here, and {@link #rollBack} drops it.
 */
public interface Execution {
    /** How sure it is that the order will stand. */
    enum Standing {
        /** Committed. */
        FINAL,
        /** Prepared: a view change may yet put something else in its place. */
        TENTATIVE,
        /** Committed, and applied once before: the state went back behind it. Nobody hears of it again. */
        REPEATED
    }

    /**
     * Applies one request, exactly once per client and number.
     *
     * @return false if the way is full: offer the same request again later
     */
    boolean execute(
            long sequence,
            Standing standing,
            int clientId,
            long requestNumber,
            DirectBuffer request,
            int offset,
            int lengthBytes);

    /** The sequence that was applied tentatively has committed; false if the way is full. */
    boolean confirm(long sequence);

    /** Takes a checkpoint of the state after everything up to and including {@code sequence}; false if the way is full. */
    boolean checkpoint(long sequence);

    /** Replaces the state by the snapshot of {@code sequence}; the bytes are copied or consumed before the call returns true. */
    boolean restore(long sequence, DirectBuffer snapshot, int offset, int lengthBytes);

    /**
     * Takes a tentative sequence back: replaces the state by this peer's own, older snapshot of {@code sequence}; what has
     * committed since follows as {@link Standing#REPEATED}. Otherwise as {@link #restore}.
     */
    boolean rollBack(long sequence, DirectBuffer snapshot, int offset, int lengthBytes);

    /**
     * The last sequence that may be ordered on top of a state, because its epoch ends there; a multiple of the checkpoint interval
     * (docs/protocols/reconfiguration.md, section 3). A pure function of the snapshot, which this peer made or q peers vouched for.
     */
    default long lastSequence(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return Long.MAX_VALUE;
    }

    /** True if a request may have set an end; a guess is enough. Then an idle group goes on to the next checkpoint, which tells. */
    default boolean mayEndEpoch(final DirectBuffer request, final int offset, final int lengthBytes) {
        return false;
    }
}
