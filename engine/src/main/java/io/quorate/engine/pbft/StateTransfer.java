package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.Request;
import io.quorate.engine.transfer.PageTree;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.engine.transfer.ServedBytes;
import io.quorate.engine.transfer.SnapshotFetch;
import io.quorate.transport.auth.Signer;
import org.agrona.DirectBuffer;

/**
 * Brings from peers what a replica lacks: bodies by digest, sequences that f+1 peers report as committed, and the state of a
 * certified checkpoint, part by part down the tree of its page digests ({@link SnapshotFetch}). And serves the same to others,
 * within a budget of bytes a peer.
 *
 * <p>One transfer at a time. Its target moves on when the one aimed at is likely gone at its sources, and what came so far is
 * used again where it still holds.
 */
final class StateTransfer {
    /** Bytes of answers to one peer's fetches in one {@code retransmitNs}. */
    private static final int SERVED_BYTES_MAX = 1024 * 1024;

    private static final int BODIES_FETCHED_MAX = 32;

    private final PbftReplica replica;
    private final Checkpoints.Certificate target;
    private final SnapshotFetch fetch;
    private final ServedBytes served;
    private final Digest256 scratch = new Digest256();
    private PagedSnapshot fetched;
    private boolean isRestoring;
    private long behindSinceNs;
    private long behindAt = -1;

    StateTransfer(final PbftReplica replica) {
        this.replica = replica;
        final PbftContext context = replica.context;
        target = new Checkpoints.Certificate(context.peerCount());
        served = new ServedBytes(context.peerCount(), SERVED_BYTES_MAX, context.retransmitNs());
        fetch = new SnapshotFetch(
                replica.sha256,
                context.peerCount(),
                replica.selfId,
                context.pageLength(),
                context.snapshotLengthMax(),
                context.retransmitNs(),
                context.retransmitMaxNs(),
                replica.publisher::fetchSnapshot);
    }

    /** True while execution replaces its state: nothing is handed to it until it is done. */
    boolean isRestoring() {
        return isRestoring;
    }

    void onTick(final long nowNs) {
        if (isRestoring) {
            return;
        }
        final long newest = replica.checkpoints.newest().sequence();
        final long executed = replica.log.executedSequence();
        if ((fetch.isActive() || fetched != null) && target.sequence() <= executed) {
            // The log got there first.
            fetch.giveUp();
            fetched = null;
        }
        if (fetched != null) {
            restore();
        } else if (!fetch.isActive()) {
            if (newest > executed && (replica.opening.isAwaited() || isStuck(executed, newest, nowNs))) {
                replica.counters.increment(PbftCounter.STATE_TRANSFERS_STARTED);
                aim(nowNs);
            }
        } else if (newest > target.sequence() && isTargetGone(newest, nowNs)) {
            aim(nowNs);
        } else {
            fetch.onTick(nowNs);
        }
    }

    /** Behind a certified checkpoint that is out of the window, or behind one for some time without a step. */
    private boolean isStuck(final long executed, final long newest, final long nowNs) {
        if (executed != behindAt) {
            behindAt = executed;
            behindSinceNs = nowNs;
        }
        return newest > replica.log.high() || nowNs - behindSinceNs >= replica.context.stateTransferDelayNs();
    }

    /** Peers keep their stable snapshot and the one before: two checkpoints later, or if nothing comes, aim at the newest. */
    private boolean isTargetGone(final long newest, final long nowNs) {
        return newest - target.sequence() >= 2L * replica.context.checkpointInterval()
                || nowNs - fetch.progressAtNs() >= 2 * replica.context.retransmitNs();
    }

    /** The state that the epoch begins with was made here: it is put in place as if it had been fetched. */
    void supply(final Checkpoints.Certificate origin, final PagedSnapshot state) {
        if (!isRestoring && replica.opening.isAwaited()) {
            fetch.giveUp();
            target.set(origin);
            fetched = state;
        }
    }

    private void aim(final long nowNs) {
        target.set(replica.checkpoints.newest());
        fetch.aim(
                target.sequence(),
                target.stateDigest(),
                replica.checkpoints.newestSnapshot(),
                target.signerBits(),
                nowNs);
    }

