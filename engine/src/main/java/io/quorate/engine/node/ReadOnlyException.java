package io.quorate.engine.node;

import io.quorate.engine.membership.PartitionGuard;

/**
 * This peer is cut off from a quorum of its group: it takes nothing that would have to be ordered, and what it answers may be out of
 * date. It says so at once rather than let a request hang; when the link is back, so is the peer, by itself.
 */
public final class ReadOnlyException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private final transient PartitionGuard.Refusal refusal;

    public ReadOnlyException(final PartitionGuard.Refusal refusal) {
        super(refusal.message());
        this.refusal = refusal;
    }

    /** Why, with how many are reached and needed; null in a copy that was serialised. */
    public PartitionGuard.Refusal refusal() {
        return refusal;
    }
}
