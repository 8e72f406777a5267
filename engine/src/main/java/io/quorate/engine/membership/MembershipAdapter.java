package io.quorate.engine.membership;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.transport.codecs.AccusationsDecoder;
import io.quorate.transport.codecs.AckDecoder;
import io.quorate.transport.codecs.JoinAnswerDecoder;
import io.quorate.transport.codecs.JoinDecoder;
import io.quorate.transport.codecs.MemberRecordsDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PingDecoder;
import io.quorate.transport.codecs.PingReportDecoder;
import io.quorate.transport.codecs.PingRequestDecoder;
import io.quorate.transport.codecs.TableDigestDecoder;
import org.agrona.DirectBuffer;

/**
 * Decodes the messages of membership in place and calls {@link Swim}. Consensus thread only. A message that does not decode exactly
 * costs its sender reputation and is dropped.
 */
public final class MembershipAdapter {
    private static final int HEADER_LENGTH = MessageHeaderDecoder.ENCODED_LENGTH;
    private static final int GROUP_HEADER_LENGTH = 4;
    private static final int ACCUSERS_MAX = 64;

    private final Swim swim;
    private final int memberCount;
    private final int selfId;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final PingDecoder ping = new PingDecoder();
    private final AckDecoder ack = new AckDecoder();
    private final PingRequestDecoder pingRequest = new PingRequestDecoder();
    private final PingReportDecoder pingReport = new PingReportDecoder();
    private final JoinDecoder join = new JoinDecoder();
    private final TableDigestDecoder tableDigest = new TableDigestDecoder();
    private final AccusationsDecoder accusations = new AccusationsDecoder();
    private final long[] bucketHashes = new long[MemberTable.BUCKETS];

    public MembershipAdapter(final MembershipContext context, final Swim swim) {
        this.swim = swim;
        memberCount = context.memberCount();
        selfId = context.selfId();
    }

