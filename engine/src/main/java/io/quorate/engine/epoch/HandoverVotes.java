package io.quorate.engine.epoch;

import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Verifier;
import java.util.TreeMap;

/**
 * Collects the {@link Handover}s of a replica's own epoch that agree with its own, until q do. One vote a peer; one that differs
 * from what this replica computed is refused, so memory is bounded by the roster. One thread.
 */
public final class HandoverVotes {
    private final Roster current;
    private final Verifier verifier;
    private final OpeningState opening;
    private final Handover own;
    private final TreeMap<Integer, byte[]> signatures = new TreeMap<>();

    /**
     * Begins when this replica has the opening state.
     *
     * @param current roster of the epoch that ends
     * @param verifier with its keys
     */
    public HandoverVotes(
            final Roster current, final Verifier verifier, final OpeningState opening, final Handover own) {
        this.current = current;
        this.verifier = verifier;
        this.opening = opening;
        this.own = own;
    }

    /**
     * A peer of the epoch signed a handover.
     *
     * @return true if it is counted now
     */
    public boolean onHandover(final int senderId, final Handover handover, final byte[] signature) {
        if (senderId < 0
                || senderId >= current.size()
                || signatures.containsKey(senderId)
                || !handover.equals(own)
                || !own.isSignedBy(senderId, signature, verifier)) {
            return false;
        }
        signatures.put(senderId, signature.clone());
        return true;
    }

    /** The proof, or null while fewer than q agree. */
    public HandoverCertificate certificate() {
        return signatures.size() < Quorum.of(current.size()).quorum()
                ? null
                : new HandoverCertificate(own, opening.roster(), signatures);
    }
}
