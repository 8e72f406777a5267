package io.quorate.engine.pbft;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.Request;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;

/**
 * Brings from peers what a replica lacks: bodies by digest, sequences that f+1 peers report as committed, and the state of a
 * certified checkpoint, page by page (OSDI 1999, 4.6). The whole state is checked against the digest that q replicas signed.
 *
 * <p>Pages come from one source at a time; a source that stalls is changed and the transfer goes on where it was. Only if the
 * whole then has a wrong digest does it start again, from then on with all pages from one source, so that every correct source
 * leads to the end. One transfer at a time; its buffer grows with what arrived, up to {@code snapshotLengthMax}.
 */
final class StateTransfer {
    /** Pages asked for ahead of the one that is next. */
    private static final int PAGES_AHEAD = 4;

    /** Bytes of answers to one peer's fetches in one {@code retransmitNs}. */
    private static final int SERVED_BYTES_MAX = 1024 * 1024;

    private static final int BODIES_FETCHED_MAX = 32;

    private final PbftReplica replica;
    private final Checkpoints.Certificate target;
    private final Digest256 scratch = new Digest256();
    private final ExpandableArrayBuffer digestBytes = new ExpandableArrayBuffer(Digest256.LENGTH);
    private final long[] servedSinceNs;
    private final int[] servedBytes;
    private ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer();
    private int received;
    private int snapshotLength = -1;
    private int sourceTurn;
    private boolean isFetching;
    private boolean isVerified;
    private boolean isRestoring;
    private boolean isOneSource;
    private long pageAtNs;
    private long askAtNs;
    private long behindSinceNs;
    private long behindAt = -1;