    /** One part of a snapshot, from the peer that was asked for it. */
    void onPart(
            final int senderId,
            final long sequence,
            final int height,
            final long index,
            final long claimedLength,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        switch (fetch.onPart(
                senderId, sequence, height, index, claimedLength, buffer, offset, lengthBytes, replica.nowNs())) {
            case UNWANTED -> replica.counters.increment(PbftCounter.DROPPED_UNWANTED);
            case WRONG -> replica.counters.increment(PbftCounter.DROPPED_BAD_DIGEST);
            case PART -> replica.counters.increment(PbftCounter.SNAPSHOT_PARTS_FETCHED);
            case WHOLE -> {
                replica.counters.increment(PbftCounter.SNAPSHOT_PARTS_FETCHED);
                fetched = fetch.take();
                onTick(replica.nowNs());
            }
        }
    }

    private void restore() {
        // Set first: a state machine on the same thread may answer inside the call.
        isRestoring = true;
        isRestoring =
                replica.execution.restore(target.sequence(), fetched.buffer(), fetched.offset(), fetched.lengthBytes())
                        && fetched != null;
    }

    void onRestored(final long sequence, final boolean isAccepted) {
        Invariant.check(isRestoring && sequence == target.sequence(), "a state is restored once, on demand");
        Invariant.check(isAccepted, "a state that q replicas signed can be restored");
        final PagedSnapshot restored = fetched;
        final int table = ExactlyOnce.tableLength(restored.buffer(), restored.offset(), restored.lengthBytes());
        replica.clients.restore(restored.buffer(), restored.offset() + 4, table);
        fetched = null;
        isRestoring = false;
        replica.counters.increment(PbftCounter.STATE_TRANSFERS_DONE);
        replica.log.onRestored(sequence);
        replica.checkpoints.onRestored(target, restored);
    }

    /** True if a peer may have so many bytes more now: fetches are small, answers are not. */
    boolean mayServe(final int peerId, final int lengthBytes) {
        final boolean isWithinBudget = served.take(peerId, lengthBytes, replica.nowNs());
        if (!isWithinBudget) {
            replica.counters.increment(PbftCounter.DROPPED_FETCH_BUDGET);
        }
        return isWithinBudget;
    }

    /** A peer fetches a part of a snapshot. */
    void onFetchSnapshot(final int senderId, final long sequence, final int height, final long index) {
        final PagedSnapshot asked = replica.checkpoints.snapshot(sequence);
        if (asked == null) {
            final Checkpoints.Certificate stable = replica.checkpoints.stable();
            if (stable.sequence() > sequence && mayServe(senderId, stable.signerCount() * Signer.SIGNATURE_LENGTH)) {
                replica.publisher.stableCheckpoint(senderId, stable);
            }
            return;
        }
        final PageTree tree = asked.tree();
        final int found = height == SnapshotFetch.TOP ? tree.top() : height;
        if (index > Integer.MAX_VALUE || !tree.has(found, (int) index)) {
            replica.counters.increment(PbftCounter.DROPPED_UNWANTED);
            return;
        }
        final int length = tree.partLength(found, (int) index);
        if (mayServe(senderId, length)) {
            replica.publisher.snapshotPage(
                    senderId,
                    sequence,
                    height,
                    (int) index,
                    asked.lengthBytes(),
                    asked.part(found),
                    asked.partOffset(found, (int) index),
                    length);
        }
    }

    /** A peer reports what committed there; f+1 equal reports hold a correct one. */
    void onCommitted(final int senderId, final long sequence, final Digest256 digest) {
        if (!replica.log.isInWindow(sequence)) {
            replica.counters.increment(PbftCounter.DROPPED_OUT_OF_WINDOW);
            return;
        }
        final LogSlot slot = replica.log.slot(sequence);
        if (slot.isCommitted || slot.reports.offer(senderId, 0, digest) != LogSlot.Offer.COUNTED) {
            replica.counters.increment(PbftCounter.DROPPED_DUPLICATE);
            return;
        }
        if (slot.reports.matching(0, digest, -1) >= replica.quorum.oneCorrect()) {
            replica.counters.increment(PbftCounter.COMMITTED_BY_REPORT);
            replica.log.commit(slot, digest, LogSlot.VIEW_UNKNOWN);
        }
    }

    /** Another peer than this one, a different one for each turn. */
    int otherPeer(final int turn) {
        final int peerCount = replica.context.peerCount();
        return (replica.selfId + 1 + Math.floorMod(turn, Math.max(1, peerCount - 1))) % peerCount;
    }

