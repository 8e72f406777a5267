package io.quorate.engine.pbft;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;

import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.SigningDomain;
import org.agrona.DirectBuffer;

/**
 * The signatures of pre-prepares, which serve evidence only: made by a primary when a backup asks, and asked for now and then, or at
 * once where somebody votes for something else. The frame's MAC says who assigned, P and Q carry safety, so neither making nor
 * checking one stands between a request and its answer.
 *
 * <p>A primary that signs badly, or not at all, is not believed any more: each of its assignments is then taken only with a signature
 * that holds. For a bad one until the view ends; for silence until the first good one, for the network may have been silent.
 */
final class Audit {
    /** Questions in a row without an answer, each waited for twice as long as the one before. */
    private static final int UNANSWERED_MAX = 4;

    private static final int DOUBLED_MAX = 6;

    private final PbftReplica replica;

    /** The view's primary has signed badly. */
    private boolean isProven;

    private int unansweredCount;

    /** The newest assignment of this view that came from its primary; 0 if none did. */
    private long newest;

    /** One whose signature is needed, since somebody votes for something else there; 0 if there is none. */
    private long disputed;

    private long auditAtNs = PbftContext.LONG_AGO_NS;

    Audit(final PbftReplica replica) {
        this.replica = replica;
    }

    void leaveView() {
        isProven = false;
        unansweredCount = 0;
        newest = 0;
        disputed = 0;
    }

    /** True if a pre-prepare is taken only with a signature that holds; else its frame's MAC is enough. */
    boolean isChecking() {
        return isProven || unansweredCount > UNANSWERED_MAX;
    }

    /** True if this assignment may not be taken as it is; asks for its signature if that is what it lacks. */
    boolean isUntrusted(final int primaryId, final long sequence, final DirectBuffer statement, final int offset) {
        if (!isChecking()) {
            return false;
        }
        if (!LogSlot.isSigned(statement, offset)) {
            replica.publisher.fetchPrePrepare(primaryId, replica.view(), sequence);
            return true;
        }
        return !replica.isSignedBy(primaryId, statement, offset);
    }

    /** The view's primary assigned a slot. */
    void onAccepted(final LogSlot slot) {
        slot.isChecked = isChecking();
        newest = slot.sequence;
        if (slot.isChecked) {
            unansweredCount = 0;
        }
    }

    /**
     * Now and then one signature is looked at: what is disputed, else the newest, so that a primary that signs badly does not know
     * which one it will be.
     */
    void onTick(final long nowNs) {
        if (nowNs - auditAtNs < 0 || isProven || replica.isPrimary() || !replica.isActive()) {
            return;
        }
        final LogSlot slot = next();
        if (slot != null && !slot.isChecked) {
            auditAtNs = nowNs + (replica.context.auditNs() << Math.min(unansweredCount, DOUBLED_MAX));
            if (!isChecked(slot) && !slot.isSigned()) {
                unansweredCount++;
            }
        }
    }

    private LogSlot next() {
        if (replica.log.isInWindow(disputed) && !replica.log.slot(disputed).isChecked) {
            return replica.log.slot(disputed);
        }
        final LogSlot slot = replica.log.isInWindow(newest) ? replica.log.slot(newest) : null;
        return slot != null && slot.hasStatement ? slot : null;
    }

    /** True if what the primary assigned here is signed well. As the primary signs it; as a backup checks it once, or asks. */
    private boolean isChecked(final LogSlot slot) {
        if (slot.isChecked || !slot.hasStatement) {
            return slot.isChecked;
        }
        final int primaryId = replica.primaryId(replica.view());
        if (replica.isPrimary()) {
            sign(slot);
        } else if (!slot.isSigned()) {
            replica.publisher.fetchPrePrepare(primaryId, replica.view(), slot.sequence);
        } else if (replica.isSignedBy(primaryId, slot.statement, 0)) {
            slot.isChecked = true;
        } else {
            onBadSignature();
        }
        return slot.isChecked;
    }

    private void onBadSignature() {
        isProven = true;
        replica.counters.increment(PbftCounter.DROPPED_BAD_SIGNATURE);
    }

