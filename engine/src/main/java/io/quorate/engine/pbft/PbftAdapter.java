package io.quorate.engine.pbft;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.evidence.EvidenceAdapter;
import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.pacing.Allowances;
import io.quorate.engine.verification.VerifyRing;
import io.quorate.transport.codecs.BatchDecoder;
import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommittedDecoder;
import io.quorate.transport.codecs.EvidenceDecoder;
import io.quorate.transport.codecs.FetchBatchDecoder;
import io.quorate.transport.codecs.FetchPrePrepareDecoder;
import io.quorate.transport.codecs.FetchRequestDecoder;
import io.quorate.transport.codecs.FetchSnapshotDecoder;
import io.quorate.transport.codecs.FetchViewChangeDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.RecoveryAnswerDecoder;
import io.quorate.transport.codecs.RecoveryQueryDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.RequestDecoder;
import io.quorate.transport.codecs.SnapshotPageDecoder;
import io.quorate.transport.codecs.StableCheckpointDecoder;
import io.quorate.transport.codecs.StatusDecoder;
import io.quorate.transport.codecs.TaggedRequestDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import org.agrona.DirectBuffer;

/**
 * Decodes pBFT messages in place and calls the replica's, or the client's, handler; one small method a message. A message
 * that does not decode exactly (shape, length, ids, signs) is counted and dropped here, so handlers see well-formed values.
 */
public final class PbftAdapter {
    private static final int TEMPLATE_ID_MIN = 20;
    private static final int TEMPLATE_ID_MAX = 49;

    /** In which a peer's share of messages comes back. */
    private static final long MESSAGES_NS = 64_000_000;

    private static final int DATA_HEADER_LENGTH = 4;
    private static final int HEADER_LENGTH = MessageHeaderDecoder.ENCODED_LENGTH;

    private final PbftReplica replica;
    private final PbftClient client;
    private final Counters<PbftCounter> counters;
    private final int peerCount;
    private final StatementDecoder statements;
    private final Digest256 digest = new Digest256();
    private final Checkpoints.Certificate certificate;
    private final Allowances messages;
    private final EvidenceAdapter evidence;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final RequestDecoder request = new RequestDecoder();
    private final TaggedRequestDecoder taggedRequest = new TaggedRequestDecoder();
    private final PrePrepareDecoder prePrepare = new PrePrepareDecoder();
    private final PrepareDecoder prepare = new PrepareDecoder();
    private final CommitDecoder commit = new CommitDecoder();
    private final ReplyDecoder reply = new ReplyDecoder();
    private final CheckpointDecoder checkpoint = new CheckpointDecoder();
    private final StableCheckpointDecoder stableCheckpoint = new StableCheckpointDecoder();
    private final ViewChangeDecoder viewChange = new ViewChangeDecoder();
    private final NewViewDecoder newView = new NewViewDecoder();
    private final FetchViewChangeDecoder fetchViewChange = new FetchViewChangeDecoder();
    private final FetchRequestDecoder fetchRequest = new FetchRequestDecoder();
    private final FetchPrePrepareDecoder fetchPrePrepare = new FetchPrePrepareDecoder();
    private final FetchBatchDecoder fetchBatch = new FetchBatchDecoder();
    private final BatchDecoder batch = new BatchDecoder();
    private final StatusDecoder status = new StatusDecoder();
    private final CommittedDecoder committed = new CommittedDecoder();
    private final FetchSnapshotDecoder fetchSnapshot = new FetchSnapshotDecoder();
    private final SnapshotPageDecoder snapshotPage = new SnapshotPageDecoder();
    private final RecoveryQueryDecoder recoveryQuery = new RecoveryQueryDecoder();
    private final RecoveryAnswerDecoder recoveryAnswer = new RecoveryAnswerDecoder();

    /** The message in hand; the body stands at {@code offset}, {@code length} bytes long. */
    private int senderId;

    private DirectBuffer buffer;
    private int offset;
    private int length;
    private long nowNs;

    /** @param client of the same peer */
    public PbftAdapter(final PbftReplica replica, final PbftClient client) {
        this.replica = replica;
        this.client = client;
        counters = replica.counters;
        peerCount = replica.context.peerCount();
        messages = new Allowances(
                peerCount, replica.context.messagesMax(), Math.max(1, MESSAGES_NS / replica.context.messagesMax()));
        certificate = new Checkpoints.Certificate(peerCount);
        evidence = new EvidenceAdapter(replica.evidence);
        statements = new StatementDecoder(peerCount);
    }