    StateTransfer(final PbftReplica replica) {
        this.replica = replica;
        target = new Checkpoints.Certificate(replica.context.peerCount());
        servedSinceNs = new long[replica.context.peerCount()];
        java.util.Arrays.fill(servedSinceNs, PbftContext.LONG_AGO_NS);
        servedBytes = new int[replica.context.peerCount()];
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
        if (isFetching && target.sequence() <= executed) {
            isFetching = false;
        }
        if (!isFetching) {
            if (newest > executed && isStuck(executed, newest, nowNs)) {
                begin(nowNs);
            }
        } else if (isVerified) {
            restore();
        } else if (nowNs - pageAtNs >= replica.context.stateTransferDelayNs()) {
            changeSource(nowNs);
        } else if (nowNs - askAtNs >= 0) {
            ask(nowNs);
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

    private void begin(final long nowNs) {
        isFetching = true;
        isVerified = false;
        isOneSource = false;
        replica.counters.increment(PbftCounter.STATE_TRANSFERS_STARTED);
        aim(nowNs);
    }

    private void aim(final long nowNs) {
        target.set(replica.checkpoints.newest());
        received = 0;
        snapshotLength = -1;
        pageAtNs = nowNs;
        ask(nowNs);
    }

    private void changeSource(final long nowNs) {
        sourceTurn++;
        if (replica.checkpoints.newest().sequence() > target.sequence()) {
            aim(nowNs);
            return;
        }
        if (isOneSource) {
            received = 0;
            snapshotLength = -1;
        }
        pageAtNs = nowNs;
        ask(nowNs);
    }

    private void ask(final long nowNs) {
        askAtNs = nowNs + replica.context.retransmitNs();
        final int pageLength = replica.context.pageLengthMax();
        for (int page = 0; page < PAGES_AHEAD; page++) {
            askPage((long) received + (long) page * pageLength);
        }
    }

    private void askPage(final long pageOffset) {
        final boolean isInside = snapshotLength < 0 ? pageOffset == 0 : pageOffset < snapshotLength;
        if (isInside) {
            replica.publisher.fetchSnapshot(otherPeer(sourceTurn), target.sequence(), (int) pageOffset);
        }
    }

    void onPage(
            final int senderId,
            final long sequence,
            final long pageOffset,
            final long claimedLength,
            final DirectBuffer page,
            final int offset,
            final int lengthBytes) {
        final boolean isAsked = isFetching
                && !isVerified
                && senderId == otherPeer(sourceTurn)
                && sequence == target.sequence()
                && pageOffset == received;
        final boolean isSound = claimedLength > 0
                && claimedLength <= replica.context.snapshotLengthMax()
                && lengthBytes > 0
                && lengthBytes <= replica.context.pageLengthMax()
                && pageOffset + lengthBytes <= claimedLength;
        if (!isAsked || !isSound) {
            replica.counters.increment(PbftCounter.DROPPED_UNWANTED);
            return;
        }
        if (snapshotLength >= 0 && snapshotLength != claimedLength) {
            startOver();
            return;
        }
        final boolean isFirst = snapshotLength < 0;
        snapshotLength = (int) claimedLength;
        snapshot.putBytes(received, page, offset, lengthBytes);
        received += lengthBytes;
        pageAtNs = replica.nowNs();
        if (received == snapshotLength) {
            verify();
        } else if (isFirst) {
            ask(replica.nowNs());
        } else {
            askPage((long) received + (long) (PAGES_AHEAD - 1) * replica.context.pageLengthMax());
        }
    }

    private void verify() {
        replica.sha256.digest(snapshot, 0, snapshotLength, digestBytes, 0);
        if (scratch.set(digestBytes, 0).isEqual(target.stateDigest())) {
            isVerified = true;
            restore();
        } else {
            replica.counters.increment(PbftCounter.DROPPED_BAD_DIGEST);
            startOver();
        }
    }

    private void startOver() {
        isOneSource = true;
        sourceTurn++;
        received = 0;
        snapshotLength = -1;
        pageAtNs = replica.nowNs();
        ask(replica.nowNs());
    }

    private void restore() {
        if (target.sequence() <= replica.log.executedSequence()) {
            // The log got there first, while the last page was under way.
            isFetching = false;
            return;
        }
        isRestoring = true;
        if (!replica.execution.restore(target.sequence(), snapshot, 0, snapshotLength)) {
            isRestoring = false;
        }
    }

    void onRestored(final long sequence, final boolean isAccepted) {
        Invariant.check(isRestoring && sequence == target.sequence(), "a state is restored once, on demand");
        Invariant.check(isAccepted, "a state that q replicas signed can be restored");
        final int table = ExactlyOnce.tableLength(snapshot, 0, snapshotLength);
        replica.clients.restore(snapshot, 4, table);
        final ExpandableArrayBuffer restored = snapshot;
        snapshot = new ExpandableArrayBuffer();
        isRestoring = false;
        isFetching = false;
        replica.counters.increment(PbftCounter.STATE_TRANSFERS_DONE);
        replica.log.onRestored(sequence);
        replica.checkpoints.onRestored(target, restored, snapshotLength);
    }

    /** True if a peer may have so many bytes more now: fetches are small, answers are not. */
    boolean mayServe(final int peerId, final int lengthBytes) {
        final long nowNs = replica.nowNs();
        if (nowNs - servedSinceNs[peerId] >= replica.context.retransmitNs()) {
            servedSinceNs[peerId] = nowNs;
            servedBytes[peerId] = 0;
        }
        if (servedBytes[peerId] + lengthBytes > SERVED_BYTES_MAX) {
            replica.counters.increment(PbftCounter.DROPPED_FETCH_BUDGET);
            return false;
        }
        servedBytes[peerId] += lengthBytes;
        return true;
    }

    /** A peer fetches a page. */
    void onFetchSnapshot(final int senderId, final long sequence, final long pageOffset) {
        final Checkpoints.Snapshot asked = replica.checkpoints.snapshot(sequence);
        if (!mayServe(senderId, replica.context.pageLengthMax())) {
            return;
        }
        if (asked != null && pageOffset < asked.lengthBytes) {
            final int pageLength = (int) Math.min(replica.context.pageLengthMax(), asked.lengthBytes - pageOffset);
            replica.publisher.snapshotPage(
                    senderId,
                    sequence,
                    (int) pageOffset,
                    asked.lengthBytes,
                    asked.buffer,
                    asked.offset + (int) pageOffset,
                    pageLength);
        } else if (replica.checkpoints.stable().sequence() > sequence) {
            replica.publisher.stableCheckpoint(senderId, replica.checkpoints.stable());
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
            replica.log.commit(slot, digest);
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
            slot.fetchAtNs = nowNs + replica.context.retransmitNs() / 2;
        }
        if (nowNs - slot.fetchAtNs < 0) {
            return;
        }
        slot.fetchAtNs = nowNs + replica.context.retransmitNs();
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
            replica.publisher.request(senderId, asked.statement(), 0, asked.statementLength());
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
}
