package io.quorate.engine.pbft;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;

import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.evidence.EvidenceBook;
import io.quorate.engine.journal.Journal;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.MemoryJournal;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.metrics.Turnout;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Execution;
import io.quorate.engine.ordering.ExecutionListener;
import io.quorate.engine.ordering.OrderView;
import io.quorate.engine.ordering.RequestStore;
import io.quorate.engine.pacing.Allowances;
import io.quorate.engine.pacing.CheckBudget;
import io.quorate.engine.pacing.PrimaryPace;
import io.quorate.engine.pacing.RoundTrips;
import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.util.List;
import org.agrona.DirectBuffer;

/**
 * A replica of Castro and Liskov's pBFT (OSDI 1999; thesis MIT-LCS-TR-817), as a plain object: handlers take messages and
 * time, and cause messages through the publisher. This file is the normal case: pre-prepare, prepare, commit. The
 * protocol as built is written down in docs/protocols/pbft.md. One thread, the consensus thread, calls everything.
 */
public final class PbftReplica implements ExecutionListener {

    final PbftContext context;
    final PbftPublisher publisher;
    final Signer signer;
    final CheckBudget verifier;
    final RoundTrips roundTrips;
    final PrimaryPace pace;
    final EvidenceBook evidence;
    final Execution execution;
    final PbftListener listener;
    final Quorum quorum;
    final int selfId;
    final Counters<PbftCounter> counters = new Counters<>(PbftCounter.class);
    private final Turnout turnout;
    final Digest sha256 = new Digest();
    final RequestStore requests;
    final ClientTable clients;
    final PbftLog log;
    final Audit audit;
    final Checkpoints checkpoints;
    final ViewChange viewChange;
    final StateTransfer transfer;
    final Recovery recovery;
    final Timers timers;
    final Admission admission;
    final Proposer proposer;
    final Replies replies;
    final VoteRecorder recorder;
    final Restart restart;
    final StateTransfer.Opening opening;
    final Applier applier;
    private long view;
    private boolean isActive = true;
    private long nowNs;

    /**
     * As {@link #PbftReplica(PbftContext, PbftPublisher, Signer, Verifier, Execution, PbftListener, Journal)} in memory-only
     * mode.
     */
    public PbftReplica(
            final PbftContext context,
            final PbftPublisher publisher,
            final Signer signer,
            final Verifier verifier,
            final Execution execution,
            final PbftListener listener) {
        this(context, publisher, signer, verifier, execution, listener, MemoryJournal.INSTANCE);
    }

    /**
     * A replica at sequence 0 with an empty log.
     *
     * @param context concluded
     * @param signer with the key of {@code context.selfId()}
     * @param execution gets the committed requests; its answers come back through this object's {@link ExecutionListener}
     * @param journal what the replica says it writes there first; unless it is memory-only, {@link #restart} must
     *     be called before anything else, and the publisher must have a gate
     */
    public PbftReplica(
            final PbftContext context,
            final PbftPublisher publisher,
            final Signer signer,
            final Verifier verifier,
            final Execution execution,
            final PbftListener listener,
            final Journal journal) {
        this.context = context;
        this.publisher = publisher;
        this.signer = signer;
        this.verifier = new CheckBudget(
                verifier,
                context.selfId(),
                new Allowances(context.peerCount(), context.uselessChecksMax(), context.uselessCheckNs()),
                () -> counters.increment(PbftCounter.DROPPED_CHECK_BUDGET));
        roundTrips = new RoundTrips(
                context.peerCount(),
                context.selfId(),
                context.retransmitNs(),
                context.retransmitMinNs(),
                context.retransmitMaxNs());
        pace = new PrimaryPace(
                context.peerCount(),
                context.selfId(),
                context.patienceNs(),
                context.viewChangeTimeoutNs(),
                4 * context.statusIntervalNs(),
                PbftContext.LONG_AGO_NS);
        this.execution = execution;
        this.listener = listener;
        turnout = new Turnout(context.peerCount(), context.windowLength());
        evidence = new EvidenceBook(
                context.peerCount(), this.verifier, publisher.evidence, this::onProof, 5 * context.retransmitMaxNs());
        quorum = context.quorum();
        selfId = context.selfId();
        // Twice the window: requests of a restarted client, or of one that changed its mind, may overlap with the ones
        // before.
        requests = new RequestStore(context.peerCount(), 2 * context.clientWindow(), context.clientBytesMax());
        clients = new ClientTable(context.peerCount(), context.clientWindow());
        opening = new StateTransfer.Opening(this);
        log = new PbftLog(this);
        audit = new Audit(this);
        checkpoints = new Checkpoints(this);
        viewChange = new ViewChange(this);
        transfer = new StateTransfer(this);
        recovery = new Recovery(this);
        timers = new Timers(this);
        admission = new Admission(this);
        proposer = new Proposer(this);
        replies = new Replies(this);
        recorder = new VoteRecorder(this, journal, publisher.gate());
        restart = new Restart(this);
        applier = new Applier(this);
    }

