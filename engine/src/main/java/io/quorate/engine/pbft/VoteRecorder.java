package io.quorate.engine.pbft;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.journal.Journal;
import io.quorate.engine.journal.JournalBase;
import io.quorate.engine.journal.JournalRecord;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Request;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.auth.Signer;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Writes down what a replica must still know after a restart, before it says it: views, Q, P, and with each stable checkpoint
 * a whole base (docs/protocols/journal.md has the table of entries). Whatever vouches for an entry is held back by the
 * gate until the entry is durable. {@link Restart} reads the entries.
 */
final class VoteRecorder {
    /** Whether the replica has a vote: one byte. */
    static final int VOICE = JournalRecord.TYPE_MIN;
    /** Certificate of the stable checkpoint: sequence, digest, then id and signature of each signer. */
    static final int STABLE = VOICE + 1;
    /** State of the stable checkpoint. */
    static final int SNAPSHOT = VOICE + 2;
    /** A view change that the next NEW_VIEW rests on: the signed statement. */
    static final int SET_MEMBER = VOICE + 3;
    /** The view was entered: the signed statement. */
    static final int NEW_VIEW = VOICE + 4;
    /** In the current view fresh assignments above the set's windows may be voted for. */
    static final int FRESH_FREE = VOICE + 5;
    /** The own view change: the signed statement. */
    static final int VIEW_CHANGE = VOICE + 6;
    /** A request that a batch names: the signed statement. */
    static final int REQUEST = VOICE + 7;
    /** An entry of Q: view, sequence, batch digest, one byte, the signed pre-prepare if that is 1, request digests. */
    static final int PRE_PREPARED = VOICE + 8;
    /** An entry of P: view, sequence, batch digest. */
    static final int PREPARED = VOICE + 9;
    /** A batch is decided: 0, sequence, batch digest. */
    static final int COMMITTED = VOICE + 10;
    /** As {@link #REQUEST}, not signed: no signature in front, its client's tags behind the body. */
    static final int TAGGED_REQUEST = VOICE + 11;

    static final int CLAIM_LENGTH = 8 + 8 + Digest256.LENGTH;
    static final int SIGNER_LENGTH = 2 + Signer.SIGNATURE_LENGTH;

    private final PbftReplica replica;
    private final Journal journal;
    private final DurableGate gate;
    private final ExpandableArrayBuffer bytes = new ExpandableArrayBuffer();
    private boolean isReplaying;
    private long durableSeen;
    private long baseCount;
    private long committedNumber;

    VoteRecorder(final PbftReplica replica, final Journal journal, final DurableGate gate) {
        this.replica = replica;
        this.journal = journal;
        this.gate = gate;
    }

    /** True if every entry up to a number is on the disk; always in memory-only mode. */
    boolean isDurable(final long number) {
        return number <= journal.durableNumber();
    }

    /** The number that the next entry or base will have. */
    long nextNumber() {
        return journal.number() + 1;
    }

    /** Counts the bases; a request is written once after each. */
    long baseCount() {
        return baseCount;
    }

    /** While a restart reads the journal, nothing is written. */
    void replaying(final boolean newIsReplaying) {
        isReplaying = newIsReplaying;
    }

    /**
     * Before the state is here that the epoch begins with, nothing is said that rests on an entry: the first base has that state. A
     * crash before it is durable goes back to the epoch before.
     */
    private boolean isOff() {
        return isReplaying || journal.isMemoryOnly() || replica.opening.isAwaited();
    }

    /** More may have become durable: own votes count now, and a lost journal is written anew. */
    void onTick() {
        if (journal.isMemoryOnly()) {
            return;
        }
        if (journal.isBaseWanted()) {
            base();
        }
        final long durable = journal.durableNumber();
        if (durable != durableSeen) {
            durableSeen = durable;
            replica.log.onDurable();
        }
    }

    void voice(final boolean isVoting) {
        if (!isOff()) {
            bytes.putByte(0, (byte) (isVoting ? 1 : 0));
            vouch(journal.append(VOICE, bytes, 0, 1));
        }
    }

    void viewChange(final NewView.Vote own) {
        if (!isOff()) {
            vouch(journal.append(
                    VIEW_CHANGE, own.statement(), 0, own.statement().capacity()));
        }
    }

