package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Execution.Standing;
import io.quorate.engine.ordering.OrderView;
import io.quorate.engine.ordering.Request;
import io.quorate.engine.transfer.PagedSnapshot;
import org.agrona.DirectBuffer;

/**
 * Hands batches to execution, in order: those that committed, above them at most one that is only prepared (tentative
 * execution, MIT-LCS-TR-817, 5.1.2), and after a view change that undid it, from the last checkpoint on, what had committed
 * (docs/protocols/pbft.md, section 8).
 */
final class Applier implements OrderView {
    private static final long NONE = 0;

    private final PbftReplica replica;
    private final int checkpointInterval;
    private final Digest256 scratch = new Digest256();

    /** The state before anything was applied, until there is a checkpoint. */
    private PagedSnapshot origin;

    private boolean isOriginAsked;

    /** Everything up to here has committed and was handed over. */
    private long executedSequence;

    /** When the first request of the batch in hand came here. */
    private long firstArrivedNs;

    /** What the state stands for, a tentative sequence left out: behind {@code executedSequence} only after a rollback. */
    private long appliedSequence;

    private int handedInBatch;

    /** The committed sequence whose batch is being handed over. */
    private long handingSequence = NONE;

    private long checkpointDue;
    private long confirmDue;
    private boolean isFeeding;

    private final Digest256 tentativeDigest = new Digest256();
    private Batch tentativeBatch;
    private long tentativeSequence = NONE;

    /** The last view in which the tentative sequence was prepared. */
    private long tentativeView;

    /** Counts how often the state was, or must be, replaced. */
    private long stateNumber;

    private boolean isRollbackDue;
    private boolean isRollingBack;

    Applier(final PbftReplica replica) {
        this.replica = replica;
        checkpointInterval = replica.context.checkpointInterval();
    }

    @Override
    public long executedSequence() {
        return executedSequence;
    }

    /** True if a reply that execution gives for this sequence will stand. */
    boolean isFinal(final long sequence) {
        return sequence <= executedSequence || sequence == handingSequence;
    }

    /** True if this sequence is applied, or being applied, ahead of its commit. */
    boolean isTentative(final long sequence) {
        return tentativeSequence == sequence && !isRollbackDue && !isRollingBack;
    }

    /** The view in which the tentative sequence prepared. */
    long tentativeView() {
        return tentativeView;
    }

    /** What is applied at the tentative sequence; null if nothing is. */
    Digest256 tentativeDigest() {
        return tentativeSequence == NONE ? null : tentativeDigest;
    }

    @Override
    public boolean isVoting() {
        return replica.isVoting();
    }

    @Override
    public long newestSequence() {
        final long newest = tentativeSequence == NONE ? executedSequence : tentativeSequence;
        // When the epoch is over here, the next one may have gone on already.
        final boolean isReadable = !replica.opening.isAwaited()
                && !replica.log.isClosed()
                && !isRollbackDue
                && !isRollingBack
                && appliedSequence == executedSequence
                && !replica.transfer.isRestoring()
                && !replica.restart.isStateAwaited()
                && newest >= replica.restart.answeredMax();
        return isReadable ? newest : NOT_READABLE;
    }

    @Override
    public boolean isDurable() {
        return replica.recorder.isCommitDurable();
    }

    @Override
    public long stateNumber() {
        return stateNumber;
    }

    private void requireRollback() {
        isRollbackDue = true;
        stateNumber++;
    }

    /** Hands requests to execution, in order, as far as bodies and room allow. */
    void feed() {
        if (isFeeding
                || replica.opening.isAwaited()
                || replica.transfer.isRestoring()
                || replica.restart.isStateAwaited()) {
            return;
        }
        isFeeding = true;
        final long before = executedSequence;
        boolean isMoving = true;
        while (isMoving) {
            isMoving = step();
        }
        isFeeding = false;
        if (executedSequence > before) {
            replica.timers.onProgress();
        }
    }

    /** One step; false if nothing more can be done now. */
    private boolean step() {
        if (isRollbackDue) {
            return rollBack();
        }
        if (isRollingBack || !takeOrigin() || !confirm() || !takeCheckpoint()) {
            return false;
        }
        if (appliedSequence < executedSequence) {
            return repeat(replica.log.slot(appliedSequence + 1));
        }
        if (tentativeSequence != NONE) {
            return proceedTentative();
        }
        if (executedSequence < replica.log.committedSequence()) {
            return execute(replica.log.slot(executedSequence + 1));
        }
        return beginTentative();
    }

