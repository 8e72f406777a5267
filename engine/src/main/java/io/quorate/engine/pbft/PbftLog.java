package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.BatchPool;
import io.quorate.engine.ordering.Digest256;

/**
 * The slots between the watermarks, low (the stable checkpoint) and low + L (OSDI 1999, 4.2 and 4.3). Everything up to
 * {@code committedSequence} has committed; {@link Applier} hands it to execution.
 */
final class PbftLog {
    private static final int GAP_SAMPLES = 8;
    private static final long GAP_MAX_NS = 10_000_000;

    private final PbftReplica replica;
    private final LogSlot[] ring;

    /** For what a slot holds while it lives; twice the window is more than slots hold in one view. */
    final BatchPool batches;

    final LogSlot.Lacking lacking;

    private final int windowLength;
    private long low;
    private long committedSequence;

    /** Where the epoch ends, by the stable checkpoint; never moved once set. */
    private long endSequence = Long.MAX_VALUE;

    /** How far an idle group goes on, since the epoch may be about to end. */
    private long fillMax;

    private long assignedNs = PbftContext.LONG_AGO_NS;
    private long gapNs = GAP_MAX_NS;

    /** No vote for a fresh assignment above it; see {@link #limitFresh}. */
    private long freshMax = Long.MAX_VALUE;

    PbftLog(final PbftReplica replica) {
        this.replica = replica;
        final PbftContext context = replica.context;
        windowLength = context.windowLength();
        ring = new LogSlot[windowLength];
        lacking = new LogSlot.Lacking(ring);
        batches = new BatchPool(2 * windowLength);
        for (long sequence = 1; sequence <= windowLength; sequence++) {
            final int place = (int) (sequence % windowLength);
            ring[place] = new LogSlot(context.peerCount(), context.prePreparedMax(), lacking, place);
            ring[place].reset(sequence, batches);
        }
    }

    long low() {
        return low;
    }

    long high() {
        return replica.opening.isAwaited() ? low : Math.min(low + windowLength, endSequence);
    }

    boolean isInWindow(final long sequence) {
        return sequence > low && sequence <= high();
    }

    /**
     * The checkpoint that is about to become stable says where the epoch ends. It is no lower than any window before, so nobody
     * correct has voted above.
     */
    void endAt(final long sequence) {
        Invariant.check(
                endSequence == Long.MAX_VALUE || sequence == endSequence,
                "the end of an epoch does not move",
                endSequence,
                sequence);
        Invariant.check(
                sequence >= low + windowLength || endSequence != Long.MAX_VALUE,
                "an epoch ends where nobody has voted yet",
                low + windowLength,
                sequence);
        endSequence = sequence;
        fillMax = sequence == Long.MAX_VALUE ? fillMax : sequence;
    }

    long endSequence() {
        return endSequence;
    }

    /** A request ran at a sequence that may have ended the epoch: the checkpoint after it will tell. */
    void expectEnd(final long sequence) {
        final int interval = replica.context.checkpointInterval();
        fillMax = Math.max(fillMax, (sequence + interval - 1) / interval * interval);
    }

    /** True if an idle primary orders null batches up to a sequence, and backups see to it that it does. */
    boolean isFilledUpTo(final long sequence) {
        return sequence <= fillMax;
    }

    /** True if the last checkpoint of this epoch is stable here. */
    boolean isClosed() {
        return low == endSequence;
    }

    /** True if everything that this epoch orders has committed here. */
    boolean isOver() {
        return committedSequence >= endSequence;
    }

    long committedSequence() {
        return committedSequence;
    }

    long executedSequence() {
        return replica.applier.executedSequence();
    }

    LogSlot slot(final long sequence) {
        final LogSlot slot = ring[(int) (sequence % windowLength)];
        Invariant.check(
                slot.sequence == sequence, "a slot is read only inside the watermarks", slot.sequence, sequence);
        return slot;
    }

    /** Forgets, in all slots, what holds in one view only; what the next one needed stays while it is entered. */
    void leaveView(final boolean isEntering) {
        for (final LogSlot slot : ring) {
            slot.leaveView();
        }
        replica.audit.leaveView();
        if (!isEntering) {
            forgetWanted();
        }
    }

    /** Forgets, in all slots, what a coming new view needed. */
    void forgetWanted() {
        for (final LogSlot slot : ring) {
            slot.forgetWanted();
        }
    }

