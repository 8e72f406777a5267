package io.quorate.engine.pbft;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Request;

/**
 * What a replica does when nothing arrives: it watches the primary, sends unfinished business again with growing pauses, asks
 * for missing bodies, and tells where it stands. And what it answers to a peer that lags, at most once a pause and peer.
 */
final class Timers {
    private static final int REPORTS_MAX = 16;
    private static final int FORWARDED_MAX = 4;

    private final PbftReplica replica;
    private final PbftContext context;
    private final long[] answerAtNs;
    private final long[] answerPauseNs;
    private final long[] answeredView;
    private final long[] answeredSequence;
    private final long[] toldCommitted;
    private final long[] toldAtNs;
    private long laggardSum;
    private long laggingSinceNs = PbftContext.LONG_AGO_NS;
    private long scanAtNs = PbftContext.LONG_AGO_NS;
    private long statusAtNs = PbftContext.LONG_AGO_NS;
    private long slowAtNs = PbftContext.LONG_AGO_NS;
    private int consecutive;
    private long timedArrival;
    private long headSinceNs;
    private long timedSequence = -1;
    private long openSinceNs;
    private long progressAtNs = PbftContext.LONG_AGO_NS;
    private long awaitedSinceNs = PbftContext.LONG_AGO_NS;

    Timers(final PbftReplica replica) {
        this.replica = replica;
        context = replica.context;
        answerPauseNs = new long[context.peerCount()];
        java.util.Arrays.fill(answerPauseNs, context.retransmitNs());
        answeredView = new long[context.peerCount()];
        answeredSequence = new long[context.peerCount()];
        toldCommitted = new long[context.peerCount()];
        toldAtNs = new long[context.peerCount()];
        java.util.Arrays.fill(toldAtNs, PbftContext.LONG_AGO_NS);
        answerAtNs = new long[context.peerCount()];
        java.util.Arrays.fill(answerAtNs, PbftContext.LONG_AGO_NS);
    }

    void onTick(final long nowNs) {
        if (nowNs - scanAtNs >= 0) {
            // Both walk over the window, so not at every call.
            scanAtNs = nowNs + replica.roundTrips.pauseNs() / 2;
            // What still waits when the epoch is over has its time in the next one.
            if (replica.isActive() && replica.isVoting() && !replica.log.isOver()) {
                watchPrimary(nowNs);
            }
            scanSlots(nowNs);
        }
        if (nowNs - statusAtNs >= 0) {
            statusAtNs = nowNs + context.statusIntervalNs();
            tellStatus();
        }
        if (nowNs - slowAtNs >= 0) {
            slowAtNs = nowNs + context.retransmitMaxNs();
            replica.checkpoints.resend();
            forwardRequests();
        }
    }

    /** How long to wait for the primary: doubles with each view change that brought no progress, up to the cap. */
    long timeoutNs() {
        final long capNs = context.viewChangeTimeoutMaxNs();
        long timeoutNs = context.viewChangeTimeoutNs();
        for (int i = 1; i < consecutive && timeoutNs < capNs; i++) {
            timeoutNs *= 2;
        }
        return Math.min(timeoutNs, capNs);
    }

    void onViewChangeStarted() {
        if (replica.pace.isSlow()) {
            replica.counters.increment(PbftCounter.SLOW_PRIMARIES_LEFT);
            replica.pace.onLeft();
        }
        consecutive++;
    }

    void onViewMoved() {
        replica.pace.onViewMoved(replica.nowNs());
        timedArrival = 0;
        timedSequence = -1;
        progressAtNs = replica.nowNs();
    }

    /** Something new was executed. */
    void onProgress() {
        progressAtNs = replica.nowNs();
        replica.admission.onProgress();
        if (replica.isActive()) {
            consecutive = 0;
        }
    }

