package io.quorate.engine.pbft;

import io.quorate.engine.evidence.EvidencePublisher;
import io.quorate.engine.journal.DurableGate;
import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Request;
import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.BatchEncoder;
import io.quorate.transport.codecs.CheckpointEncoder;
import io.quorate.transport.codecs.CommitEncoder;
import io.quorate.transport.codecs.CommittedEncoder;
import io.quorate.transport.codecs.FetchBatchEncoder;
import io.quorate.transport.codecs.FetchPrePrepareEncoder;
import io.quorate.transport.codecs.FetchRequestEncoder;
import io.quorate.transport.codecs.FetchSnapshotEncoder;
import io.quorate.transport.codecs.FetchViewChangeEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.NewViewEncoder;
import io.quorate.transport.codecs.PrePrepareEncoder;
import io.quorate.transport.codecs.PrepareEncoder;
import io.quorate.transport.codecs.RecoveryAnswerEncoder;
import io.quorate.transport.codecs.RecoveryQueryEncoder;
import io.quorate.transport.codecs.ReplyEncoder;
import io.quorate.transport.codecs.RequestEncoder;
import io.quorate.transport.codecs.SnapshotPageEncoder;
import io.quorate.transport.codecs.StableCheckpointEncoder;
import io.quorate.transport.codecs.StatusEncoder;
import io.quorate.transport.codecs.TaggedRequestEncoder;
import io.quorate.transport.codecs.ViewChangeEncoder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One method an outgoing message of pBFT: encode, hand to the outbox. A receiver is a peer id or {@link #EVERYONE}, which is
 * every other peer. Returns false if back-pressure refused a message; the protocol sends again what must arrive. Signed
 * statements (requests, view changes, new views) come as the bytes that were signed, signature first, so that they can be
 * passed on unchanged. Votes and whatever else vouches for
 * something written down take the way through the gate.
 */
public final class PbftPublisher {
    /** Receiver: every peer but this one. */
    public static final int EVERYONE = -1;

    /** More than any fixed part of a message, header included. */
    static final int MESSAGE_OVERHEAD = 512;

    /** Digests of Q a slot in a small group. */
    private static final int PRE_PREPARED_DEFAULT = 16;

    static final int FLAG_ACTIVE = 1;
    static final int FLAG_RECOVERING = 2;
    static final int FLAG_SLOW = 4;

    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;

    private final Outbox outbox;
    private final Outbox votes;
    private final DurableGate gate;
    private final boolean isReading;
    private final int selfId;
    private final int peerCount;
    private final UnsafeBuffer buffer;
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final RequestEncoder request = new RequestEncoder();
    private final ViewChangeEncoder viewChange = new ViewChangeEncoder();
    final EvidencePublisher evidence;
    private final NewViewEncoder newView = new NewViewEncoder();
    private final PrePrepareEncoder prePrepare = new PrePrepareEncoder();
    private final PrepareEncoder prepare = new PrepareEncoder();
    private final CommitEncoder commit = new CommitEncoder();
    private final ReplyEncoder reply = new ReplyEncoder();
    private final CheckpointEncoder checkpoint = new CheckpointEncoder();
    private final StableCheckpointEncoder stableCheckpoint = new StableCheckpointEncoder();
    private final FetchViewChangeEncoder fetchViewChange = new FetchViewChangeEncoder();
    private final FetchRequestEncoder fetchRequest = new FetchRequestEncoder();
    private final FetchPrePrepareEncoder fetchPrePrepare = new FetchPrePrepareEncoder();
    private final FetchBatchEncoder fetchBatch = new FetchBatchEncoder();
    private final BatchEncoder batch = new BatchEncoder();
    private final StatusEncoder status = new StatusEncoder();
    private final CommittedEncoder committed = new CommittedEncoder();
    private final FetchSnapshotEncoder fetchSnapshot = new FetchSnapshotEncoder();
    private final SnapshotPageEncoder snapshotPage = new SnapshotPageEncoder();
    private final RecoveryQueryEncoder recoveryQuery = new RecoveryQueryEncoder();
    private final RecoveryAnswerEncoder recoveryAnswer = new RecoveryAnswerEncoder();

    /** @param context concluded */
    public PbftPublisher(final PbftContext context, final Outbox outbox) {
        this(context, outbox, null);
    }

    /**
     * A publisher whose votes wait until what they vouch for is durable.
     *
     * @param gate in front of the outbox; null in memory-only mode
     */
    public PbftPublisher(final PbftContext context, final Outbox outbox, final DurableGate gate) {
        this.outbox = outbox;
        this.gate = gate;
        isReading = context.isReading();
        votes = gate == null ? outbox : gate;
        selfId = context.selfId();
        peerCount = context.peerCount();
        buffer = new UnsafeBuffer(new byte[context.messageLengthMax()]);
        evidence = new EvidencePublisher(outbox, selfId, peerCount);
    }

    /** Longest view change of a group, header included. */
    static long viewChangeLengthMax(final int peerCount, final int windowLength, final int prePreparedMax) {
        return MESSAGE_OVERHEAD
                + (long) peerCount * ViewChangeEncoder.SignersEncoder.sbeBlockLength()
                + (long) windowLength * ViewChangeEncoder.PreparedEncoder.sbeBlockLength()
                + (long) windowLength * prePreparedMax * ViewChangeEncoder.PrePreparedEncoder.sbeBlockLength();
    }

    /** Digests of Q that a slot should hold: room for two fresh ones a peer, and null, if a view change has that room. */
    static int prePreparedMax(final PbftContext context) {
        final int peerCount = context.peerCount();
        final long left = context.messageLengthMax() - viewChangeLengthMax(peerCount, context.windowLength(), 0);
        final long fitting =
                left / ((long) context.windowLength() * ViewChangeEncoder.PrePreparedEncoder.sbeBlockLength());
        return (int) Math.max(PRE_PREPARED_DEFAULT, Math.min(2L * peerCount + 1, fitting));
    }

    /** Passes a request on, as its client sent it: signed, or with tags. */
    public boolean request(final int receiverId, final Request request) {
        return request(receiverId, request.isSigned(), request.statement(), request.statementLength());
    }

    /** @param statement as {@link Request} has it, at 0 */
    boolean request(final int receiverId, final boolean isSigned, final DirectBuffer statement, final int lengthBytes) {
        final int skipped = isSigned ? 0 : Request.SIGNATURE_LENGTH;
        return statement(
                receiverId,
                isSigned ? RequestEncoder.TEMPLATE_ID : TaggedRequestEncoder.TEMPLATE_ID,
                isSigned ? RequestEncoder.BLOCK_LENGTH : TaggedRequestEncoder.BLOCK_LENGTH,
                outbox,
                statement,
                skipped,
                lengthBytes - skipped);
    }

    /** @param statement buffer that holds signature and signed bytes at 0 */
    public boolean prePrepare(final int receiverId, final DirectBuffer statement, final Batch proposed) {
        prePrepare.wrapAndApplyHeader(buffer, 0, header);
        buffer.putBytes(HEADER_LENGTH, statement, 0, PrePrepareEncoder.BLOCK_LENGTH);
        prePrepare.putRequestDigests(proposed.requestDigests(), 0, proposed.requestDigestsLength());
        return vouch(receiverId, HEADER_LENGTH + prePrepare.encodedLength());
    }

    public boolean prepare(final int receiverId, final long view, final long sequence, final Digest256 batchDigest) {
        prepare.wrapAndApplyHeader(buffer, 0, header);
        prepare.replicaId(selfId)
                .view(view)
                .sequence(sequence)
                .putBatchDigest(digest(batchDigest), 0, Digest256.LENGTH);
        return vouch(receiverId, HEADER_LENGTH + prepare.encodedLength());
    }

    public boolean commit(final int receiverId, final long view, final long sequence, final Digest256 batchDigest) {
        commit.wrapAndApplyHeader(buffer, 0, header);
        commit.replicaId(selfId).view(view).sequence(sequence).putBatchDigest(digest(batchDigest), 0, Digest256.LENGTH);
        return vouch(receiverId, HEADER_LENGTH + commit.encodedLength());
    }

    /** As {@link #commit}, to everybody; it may wait for what else there is to send. */
    void commitLater(final long view, final long sequence, final Digest256 batchDigest, final long holdNs) {
        commit.wrapAndApplyHeader(buffer, 0, header);
        commit.replicaId(selfId).view(view).sequence(sequence).putBatchDigest(digest(batchDigest), 0, Digest256.LENGTH);
        for (int peerId = 0; peerId < peerCount; peerId++) {
            if (peerId != selfId) {
                votes.sendLater(peerId, buffer, 0, HEADER_LENGTH + commit.encodedLength(), holdNs);
            }
        }
    }

    public boolean reply(
            final int clientId,
            final int standing,
            final long view,
            final long requestNumber,
            final long sequence,
            final DirectBuffer bytes,
            final int offset,
            final int lengthBytes) {
        reply.wrapAndApplyHeader(buffer, 0, header);
        reply.replicaId(selfId)
                .standing((short) standing)
                .view(view)
                .requestNumber(requestNumber)
                .sequence(sequence)
                .putReply(bytes, offset, lengthBytes);
        final int length = HEADER_LENGTH + reply.encodedLength();
        // A tentative one was held back before; a final one rests on the journal in a group that reads without order.
        return isReading && standing == Replies.FINAL ? vouch(clientId, length) : send(clientId, length);
    }

    /** @param signature buffer that holds the signer's signature at {@code signatureOffset} */
    public boolean checkpoint(
            final int receiverId,
            final long sequence,
            final Digest256 stateDigest,
            final DirectBuffer signature,
            final int signatureOffset) {
        checkpoint.wrapAndApplyHeader(buffer, 0, header);
        checkpoint
                .putSignature(signature, signatureOffset, CheckpointEncoder.signatureLength())
                .sequence(sequence)
                .putStateDigest(digest(stateDigest), 0, Digest256.LENGTH)
                .replicaId(selfId);
        return vouch(receiverId, HEADER_LENGTH + checkpoint.encodedLength());
    }

    public boolean stableCheckpoint(final int receiverId, final Checkpoints.Certificate certificate) {
        stableCheckpoint.wrapAndApplyHeader(buffer, 0, header);
        stableCheckpoint.sequence(certificate.sequence());
        stableCheckpoint.putStateDigest(digest(certificate.stateDigest()), 0, Digest256.LENGTH);
        final StableCheckpointEncoder.SignersEncoder signers = stableCheckpoint.signersCount(certificate.signerCount());
        for (int i = 0; i < certificate.signerCount(); i++) {
            signers.next().replicaId(certificate.signerId(i));
            signers.putSignature(
                    certificate.signatures(),
                    certificate.signatureOffset(i),
                    StableCheckpointEncoder.SignersEncoder.signatureLength());
        }
        return send(receiverId, HEADER_LENGTH + stableCheckpoint.encodedLength());
    }

    /** Passes a signed view change on. */
    public boolean viewChange(
            final int receiverId, final DirectBuffer statement, final int offset, final int lengthBytes) {
        return statement(
                receiverId,
                ViewChangeEncoder.TEMPLATE_ID,
                ViewChangeEncoder.BLOCK_LENGTH,
                votes,
                statement,
                offset,
                lengthBytes);
    }

    /** Passes a signed new view on. */
    public boolean newView(
            final int receiverId, final DirectBuffer statement, final int offset, final int lengthBytes) {
        return statement(
                receiverId,
                NewViewEncoder.TEMPLATE_ID,
                NewViewEncoder.BLOCK_LENGTH,
                votes,
                statement,
                offset,
                lengthBytes);
    }

    public boolean fetchViewChange(
            final int receiverId, final long view, final int replicaId, final Digest256 viewChangeDigest) {
        fetchViewChange.wrapAndApplyHeader(buffer, 0, header);
        fetchViewChange
                .view(view)
                .replicaId(replicaId)
                .putViewChangeDigest(digest(viewChangeDigest), 0, Digest256.LENGTH);
        return send(receiverId, HEADER_LENGTH + fetchViewChange.encodedLength());
    }

    public boolean fetchRequest(final int receiverId, final Digest256 requestDigest) {
        fetchRequest.wrapAndApplyHeader(buffer, 0, header);
        fetchRequest.putRequestDigest(digest(requestDigest), 0, Digest256.LENGTH);
        return send(receiverId, HEADER_LENGTH + fetchRequest.encodedLength());
    }

    public boolean fetchPrePrepare(final int receiverId, final long view, final long sequence) {
        fetchPrePrepare.wrapAndApplyHeader(buffer, 0, header);
        fetchPrePrepare.view(view).sequence(sequence);
        return send(receiverId, HEADER_LENGTH + fetchPrePrepare.encodedLength());
    }

    public boolean fetchBatch(final int receiverId, final long sequence, final Digest256 batchDigest) {
        fetchBatch.wrapAndApplyHeader(buffer, 0, header);
        fetchBatch.sequence(sequence).putBatchDigest(digest(batchDigest), 0, Digest256.LENGTH);
        return send(receiverId, HEADER_LENGTH + fetchBatch.encodedLength());
    }

    public boolean batch(final int receiverId, final long sequence, final Batch asked) {
        batch.wrapAndApplyHeader(buffer, 0, header);
        batch.sequence(sequence).putRequestDigests(asked.requestDigests(), 0, asked.requestDigestsLength());
        return send(receiverId, HEADER_LENGTH + batch.encodedLength());
    }

    public boolean status(
            final boolean isActive,
            final boolean isRecovering,
            final boolean isSlow,
            final long view,
            final long stableSequence,
            final long committedSequence,
            final long executedSequence,
            final long recoverySequence) {
        status.wrapAndApplyHeader(buffer, 0, header);
        status.replicaId(selfId)
                .flags((short) ((isActive ? FLAG_ACTIVE : 0)
                        | (isRecovering ? FLAG_RECOVERING : 0)
                        | (isSlow ? FLAG_SLOW : 0)))
                .view(view)
                .stableSequence(stableSequence)
                .committedSequence(committedSequence)
                .executedSequence(executedSequence)
                .recoverySequence(recoverySequence);
        return send(EVERYONE, HEADER_LENGTH + status.encodedLength());
    }

    public boolean committed(final int receiverId, final long sequence, final Digest256 batchDigest) {
        committed.wrapAndApplyHeader(buffer, 0, header);
        committed.replicaId(selfId).sequence(sequence).putBatchDigest(digest(batchDigest), 0, Digest256.LENGTH);
        return send(receiverId, HEADER_LENGTH + committed.encodedLength());
    }

    /** @param height of the part; {@code SnapshotFetch.TOP} asks for the node at the top */
    public boolean fetchSnapshot(final int receiverId, final long sequence, final int height, final int index) {
        fetchSnapshot.wrapAndApplyHeader(buffer, 0, header);
        fetchSnapshot.sequence(sequence).height((short) height).index(index);
        return send(receiverId, HEADER_LENGTH + fetchSnapshot.encodedLength());
    }

    public boolean snapshotPage(
            final int receiverId,
            final long sequence,
            final int height,
            final int index,
            final int snapshotLength,
            final DirectBuffer part,
            final int offset,
            final int lengthBytes) {
        snapshotPage.wrapAndApplyHeader(buffer, 0, header);
        snapshotPage
                .sequence(sequence)
                .height((short) height)
                .index(index)
                .snapshotLength(snapshotLength)
                .putPart(part, offset, lengthBytes);
        return send(receiverId, HEADER_LENGTH + snapshotPage.encodedLength());
    }

    public boolean recoveryQuery(final int receiverId, final long nonce) {
        recoveryQuery.wrapAndApplyHeader(buffer, 0, header);
        recoveryQuery.nonce(nonce);
        return send(receiverId, HEADER_LENGTH + recoveryQuery.encodedLength());
    }

    /** @param certificate of the stable checkpoint; its sequence is 0 and it has no signers at the start */
    public boolean recoveryAnswer(final int receiverId, final long nonce, final Checkpoints.Certificate certificate) {
        recoveryAnswer.wrapAndApplyHeader(buffer, 0, header);
        recoveryAnswer.nonce(nonce).sequence(certificate.sequence());
        recoveryAnswer.putStateDigest(digest(certificate.stateDigest()), 0, Digest256.LENGTH);
        final RecoveryAnswerEncoder.SignersEncoder signers = recoveryAnswer.signersCount(certificate.signerCount());
        for (int i = 0; i < certificate.signerCount(); i++) {
            signers.next().replicaId(certificate.signerId(i));
            signers.putSignature(
                    certificate.signatures(),
                    certificate.signatureOffset(i),
                    RecoveryAnswerEncoder.SignersEncoder.signatureLength());
        }
        return vouch(receiverId, HEADER_LENGTH + recoveryAnswer.encodedLength());
    }

    /** Writes a request without its signature, which stands in front; returns the statement's length in bytes. */
    int encodeRequest(
            final MutableDirectBuffer statement,
            final int clientId,
            final long requestNumber,
            final DirectBuffer body,
            final int offset,
            final int lengthBytes) {
        request.wrap(statement, 0)
                .clientId(clientId)
                .requestNumber(requestNumber)
                .putBody(body, offset, lengthBytes);
        return request.encodedLength();
    }

    /** Writes what is signed of a pre-prepare behind zeros in place of its signature. */
    void encodePrePrepare(
            final MutableDirectBuffer statement, final long view, final long sequence, final Digest256 batchDigest) {
        statement.setMemory(0, PrePrepareEncoder.signatureEncodingLength(), (byte) 0);
        prePrepare
                .wrap(statement, 0)
                .view(view)
                .sequence(sequence)
                .putBatchDigest(digest(batchDigest), 0, Digest256.LENGTH);
    }

    /** Writes a view change behind a place for its signature; returns the statement's length in bytes. */
    int encodeViewChange(final MutableDirectBuffer statement, final NewView.Vote vote) {
        final Checkpoints.Certificate base = vote.base();
        viewChange
                .wrap(statement, 0)
                .view(vote.view())
                .baseSequence(base.sequence())
                .putBaseDigest(digest(base.stateDigest()), 0, Digest256.LENGTH)
                .replicaId(vote.replicaId());
        final ViewChangeEncoder.SignersEncoder signers = viewChange.signersCount(base.signerCount());
        for (int i = 0; i < base.signerCount(); i++) {
            signers.next().replicaId(base.signerId(i));
            signers.putSignature(base.signatures(), base.signatureOffset(i), CheckpointEncoder.signatureLength());
        }
        final NewView.Claims prepared = vote.prepared();
        final ViewChangeEncoder.PreparedEncoder preparedGroup = viewChange.preparedCount(prepared.count());
        for (int i = 0; i < prepared.count(); i++) {
            preparedGroup.next().sequence(prepared.sequence(i)).view(prepared.view(i));
            preparedGroup.putBatchDigest(digest(prepared.digest(i)), 0, Digest256.LENGTH);
        }
        final NewView.Claims prePrepared = vote.prePrepared();
        final ViewChangeEncoder.PrePreparedEncoder prePreparedGroup = viewChange.prePreparedCount(prePrepared.count());
        for (int i = 0; i < prePrepared.count(); i++) {
            prePreparedGroup.next().sequence(prePrepared.sequence(i)).view(prePrepared.view(i));
            prePreparedGroup.putBatchDigest(digest(prePrepared.digest(i)), 0, Digest256.LENGTH);
        }
        return viewChange.encodedLength();
    }

    /** Writes a new view behind a place for its signature; returns the statement's length in bytes. */
    int encodeNewView(final MutableDirectBuffer statement, final NewView.Proposal proposal) {
        newView.wrap(statement, 0).view(proposal.view());
        final NewViewEncoder.ViewChangesEncoder group = newView.viewChangesCount(proposal.count());
        for (int i = 0; i < proposal.count(); i++) {
            group.next().replicaId(proposal.replicaId(i));
            group.putViewChangeDigest(digest(proposal.digest(i)), 0, Digest256.LENGTH);
        }
        return newView.encodedLength();
    }

    /** What holds votes back; null in memory-only mode. */
    DurableGate gate() {
        return gate;
    }

    private DirectBuffer digest(final Digest256 digest) {
        digest.write(digestBytes, 0);
        return digestBytes;
    }

    private boolean statement(
            final int receiverId,
            final int templateId,
            final int blockLength,
            final Outbox way,
            final DirectBuffer statement,
            final int offset,
            final int lengthBytes) {
        header.wrap(buffer, 0)
                .blockLength(blockLength)
                .templateId(templateId)
                .schemaId(MessageHeaderEncoder.SCHEMA_ID)
                .version(MessageHeaderEncoder.SCHEMA_VERSION);
        buffer.putBytes(HEADER_LENGTH, statement, offset, lengthBytes);
        return send(way, receiverId, HEADER_LENGTH + lengthBytes);
    }

    private boolean send(final int receiverId, final int lengthBytes) {
        return send(outbox, receiverId, lengthBytes);
    }

    /** For what vouches for something: it waits until that is durable. */
    private boolean vouch(final int receiverId, final int lengthBytes) {
        return send(votes, receiverId, lengthBytes);
    }

    private boolean send(final Outbox way, final int receiverId, final int lengthBytes) {
        if (receiverId != EVERYONE) {
            return way.send(receiverId, buffer, 0, lengthBytes);
        }
        boolean isSent = true;
        for (int peerId = 0; peerId < peerCount; peerId++) {
            if (peerId != selfId) {
                isSent &= way.send(peerId, buffer, 0, lengthBytes);
            }
        }
        return isSent;
    }
}