    /** A checkpoint is stable: drops everything up to it and opens as many slots above. */
    void collect(final long stable) {
        Invariant.check(stable > low, "the low watermark rises", low, stable);
        Invariant.check(
                stable <= executedSequence(), "a stable checkpoint has its state here", executedSequence(), stable);
        low = stable;
        replica.opening.onStable();
        for (long sequence = stable + 1; sequence <= stable + windowLength; sequence++) {
            final LogSlot slot = ring[(int) (sequence % windowLength)];
            if (slot.sequence != sequence) {
                slot.reset(sequence, batches);
            }
        }
    }

    /** A digest is decided for a slot: by q commits in a view, or, in whatever view, by f+1 reports or the journal. */
    void commit(final LogSlot slot, final Digest256 digest, final long view) {
        slot.committedInView = Math.min(slot.committedInView, view);
        if (slot.isCommitted) {
            Invariant.check(slot.committedDigest.isEqual(digest), "one digest commits at a sequence");
            return;
        }
        slot.commit(digest, replica.nowNs());
        replica.recorder.committed(slot);
        replica.counters.increment(PbftCounter.COMMITTED);
        replica.applier.onCommitted(slot);
        advanceCommitted();
        feed();
    }

    private void advanceCommitted() {
        while (committedSequence < high() && slot(committedSequence + 1).isCommitted) {
            committedSequence++;
            replica.listener.onCommitted(committedSequence, slot(committedSequence).committedDigest);
        }
    }

    private void feed() {
        replica.applier.feed();
    }

    /** The state of {@code sequence} was restored from a snapshot: the cursors jump there. */
    void onRestored(final long sequence) {
        replica.applier.onRestored(sequence);
        committedSequence = Math.max(committedSequence, sequence);
    }

    /**
     * A new view begins whose set speaks up to a sequence: a member of the set may have forgotten what it prepared above. Until
     * q replicas are seen to have committed something in the view, nothing fresh above gets this replica's vote.
     */
    void limitFresh(final long spokenFor) {
        freshMax = spokenFor;
    }

    boolean isFreshLimited() {
        return freshMax != Long.MAX_VALUE;
    }

    /** Highest sequence that a primary may assign now. */
    long assignableMax() {
        return Math.min(high(), freshMax);
    }

    /** True if something prepared here above a sequence. */
    boolean hasPreparedAbove(final long sequence) {
        for (final LogSlot slot : ring) {
            if (slot.sequence > sequence && slot.preparedView >= 0) {
                return true;
            }
        }
        return false;
    }

    /** Votes for an accepted slot once batch and bodies are here: they can then be had from a correct replica later. */
    void tryVote(final LogSlot slot) {
        if (!slot.isAccepted || !replica.transfer.isWhole(slot, slot.batch) || isOversized(slot)) {
            return;
        }
        final boolean isHeldBack = slot.hasStatement && slot.sequence > freshMax;
        if (!slot.isVoted && !isHeldBack && replica.isVoting() && replica.isActive()) {
            slot.isVoted = true;
            slot.votedAtNs = replica.nowNs();
            slot.batch.refer(replica.requests, slot.sequence);
            slot.batch.proposed();
            slot.rememberPrePrepared(replica.view(), slot.digest, slot.batch);
            replica.recorder.prePrepared(slot, replica.view());
            if (replica.isPrimary()) {
                if (slot.hasStatement) {
                    replica.proposer.passOn(slot.batch);
                    replica.publisher.prePrepare(PbftPublisher.EVERYONE, slot.statement, slot.batch);
                }
            } else {
                slot.prepares.offer(replica.selfId, replica.view(), slot.digest);
                replica.publisher.prepare(PbftPublisher.EVERYONE, replica.view(), slot.sequence, slot.digest);
            }
        }
        checkPrepared(slot);
    }

    /** A fresh batch with more bytes than allowed gets no vote; what a new view chose was voted for before. */
    boolean isOversized(final LogSlot slot) {
        return slot.hasStatement && slot.batch.count() > 1 && slot.batch.bodyLength() > replica.context.batchBytesMax();
    }

    /** Prepared: the accepted pre-prepare and q-1 matching prepares of distinct backups, the own one included. */
    void checkPrepared(final LogSlot slot) {
        final long view = replica.view();
        if (!replica.isActive() || !slot.isAccepted || !replica.transfer.isWhole(slot, slot.batch)) {
            return;
        }
        if (!slot.isPrepared) {
            final int prepares = slot.prepares.matching(view, slot.digest, replica.primaryId(view));
            if (prepares < replica.quorum.quorum() - 1) {
                return;
            }
            slot.isPrepared = true;
            replica.counters.increment(PbftCounter.PREPARED);
        }
        if (slot.isVoted && !slot.isCommitSent) {
            slot.rememberPrepared(view, slot.digest);
            slot.isCommitSent = true;
            slot.commitNumber = replica.recorder.prepared(slot, view);
            slot.commits.offer(replica.selfId, view, slot.digest);
            sayCommit(slot);
        }
        checkCommitted(slot);
        feed();
    }