    private void sign(final LogSlot slot) {
        if (!slot.isSigned()) {
            replica.signer.sign(
                    SigningDomain.PRE_PREPARE,
                    slot.statement,
                    SIGNATURE_LENGTH,
                    LogSlot.STATEMENT_LENGTH - SIGNATURE_LENGTH,
                    slot.statement,
                    0);
        }
        slot.isChecked = true;
    }

    /** A backup asks for the signature on what this primary assigned. */
    void onFetch(final int senderId, final long ofView, final long sequence) {
        if (ofView != replica.view()
                || !replica.isActive()
                || !replica.isPrimary()
                || !replica.isVoting()
                || !replica.log.isInWindow(sequence)) {
            return;
        }
        final LogSlot slot = replica.log.slot(sequence);
        if (slot.isVoted && slot.hasStatement && replica.transfer.mayServe(senderId, slot.answerLength())) {
            sign(slot);
            replica.publisher.prePrepare(senderId, slot.statement, slot.batch);
        }
    }

    /** The same again brings the signature, or shows that the primary lacks votes; another one is refused, and is evidence if signed. */
    void onSecondPrePrepare(
            final LogSlot slot,
            final int senderId,
            final Digest256 digest,
            final DirectBuffer statement,
            final int offset) {
        if (!slot.digest.isEqual(digest)) {
            replica.counters.increment(PbftCounter.DROPPED_CONFLICTING);
            accuse(slot, digest, statement, offset);
        } else if (slot.hasStatement && !slot.isSigned() && LogSlot.isSigned(statement, offset)) {
            onSignature(slot, senderId, statement, offset);
        } else {
            replica.counters.increment(PbftCounter.DROPPED_DUPLICATE);
            replica.timers.onRepeatedVote(senderId, slot);
        }
    }

    private void onSignature(final LogSlot slot, final int primaryId, final DirectBuffer statement, final int offset) {
        if (!replica.isSignedBy(primaryId, statement, offset)) {
            onBadSignature();
            return;
        }
        slot.takeStatement(statement, offset);
        slot.isChecked = true;
        unansweredCount = 0;
        for (int peerId = 0; peerId < replica.context.peerCount(); peerId++) {
            if ((slot.shownTo & 1L << peerId) != 0) {
                replica.publisher.prePrepare(peerId, slot.statement, slot.batch);
            }
        }
    }

    /** A peer that is not the primary shows what the primary signed there: no vote, but evidence if it differs. */
    void onShown(final long sequence, final Digest256 digest, final DirectBuffer statement, final int offset) {
        if (replica.log.isInWindow(sequence) && replica.log.slot(sequence).isAccepted) {
            accuse(replica.log.slot(sequence), digest, statement, offset);
        }
    }

    /** Without a signature on what is accepted here there is nothing to hold against another one; it may come too late for this one. */
    private void accuse(
            final LogSlot slot, final Digest256 digest, final DirectBuffer statement, final int statementOffset) {
        if (slot.hasStatement && slot.isSigned() && !slot.digest.isEqual(digest)) {
            replica.evidence.onEvidence(Evidence.of(
                    Evidence.Kind.PRE_PREPARE,
                    replica.primaryId(),
                    replica.view(),
                    slot.sequence,
                    slot.digest,
                    slot.statement,
                    0,
                    digest,
                    statement,
                    statementOffset));
        }
    }

    /**
     * A backup votes for another batch than the primary assigned here: one of the two lies. Shows the backup, once a view, what
     * the primary signed, as soon as it has; if the backup has another one from it, that is the proof.
     */
    void show(final int peerId, final long ofView, final LogSlot slot, final Digest256 digest) {
        final long bit = 1L << peerId;
        if (slot.isVoted
                && slot.hasStatement
                && ofView == replica.view()
                && !slot.digest.isEqual(digest)
                && (slot.shownTo & bit) == 0) {
            slot.shownTo |= bit;
            disputed = slot.sequence;
            // On nobody's account: what the primary signed badly is not the fault of who votes for something else.
            replica.at(replica.selfId, replica.nowNs());
            if (isChecked(slot)) {
                replica.publisher.prePrepare(peerId, slot.statement, slot.batch);
            }
            replica.at(peerId, replica.nowNs());
        }
    }
}
