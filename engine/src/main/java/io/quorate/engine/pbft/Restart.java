package io.quorate.engine.pbft;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.journal.JournalBase;
import io.quorate.engine.journal.JournalHistory;
import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.Request;
import io.quorate.engine.transfer.PagedSnapshot;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Brings a replica back to what its journal says: view, P, Q, watermark, what committed, state and client table. What it
 * said before it stopped, it knows; so it votes at once (docs/protocols/journal.md, section 5). Once, before anything arrives.
 */
final class Restart {
    private static final int SEQUENCE_OFFSET = 8;
    private static final int DIGEST_OFFSET = 16;

    private final PbftReplica replica;
    private final StatementDecoder statements;
    private final Digest256 digest = new Digest256();
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
    private Checkpoints.Certificate certificate;
    private JournalBase.Entry snapshot;
    private long restoredSequence;
    private boolean isStateAwaited;
    private long answeredMax;

    Restart(final PbftReplica replica) {
        this.replica = replica;
        statements = new StatementDecoder(replica.context.peerCount());
    }

    /** Takes over an intact history, or notes that there is none. */
    void begin(final JournalHistory history) {
        // Nothing is executed before it is known where the journal ends: a later view may put something else there.
        isStateAwaited = true;
        replica.recorder.replaying(true);
        for (final JournalBase.Entry entry : history.entries()) {
            onEntry(entry);
        }
        replica.recorder.replaying(false);
        replica.recorder.base();
        answeredMax = Math.max(replica.log.preparedMax(), replica.log.committedSequence());
        feedState();
        if (!isStateAwaited) {
            resume();
        }
    }

    /**
     * The highest sequence that had prepared or committed here before the start: clients may have been answered out of a state
     * that held it. What was reported as committed need not have prepared here.
     */
    long answeredMax() {
        return answeredMax;
    }

    /** True while execution has not been given its state: nothing is handed to it until then. */
    boolean isStateAwaited() {
        return isStateAwaited;
    }

    void onTick() {
        if (isStateAwaited) {
            feedState();
            if (!isStateAwaited) {
                resume();
            }
        }
    }

    /** True if this is the answer to the state that was handed over at the start. */
    boolean onRestored(final long sequence, final boolean isAccepted) {
        if (restoredSequence == 0 || sequence != restoredSequence) {
            return false;
        }
        Invariant.check(isAccepted, "a state that this replica wrote can be restored");
        restoredSequence = 0;
        return true;
    }

    private void feedState() {
        isStateAwaited = snapshot != null
                && !replica.execution.restore(
                        replica.log.low(), snapshot.body(), snapshot.offset(), snapshot.lengthBytes());
        if (!isStateAwaited) {
            snapshot = null;
        }
    }

    /** Everything is in place: takes part in what is under way. */
    private void resume() {
        replica.viewChange.assign();
        replica.log.resume();
        if (replica.isVoting()) {
            replica.log.proceedAll();
        }
    }

    private void onEntry(final JournalBase.Entry entry) {
        final DirectBuffer body = entry.body();
        final int offset = entry.offset();
        switch (entry.type()) {
            case VoteRecorder.VOICE -> replica.recovery.remember(body.getByte(offset) != 0);
            case VoteRecorder.STABLE -> onStable(entry);
            case VoteRecorder.SNAPSHOT -> onSnapshot(entry);
            case VoteRecorder.SET_MEMBER, VoteRecorder.VIEW_CHANGE ->
                replica.viewChange.remember(
                        statements.wrap(body, offset, entry.lengthBytes()).decodeVote(),
                        entry.type() == VoteRecorder.VIEW_CHANGE);
            case VoteRecorder.NEW_VIEW ->
                replica.viewChange.remember(
                        statements.wrap(body, offset, entry.lengthBytes()).decodeProposal());
            case VoteRecorder.FRESH_FREE -> replica.log.limitFresh(Long.MAX_VALUE);
            case VoteRecorder.REQUEST, VoteRecorder.TAGGED_REQUEST -> onRequest(body, offset, entry.lengthBytes());
            case VoteRecorder.PRE_PREPARED -> onPrePrepared(body, offset, entry.lengthBytes());
            case VoteRecorder.PREPARED -> onPrepared(body, offset);
            case VoteRecorder.COMMITTED ->
                replica.log.commit(slot(body, offset), digest.set(body, offset + DIGEST_OFFSET), LogSlot.VIEW_UNKNOWN);
            default -> Invariant.check(false, "an entry of the journal has a known type", entry.type(), 0);
        }
    }