    /**
     * Makes this a replica of an epoch that is not the first: everything up to {@code sequence} was ordered before, and the state
     * there has this digest, as a certificate proves. Called once, before {@link #restart} and before anything arrives. The replica
     * then fetches that state from its peers.
     */
    public void open(final long sequence, final Digest256 stateDigest) {
        opening.begin(sequence, stateDigest);
    }

    /** After {@link #open}, and {@link #restart} if there is a journal: the opening state, from offset 0; it must not change. */
    public void supply(final DirectBuffer openingState, final int lengthBytes) {
        opening.supply(openingState, lengthBytes);
    }

    /** False while this replica lacks the state that its epoch begins with. */
    public boolean isOpen() {
        return !opening.isAwaited();
    }

    /** The state at the last sequence of the epoch, once it is stable here; else null. */
    public PagedSnapshot closingState() {
        return log.isClosed() ? checkpoints.snapshot(log.low()) : null;
    }

    /**
     * Takes over what the journal holds; if that is nothing, or must not be used, starts without a past. Called once, before
     * anything arrives, by whoever gave the replica a journal.
     */
    public void restart(final JournalHistory history, final long startNs) {
        nowNs = startNs;
        restart.begin(history);
    }

    /** How the other peers take part in the order. */
    public Turnout turnout() {
        return turnout;
    }

    public Counters<PbftCounter> counters() {
        return counters;
    }

    public long view() {
        return view;
    }

    /** False while the replica waits for its view to begin. */
    public boolean isActive() {
        return isActive;
    }

    public int primaryId() {
        return primaryId(view);
    }

    public boolean isPrimary() {
        return primaryId(view) == selfId;
    }

    /** False after a restart without the log, until the rule of recovery gives the vote back. */
    public boolean hasVote() {
        return recovery.hasVote();
    }

    /** True if this replica has its vote, and the state that its epoch begins with. */
    public boolean isVoting() {
        return recovery.isVoting();
    }

    /** The checkpoint that must be stable before the vote comes back; 0 if not yet known or not needed. */
    public long recoverySequence() {
        return recovery.target();
    }

    public long stableSequence() {
        return log.low();
    }

    /** The last sequence of the epoch; {@link Long#MAX_VALUE} while it has no end that is stable here. */
    public long endSequence() {
        return log.endSequence();
    }

    public long committedSequence() {
        return log.committedSequence();
    }

    public long executedSequence() {
        return applier.executedSequence();
    }

    /** What is proven against peers here; the caller must not change it. */
    public List<Evidence> evidence() {
        return evidence.kept();
    }

    private void onProof(final Evidence found) {
        counters.increment(PbftCounter.EQUIVOCATIONS);
        listener.onEvidence(found);
    }

    /** What readers of the state must know of the order. */
    public OrderView order() {
        return applier;
    }

    public int waitingCount() {
        return requests.waitingCount();
    }

    int primaryId(final long ofView) {
        return (int) (ofView % context.peerCount());
    }

    long nowNs() {
        return nowNs;
    }

    /** An event of a peer is handled now: what it makes this replica check is on that peer's account. */
    void at(final int peerId, final long eventNs) {
        nowNs = eventNs;
        verifier.speaker(peerId, eventNs);
    }

