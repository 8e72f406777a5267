package io.quorate.engine.simulator;

import io.quorate.engine.byzantine.ByzantinePeer;
import io.quorate.engine.byzantine.Scene;
import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.disk.SimJournal;
import io.quorate.engine.epoch.EpochAdapter;
import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.epoch.EpochPublisher;
import io.quorate.engine.epoch.HandoverCertificate;
import io.quorate.engine.epoch.Succession;
import io.quorate.engine.evidence.Evidence;
import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.journal.MemoryJournal;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.pbft.PbftListener;
import io.quorate.engine.pbft.PbftPublisher;
import io.quorate.engine.pbft.PbftReplica;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A peer's part in one epoch, in one life: the production stack as a process makes it for a roster. */
final class SimMember implements RegisterMachine.Observer, PbftListener {
    private static final int GATE_BYTES_MAX = 256 * 1024;

    private final SimPeer peer;
    private final SimCluster cluster;
    private final SimEpoch epoch;
    private final int selfId;
    private final ByzantinePeer liar;
    private final Outbox port;
    private final Outbox outbox;
    private final SimExecution execution;
    private final SimJournal disk;
    private final PbftReplica replica;
    private final SimUser user;
    private final Succession succession;
    private final EpochAdapter epochAdapter;
    private final long timeoutNs;
    private final int windowLength;
    private final int clientWindow;
    private final int waitingMax;
    private long appliedCount;
    private long stableBefore;
    private long voteNumber;

    /**
     * How a peer begins in an epoch.
     *
     * @param selfId its peer id there
     * @param port its way into the epoch's group
     * @param isFirst true if its key has never voted there
     * @param disk null for a memory-only peer
     * @param history what the disk holds
     * @param openedBy null in the first epoch
     * @param before its part in the epoch before, in the same life; null at the start of a life
     */
    record Start(
            SimEpoch epoch,
            int selfId,
            SimNetwork.Port port,
            boolean isFirst,
            SimJournal disk,
            JournalHistory history,
            HandoverCertificate openedBy,
            SimMember before) {}

    SimMember(final SimPeer peer, final SimCluster cluster, final SimKeys keys, final Start start) {
        this.peer = peer;
        this.cluster = cluster;
        epoch = start.epoch();
        selfId = start.selfId();
        port = start.port();
        final PbftContext context = peer.context(
                epoch.size(), selfId, start.isFirst(), cluster.isTagging() ? epoch.authenticator(keys, selfId) : null);
        timeoutNs = context.viewChangeTimeoutNs();
        windowLength = context.windowLength();
        clientWindow = context.clientWindow();
        // Twice its window a client, and whatever slots refer to.
        waitingMax = 2 * clientWindow * context.peerCount() + windowLength * context.batchCountMax();
        final Signer own = epoch.signer(keys, selfId);
        final Verifier verifier = epoch.verifier(keys);
        final VoteWatch watch = peer.watch();
        if (watch != null) {
            watch.enter(epoch, selfId, own, start.port());
        }
        final Signer signer = watch == null ? own : watch;
        liar = watch == null ? liar(start.port(), signer, context) : null;
        final Outbox way = watch == null ? liar : watch;
        disk = start.disk();
        final DurableGate held = disk == null ? null : new DurableGate(disk, way, GATE_BYTES_MAX);
        outbox = held == null ? way : held;
        final SimExecution.Gate gate = new SimExecution.Gate(this);
        final ExactlyOnce exactlyOnce = new ExactlyOnce(
                new ClientTable(context.peerCount(), context.clientWindow()),
                machine(new RegisterMachine(gate), context, verifier));
        execution = new SimExecution(
                cluster.clock(),
                peer.draw(2000),
                exactlyOnce,
                gate,
                cluster::refusePpm,
                peer::pausedUntilNs,
                peer::guarded);
        final PbftPublisher publisher = new PbftPublisher(context, way, held);
        replica = new PbftReplica(
                context, publisher, signer, verifier, execution, this, disk == null ? MemoryJournal.INSTANCE : disk);
        user = new SimUser(peer, cluster, context, publisher, outbox);
        user.join(replica, signer, verifier, execution);
        execution.listener(replica, user.readServer(), peer::endTurn);
        if (epoch.roster() == null) {
            succession = null;
            epochAdapter = null;
        } else {
            execution.endingOn(context.quorum().quorum());
            // What is said when the epoch is over goes past the watch: that has gone on with the peer.
            final EpochPublisher epochs =
                    new EpochPublisher(liar == null ? start.port() : liar, outbox, selfId, epoch.size());
            succession = new Succession(
                    epoch.roster(), selfId, signer, verifier, epochs, settings(context), start.openedBy());
            epochAdapter = new EpochAdapter(succession);
        }
        open(start);
    }

