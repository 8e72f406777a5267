package io.quorate.engine.pbft;

import io.quorate.engine.ordering.Digest256;

/** What a replica tells its agent; called on the consensus thread, inside a handler. Every method has an empty default. */
public interface PbftListener {
    /** Nobody listens. */
    PbftListener NONE = new PbftListener() {};

    /** The replica stopped voting in its view and waits for {@code view} to begin. */
    default void onViewChangeStarted(final long view) {}

    /** The replica entered {@code view}. */
    default void onViewChanged(final long view, final int primaryId) {}

    /** Everything up to {@code sequence} has committed here; {@code batchDigest} is that of the sequence itself and valid during the call only. */
    default void onCommitted(final long sequence, final Digest256 batchDigest) {}

    /** The checkpoint at {@code sequence} is stable: q replicas signed this state, and it is here. */
    default void onStableCheckpoint(final long sequence, final Digest256 stateDigest) {}

    /** The replica votes again after a restart without its log; the stable checkpoint is {@code sequence}. */
    default void onVotingAgain(final long sequence) {}

    /** The primary of {@code view} signed two different batches for one sequence. */
    default void onEquivocation(final Equivocation evidence) {}

    /**
     * Two signed pre-prepares that conflict; together with the roster a proof for anybody.
     *
     * @param first signature and signed bytes of one pre-prepare
     * @param second signature and signed bytes of the other
     */
    record Equivocation(int primaryId, long view, long sequence, byte[] first, byte[] second) {}
}