    /**
     * While assignments come close together, the commit of what runs tentatively, which no client waits for, goes with the next one's
     * messages (MIT-LCS-TR-817, 5.1.2: commits ride with later messages). An idle group does not wait.
     */
    private void sayCommit(final LogSlot slot) {
        final long holdNs = replica.context.commitHoldNs();
        if (gapNs < holdNs && slot.sequence == committedSequence + 1) {
            replica.publisher.commitLater(replica.view(), slot.sequence, slot.digest, holdNs);
        } else {
            replica.publisher.commit(PbftPublisher.EVERYONE, replica.view(), slot.sequence, slot.digest);
        }
    }

    /** A slot is assigned in this view; keeps the mean of the gaps between assignments. */
    void onAssigned() {
        final long nowNs = replica.nowNs();
        gapNs += (Math.clamp(nowNs - assignedNs, 0, GAP_MAX_NS) - gapNs) / GAP_SAMPLES;
        assignedNs = nowNs;
    }

    /** Committed-local: prepared, and q matching commits. */
    void checkCommitted(final LogSlot slot) {
        if (slot.isPrepared
                && (!slot.isCommitted || isFreshLimited())
                && slot.commits.matching(replica.view(), slot.digest, notYetDurable(slot)) >= replica.quorum.quorum()) {
            final boolean wasLimited = isFreshLimited();
            freshMax = Long.MAX_VALUE;
            if (wasLimited) {
                replica.recorder.freshFree();
            }
            commit(slot, slot.digest, replica.view());
            if (wasLimited) {
                proceedAll();
            }
            replica.proposer.propose();
        }
    }

    /** This replica, if its commit does not count yet: what it rests on could still be lost; else nobody. */
    private int notYetDurable(final LogSlot slot) {
        return replica.recorder.isDurable(slot.commitNumber) ? -1 : replica.selfId;
    }

    /** More of the journal is durable: own commits may count now. */
    void onDurable() {
        replica.replies.onDurable();
        // While fresh assignments are limited, what committed by reports may be the one that q commits lift it by.
        for (long sequence = (isFreshLimited() ? low : committedSequence) + 1; sequence <= high(); sequence++) {
            // A commit may move the window.
            if (isInWindow(sequence)) {
                checkCommitted(slot(sequence));
            }
        }
    }

    /** Something that a slot lacked has come. */
    void proceed(final LogSlot slot) {
        tryVote(slot);
        feed();
        if (slot.isWanted) {
            replica.viewChange.tryNewView();
        }
    }

    /** Something came that any slot may have lacked. */
    void proceedAll() {
        for (long sequence = low + 1; sequence <= low + windowLength; sequence++) {
            tryVote(slot(sequence));
        }
        feed();
        replica.viewChange.tryNewView();
    }

    /** After the window moved: slots above may have committed already. */
    void resume() {
        advanceCommitted();
        feed();
    }

    /** Highest sequence that has a P entry; 0 if none has. */
    long preparedMax() {
        long highest = 0;
        for (final LogSlot slot : ring) {
            highest = slot.preparedView >= 0 ? Math.max(highest, slot.sequence) : highest;
        }
        return highest;
    }

    /** How many slots have a P entry. */
    int preparedCount() {
        int count = 0;
        for (final LogSlot slot : ring) {
            count += slot.preparedView >= 0 ? 1 : 0;
        }
        return count;
    }

    /** How many Q entries all slots have together. */
    int prePreparedCount() {
        int count = 0;
        for (final LogSlot slot : ring) {
            count += slot.prePreparedCount();
        }
        return count;
    }

    /** Writes P and Q of the window, in order of sequence. */
    void claim(final NewView.Claims prepared, final NewView.Claims prePrepared) {
        int preparedIndex = 0;
        int prePreparedIndex = 0;
        for (long sequence = low + 1; sequence <= low + windowLength; sequence++) {
            final LogSlot slot = slot(sequence);
            if (slot.preparedView >= 0) {
                prepared.set(preparedIndex++, sequence, slot.preparedView, slot.preparedDigest);
            }
            for (int i = 0; i < slot.prePreparedCount(); i++) {
                prePrepared.set(prePreparedIndex++, sequence, slot.prePreparedView(i), slot.prePreparedDigest(i));
            }
        }
    }
}
