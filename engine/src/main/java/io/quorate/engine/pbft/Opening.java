package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.transfer.PagedSnapshot;
import org.agrona.DirectBuffer;

/**
 * What a replica begins with: the state before everything, or, in a later epoch, the opening state that follows the last
 * sequence c of the epoch before. Whoever opens the epoch has proof of c and of the state's digest; so a checkpoint certificate at
 * c with this digest and no signatures is valid here, and none below c is (docs/protocols/reconfiguration.md, section 4).
 *
 * <p>Until the opening state, or a later one, is here, the window is empty and the replica says nothing that counts.
 */
final class Opening {
    private final PbftReplica replica;
    private final Checkpoints.Certificate origin;
    private boolean isAwaited;

    Opening(final PbftReplica replica) {
        this.replica = replica;
        origin = new Checkpoints.Certificate(replica.context.peerCount());
    }

    /** The epoch begins above a sequence, with a state of this digest; it is fetched, unless {@link #supply} brings it. */
    void begin(final long sequence, final Digest256 stateDigest) {
        Invariant.check(
                sequence > 0 && sequence % replica.context.checkpointInterval() == 0,
                "an epoch begins at a checkpoint",
                sequence,
                0);
        Invariant.check(origin.sequence() == 0 && replica.log.low() == 0, "a replica opens an epoch once, at first");
        origin.begin(sequence, stateDigest);
        isAwaited = true;
        Invariant.check(replica.checkpoints.onCertificate(origin), "what an epoch begins with needs no signatures");
    }

    /** The opening state is here: this peer made it from the closing state of the epoch before. */
    void supply(final DirectBuffer snapshot, final int lengthBytes) {
        replica.transfer.supply(
                origin,
                PagedSnapshot.of(
                        replica.sha256,
                        replica.context.pageLength(),
                        origin.sequence(),
                        snapshot,
                        0,
                        lengthBytes,
                        null));
    }

    /** True while the epoch is open for others, and this replica lacks a state to take part with. */
    boolean isAwaited() {
        return isAwaited;
    }

    /** A checkpoint is stable here, so its state is. */
    void onStable() {
        isAwaited = false;
    }

    /** Everything up to here lies before this epoch. */
    long sequence() {
        return origin.sequence();
    }

    /** True if a certificate says what the epoch begins with, and nothing else. */
    boolean isOrigin(final Checkpoints.Certificate certificate) {
        return certificate.sequence() == origin.sequence()
                && certificate.signerCount() == 0
                && (origin.sequence() == 0 || certificate.stateDigest().isEqual(origin.stateDigest()));
    }
}
