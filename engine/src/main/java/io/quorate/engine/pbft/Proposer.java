package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Request;
import org.agrona.concurrent.UnsafeBuffer;

/** What a primary does beyond a backup: batches the waiting requests and assigns them to sequences (OSDI 1999, 4.2). */
final class Proposer {
    private final PbftReplica replica;
    private final UnsafeBuffer gathered;
    private boolean isProposing;
    private boolean isHeld;
    private long nextSequence = 1;
    private long proposedNs = PbftContext.LONG_AGO_NS;

    Proposer(final PbftReplica replica) {
        this.replica = replica;
        gathered = new UnsafeBuffer(new byte[replica.context.batchCountMax() * Digest256.LENGTH]);
    }

    /** The window moved: sequences up to {@code stable} are taken. */
    void onStable(final long stable) {
        nextSequence = Math.max(nextSequence, stable + 1);
    }

    /** A sequence was assigned in this view before a restart. */
    void onAssigned(final long sequence) {
        nextSequence = Math.max(nextSequence, sequence + 1);
    }

    /** A view began whose fresh assignments start at {@code firstFresh}. */
    void onViewEntered(final long firstFresh) {
        nextSequence = firstFresh;
    }

    /** Nothing is proposed until {@link #release}: what arrives together goes into one batch. */
    void hold() {
        isHeld = true;
    }

    void release() {
        isHeld = false;
        propose();
    }

    /** As primary: proposes at once while the window has room and few sequences are under way; gathers else. */
    void propose() {
        if (isProposing || isHeld) {
            return;
        }
        isProposing = true;
        boolean isMoving = true;
        while (isMoving && mayPropose()) {
            final boolean isCrowded =
                    replica.log.slot(nextSequence).isCrowded() && replica.requests.waitingHead() != null;
            final int length = isCrowded || isGathering() ? 0 : gather();
            if (length > 0 || isCrowded) {
                propose(replica.log.batches.take(replica.sha256, gathered, 0, length));
            } else if (replica.recovery.takeNull(nextSequence, replica.nowNs())) {
                replica.counters.increment(PbftCounter.NULL_BATCHES_PROPOSED);
                propose(replica.log.batches.take(replica.sha256, gathered, 0, 0));
            } else {
                isMoving = false;
            }
        }
        isProposing = false;
    }

    /**
     * Under load, what a batch costs counts, not what a request in it costs: while others are under way, the next one waits until it
     * is as large as they are together, or half a round trip is over. What comes alone does not wait, and neither does a full batch.
     */
    private boolean isGathering() {
        if (replica.nowNs() - proposedNs >= replica.roundTrips.pauseNs() / 4) {
            return false;
        }
        final PbftLog log = replica.log;
        int underWay = 0;
        int open = 0;
        for (long sequence = log.executedSequence() + 1; sequence < nextSequence; sequence++) {
            final Batch assigned = log.slot(sequence).batch;
            final int count = assigned == null ? 0 : assigned.count();
            underWay += count;
            open += sequence > log.committedSequence() ? count : 0;
        }
        final int fresh = replica.requests.waitingCount() - underWay;
        return fresh < Math.min(open, replica.context.batchCountMax());
    }

    private int gather() {
        return replica.requests.gather(
                replica.clients, gathered, replica.context.batchBytesMax(), replica.admission.signingClients());
    }

    /** Short requests with tags have come to the primary alone: the others get them in the frame of the pre-prepare. */
    void passOn(final Batch batch) {
        for (int i = 0; i < batch.count(); i++) {
            final Request request = batch.request(i);
            if (!request.isSigned() && request.statementLength() <= replica.context.relayLengthMax()) {
                for (int peerId = 0; peerId < replica.context.peerCount(); peerId++) {
                    if (peerId != replica.selfId && peerId != request.clientId()) {
                        replica.publisher.request(peerId, request);
                    }
                }
            }
        }
    }

    private boolean mayPropose() {
        // While its journal is read a primary does not know yet what it has assigned.
        return !replica.restart.isStateAwaited()
                && replica.isPrimary()
                && replica.isActive()
                && replica.isVoting()
                && nextSequence <= replica.log.assignableMax()
                && nextSequence - replica.log.committedSequence() <= replica.context.inFlightMax();
    }

    private void propose(final Batch batch) {
        final LogSlot slot = replica.log.slot(nextSequence);
        Invariant.check(!slot.isAccepted, "a primary assigns a sequence once in a view", nextSequence, replica.view());
        nextSequence++;
        proposedNs = replica.nowNs();
        slot.accept(batch.digest(), batch);
        replica.publisher.encodePrePrepare(slot.statement, replica.view(), slot.sequence, batch.digest());
        slot.hasStatement = true;
        replica.counters.increment(PbftCounter.BATCHES_PROPOSED);
        replica.log.onAssigned();
        // Writes it down, then says it.
        replica.log.tryVote(slot);
    }
}
