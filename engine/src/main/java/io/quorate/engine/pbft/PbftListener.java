package io.quorate.engine.pbft;

import io.quorate.engine.evidence.Evidence;
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

    /** A peer is proven to have signed two statements that conflict; told once a conflict. */
    default void onEvidence(final Evidence evidence) {}
}