    /** True if batch and bodies are here; bodies that are, are held on to. */
    boolean isWhole(final LogSlot slot, final Batch batch) {
        return batch != null && batch.resolve(replica.requests, slot.sequence, scratch);
    }

    /** True if the slot waits for a batch or a body. */
    boolean isLacking(final LogSlot slot) {
        return (slot.isCommitted
                        && slot.sequence > replica.log.executedSequence()
                        && !isWhole(slot, slot.committedBatch))
                || (slot.isAccepted
                        && !slot.isVoted
                        && !isWhole(slot, slot.batch)
                        && (slot.batch == null || !replica.log.isOversized(slot)))
                || (slot.isWanted && !isWhole(slot, slot.wantedBatch));
    }

    /** Asks for what a slot lacks, another peer each time. */
    void fetch(final LogSlot slot, final long nowNs) {
        if (slot.fetchAtNs == 0) {
            // Bodies usually are on their way from the client.
            slot.fetchPauseNs = replica.roundTrips.pauseNs();
            slot.fetchAtNs = nowNs + slot.fetchPauseNs;
        }
        if (nowNs - slot.fetchAtNs < 0) {
            return;
        }
        slot.fetchAtNs = nowNs + slot.fetchPauseNs;
        slot.fetchPauseNs = Math.min(2 * slot.fetchPauseNs, replica.context.retransmitNs());
        slot.fetchTurn++;
        if (slot.isCommitted && slot.sequence > replica.log.executedSequence()) {
            fetch(slot, slot.committedDigest, slot.committedBatch);
        } else if (slot.isWanted) {
            fetch(slot, slot.wantedDigest, slot.wantedBatch);
        } else {
            fetch(slot, slot.digest, slot.batch);
        }
    }

    private void fetch(final LogSlot slot, final Digest256 digest, final Batch batch) {
        if (batch == null) {
            replica.publisher.fetchBatch(otherPeer(slot.fetchTurn), slot.sequence, digest);
            return;
        }
        int asked = 0;
        for (int i = 0; i < batch.count() && asked < BODIES_FETCHED_MAX; i++) {
            if (batch.request(i) == null) {
                asked++;
                replica.publisher.fetchRequest(otherPeer(slot.fetchTurn + i), batch.digestAt(i, scratch));
            }
        }
    }

    void onFetchRequest(final int senderId, final Digest256 requestDigest) {
        final Request asked = replica.requests.get(requestDigest);
        if (asked != null && mayServe(senderId, asked.statementLength())) {
            replica.publisher.request(senderId, asked);
        }
    }

    void onFetchBatch(final int senderId, final long sequence, final Digest256 batchDigest) {
        final Batch asked =
                replica.log.isInWindow(sequence) ? replica.log.slot(sequence).batchOf(batchDigest) : null;
        if (asked != null && mayServe(senderId, asked.requestDigestsLength())) {
            replica.publisher.batch(senderId, sequence, asked);
        }
    }

    void onBatch(final long sequence, final DirectBuffer digests, final int offset, final int lengthBytes) {
        if (!replica.log.isInWindow(sequence) || lengthBytes > replica.context.batchCountMax() * Digest256.LENGTH) {
            replica.counters.increment(PbftCounter.DROPPED_OUT_OF_WINDOW);
            return;
        }
        final LogSlot slot = replica.log.slot(sequence);
        final boolean isUsed = isLacking(slot) && slot.supply(new Batch(replica.sha256, digests, offset, lengthBytes));
        if (isUsed) {
            replica.log.proceed(slot);
        } else {
            replica.counters.increment(PbftCounter.DROPPED_UNWANTED);
        }
    }

    /**
     * What a replica begins with: the state before everything, or, in a later epoch, the opening state that follows the last
     * sequence c of the epoch before. Whoever opens the epoch has proof of c and of the state's digest; so a checkpoint certificate at
     * c with this digest and no signatures is valid here, and none below c is (docs/protocols/reconfiguration.md, section 4).
     *
     * <p>Until the opening state, or a later one, is here, the window is empty and the replica says nothing that counts.
     */
    static final class Opening {
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
            Invariant.check(
                    origin.sequence() == 0 && replica.log.low() == 0, "a replica opens an epoch once, at first");
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
}