    private ByzantinePeer liar(final SimNetwork.Port way, final Signer signer, final PbftContext context) {
        return new ByzantinePeer(
                selfId,
                peer.strategy(),
                way,
                signer,
                peer.draw(0),
                new LiarScene(),
                peer.plot(),
                context.messageLengthMax());
    }

    static Succession.Settings settings(final PbftContext context) {
        return new Succession.Settings(
                context.clientWindow(),
                context.pageLength(),
                next -> StateMachine.Carrier.UNCHANGED,
                context.retransmitNs(),
                context.retransmitMaxNs(),
                context.uselessChecksMax(),
                context.uselessCheckNs());
    }

    private StateMachine machine(final StateMachine inner, final PbftContext context, final Verifier verifier) {
        return epoch.roster() == null
                ? inner
                : new EpochMachine(
                        epoch.roster(),
                        verifier,
                        context.checkpointInterval(),
                        context.windowLength(),
                        next -> true,
                        inner);
    }

    private void open(final Start start) {
        final HandoverCertificate openedBy = start.openedBy();
        if (openedBy != null) {
            replica.open(openedBy.handover().sequence(), openedBy.handover().stateDigest());
        }
        if (start.disk() != null) {
            replica.restart(start.history(), peer.nowNs());
        }
        final SimMember before = start.before();
        if (before != null) {
            user.adopt(before.user);
            appliedCount = before.appliedCount;
            if (before.succession.opening() != null) {
                replica.supply(
                        before.succession.opening().snapshot(),
                        before.succession.opening().lengthBytes());
            }
        }
    }

    SimEpoch epoch() {
        return epoch;
    }

    int selfId() {
        return selfId;
    }

    PbftReplica replica() {
        return replica;
    }

    SimUser user() {
        return user;
    }

    Succession succession() {
        return succession;
    }

    long appliedCount() {
        return appliedCount;
    }

    /** True if a frame of this epoch is for this member, and of no other. */
    boolean isOf(final long frameEpoch) {
        return frameEpoch == epoch.number();
    }

    /** Nothing comes back from its state machine any more. */
    void stop() {
        execution.stop();
    }

    /** Sends what was said after the epoch was over. */
    void flush() {
        port.flush();
    }