    private boolean takeOrigin() {
        if (isOriginAsked || executedSequence > 0) {
            return true;
        }
        // Set first: a state machine on the same thread answers inside the call.
        isOriginAsked = true;
        if (replica.execution.checkpoint(0)) {
            return true;
        }
        isOriginAsked = false;
        return false;
    }

    boolean holdsOrigin() {
        return origin != null;
    }

    /** The state before anything was applied. */
    void onOrigin(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        origin = PagedSnapshot.of(replica.sha256, replica.context.pageLength(), 0, snapshot, offset, lengthBytes, null);
        feed();
    }

    private boolean confirm() {
        final long due = confirmDue;
        if (due == NONE) {
            return true;
        }
        confirmDue = NONE;
        if (replica.execution.confirm(due)) {
            return true;
        }
        confirmDue = due;
        return false;
    }

    private boolean takeCheckpoint() {
        final long due = checkpointDue;
        if (due == NONE) {
            return true;
        }
        checkpointDue = NONE;
        if (replica.execution.checkpoint(due)) {
            return true;
        }
        checkpointDue = due;
        return false;
    }

    private boolean execute(final LogSlot slot) {
        final Batch batch = slot.committedBatch;
        if (batch == null || !batch.resolve(replica.requests, slot.sequence, scratch)) {
            return false;
        }
        Invariant.check(
                batch.digest().isEqual(slot.committedDigest),
                "what is executed is what committed",
                slot.sequence,
                replica.view());
        handingSequence = slot.sequence;
        if (!hand(batch, slot.sequence, Standing.FINAL)) {
            return false;
        }
        handingSequence = NONE;
        handedInBatch = 0;
        onExecuted(slot);
        return true;
    }

    private boolean repeat(final LogSlot slot) {
        Invariant.check(slot.isCommitted, "what was executed is repeated as it committed", slot.sequence, 0);
        if (!hand(slot.committedBatch, slot.sequence, Standing.REPEATED)) {
            return false;
        }
        handedInBatch = 0;
        appliedSequence = slot.sequence;
        return true;
    }

    /** Hands over what is left of a batch; true if that was all. */
    private boolean hand(final Batch batch, final long sequence, final Standing standing) {
        while (handedInBatch < batch.count()) {
            final Request request = batch.request(handedInBatch);
            firstArrivedNs = handedInBatch == 0 ? request.arrivedNs() : Math.min(firstArrivedNs, request.arrivedNs());
            if (!replica.execution.execute(
                    sequence,
                    standing,
                    request.clientId(),
                    request.requestNumber(),
                    request.statement(),
                    Request.BODY_OFFSET,
                    request.bodyLength())) {
                return false;
            }
            handedInBatch++;
            if (standing == Standing.FINAL) {
                settle(request, sequence);
            }
        }
        return true;
    }

    private void settle(final Request request, final long sequence) {
        // First: a settled request may be used again.
        if (replica.execution.mayEndEpoch(request.statement(), Request.BODY_OFFSET, request.bodyLength())) {
            replica.log.expectEnd(sequence);
        }
        replica.requests.settle(request);
        replica.counters.increment(PbftCounter.REQUESTS_EXECUTED);
    }

    private void onExecuted(final LogSlot slot) {
        final long sequence = slot.sequence;
        if (slot.committedBatch.count() > 0) {
            replica.pace.onBatch(firstArrivedNs, slot.committedAtNs);
        }
        executedSequence = sequence;
        appliedSequence = sequence;
        if (sequence % checkpointInterval == 0) {
            checkpointDue = sequence;
        }
    }

    /** The next sequence is prepared here, and everything below has committed and was handed over: it runs ahead of its commit. */
    private boolean beginTentative() {
        final long next = executedSequence + 1;
        if (!replica.isActive() || !replica.log.isInWindow(next) || rollbackPoint() == null) {
            return false;
        }
        final LogSlot slot = replica.log.slot(next);
        // Commit sent means that P speaks of it: a reply vouches for no less.
        if (!slot.isCommitSent || slot.isCommitted || slot.batch.isNull()) {
            return false;
        }
        tentativeSequence = next;
        tentativeView = replica.view();
        tentativeBatch = slot.batch;
        tentativeDigest.set(slot.digest);
        replica.counters.increment(PbftCounter.TENTATIVE);
        return true;
    }

    private boolean proceedTentative() {
        if (!hand(tentativeBatch, tentativeSequence, Standing.TENTATIVE)) {
            return false;
        }
        final LogSlot slot = replica.log.slot(tentativeSequence);
        if (slot.isCommitted) {
            becomeFinal(slot);
            return true;
        }
        if (tentativeView != replica.view() && slot.isCommitSent) {
            // A new view kept it, and it has prepared again: had it put something else there, the state would have gone
            // back.
            Invariant.check(
                    slot.digest.isEqual(tentativeDigest),
                    "what is answered again in a new view is what was applied",
                    slot.sequence,
                    replica.view());
            tentativeView = replica.view();
            replica.replies.answerTentative();
        }
        return false;
    }