    void newView(final NewView.Proposal proposal) {
        if (!isOff()) {
            for (final NewView.Vote vote : proposal.votes()) {
                journal.append(SET_MEMBER, vote.statement(), 0, vote.statement().capacity());
            }
            vouch(journal.append(
                    NEW_VIEW, proposal.statement(), 0, proposal.statement().capacity()));
        }
    }

    /** Need not be durable before anything: who does not know it holds back votes that it might give. */
    void freshFree() {
        if (!isOff()) {
            journal.append(FRESH_FREE, bytes, 0, 0);
        }
    }

    /** A vote for a whole batch is about to be cast: the bodies that no entry holds yet, and the entry of Q. */
    void prePrepared(final LogSlot slot, final long view) {
        if (!isOff()) {
            prePrepared(view, slot.sequence, slot.digest, slot.hasStatement ? slot.statement : null, slot.batch);
        }
    }

    /** This primary's new view, which is about to be written down, assigns a whole batch. */
    void chosen(final long sequence, final long view, final Digest256 digest, final Batch batch) {
        if (!isOff()) {
            prePrepared(view, sequence, digest, null, batch);
        }
    }

    private void prePrepared(
            final long view,
            final long sequence,
            final Digest256 digest,
            final DirectBuffer statement,
            final Batch batch) {
        for (int i = 0; i < batch.count(); i++) {
            final Request request = batch.request(i);
            if (!request.isJournaled(baseCount)) {
                request.journaled(baseCount);
                journal.append(typeOf(request), request.statement(), 0, request.statementLength());
            }
        }
        vouch(journal.append(
                PRE_PREPARED, bytes, 0, encodePrePrepared(bytes, view, sequence, digest, statement, batch)));
    }

    /** The slot prepared in this view; returns the entry's number, on which the commit rests. */
    long prepared(final LogSlot slot, final long view) {
        if (isOff()) {
            return 0;
        }
        return vouch(journal.append(PREPARED, bytes, 0, encodeClaim(bytes, view, slot.sequence, slot.digest)));
    }

    /**
     * Agreement needs no durable record of it: q durable entries of P rebuild it. In a group that reads without order, whatever is
     * sent afterwards rests on it: a replica that answered out of a state must have that state after a restart.
     */
    void committed(final LogSlot slot) {
        if (!isOff()) {
            final long number =
                    journal.append(COMMITTED, bytes, 0, encodeClaim(bytes, 0, slot.sequence, slot.committedDigest));
            if (replica.context.isReading()) {
                committedNumber = vouch(number);
            }
        }
    }

    /** True if everything that a final reply may rest on is on the disk. */
    boolean isCommitDurable() {
        return isDurable(committedNumber);
    }

    /** A stable checkpoint, a start, or a journal that lost entries: writes the whole state, so that the rest may go. */
    void base() {
        if (isOff()) {
            return;
        }
        baseCount++;
        final JournalBase base = new JournalBase();
        add(base, VOICE, voiceBytes());
        final Checkpoints.Certificate stable = replica.checkpoints.stable();
        if (stable.sequence() > 0) {
            add(base, STABLE, certificateBytes(stable));
            final PagedSnapshot snapshot = replica.checkpoints.snapshot(stable.sequence());
            base.add(SNAPSHOT, snapshot.buffer(), snapshot.offset(), snapshot.lengthBytes());
        }
        final NewView.Proposal current = replica.viewChange.current();
        if (current != null) {
            for (final NewView.Vote vote : current.votes()) {
                add(base, SET_MEMBER, vote.statement());
            }
            add(base, NEW_VIEW, current.statement());
            if (!replica.log.isFreshLimited()) {
                add(base, FRESH_FREE, new UnsafeBuffer(new byte[0]));
            }
        }
        final NewView.Vote own = replica.viewChange.own();
        if (!replica.isActive() && own != null) {
            add(base, VIEW_CHANGE, own.statement());
        }
        for (long sequence = replica.log.low() + 1; sequence <= replica.log.high(); sequence++) {
            addSlot(base, replica.log.slot(sequence));
        }
        final long number = vouch(journal.append(base));
        if (replica.context.isReading()) {
            // The state may have come from peers: nothing but the base says that it is here.
            committedNumber = number;
        }
    }

