package io.quorate.engine.pbft;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.BatchPool;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Signer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a replica knows of one sequence: the pre-prepare it accepted in the current view, one prepare and one commit a sender,
 * what committed, and what must outlive a view: P (last prepared) and Q (each digest pre-prepared). Reused round the ring.
 */
final class LogSlot {
    /** In place of the view in which something committed. */
    static final long VIEW_UNKNOWN = Long.MAX_VALUE;

    /** What came of a vote that was offered. */
    enum Offer {
        COUNTED,
        DUPLICATE,
        CONFLICTING,
        OLD
    }

    /** One vote a sender; the latest view wins, the first digest within it. */
    static final class Votes {
        private final long[] views;
        private final Digest256[] digests;

        Votes(final int peerCount) {
            views = new long[peerCount];
            digests = digests(peerCount);
            clear();
        }

        void clear() {
            java.util.Arrays.fill(views, -1);
        }

        Offer offer(final int senderId, final long view, final Digest256 digest) {
            if (view < views[senderId]) {
                return Offer.OLD;
            }
            if (view == views[senderId]) {
                return digests[senderId].isEqual(digest) ? Offer.DUPLICATE : Offer.CONFLICTING;
            }
            views[senderId] = view;
            digests[senderId].set(digest);
            return Offer.COUNTED;
        }

        /** Senders other than {@code exceptId} that voted for this digest in this view. */
        int matching(final long view, final Digest256 digest, final int exceptId) {
            int count = 0;
            for (int senderId = 0; senderId < views.length; senderId++) {
                if (senderId != exceptId && views[senderId] == view && digests[senderId].isEqual(digest)) {
                    count++;
                }
            }
            return count;
        }
    }

    /**
     * Which slots may hold a batch without all its bodies, as bits by place in the ring: set when a batch comes, cleared when a look
     * finds none. So that to look for a missing body costs what is missing, not the whole window.
     */
    static final class Lacking {
        private final LogSlot[] ring;
        private final long[] bits;

        Lacking(final LogSlot[] ring) {
            this.ring = ring;
            bits = new long[(ring.length + Long.SIZE - 1) / Long.SIZE];
        }

        private void mark(final int place) {
            bits[place / Long.SIZE] |= 1L << place;
        }

        /** The first slot from a place in the ring on that lacks a body, or null. */
        LogSlot next(final int fromPlace) {
            for (int word = fromPlace / Long.SIZE; word < bits.length; word++) {
                long left = word == fromPlace / Long.SIZE ? bits[word] & -1L << fromPlace : bits[word];
                for (; left != 0; left &= left - 1) {
                    final LogSlot slot = ring[word * Long.SIZE + Long.numberOfTrailingZeros(left)];
                    if (slot.isIncomplete()) {
                        return slot;
                    }
                    bits[word] &= ~Long.lowestOneBit(left);
                }
            }
            return null;
        }

        /** The next one after a slot, or null. */
        LogSlot after(final LogSlot slot) {
            return slot.place + 1 == ring.length ? null : next(slot.place + 1);
        }
    }

    final Votes prepares;
    final Votes commits;

    /** What peers report as committed here; one report a sender. */
    final Votes reports;

    /** Accepted in the current view. */
    final Digest256 digest = new Digest256();

    /** Signature, zeros if there is none yet, and signed bytes of the accepted pre-prepare; only if it did not come from a new view. */
    final UnsafeBuffer statement = new UnsafeBuffer(new byte[STATEMENT_LENGTH]);

    final Digest256 committedDigest = new Digest256();
    final Digest256 preparedDigest = new Digest256();

    long sequence;
    boolean isAccepted;
    boolean hasStatement;

    /** The statement's signature was checked and holds. */
    boolean isChecked;

    boolean isVoted;
    boolean isPrepared;
    boolean isCommitSent;

    /** The journal's number of this view's entry of P: the own commit counts once it is durable. */
    long commitNumber;

    boolean isCommitted;

    /** Lowest view in which q commits were seen here; {@link #VIEW_UNKNOWN} if none were. */
    long committedInView;

    long committedAtNs;

    Batch batch;
    Batch committedBatch;

    /** P: -1 if nothing prepared here yet. */
    long preparedView;

    /** A digest whose batch a coming new view needs. */
    final Digest256 wantedDigest = new Digest256();

    boolean isWanted;
    Batch wantedBatch;
    long votedAtNs;

    /** Peers, as bits, that are to see the statement once it is checked, because they voted for another batch in this view. */
    long shownTo;

    long sendAtNs;
    long sendPauseNs;
    long fetchAtNs;
    long fetchPauseNs;
    int fetchTurn;