    /** From now on requests' signatures are checked there, and {@link #onTurn} takes the requests back. */
    public PbftAdapter verifyWith(final VerifyRing ring) {
        replica.admission.verifyWith(ring);
        return this;
    }

    /** Takes back the requests whose signatures have been checked; to be called after all messages of a turn. */
    public int onTurn(final long turnNs) {
        replica.at(replica.selfId, turnNs);
        return replica.admission.takeChecked();
    }

    /**
     * Dispatches one authenticated message.
     *
     * @param offset of the SBE message header
     * @param lengthBytes header included
     * @return false if the template is not of pBFT; every other message is done with
     */
    public boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < HEADER_LENGTH) {
            return false;
        }
        header.wrap(buffer, offset);
        final int templateId = header.templateId();
        if (templateId < TEMPLATE_ID_MIN
                || templateId > TEMPLATE_ID_MAX
                || header.schemaId() != MessageHeaderDecoder.SCHEMA_ID) {
            return false;
        }
        if (senderId < 0 || senderId >= peerCount) {
            counters.increment(PbftCounter.DROPPED_UNKNOWN_PEER);
            return true;
        }
        this.senderId = senderId;
        this.buffer = buffer;
        this.offset = offset + HEADER_LENGTH;
        this.length = lengthBytes - HEADER_LENGTH;
        this.nowNs = nowNs;
        if (senderId != replica.selfId && !messages.take(senderId, nowNs)) {
            counters.increment(PbftCounter.DROPPED_MESSAGE_BUDGET);
            return true;
        }
        replica.at(senderId, nowNs);
        statements.wrap(buffer, this.offset, length);
        // Shape and lengths are checked before anything is read or handled.
        if (header.version() != MessageHeaderDecoder.SCHEMA_VERSION
                || header.blockLength() > length
                || !dispatch(templateId)) {
            counters.increment(PbftCounter.DROPPED_MALFORMED);
        }
        return true;
    }

    private boolean dispatch(final int templateId) {
        return switch (templateId) {
            case RequestDecoder.TEMPLATE_ID -> isVariable(RequestDecoder.BLOCK_LENGTH) && onRequest();
            case TaggedRequestDecoder.TEMPLATE_ID -> onTaggedRequest();
            case PrePrepareDecoder.TEMPLATE_ID -> isVariable(PrePrepareDecoder.BLOCK_LENGTH) && onPrePrepare();
            case PrepareDecoder.TEMPLATE_ID -> isFixed(PrepareDecoder.BLOCK_LENGTH) && onPrepare();
            case CommitDecoder.TEMPLATE_ID -> isFixed(CommitDecoder.BLOCK_LENGTH) && onCommit();
            case ReplyDecoder.TEMPLATE_ID -> isVariable(ReplyDecoder.BLOCK_LENGTH) && onReply();
            case CheckpointDecoder.TEMPLATE_ID -> isFixed(CheckpointDecoder.BLOCK_LENGTH) && onCheckpoint();
            case StableCheckpointDecoder.TEMPLATE_ID ->
                isGroups(StableCheckpointDecoder.BLOCK_LENGTH, 1) && onStableCheckpoint();
            case ViewChangeDecoder.TEMPLATE_ID -> isGroups(ViewChangeDecoder.BLOCK_LENGTH, 3) && onViewChange();
            case NewViewDecoder.TEMPLATE_ID -> isGroups(NewViewDecoder.BLOCK_LENGTH, 1) && onNewView();
            case StatusDecoder.TEMPLATE_ID -> isFixed(StatusDecoder.BLOCK_LENGTH) && onStatus();
            case CommittedDecoder.TEMPLATE_ID -> isFixed(CommittedDecoder.BLOCK_LENGTH) && onCommitted();
            case FetchViewChangeDecoder.TEMPLATE_ID ->
                isFixed(FetchViewChangeDecoder.BLOCK_LENGTH) && onFetchViewChange();
            case FetchRequestDecoder.TEMPLATE_ID -> isFixed(FetchRequestDecoder.BLOCK_LENGTH) && onFetchRequest();
            case FetchPrePrepareDecoder.TEMPLATE_ID ->
                isFixed(FetchPrePrepareDecoder.BLOCK_LENGTH) && onFetchPrePrepare();
            case FetchBatchDecoder.TEMPLATE_ID -> isFixed(FetchBatchDecoder.BLOCK_LENGTH) && onFetchBatch();
            case BatchDecoder.TEMPLATE_ID -> isVariable(BatchDecoder.BLOCK_LENGTH) && onBatch();
            case FetchSnapshotDecoder.TEMPLATE_ID -> isFixed(FetchSnapshotDecoder.BLOCK_LENGTH) && onFetchSnapshot();
            case SnapshotPageDecoder.TEMPLATE_ID -> isVariable(SnapshotPageDecoder.BLOCK_LENGTH) && onSnapshotPage();
            case RecoveryQueryDecoder.TEMPLATE_ID -> isFixed(RecoveryQueryDecoder.BLOCK_LENGTH) && onRecoveryQuery();
            case EvidenceDecoder.TEMPLATE_ID ->
                isFixed(EvidenceDecoder.BLOCK_LENGTH) && evidence.onMessage(buffer, offset);
            case RecoveryAnswerDecoder.TEMPLATE_ID ->
                isGroups(RecoveryAnswerDecoder.BLOCK_LENGTH, 1) && onRecoveryAnswer();
            default -> false;
        };
    }

    private boolean onRequest() {
        request.wrap(buffer, offset, RequestDecoder.BLOCK_LENGTH, 0);
        replica.admission.onRequest(senderId, request.clientId(), request.requestNumber(), buffer, offset, length);
        return true;
    }

    /** As a request, and behind the body one tag a replica. */
    private boolean onTaggedRequest() {
        final int tagsLength = replica.context.tagsLength();
        final int bodyAt = TaggedRequestDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH;
        final int bodyLength = length - bodyAt - DATA_HEADER_LENGTH - tagsLength;
        if (header.blockLength() != TaggedRequestDecoder.BLOCK_LENGTH
                || bodyLength < 0
                || buffer.getInt(offset + bodyAt - DATA_HEADER_LENGTH, LITTLE_ENDIAN) != bodyLength
                || buffer.getInt(offset + bodyAt + bodyLength, LITTLE_ENDIAN) != tagsLength) {
            return false;
        }
        taggedRequest.wrap(buffer, offset, TaggedRequestDecoder.BLOCK_LENGTH, 0);
        replica.admission.onTaggedRequest(
                senderId, taggedRequest.clientId(), taggedRequest.requestNumber(), buffer, offset, bodyAt + bodyLength);
        return true;
    }

    private boolean onPrePrepare() {
        prePrepare.wrap(buffer, offset, PrePrepareDecoder.BLOCK_LENGTH, 0);
        final int digestsOffset =
                offset + PrePrepareDecoder.BLOCK_LENGTH + PrePrepareDecoder.requestDigestsHeaderLength();
        final int digestsLength = offset + length - digestsOffset;
        if (digestsLength % Digest256.LENGTH != 0) {
            return false;
        }
        replica.onPrePrepare(
                senderId,
                prePrepare.view(),
                prePrepare.sequence(),
                digest.set(buffer, offset + PrePrepareDecoder.batchDigestEncodingOffset()),
                buffer,
                offset,
                digestsOffset,
                digestsLength);
        return true;
    }

    private boolean onPrepare() {
        prepare.wrap(buffer, offset, PrepareDecoder.BLOCK_LENGTH, 0);
        if (isSender(senderId, prepare.replicaId())) {
            digest.set(buffer, offset + PrepareDecoder.batchDigestEncodingOffset());
            replica.onPrepare(senderId, prepare.view(), prepare.sequence(), digest);
        }
        return true;
    }

    private boolean onCommit() {
        commit.wrap(buffer, offset, CommitDecoder.BLOCK_LENGTH, 0);
        if (isSender(senderId, commit.replicaId())) {
            digest.set(buffer, offset + CommitDecoder.batchDigestEncodingOffset());
            replica.onCommit(senderId, commit.view(), commit.sequence(), digest);
        }
        return true;
    }

    private boolean onReply() {
        reply.wrap(buffer, offset, ReplyDecoder.BLOCK_LENGTH, 0);
        if (isSender(senderId, reply.replicaId())) {
            final int replyOffset = offset + ReplyDecoder.BLOCK_LENGTH + ReplyDecoder.replyHeaderLength();
            client.onReply(
                    senderId,
                    reply.standing(),
                    reply.view(),
                    reply.requestNumber(),
                    reply.sequence(),
                    buffer,
                    replyOffset,
                    offset + length - replyOffset,
                    nowNs);
        }
        return true;
    }

    private boolean onCheckpoint() {
        checkpoint.wrap(buffer, offset, CheckpointDecoder.BLOCK_LENGTH, 0);
        if (isSender(senderId, checkpoint.replicaId())) {
            digest.set(buffer, offset + CheckpointDecoder.stateDigestEncodingOffset());
            replica.checkpoints.onCheckpoint(senderId, checkpoint.sequence(), digest, buffer, offset);
        }
        return true;
    }

    private boolean onStableCheckpoint() {
        stableCheckpoint.wrap(buffer, offset, StableCheckpointDecoder.BLOCK_LENGTH, 0);
        digest.set(buffer, offset + StableCheckpointDecoder.stateDigestEncodingOffset());
        certificate.begin(stableCheckpoint.sequence(), digest);
        if (!statements.decodeSigners(certificate, offset + StableCheckpointDecoder.BLOCK_LENGTH)) {
            return false;
        }
        if (certificate.sequence() > replica.checkpoints.newest().sequence()) {
            replica.checkpoints.onCertificate(certificate);
        } else {
            // Not even checked: old ones are valid, and would be checked as often as somebody likes to repeat them.
            counters.increment(PbftCounter.DROPPED_DUPLICATE);
        }
        return true;
    }

    private boolean onViewChange() {
        viewChange.wrap(buffer, offset, ViewChangeDecoder.BLOCK_LENGTH, 0);
        if (viewChange.replicaId() >= peerCount) {
            counters.increment(PbftCounter.DROPPED_UNKNOWN_PEER);
        } else if (isViewChangeWanted()) {
            final NewView.Vote vote = statements.decodeVote();
            if (vote == null) {
                return false;
            }
            // Charged though it may hold: its signer can make as many as there are views.
            replica.verifier.charge();
            replica.viewChange.onViewChange(vote);
        }
        return true;
    }

    private boolean onNewView() {
        newView.wrap(buffer, offset, NewViewDecoder.BLOCK_LENGTH, 0);
        if (replica.viewChange.isAhead(newView.view())) {
            final NewView.Proposal proposal = statements.decodeProposal();
            if (proposal == null) {
                return false;
            }
            replica.viewChange.onNewView(proposal);
        }
        return true;
    }

    private boolean onStatus() {
        status.wrap(buffer, offset, StatusDecoder.BLOCK_LENGTH, 0);
        if (isSender(senderId, status.replicaId())) {
            final boolean isRecovering = (status.flags() & PbftPublisher.FLAG_RECOVERING) != 0;
            replica.recovery.onPeerStatus(senderId, isRecovering, status.recoverySequence(), nowNs);
            replica.timers.onStatus(
                    senderId,
                    (status.flags() & PbftPublisher.FLAG_ACTIVE) != 0,
                    (status.flags() & PbftPublisher.FLAG_SLOW) != 0,
                    status.view(),
                    status.stableSequence(),
                    status.committedSequence(),
                    nowNs);
        }
        return true;
    }

    private boolean onCommitted() {
        committed.wrap(buffer, offset, CommittedDecoder.BLOCK_LENGTH, 0);
        if (isSender(senderId, committed.replicaId())) {
            digest.set(buffer, offset + CommittedDecoder.batchDigestEncodingOffset());
            replica.transfer.onCommitted(senderId, committed.sequence(), digest);
        }
        return true;
    }

    private boolean onFetchViewChange() {
        fetchViewChange.wrap(buffer, offset, FetchViewChangeDecoder.BLOCK_LENGTH, 0);
        if (!isFixed(FetchViewChangeDecoder.BLOCK_LENGTH) || fetchViewChange.replicaId() >= peerCount) {
            return false;
        }
        digest.set(buffer, offset + FetchViewChangeDecoder.viewChangeDigestEncodingOffset());
        replica.viewChange.onFetch(senderId, fetchViewChange.view(), fetchViewChange.replicaId(), digest);
        return true;
    }

    private boolean onFetchRequest() {
        fetchRequest.wrap(buffer, offset, FetchRequestDecoder.BLOCK_LENGTH, 0);
        digest.set(buffer, offset + FetchRequestDecoder.requestDigestEncodingOffset());
        replica.transfer.onFetchRequest(senderId, digest);
        return true;
    }

    private boolean onFetchPrePrepare() {
        fetchPrePrepare.wrap(buffer, offset, FetchPrePrepareDecoder.BLOCK_LENGTH, 0);
        replica.audit.onFetch(senderId, fetchPrePrepare.view(), fetchPrePrepare.sequence());
        return true;
    }

    private boolean onFetchBatch() {
        fetchBatch.wrap(buffer, offset, FetchBatchDecoder.BLOCK_LENGTH, 0);
        digest.set(buffer, offset + FetchBatchDecoder.batchDigestEncodingOffset());
        replica.transfer.onFetchBatch(senderId, fetchBatch.sequence(), digest);
        return true;
    }

    private boolean onBatch() {
        batch.wrap(buffer, offset, BatchDecoder.BLOCK_LENGTH, 0);
        final int digestsOffset = offset + BatchDecoder.BLOCK_LENGTH + BatchDecoder.requestDigestsHeaderLength();
        final int digestsLength = offset + length - digestsOffset;
        if (digestsLength % Digest256.LENGTH != 0) {
            return false;
        }
        replica.transfer.onBatch(batch.sequence(), buffer, digestsOffset, digestsLength);
        return true;
    }

    private boolean onFetchSnapshot() {
        fetchSnapshot.wrap(buffer, offset, FetchSnapshotDecoder.BLOCK_LENGTH, 0);
        replica.transfer.onFetchSnapshot(
                senderId, fetchSnapshot.sequence(), fetchSnapshot.height(), fetchSnapshot.index());
        return true;
    }

    private boolean onSnapshotPage() {
        snapshotPage.wrap(buffer, offset, SnapshotPageDecoder.BLOCK_LENGTH, 0);
        final int partOffset = offset + SnapshotPageDecoder.BLOCK_LENGTH + SnapshotPageDecoder.partHeaderLength();
        replica.transfer.onPart(
                senderId,
                snapshotPage.sequence(),
                snapshotPage.height(),
                snapshotPage.index(),
                snapshotPage.snapshotLength(),
                buffer,
                partOffset,
                offset + length - partOffset);
        return true;
    }

    private boolean onRecoveryQuery() {
        recoveryQuery.wrap(buffer, offset, RecoveryQueryDecoder.BLOCK_LENGTH, 0);
        replica.recovery.onQuery(senderId, recoveryQuery.nonce());
        return true;
    }

    private boolean onRecoveryAnswer() {
        recoveryAnswer.wrap(buffer, offset, RecoveryAnswerDecoder.BLOCK_LENGTH, 0);
        digest.set(buffer, offset + RecoveryAnswerDecoder.stateDigestEncodingOffset());
        certificate.begin(recoveryAnswer.sequence(), digest);
        if (!statements.decodeSigners(certificate, offset + RecoveryAnswerDecoder.BLOCK_LENGTH)) {
            return false;
        }
        replica.recovery.onAnswer(senderId, recoveryAnswer.nonce(), certificate);
        return true;
    }

    /** A view change that says nothing new is not decoded; its sender may lack the view that this replica is in. */
    private boolean isViewChangeWanted() {
        if (replica.viewChange.isWanted(viewChange.replicaId(), viewChange.view(), viewChange.baseSequence())) {
            return true;
        }
        if (senderId == viewChange.replicaId() && viewChange.view() <= replica.view()) {
            replica.timers.onOldView(senderId, viewChange.view());
        }
        return false;
    }

    private boolean isFixed(final int blockLength) {
        return header.blockLength() == blockLength && length == blockLength;
    }

    private boolean isVariable(final int blockLength) {
        final int dataLength = length - blockLength - DATA_HEADER_LENGTH;
        return header.blockLength() == blockLength
                && dataLength >= 0
                && buffer.getInt(offset + blockLength, LITTLE_ENDIAN) == dataLength;
    }

    private boolean isGroups(final int blockLength, final int groupCount) {
        if (header.blockLength() != blockLength) {
            return false;
        }
        long position = offset + blockLength;
        for (int i = 0; i < groupCount; i++) {
            if (position + StatementDecoder.GROUP_HEADER_LENGTH > offset + length) {
                return false;
            }
            position = statements.groupEnd((int) position);
        }
        return position == offset + length;
    }

    private boolean isSender(final int senderId, final int replicaId) {
        if (senderId == replicaId) {
            return true;
        }
        counters.increment(PbftCounter.DROPPED_SENDER_MISMATCH);
        return false;
    }
}