    private void becomeFinal(final LogSlot slot) {
        Invariant.check(
                slot.committedDigest.isEqual(tentativeDigest),
                "what becomes final is what was applied",
                slot.sequence,
                tentativeView);
        final Batch batch = tentativeBatch;
        slot.commitBatch(slot.committedBatch == null ? batch : slot.committedBatch);
        forgetTentative();
        confirmDue = slot.sequence;
        onExecuted(slot);
        for (int i = 0; i < batch.count(); i++) {
            settle(batch.request(i), slot.sequence);
        }
        replica.replies.onFinal();
    }

    private void forgetTentative() {
        tentativeSequence = NONE;
        tentativeBatch = null;
        handedInBatch = 0;
    }

    /** A digest is decided for a slot. If another one was applied there tentatively, it must go. */
    void onCommitted(final LogSlot slot) {
        if (slot.sequence == tentativeSequence && !slot.committedDigest.isEqual(tentativeDigest)) {
            requireRollback();
        }
    }

    /**
     * A new view is entered, and nothing that it assigns was voted for yet: votes of others may be here already, so what it
     * assigns to the tentative sequence may prepare in the same breath, and must not be taken for what was applied. The choice
     * decides about it. If the view starts above, the sequence has committed, perhaps as it was applied here: it stays until that
     * is known.
     */
    void onViewEntered(final NewView chosen) {
        if (tentativeSequence == NONE || tentativeSequence <= chosen.base().sequence()) {
            return;
        }
        final boolean isKept = replica.log.slot(tentativeSequence).isCommitted
                || (tentativeSequence <= chosen.top()
                        && chosen.digest(tentativeSequence).isEqual(tentativeDigest));
        if (!isKept) {
            requireRollback();
        }
    }

    /** The newest state of this peer that holds committed sequences only; null if there is none. */
    private PagedSnapshot rollbackPoint() {
        final PagedSnapshot newest = replica.checkpoints.newestSnapshot();
        if (newest != null) {
            // From the first checkpoint on there always is one.
            origin = null;
            return newest;
        }
        return origin;
    }

    private boolean rollBack() {
        final PagedSnapshot point = rollbackPoint();
        Invariant.check(point != null, "what runs ahead can be taken back");
        Invariant.check(
                point.sequence() >= replica.log.low() && point.sequence() <= executedSequence,
                "the slots above the state that is gone back to are here",
                point.sequence(),
                executedSequence);
        isRollbackDue = false;
        isRollingBack = true;
        if (!replica.execution.rollBack(point.sequence(), point.buffer(), point.offset(), point.lengthBytes())) {
            isRollbackDue = true;
            isRollingBack = false;
            return false;
        }
        replica.counters.increment(PbftCounter.ROLLBACKS);
        forgetTentative();
        replica.replies.onRolledBack();
        return true;
    }

    /** The state is again that of {@code sequence}: what has committed since is applied again. */
    void onRolledBack(final long sequence) {
        Invariant.check(isRollingBack, "a state goes back on demand", sequence, executedSequence);
        isRollingBack = false;
        if (replica.checkpoints.newestSnapshot() != null
                && replica.checkpoints.newestSnapshot().sequence() > sequence) {
            // A checkpoint was under way: the slots below it may be gone by now.
            isRollbackDue = true;
        } else {
            appliedSequence = sequence;
        }
        feed();
    }

    /** The state of {@code sequence} was restored from peers: the cursors jump there. */
    void onRestored(final long sequence) {
        Invariant.check(sequence > executedSequence, "a restored state is newer", executedSequence, sequence);
        executedSequence = sequence;
        appliedSequence = sequence;
        checkpointDue = NONE;
        confirmDue = NONE;
        handingSequence = NONE;
        isRollbackDue = false;
        stateNumber++;
        forgetTentative();
        replica.replies.onRolledBack();
        settleAnswered();
    }

    /** What waits here may have been executed elsewhere, inside the state that was restored. */
    private void settleAnswered() {
        Request request = replica.requests.waitingHead();
        while (request != null) {
            final Request following = request.nextWaiting();
            if (replica.clients.status(request.clientId(), request.requestNumber()) != ClientTable.Status.FRESH) {
                replica.requests.settle(request);
            }
            request = following;
        }
    }
}
