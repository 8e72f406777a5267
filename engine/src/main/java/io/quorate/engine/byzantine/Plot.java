package io.quorate.engine.byzantine;

import io.quorate.transport.auth.Digest;
import java.util.HashMap;
import java.util.Map;

/** What the liars of one group agreed on: who hears the other story, and one digest a slot in place of the true one. */
public final class Plot {
    /** Liar that stands for all of them. */
    static final int ALL = -1;

    /** Where one story about one slot stands. */
    private record Slot(int liarId, long view, long sequence) {}

    private final long otherHalf;
    private final int victimId;
    private final Map<Slot, byte[]> digests = new HashMap<>();

    /**
     * @param otherHalf the peers that hear the other story, as bits; no liar among them
     * @param victimId the client whose requests are censored
     */
    public Plot(final long otherHalf, final int victimId) {
        this.otherHalf = otherHalf;
        this.victimId = victimId;
    }

    boolean concerns(final int peerId) {
        return (otherHalf >>> peerId & 1) != 0;
    }

    int victimId() {
        return victimId;
    }

    boolean isVictim(final int clientId) {
        return clientId == victimId;
    }

    /** The digest that was invented, or first said, for a slot; null if none was. */
    byte[] digest(final int liarId, final long view, final long sequence) {
        return digests.get(new Slot(liarId, view, sequence));
    }

    void agree(final int liarId, final long view, final long sequence, final byte[] batchDigest) {
        digests.put(new Slot(liarId, view, sequence), batchDigest.clone());
    }

    static byte[] newDigest() {
        return new byte[Digest.LENGTH];
    }
}