    /** The request that waits longest and the next slot are timed; other progress prolongs their time, but not for ever. */
    private void watchPrimary(final long nowNs) {
        final Request head = head();
        final long arrival = head == null ? 0 : head.arrival();
        if (arrival != timedArrival) {
            timedArrival = arrival;
            headSinceNs = nowNs;
        }
        final long timeoutNs = timeoutNs();
        if (replica.recovery.isVoiceless(replica.primaryId(), timeoutNs, nowNs)) {
            replica.viewChange.start(replica.view() + 1);
            return;
        }
        final boolean hasOpenSlot = hasOpenSlot();
        if (!hasOpenSlot || replica.log.committedSequence() != timedSequence) {
            timedSequence = replica.log.committedSequence();
            openSinceNs = nowNs;
        }
        final long waitedNs = Math.max(head == null ? 0 : nowNs - headSinceNs, nowNs - openSinceNs);
        final boolean isStuck = waitedNs >= timeoutNs && nowNs - progressAtNs >= timeoutNs;
        if (isStuck || waitedNs >= 4 * timeoutNs) {
            replica.admission.onStall();
            replica.viewChange.start(replica.view() + 1);
        } else if (!replica.isPrimary() && replica.pace.isAgreed(replica.view(), replica.quorum.quorum(), nowNs)) {
            replica.viewChange.start(replica.view() + 1);
        } else if (head == null && !hasOpenSlot) {
            watchNulls(nowNs, timeoutNs);
            if (replica.isActive()) {
                watchLaggards(nowNs, timeoutNs);
            }
        }
    }

    /**
     * Nothing is left to do here, but f+1 others say again and again that they lack what has committed: a correct one of them cannot get
     * it in this view, perhaps because its primary told some and not others. Those who need a state are not meant.
     */
    private void watchLaggards(final long nowNs, final long timeoutNs) {
        final long committed = replica.log.committedSequence();
        int laggards = 0;
        long sum = committed;
        for (int peerId = 0; peerId < toldCommitted.length; peerId++) {
            if (peerId != replica.selfId
                    && nowNs - toldAtNs[peerId] < 2 * timeoutNs
                    && toldCommitted[peerId] < committed
                    && toldCommitted[peerId] >= replica.log.low()) {
                laggards++;
                sum += toldCommitted[peerId];
            }
        }
        if (laggards < replica.quorum.oneCorrect() || sum != laggardSum) {
            laggardSum = sum;
            laggingSinceNs = nowNs;
        } else if (nowNs - laggingSinceNs >= 4 * timeoutNs) {
            laggingSinceNs = nowNs;
            replica.viewChange.start(replica.view() + 1);
        }
    }

    /** True if a batch was accepted here and has not committed; a null batch is waited for, too, though nobody asked for it. */
    private boolean hasOpenSlot() {
        final PbftLog log = replica.log;
        for (long sequence = log.committedSequence() + 1; sequence <= log.high(); sequence++) {
            if (log.slot(sequence).isAccepted && !log.slot(sequence).isCommitted) {
                return true;
            }
        }
        return false;
    }

    /** An idle primary must order null batches while a peer needs them to get its vote back. */
    private void watchNulls(final long nowNs, final long timeoutNs) {
        if (!replica.recovery.isAwaited()) {
            awaitedSinceNs = nowNs;
        } else if (nowNs - Math.max(awaitedSinceNs, progressAtNs) >= 4 * timeoutNs) {
            awaitedSinceNs = nowNs;
            replica.viewChange.start(replica.view() + 1);
        }
    }

    /**
     * The signed request that waits longest. One that has only tags is not timed: what this replica takes for the client's word, others
     * may not be able to; a client that is not answered signs.
     */
    private Request head() {
        Request head = replica.requests.waitingHead();
        while (head != null) {
            final Request following = head.nextWaiting();
            if (replica.clients.status(head.clientId(), head.requestNumber()) != ClientTable.Status.FRESH) {
                replica.requests.settle(head);
            } else if (head.isSigned()) {
                return head;
            }
            head = following;
        }
        return null;
    }

    private void scanSlots(final long nowNs) {
        final PbftLog log = replica.log;
        for (long sequence = log.low() + 1; sequence <= log.high(); sequence++) {
            final LogSlot slot = log.slot(sequence);
            if (replica.transfer.isLacking(slot)) {
                replica.transfer.fetch(slot, nowNs);
            }
            final boolean isOpen = !slot.isCommitted || log.isFreshLimited();
            if (slot.isVoted && isOpen && replica.isActive() && replica.isVoting()) {
                resend(slot, nowNs);
            }
        }
    }

    private void resend(final LogSlot slot, final long nowNs) {
        if (slot.sendPauseNs == 0) {
            slot.sendPauseNs = replica.roundTrips.pauseNs();
            slot.sendAtNs = slot.votedAtNs + slot.sendPauseNs;
        }
        if (nowNs - slot.sendAtNs < 0) {
            return;
        }
        slot.sendPauseNs = Math.min(2 * slot.sendPauseNs, context.retransmitMaxNs());
        slot.sendAtNs = nowNs + slot.sendPauseNs;
        replica.counters.increment(PbftCounter.RETRANSMISSIONS);
        sendVotes(PbftPublisher.EVERYONE, slot);
    }