    /** Calls everything that time makes due; call it often, it costs little when nothing is due. */
    public void onTick(final long tickNs) {
        at(selfId, tickNs);
        recorder.onTick();
        audit.onTick(tickNs);
        restart.onTick();
        applier.feed();
        timers.onTick(tickNs);
        viewChange.onTick(tickNs);
        transfer.onTick(tickNs);
        recovery.onTick(tickNs);
        evidence.onTick(tickNs);
        proposer.release();
    }

    /**
     * Many messages may follow before the next {@link #onTick}: requests among them are proposed only then, together. For whoever calls
     * {@code onTick} after each handful of messages; without it, a request is proposed as it arrives.
     */
    public void beginTurn() {
        proposer.hold();
    }

    /** A primary's assignment of a batch to a sequence (OSDI 1999, 4.2), signed if somebody asked. */
    void onPrePrepare(
            final int senderId,
            final long messageView,
            final long sequence,
            final Digest256 digest,
            final DirectBuffer buffer,
            final int statementOffset,
            final int digestsOffset,
            final int digestsLength) {
        if (messageView < view) {
            counters.increment(PbftCounter.DROPPED_OLD_VIEW);
        } else if (messageView > view || !isActive) {
            counters.increment(PbftCounter.DROPPED_INACTIVE_VIEW);
        } else if (senderId != primaryId(view) || senderId == selfId) {
            counters.increment(PbftCounter.DROPPED_NOT_PRIMARY);
            audit.onShown(sequence, digest, buffer, statementOffset);
        } else if (!log.isInWindow(sequence)) {
            counters.increment(PbftCounter.DROPPED_OUT_OF_WINDOW);
        } else if (log.slot(sequence).isAccepted) {
            audit.onSecondPrePrepare(log.slot(sequence), senderId, digest, buffer, statementOffset);
        } else if (digestsLength > context.batchCountMax() * Digest256.LENGTH) {
            counters.increment(PbftCounter.DROPPED_MALFORMED);
        } else if (audit.isUntrusted(senderId, sequence, buffer, statementOffset)) {
            counters.increment(PbftCounter.DROPPED_BAD_SIGNATURE);
        } else {
            accept(log.slot(sequence), digest, buffer, statementOffset, digestsOffset, digestsLength);
        }
    }

    private void accept(
            final LogSlot slot,
            final Digest256 digest,
            final DirectBuffer buffer,
            final int statementOffset,
            final int digestsOffset,
            final int digestsLength) {
        final Batch batch = log.batches.take(sha256, buffer, digestsOffset, digestsLength);
        if (!batch.digest().isEqual(digest)) {
            counters.increment(PbftCounter.DROPPED_BAD_DIGEST);
            return;
        }
        if (slot.sequence <= viewChange.baseSequence()) {
            // What a view starts from is settled; whoever lacks it fetches it, and need not remember that it committed.
            counters.increment(PbftCounter.DROPPED_OUT_OF_WINDOW);
            return;
        }
        final boolean isDecided = slot.isDecidedOtherwise(digest);
        if (isDecided || (!batch.isNull() && slot.isTooMuch(digest))) {
            counters.increment(isDecided ? PbftCounter.DROPPED_CONFLICTING : PbftCounter.DROPPED_SLOT_CROWDED);
            return;
        }
        slot.accept(digest, batch);
        slot.takeStatement(buffer, statementOffset);
        log.onAssigned();
        audit.onAccepted(slot);
        log.tryVote(slot);
    }

    boolean isSignedBy(final int senderId, final DirectBuffer buffer, final int statementOffset) {
        return verifier.verify(
                senderId,
                SigningDomain.PRE_PREPARE,
                buffer,
                statementOffset + SIGNATURE_LENGTH,
                LogSlot.STATEMENT_LENGTH - SIGNATURE_LENGTH,
                buffer,
                statementOffset);
    }