    /**
     * Dispatches one authenticated message.
     *
     * @param offset of the SBE message header
     * @param lengthBytes header included
     * @return false if the template is not of membership
     */
    public boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < HEADER_LENGTH || senderId < 0 || senderId >= memberCount || senderId == selfId) {
            return false;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != MessageHeaderDecoder.SCHEMA_ID
                || header.templateId() < PingDecoder.TEMPLATE_ID
                || header.templateId() > TableDigestDecoder.TEMPLATE_ID) {
            return false;
        }
        swim.onHeard(senderId, nowNs);
        if (header.version() != MessageHeaderDecoder.SCHEMA_VERSION
                || !dispatch(senderId, buffer, offset + HEADER_LENGTH, lengthBytes - HEADER_LENGTH, nowNs)) {
            swim.onMalformed(senderId);
        }
        swim.onHandled(nowNs);
        return true;
    }

    private boolean dispatch(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        return switch (header.templateId()) {
            case PingDecoder.TEMPLATE_ID -> onPing(senderId, buffer, offset, lengthBytes, nowNs);
            case AckDecoder.TEMPLATE_ID -> onAck(senderId, buffer, offset, lengthBytes, nowNs);
            case PingRequestDecoder.TEMPLATE_ID -> onPingRequest(senderId, buffer, offset, lengthBytes, nowNs);
            case PingReportDecoder.TEMPLATE_ID -> onPingReport(senderId, buffer, offset, lengthBytes, nowNs);
            case MemberRecordsDecoder.TEMPLATE_ID -> onRecords(senderId, buffer, offset, lengthBytes, nowNs);
            case AccusationsDecoder.TEMPLATE_ID -> onAccusations(senderId, buffer, offset, lengthBytes, nowNs);
            case JoinDecoder.TEMPLATE_ID -> onJoin(senderId, buffer, offset, lengthBytes, nowNs);
            case JoinAnswerDecoder.TEMPLATE_ID -> onJoinAnswer(senderId, lengthBytes);
            default -> onTableDigest(senderId, buffer, offset, lengthBytes, nowNs);
        };
    }

    private boolean isBlock(final int blockLength, final int lengthBytes) {
        return header.blockLength() == blockLength && lengthBytes == blockLength;
    }

    private boolean onPing(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (!isBlock(PingDecoder.BLOCK_LENGTH, lengthBytes)) {
            return false;
        }
        ping.wrap(buffer, offset, PingDecoder.BLOCK_LENGTH, 0);
        if (ping.incarnation() < 1 || ping.knownIncarnation() < 0) {
            return false;
        }
        swim.onPing(senderId, (int) ping.number(), ping.knownIncarnation(), ping.flags(), ping.tableHash(), nowNs);
        return true;
    }

    private boolean onAck(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (!isBlock(AckDecoder.BLOCK_LENGTH, lengthBytes)) {
            return false;
        }
        ack.wrap(buffer, offset, AckDecoder.BLOCK_LENGTH, 0);
        if (ack.incarnation() < 1 || ack.knownIncarnation() < 0) {
            return false;
        }
        swim.onAck(senderId, ack.knownIncarnation(), ack.flags(), ack.tableHash(), nowNs);
        return true;
    }

    private boolean onPingRequest(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (!isBlock(PingRequestDecoder.BLOCK_LENGTH, lengthBytes)) {
            return false;
        }
        pingRequest.wrap(buffer, offset, PingRequestDecoder.BLOCK_LENGTH, 0);
        final int subjectId = pingRequest.subjectId();
        if (subjectId >= memberCount || subjectId == senderId) {
            return false;
        }
        swim.onPingRequest(senderId, (int) pingRequest.number(), subjectId, nowNs);
        return true;
    }

    private boolean onPingReport(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (!isBlock(PingReportDecoder.BLOCK_LENGTH, lengthBytes)) {
            return false;
        }
        pingReport.wrap(buffer, offset, PingReportDecoder.BLOCK_LENGTH, 0);
        if (pingReport.subjectId() >= memberCount || pingReport.isAnswered() > 1) {
            return false;
        }
        swim.onPingReport(
                senderId, (int) pingReport.number(), pingReport.subjectId(), pingReport.isAnswered() == 1, nowNs);
        return true;
    }

    /** Entries of the message's one group, or -1 if its length does not fit. */
    private int groupCount(
            final int blockLength,
            final int entryLength,
            final int countMax,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        if (header.blockLength() != blockLength || lengthBytes < blockLength + GROUP_HEADER_LENGTH) {
            return -1;
        }
        final int entry = buffer.getShort(offset + blockLength, LITTLE_ENDIAN) & 0xffff;
        final int count = buffer.getShort(offset + blockLength + Short.BYTES, LITTLE_ENDIAN) & 0xffff;
        final boolean fits = entry == entryLength
                && count >= 1
                && count <= countMax
                && lengthBytes == blockLength + GROUP_HEADER_LENGTH + count * entryLength;
        return fits ? count : -1;
    }

    private boolean onRecords(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int count = groupCount(
                MemberRecordsDecoder.BLOCK_LENGTH,
                MemberRecordsDecoder.RecordsDecoder.sbeBlockLength(),
                MembershipPublisher.RECORDS_MAX,
                buffer,
                offset,
                lengthBytes);
        int at = offset + MemberRecordsDecoder.BLOCK_LENGTH + GROUP_HEADER_LENGTH;
        for (int i = 0; i < count; i++) {
            if (Member.idAt(buffer, at) >= memberCount || !swim.onRecord(senderId, buffer, at, nowNs)) {
                return false;
            }
            at += Member.ENTRY_LENGTH;
        }
        return count > 0;
    }

    private boolean onAccusations(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int entryLength = AccusationsDecoder.AccusersDecoder.sbeBlockLength();
        final int count =
                groupCount(AccusationsDecoder.BLOCK_LENGTH, entryLength, ACCUSERS_MAX, buffer, offset, lengthBytes);
        if (count < 0) {
            return false;
        }
        accusations.wrap(buffer, offset, AccusationsDecoder.BLOCK_LENGTH, 0);
        final int subjectId = accusations.subjectId();
        final long incarnation = accusations.incarnation();
        if (subjectId >= memberCount || incarnation < 1) {
            return false;
        }
        int at = offset + AccusationsDecoder.BLOCK_LENGTH + GROUP_HEADER_LENGTH;
        for (int i = 0; i < count; i++) {
            final int accuserId = buffer.getShort(at, LITTLE_ENDIAN) & 0xffff;
            if (accuserId >= memberCount || accuserId == subjectId) {
                return false;
            }
            swim.onAccusation(senderId, subjectId, incarnation, accuserId, buffer, at + Short.BYTES, nowNs);
            at += entryLength;
        }
        return true;
    }

    private boolean onJoin(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (!isBlock(JoinDecoder.BLOCK_LENGTH, lengthBytes)) {
            return false;
        }
        join.wrap(buffer, offset, JoinDecoder.BLOCK_LENGTH, 0);
        swim.onJoin(senderId, (int) join.attempt(), nowNs);
        return true;
    }

    private boolean onJoinAnswer(final int senderId, final int lengthBytes) {
        if (!isBlock(JoinAnswerDecoder.BLOCK_LENGTH, lengthBytes)) {
            return false;
        }
        swim.onJoinAnswer(senderId);
        return true;
    }

    private boolean onTableDigest(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (!isBlock(TableDigestDecoder.BLOCK_LENGTH, lengthBytes)) {
            return false;
        }
        tableDigest.wrap(buffer, offset, TableDigestDecoder.BLOCK_LENGTH, 0);
        if (tableDigest.isQuestion() > 1) {
            return false;
        }
        for (int bucket = 0; bucket < bucketHashes.length; bucket++) {
            bucketHashes[bucket] = tableDigest.bucketHashes(bucket);
        }
        swim.onTableDigest(senderId, tableDigest.isQuestion() == 1, bucketHashes, nowNs);
        return true;
    }
}