    /** When each peer may be answered again that repeats a vote. */
    private final long[] answerAtNs;

    /** Signature (64), view (8), sequence (8), batch digest (32). */
    static final int STATEMENT_LENGTH = 64 + 8 + 8 + Digest256.LENGTH;

    private final long[] prePreparedViews;
    private final Digest256[] prePreparedDigests;
    private final Batch[] prePreparedBatches;

    /** Digests in Q from which on no fresh one is added: the rest of Q is for what the others may have voted for. */
    private final int freshMax;

    private final Lacking lacking;
    private final int place;
    private int prePreparedCount;

    /** @param place of the slot in the ring of {@code lacking} */
    LogSlot(final int peerCount, final int prePreparedMax, final Lacking lacking, final int place) {
        this.lacking = lacking;
        this.place = place;
        prepares = new Votes(peerCount);
        commits = new Votes(peerCount);
        reports = new Votes(peerCount);
        answerAtNs = new long[peerCount];
        prePreparedViews = new long[prePreparedMax];
        prePreparedDigests = digests(prePreparedMax);
        prePreparedBatches = new Batch[prePreparedMax];
        freshMax = Math.max(1, (prePreparedMax - 1) / peerCount);
    }

    private static Digest256[] digests(final int count) {
        final Digest256[] digests = new Digest256[count];
        for (int i = 0; i < count; i++) {
            digests[i] = new Digest256();
        }
        return digests;
    }

    /** Starts a new life for another sequence; what batches it had go back to the pool, each once. */
    void reset(final long newSequence, final BatchPool pool) {
        for (int i = 0; i < prePreparedCount; i++) {
            giveBack(prePreparedBatches[i], pool);
        }
        giveBack(batch, pool);
        giveBack(committedBatch, pool);
        giveBack(wantedBatch, pool);
        sequence = newSequence;
        prepares.clear();
        commits.clear();
        reports.clear();
        leaveView();
        forgetWanted();
        isCommitted = false;
        committedInView = VIEW_UNKNOWN;
        preparedView = -1;
        prePreparedCount = 0;
        fetchAtNs = 0;
        fetchPauseNs = 0;
        java.util.Arrays.fill(answerAtNs, PbftContext.LONG_AGO_NS);
    }

    /** True, and the next answer after a pause, if a peer that repeats its vote may be answered now. */
    boolean mayAnswer(final int peerId, final long nowNs, final long pauseNs) {
        if (nowNs - answerAtNs[peerId] < 0) {
            return false;
        }
        answerAtNs[peerId] = nowNs + pauseNs;
        return true;
    }

    /** Bytes of what a peer that repeats its vote is sent, about. */
    int answerLength() {
        return STATEMENT_LENGTH + (batch == null ? 0 : batch.requestDigestsLength());
    }

    private void giveBack(final Batch given, final BatchPool pool) {
        if (given == null) {
            return;
        }
        pool.give(given);
        batch = batch == given ? null : batch;
        committedBatch = committedBatch == given ? null : committedBatch;
        wantedBatch = wantedBatch == given ? null : wantedBatch;
        for (int i = 0; i < prePreparedCount; i++) {
            prePreparedBatches[i] = prePreparedBatches[i] == given ? null : prePreparedBatches[i];
        }
    }

    /** Forgets what holds in one view only; P, Q and what committed stay. */
    void leaveView() {
        isAccepted = false;
        hasStatement = false;
        isChecked = false;
        isVoted = false;
        isPrepared = false;
        isCommitSent = false;
        commitNumber = 0;
        batch = null;
        sendAtNs = 0;
        sendPauseNs = 0;
        shownTo = 0;
    }

    /** Forgets what a new view that never came, or that has come, needed here. */
    void forgetWanted() {
        isWanted = false;
        wantedBatch = null;
    }

    /** Puts a pre-prepare of the current view here; its batch may still be missing. */
    void accept(final Digest256 batchDigest, final Batch known) {
        isAccepted = true;
        digest.set(batchDigest);
        batch = known;
        lacking.mark(place);
    }

    /** The accepted pre-prepare itself, signed or not. */
    void takeStatement(final DirectBuffer buffer, final int offset) {
        statement.putBytes(0, buffer, offset, STATEMENT_LENGTH);
        hasStatement = true;
    }

    /** True if the statement has a signature, of whatever worth. */
    boolean isSigned() {
        return isSigned(statement, 0);
    }

    /** True if a pre-prepare's statement comes with a signature: something other than zeros in its place. */
    static boolean isSigned(final DirectBuffer statement, final int offset) {
        long bits = 0;
        for (int i = 0; i < Signer.SIGNATURE_LENGTH; i += Long.BYTES) {
            bits |= statement.getLong(offset + i);
        }
        return bits != 0;
    }