    void onPrepare(final int senderId, final long messageView, final long sequence, final Digest256 digest) {
        if (messageView >= 0 && senderId == primaryId(messageView)) {
            // The pre-prepare is the primary's vote; a prepare of its own would count it twice.
            counters.increment(PbftCounter.DROPPED_CONFLICTING);
            return;
        }
        final LogSlot slot = slotOf(messageView, sequence);
        if (slot != null) {
            audit.show(senderId, messageView, slot, digest);
        }
        if (slot != null && isCounted(slot.prepares.offer(senderId, messageView, digest), senderId, slot)) {
            timers.onAnswer(senderId, messageView, slot, isPrimary());
            log.checkPrepared(slot);
        }
    }

    void onCommit(final int senderId, final long messageView, final long sequence, final Digest256 digest) {
        final LogSlot slot = slotOf(messageView, sequence);
        if (slot != null && isCounted(slot.commits.offer(senderId, messageView, digest), senderId, slot)) {
            turnout.onVote(senderId, sequence);
            timers.onAnswer(senderId, messageView, slot, !isPrimary());
            log.checkCommitted(slot);
        }
    }

    private LogSlot slotOf(final long messageView, final long sequence) {
        if (messageView < view) {
            counters.increment(PbftCounter.DROPPED_OLD_VIEW);
            return null;
        }
        if (!log.isInWindow(sequence)) {
            counters.increment(PbftCounter.DROPPED_OUT_OF_WINDOW);
            return null;
        }
        return log.slot(sequence);
    }

    private boolean isCounted(final LogSlot.Offer offer, final int senderId, final LogSlot slot) {
        switch (offer) {
            case COUNTED:
                return true;
            case DUPLICATE:
                counters.increment(PbftCounter.DROPPED_DUPLICATE);
                timers.onRepeatedVote(senderId, slot);
                return false;
            case CONFLICTING:
                counters.increment(PbftCounter.DROPPED_CONFLICTING);
                return false;
            default:
                counters.increment(PbftCounter.DROPPED_OLD_VIEW);
                return false;
        }
    }

    @Override
    public void onReply(
            final long sequence,
            final int clientId,
            final long requestNumber,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        replies.onReply(sequence, clientId, requestNumber, reply, offset, lengthBytes);
    }

    @Override
    public void onCheckpoint(
            final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        if (sequence == 0) {
            applier.onOrigin(snapshot, offset, lengthBytes);
        } else {
            checkpoints.onTaken(sequence, snapshot, offset, lengthBytes);
        }
    }

    @Override
    public void onRestored(final long sequence, final boolean accepted) {
        if (!restart.onRestored(sequence, accepted)) {
            transfer.onRestored(sequence, accepted);
        }
    }

    @Override
    public void onRolledBack(final long sequence) {
        applier.onRolledBack(sequence);
    }

    /** A checkpoint became stable: the window moves. */
    void onStable(final Checkpoints.Certificate stable) {
        log.collect(stable.sequence());
        requests.collect(stable.sequence());
        // Before the wider window is used, so that whatever is said there rests on it.
        recorder.base();
        listener.onStableCheckpoint(stable.sequence(), stable.stateDigest());
        recovery.onStable(stable.sequence());
        proposer.onStable(stable.sequence());
        viewChange.assign();
        log.resume();
        proposer.propose();
    }

    /** The vote is back: takes part in everything that is under way. */
    void onVotingAgain(final long low) {
        recorder.voice(true);
        listener.onVotingAgain(low);
        log.proceedAll();
    }

    /** Leaves the current view: to wait for another, or to enter one whose assignments follow. */
    void moveTo(final long newView, final boolean isEntered) {
        Invariant.check(newView >= view, "views only rise", newView, view);
        view = newView;
        isActive = isEntered;
        log.leaveView(isEntered);
        requests.forgetProposals();
        timers.onViewMoved();
    }

    /** The new view's assignments are in place; fresh ones start at {@code firstFresh}. */
    void onViewEntered(final long firstFresh) {
        // Not before: the batches that were fetched for this view are what it assigned.
        log.forgetWanted();
        proposer.onViewEntered(firstFresh);
        listener.onViewChanged(view, primaryId(view));
        // Votes for this view may have come before it began.
        log.proceedAll();
        proposer.propose();
    }
}