    /** What this replica said in its view for a slot. */
    private void sendVotes(final int receiverId, final LogSlot slot) {
        if (!slot.isVoted || !replica.isActive() || !replica.isVoting()) {
            return;
        }
        final PbftPublisher publisher = replica.publisher;
        if (!replica.isPrimary()) {
            publisher.prepare(receiverId, replica.view(), slot.sequence, slot.digest);
        } else if (slot.hasStatement) {
            publisher.prePrepare(receiverId, slot.statement, slot.batch);
        }
        if (slot.isCommitSent) {
            publisher.commit(receiverId, replica.view(), slot.sequence, slot.digest);
        }
    }

    private void tellStatus() {
        replica.publisher.status(
                replica.isActive(),
                !replica.isVoting(),
                !replica.isPrimary() && replica.pace.isSlow(),
                replica.view(),
                replica.log.low(),
                replica.log.committedSequence(),
                replica.log.executedSequence(),
                replica.recovery.target());
    }

    /** A client may have reached only some: backups hand the longest waiting requests to the primary. */
    private void forwardRequests() {
        if (!replica.isActive() || replica.isPrimary()) {
            return;
        }
        int forwarded = 0;
        Request request = replica.requests.waitingHead();
        while (request != null && forwarded < FORWARDED_MAX) {
            if (replica.nowNs() - request.arrivedNs() >= context.retransmitMaxNs()) {
                forwarded++;
                replica.publisher.request(replica.primaryId(replica.view()), request);
            }
            request = request.nextWaiting();
        }
    }

    /** Answers a peer's status with what it lacks. */
    void onStatus(
            final int peerId,
            final boolean isPeerActive,
            final boolean isSlowToPeer,
            final long peerView,
            final long peerStable,
            final long peerCommitted,
            final long nowNs) {
        toldCommitted[peerId] = peerCommitted;
        toldAtNs[peerId] = nowNs;
        replica.pace.onVerdict(peerId, peerView, isSlowToPeer, nowNs);
        if (nowNs - answerAtNs[peerId] < 0) {
            return;
        }
        // A peer that does not move, or says so, is answered less and less often.
        final boolean isMoving = peerView != answeredView[peerId] || peerCommitted != answeredSequence[peerId];
        answerPauseNs[peerId] =
                isMoving ? context.retransmitNs() : Math.min(2 * answerPauseNs[peerId], context.retransmitMaxNs());
        answeredView[peerId] = peerView;
        answeredSequence[peerId] = peerCommitted;
        answerAtNs[peerId] = nowNs + answerPauseNs[peerId];
        replica.viewChange.bringAlong(peerId, peerView, isPeerActive);
        final PbftLog log = replica.log;
        if (peerStable < log.low()) {
            replica.publisher.stableCheckpoint(peerId, replica.checkpoints.stable());
        }
        if (!replica.isVoting() || peerCommitted >= log.committedSequence()) {
            return;
        }
        final long from = Math.max(peerCommitted, log.low()) + 1;
        final long to = Math.min(log.committedSequence(), from + REPORTS_MAX - 1);
        for (long sequence = from; sequence <= to; sequence++) {
            replica.publisher.committed(peerId, sequence, log.slot(sequence).committedDigest);
            sendVotes(peerId, log.slot(sequence));
        }
    }

    /** A peer's vote came for a slot that this replica voted for: it answers what this replica said, as far as it can. */
    void onAnswer(final int peerId, final long ofView, final LogSlot slot, final boolean isAnswer) {
        if (isAnswer && slot.isVoted && ofView == replica.view() && replica.isActive()) {
            replica.roundTrips.onSample(peerId, replica.nowNs() - slot.votedAtNs);
        }
    }

    /** A peer asks for a view that this replica has reached or passed. */
    void onOldView(final int peerId, final long peerView) {
        final long nowNs = replica.nowNs();
        if (nowNs - answerAtNs[peerId] >= 0) {
            answerAtNs[peerId] = nowNs + context.retransmitNs();
            replica.viewChange.bringAlong(peerId, peerView, false);
        }
    }

    /** A peer repeats a vote for a slot that committed here: it lacks others' votes. */
    void onRepeatedVote(final int peerId, final LogSlot slot) {
        if (slot.isCommitted
                && replica.isVoting()
                && slot.mayAnswer(peerId, replica.nowNs(), replica.roundTrips.pauseNs(peerId) / 2)
                && replica.transfer.mayServe(peerId, slot.answerLength())) {
            replica.publisher.committed(peerId, slot.sequence, slot.committedDigest);
            sendVotes(peerId, slot);
        }
    }
}