    private void onStable(final JournalBase.Entry entry) {
        final DirectBuffer body = entry.body();
        certificate = new Checkpoints.Certificate(replica.context.peerCount());
        certificate.begin(
                body.getLong(entry.offset(), LITTLE_ENDIAN), digest.set(body, entry.offset() + SEQUENCE_OFFSET));
        final int end = entry.offset() + entry.lengthBytes();
        int position = entry.offset() + SEQUENCE_OFFSET + Digest256.LENGTH;
        while (position < end) {
            certificate.add(body.getShort(position, LITTLE_ENDIAN) & 0xFFFF, body, position + 2);
            position += VoteRecorder.SIGNER_LENGTH;
        }
    }

    private void onSnapshot(final JournalBase.Entry entry) {
        Invariant.check(
                replica.checkpoints.onCertificate(certificate), "a stable checkpoint in the journal is certified");
        snapshot = entry;
        isStateAwaited = true;
        restoredSequence = certificate.sequence();
        final UnsafeBuffer state = new UnsafeBuffer(entry.body(), entry.offset(), entry.lengthBytes());
        replica.clients.restore(state, 4, ExactlyOnce.tableLength(state, 0, entry.lengthBytes()));
        replica.log.onRestored(certificate.sequence());
        replica.checkpoints.onRestored(
                certificate,
                PagedSnapshot.of(
                        replica.sha256,
                        replica.context.pageLength(),
                        certificate.sequence(),
                        state,
                        0,
                        entry.lengthBytes(),
                        null));
    }

    private void onRequest(final DirectBuffer body, final int offset, final int lengthBytes) {
        final int contentLength = Request.contentEnd(body, offset) - offset;
        Request.digestOf(replica.sha256, body, offset, contentLength, digestBytes, digest);
        if (replica.requests.get(digest) == null) {
            replica.requests
                    .add(
                            digest,
                            Request.clientId(body, offset),
                            Request.requestNumber(body, offset),
                            body,
                            offset,
                            lengthBytes,
                            replica.nowNs())
                    .journaled(replica.recorder.baseCount());
        }
    }

    private void onPrePrepared(final DirectBuffer body, final int offset, final int lengthBytes) {
        final LogSlot slot = slot(body, offset);
        final long view = body.getLong(offset, LITTLE_ENDIAN);
        int position = offset + VoteRecorder.CLAIM_LENGTH;
        final boolean hasStatement = body.getByte(position++) == 1;
        final int statementAt = position;
        position += hasStatement ? LogSlot.STATEMENT_LENGTH : 0;
        final Batch batch = new Batch(replica.sha256, body, position, offset + lengthBytes - position);
        Invariant.check(
                batch.digest().isEqual(digest.set(body, offset + DIGEST_OFFSET)),
                "a batch has the digest it is named by");
        Invariant.check(
                batch.resolve(replica.requests, slot.sequence, digest),
                "a batch in the journal stands behind its bodies");
        slot.rememberPrePrepared(view, batch.digest(), batch);
        if (view == replica.view() && replica.isActive()) {
            slot.accept(batch.digest(), batch);
            if (hasStatement) {
                slot.takeStatement(body, statementAt);
            }
            slot.isVoted = true;
            slot.votedAtNs = replica.nowNs();
            batch.refer(replica.requests, slot.sequence);
            batch.proposed();
            if (!replica.isPrimary()) {
                slot.prepares.offer(replica.selfId, view, batch.digest());
            } else {
                replica.proposer.onAssigned(slot.sequence);
            }
        }
    }

    private void onPrepared(final DirectBuffer body, final int offset) {
        final LogSlot slot = slot(body, offset);
        final long view = body.getLong(offset, LITTLE_ENDIAN);
        digest.set(body, offset + DIGEST_OFFSET);
        slot.rememberPrepared(view, digest);
        if (view == replica.view() && slot.isVoted) {
            slot.isPrepared = true;
            slot.isCommitSent = true;
            // It counts once the base that follows has it on the disk for certain.
            slot.commitNumber = replica.recorder.nextNumber();
            slot.commits.offer(replica.selfId, view, digest);
        }
    }

    private LogSlot slot(final DirectBuffer body, final int offset) {
        return replica.log.slot(body.getLong(offset + SEQUENCE_OFFSET, LITTLE_ENDIAN));
    }
}