    void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final boolean isHeard = liar == null || liar.isHeard(senderId, buffer, offset, lengthBytes);
        final boolean isOfEpochs = isHeard
                && epochAdapter != null
                && epochAdapter.onMessage(senderId, buffer, offset, lengthBytes, peer.nowNs());
        if (isHeard && !isOfEpochs) {
            user.onMessage(senderId, buffer, offset, lengthBytes);
        }
    }

    /** The rest of a duty cycle: timers, then what waits to be sent. */
    void endTurn(final long nowNs) {
        replica.onTick(nowNs);
        user.onTick(nowNs);
        if (succession != null) {
            final PagedSnapshot closing = replica.closingState();
            if (closing != null) {
                succession.close(closing, nowNs);
            }
            succession.onTick(nowNs);
        }
        outbox.flush();
        if (peer.isCorrect()) {
            checkBounds();
        }
    }

    /** What a replica shows of itself stays within what its settings promise. Words are made only when it does not. */
    private void checkBounds() {
        final long stable = replica.stableSequence();
        final long executed = replica.executedSequence();
        final long committed = replica.committedSequence();
        if (stable < stableBefore || stable > executed || executed > committed) {
            throw peer.violation("bounds", "has cursors out of order; stable was " + stableBefore);
        }
        if (committed > stable + windowLength) {
            throw peer.violation("bounds", "runs past its window of " + windowLength);
        }
        if (replica.waitingCount() > waitingMax) {
            throw peer.violation(
                    "bounds", "holds " + replica.waitingCount() + " waiting requests, at most " + waitingMax);
        }
        if (user.outstandingCount() > clientWindow) {
            throw peer.violation(
                    "bounds", "waits for " + user.outstandingCount() + " replies, at most " + clientWindow);
        }
        if (replica.hasVote() != peer.isVoting()) {
            throw peer.violation("amnesia", "does not know whether it votes");
        }
        if (replica.counters().get(PbftCounter.DROPPED_MALFORMED) != 0 && !cluster.isGarbled()) {
            throw peer.violation("bounds", "could not decode a message, though nobody sends such");
        }
        stableBefore = stable;
    }

    @Override
    public void onApplied(
            final long position, final long sequence, final int clientId, final long commandId, final long chain) {
        record(Trace.Kind.APPLY, sequence, commandId);
        appliedCount = position + 1;
        if (peer.isCorrect()) {
            safety().onApplied(peer.number(), position, sequence, epoch.process(clientId), commandId, chain);
        }
    }

    @Override
    public void onRestored(final long newAppliedCount, final long chain) {
        record(Trace.Kind.RESTORE, newAppliedCount, chain);
        appliedCount = newAppliedCount;
        if (peer.isCorrect()) {
            safety().onRestored(peer.number(), newAppliedCount, chain);
        }
    }

    @Override
    public void onCommitted(final long sequence, final Digest256 batchDigest) {
        if (peer.isCorrect()) {
            safety().onCommitted(peer.number(), epoch.number(), sequence, batchDigest.prefix());
        }
    }

    @Override
    public void onStableCheckpoint(final long sequence, final Digest256 stateDigest) {
        record(Trace.Kind.CHECKPOINT, sequence, stateDigest.prefix());
        if (peer.isCorrect()) {
            safety().onCheckpoint(peer.number(), epoch.number(), sequence, stateDigest.prefix());
        }
    }

    @Override
    public void onEvidence(final Evidence found) {
        if (peer.isCorrect() && cluster.isCorrect(epoch.process(found.accusedId()))) {
            throw peer.violation(
                    "evidence",
                    "holds a " + found.kind() + " conflict of sequence " + found.sequence() + " against peer "
                            + found.accusedId() + ", which is correct");
        }
    }

    @Override
    public void onViewChangeStarted(final long view) {
        record(Trace.Kind.LEAVE, view, 0);
    }

    @Override
    public void onViewChanged(final long view, final int primaryId) {
        record(Trace.Kind.ENTER, view, primaryId);
    }

    /** False while the journal does not hold yet that the vote is back: nothing that rests on it can have left. */
    boolean isVoteDurable() {
        return disk == null || disk.durableNumber() >= voteNumber;
    }

    @Override
    public void onVotingAgain(final long sequence) {
        voteNumber = disk == null ? 0 : disk.number();
        peer.onVotingAgain(sequence);
    }

    private SafetyChecker safety() {
        return cluster.safety();
    }

    private void record(final Trace.Kind kind, final long subject, final long detail) {
        cluster.trace().record(cluster.clock().nowNs(), peer.node(), kind, subject, detail);
    }

    /** What opened the epoch, and what it begins with, is the same for all: the checkers are told. */
    void tellOpened(final HandoverCertificate openedBy) {
        record(Trace.Kind.OPEN, epoch.number(), selfId);
        if (peer.isCorrect()) {
            final UnsafeBuffer groupId = new UnsafeBuffer(epoch.roster().groupId());
            safety().onOpened(
                            peer.number(),
                            epoch.number(),
                            openedBy.handover().sequence(),
                            groupId.getLong(0),
                            openedBy.handover().stateDigest().prefix());
        }
    }

    @Override
    public String toString() {
        return "view " + replica.view()
                + (replica.isActive() ? "" : " awaited")
                + ", stable " + replica.stableSequence() + ", committed " + replica.committedSequence() + ", executed "
                + replica.executedSequence() + (replica.isOpen() ? "" : ", without its opening state")
                + (replica.hasVote() ? "" : ", votes from " + replica.recoverySequence());
    }

    /** The world of a liar, in one epoch of one life. */
    private final class LiarScene implements Scene {
        private final int life = peer.incarnation();

        @Override
        public boolean isLying() {
            return peer.isLying();
        }

        @Override
        public int peerCount() {
            return epoch.size();
        }

        @Override
        public boolean isPrimary() {
            return replica.isPrimary();
        }

        @Override
        public long timeoutNs() {
            return timeoutNs;
        }

        @Override
        public void later(final long delayNs, final Runnable action) {
            cluster.clock().schedule(delayNs, () -> {
                if (peer.isUp() && life == peer.incarnation()) {
                    action.run();
                }
            });
        }

        @Override
        public void forge(final int asPeerId, final int receiverId, final int lengthBytes) {
            cluster.network().forge(asPeerId, receiverId, lengthBytes);
        }

        @Override
        public void lied(final int receiverId) {
            record(Trace.Kind.LIE, receiverId, peer.strategy().ordinal());
        }
    }
}