    private void addSlot(final JournalBase base, final LogSlot slot) {
        for (int i = 0; i < slot.prePreparedCount(); i++) {
            final Batch batch = slot.prePreparedBatch(i);
            final boolean isCurrent = slot.hasStatement
                    && slot.prePreparedView(i) == replica.view()
                    && slot.digest.isEqual(slot.prePreparedDigest(i));
            for (int j = 0; j < batch.count(); j++) {
                final Request request = batch.request(j);
                if (request != null && !request.isJournaled(baseCount)) {
                    request.journaled(baseCount);
                    // A copy: the journal's thread reads it when the request may be long gone.
                    final byte[] statement = new byte[request.statementLength()];
                    request.statement().getBytes(0, statement);
                    add(base, typeOf(request), new UnsafeBuffer(statement));
                }
            }
            final ExpandableArrayBuffer entry = new ExpandableArrayBuffer(CLAIM_LENGTH + LogSlot.STATEMENT_LENGTH + 64);
            final int length = encodePrePrepared(
                    entry,
                    slot.prePreparedView(i),
                    slot.sequence,
                    slot.prePreparedDigest(i),
                    isCurrent ? slot.statement : null,
                    batch);
            base.add(PRE_PREPARED, entry, 0, length);
        }
        if (slot.preparedView >= 0) {
            final UnsafeBuffer entry = new UnsafeBuffer(new byte[CLAIM_LENGTH]);
            base.add(PREPARED, entry, 0, encodeClaim(entry, slot.preparedView, slot.sequence, slot.preparedDigest));
        }
        if (slot.isCommitted) {
            final UnsafeBuffer entry = new UnsafeBuffer(new byte[CLAIM_LENGTH]);
            base.add(COMMITTED, entry, 0, encodeClaim(entry, 0, slot.sequence, slot.committedDigest));
        }
    }

    private static int typeOf(final Request request) {
        return request.isSigned() ? REQUEST : TAGGED_REQUEST;
    }

    private static void add(final JournalBase base, final int type, final DirectBuffer body) {
        base.add(type, body, 0, body.capacity());
    }

    private UnsafeBuffer voiceBytes() {
        return new UnsafeBuffer(new byte[] {(byte) (replica.isVoting() ? 1 : 0)});
    }

    private static UnsafeBuffer certificateBytes(final Checkpoints.Certificate stable) {
        final UnsafeBuffer entry =
                new UnsafeBuffer(new byte[8 + Digest256.LENGTH + stable.signerCount() * SIGNER_LENGTH]);
        entry.putLong(0, stable.sequence(), LITTLE_ENDIAN);
        stable.stateDigest().write(entry, 8);
        for (int i = 0; i < stable.signerCount(); i++) {
            final int offset = 8 + Digest256.LENGTH + i * SIGNER_LENGTH;
            entry.putShort(offset, (short) stable.signerId(i), LITTLE_ENDIAN);
            entry.putBytes(offset + 2, stable.signatures(), stable.signatureOffset(i), Signer.SIGNATURE_LENGTH);
        }
        return entry;
    }

    private static int encodeClaim(
            final MutableDirectBuffer entry, final long view, final long sequence, final Digest256 digest) {
        entry.putLong(0, view, LITTLE_ENDIAN);
        entry.putLong(8, sequence, LITTLE_ENDIAN);
        digest.write(entry, 16);
        return CLAIM_LENGTH;
    }

    private static int encodePrePrepared(
            final MutableDirectBuffer entry,
            final long view,
            final long sequence,
            final Digest256 digest,
            final DirectBuffer statement,
            final Batch batch) {
        int length = encodeClaim(entry, view, sequence, digest);
        entry.putByte(length++, (byte) (statement == null ? 0 : 1));
        if (statement != null) {
            entry.putBytes(length, statement, 0, LogSlot.STATEMENT_LENGTH);
            length += LogSlot.STATEMENT_LENGTH;
        }
        entry.putBytes(length, batch.requestDigests(), 0, batch.requestDigestsLength());
        return length + batch.requestDigestsLength();
    }

    private long vouch(final long number) {
        gate.vouch(number);
        return number;
    }
}