    /** True if another digest has committed here. */
    boolean isDecidedOtherwise(final Digest256 other) {
        return isCommitted && !committedDigest.isEqual(other);
    }

    /** A digest is decided here; its batch may still be missing. */
    void commit(final Digest256 decided, final long nowNs) {
        committedAtNs = nowNs;
        commitBatch(batchOf(decided));
        isCommitted = true;
        committedDigest.set(decided);
    }

    /** What committed here is this batch; null while it is missing. */
    void commitBatch(final Batch known) {
        committedBatch = known;
        lacking.mark(place);
    }

    /** True if a batch of the view, of what committed or of a coming view lacks a body. */
    private boolean isIncomplete() {
        return isIncomplete(batch) || isIncomplete(committedBatch) || isIncomplete(wantedBatch);
    }

    private static boolean isIncomplete(final Batch held) {
        return held != null && !held.isComplete();
    }

    int prePreparedCount() {
        return prePreparedCount;
    }

    long prePreparedView(final int index) {
        return prePreparedViews[index];
    }

    Digest256 prePreparedDigest(final int index) {
        return prePreparedDigests[index];
    }

    Batch prePreparedBatch(final int index) {
        return prePreparedBatches[index];
    }

    /**
     * True if Q holds so many digests that none but null may be added to it afresh. What a new view chooses was voted for afresh by
     * a correct replica, so n times as many digests, and null, are all that Q must ever hold.
     */
    boolean isCrowded() {
        return prePreparedCount >= freshMax;
    }

    /** True if this replica may not vote for a digest afresh. */
    boolean isTooMuch(final Digest256 fresh) {
        return isCrowded() && indexOf(fresh) < 0;
    }

    /** Enters a digest into Q. With more than f liars Q may be full: then it loses the entry of the lowest view not in P. */
    void rememberPrePrepared(final long view, final Digest256 batchDigest, final Batch known) {
        int index = indexOf(batchDigest);
        if (index < 0) {
            index = prePreparedCount < prePreparedViews.length ? prePreparedCount++ : oldestIndex();
            prePreparedDigests[index].set(batchDigest);
        }
        prePreparedViews[index] = view;
        prePreparedBatches[index] = known;
    }

    void rememberPrepared(final long view, final Digest256 batchDigest) {
        preparedView = view;
        preparedDigest.set(batchDigest);
    }

    /** The batch with this digest if the slot holds it, whole or not; else null. */
    Batch batchOf(final Digest256 batchDigest) {
        if (committedBatch != null && committedDigest.isEqual(batchDigest)) {
            return committedBatch;
        }
        if (batch != null && digest.isEqual(batchDigest)) {
            return batch;
        }
        if (wantedBatch != null && wantedDigest.isEqual(batchDigest)) {
            return wantedBatch;
        }
        final int index = indexOf(batchDigest);
        return index < 0 ? null : prePreparedBatches[index];
    }

    /** Asks for a batch that a coming new view assigns here. */
    void want(final Digest256 batchDigest) {
        if (!isWanted || !wantedDigest.isEqual(batchDigest)) {
            isWanted = true;
            // First: else the batch that was wanted before would pass for the one that is wanted now.
            wantedBatch = null;
            wantedDigest.set(batchDigest);
            wantedBatch = batchOf(batchDigest);
            lacking.mark(place);
        }
    }

    /** A batch arrived: gives it to everything in this slot that has its digest and lacks it. */
    boolean supply(final Batch arrived) {
        boolean isUsed = false;
        if (isCommitted && committedBatch == null && committedDigest.isEqual(arrived.digest())) {
            committedBatch = arrived;
            isUsed = true;
        }
        if (isAccepted && batch == null && digest.isEqual(arrived.digest())) {
            batch = arrived;
            isUsed = true;
        }
        if (isWanted && wantedBatch == null && wantedDigest.isEqual(arrived.digest())) {
            wantedBatch = arrived;
            isUsed = true;
        }
        lacking.mark(place);
        return isUsed;
    }

    private int indexOf(final Digest256 batchDigest) {
        for (int i = 0; i < prePreparedCount; i++) {
            if (prePreparedDigests[i].isEqual(batchDigest)) {
                return i;
            }
        }
        return -1;
    }

    private int oldestIndex() {
        int oldest = -1;
        for (int i = 0; i < prePreparedCount; i++) {
            final boolean isInP = preparedView >= 0 && prePreparedDigests[i].isEqual(preparedDigest);
            if (!isInP && (oldest < 0 || prePreparedViews[i] < prePreparedViews[oldest])) {
                oldest = i;
            }
        }
        return oldest;
    }
}
