package io.quorate.engine.evidence;

import io.quorate.transport.auth.Verifier;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What is proven against peers: the first {@value #KEPT_MAX} conflicts of each. New evidence is checked, kept, told to the
 * listener and passed on at once; what is kept is sent again, one piece an interval in turn, for peers that were away. Invalid
 * or known evidence goes no further. Bounded by n x {@value #KEPT_MAX} pieces in memory, and as many messages to all besides
 * the one an interval. One thread, the consensus thread.
 */
public final class EvidenceBook {
    public static final int KEPT_MAX = 4;

    private final int peerCount;
    private final Verifier verifier;
    private final EvidencePublisher publisher;
    private final Consumer<Evidence> listener;
    private final long intervalNs;
    private final int[] counts;
    private final List<Evidence> kept = new ArrayList<>();
    private long sendAtNs = Long.MIN_VALUE / 2;
    private int turn;

    /**
     * @param verifier also bounds how many forged pieces of one peer are checked
     * @param listener told about each new piece
     * @param intervalNs between two pieces that are sent again
     */
    public EvidenceBook(
            final int peerCount,
            final Verifier verifier,
            final EvidencePublisher publisher,
            final Consumer<Evidence> listener,
            final long intervalNs) {
        this.peerCount = peerCount;
        this.verifier = verifier;
        this.publisher = publisher;
        this.listener = listener;
        this.intervalNs = intervalNs;
        counts = new int[peerCount];
    }

    /** What is kept, in the order in which it came; the caller must not change it. */
    public List<Evidence> kept() {
        return kept;
    }

    /** How many conflicts of a peer are proven here, at most {@value #KEPT_MAX}: what its reputation rests on. */
    public int count(final int peerId) {
        return counts[peerId];
    }

    /** False if this conflict is known or enough of the peer is: then nothing needs to be checked. */
    public boolean isWanted(final Evidence found) {
        if (found.accusedId() < 0 || found.accusedId() >= peerCount || counts[found.accusedId()] >= KEPT_MAX) {
            return false;
        }
        for (int i = 0; i < kept.size(); i++) {
            if (kept.get(i).isSameConflict(found)) {
                return false;
            }
        }
        return true;
    }

    /**
     * A conflict that this replica saw, or that a peer passed on.
     *
     * @return true if it was new and holds
     */
    public boolean onEvidence(final Evidence found) {
        if (!isWanted(found) || !found.holds(verifier, peerCount)) {
            return false;
        }
        kept.add(found);
        counts[found.accusedId()]++;
        listener.accept(found);
        publisher.evidence(found);
        return true;
    }

    /** Sends one piece again when its time has come. */
    public void onTick(final long nowNs) {
        if (!kept.isEmpty() && nowNs - sendAtNs >= 0) {
            sendAtNs = nowNs + intervalNs;
            turn = (turn + 1) % kept.size();
            publisher.evidence(kept.get(turn));
        }
    }
}
