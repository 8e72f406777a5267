package io.quorate.engine.membership;

import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.AccusationsEncoder;
import io.quorate.transport.codecs.AckEncoder;
import io.quorate.transport.codecs.JoinAnswerEncoder;
import io.quorate.transport.codecs.JoinEncoder;
import io.quorate.transport.codecs.MemberRecordsEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.PingEncoder;
import io.quorate.transport.codecs.PingReportEncoder;
import io.quorate.transport.codecs.PingRequestEncoder;
import io.quorate.transport.codecs.TableDigestEncoder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes the messages of membership and hands them to the outbox; each says if back-pressure refused it. Consensus thread only. */
public final class MembershipPublisher {
    /** Records in one message. */
    static final int RECORDS_MAX = 16;

    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int BUFFER_LENGTH = 8 * 1024;

    private final Outbox outbox;
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[BUFFER_LENGTH]);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final PingEncoder ping = new PingEncoder();
    private final AckEncoder ack = new AckEncoder();
    private final PingRequestEncoder pingRequest = new PingRequestEncoder();
    private final PingReportEncoder pingReport = new PingReportEncoder();
    private final MemberRecordsEncoder records = new MemberRecordsEncoder();
    private final AccusationsEncoder accusations = new AccusationsEncoder();
    private final JoinEncoder join = new JoinEncoder();
    private final JoinAnswerEncoder joinAnswer = new JoinAnswerEncoder();
    private final TableDigestEncoder tableDigest = new TableDigestEncoder();
    private final Member[] batch = new Member[RECORDS_MAX];
    private int batchCount;

    public MembershipPublisher(final Outbox outbox) {
        this.outbox = outbox;
    }

    boolean ping(
            final int toId,
            final int number,
            final long incarnation,
            final long knownIncarnation,
            final int flags,
            final long tableHash) {
        ping.wrapAndApplyHeader(buffer, 0, header)
                .number(number)
                .incarnation(incarnation)
                .knownIncarnation(knownIncarnation)
                .flags((short) flags)
                .tableHash(tableHash);
        return send(toId, ping.encodedLength());
    }

    boolean ack(
            final int toId,
            final int number,
            final long incarnation,
            final long knownIncarnation,
            final int flags,
            final long tableHash) {
        ack.wrapAndApplyHeader(buffer, 0, header)
                .number(number)
                .incarnation(incarnation)
                .knownIncarnation(knownIncarnation)
                .flags((short) flags)
                .tableHash(tableHash);
        return send(toId, ack.encodedLength());
    }

    boolean pingRequest(final int toId, final int number, final int subjectId) {
        pingRequest.wrapAndApplyHeader(buffer, 0, header).number(number).subjectId(subjectId);
        return send(toId, pingRequest.encodedLength());
    }

    boolean pingReport(final int toId, final int number, final int subjectId, final boolean isAnswered) {
        pingReport
                .wrapAndApplyHeader(buffer, 0, header)
                .number(number)
                .subjectId(subjectId)
                .isAnswered((short) (isAnswered ? 1 : 0));
        return send(toId, pingReport.encodedLength());
    }

    /** Adds a record to the message that {@link #records} sends; a full one leaves at once. */
    void addRecord(final int toId, final Member record) {
        batch[batchCount++] = record;
        if (batchCount == RECORDS_MAX) {
            records(toId);
        }
    }

    /** Sends what was added, if anything was. */
    boolean records(final int toId) {
        if (batchCount == 0) {
            return true;
        }
        records.wrapAndApplyHeader(buffer, 0, header);
        final MemberRecordsEncoder.RecordsEncoder entries = records.recordsCount(batchCount);
        for (int i = 0; i < batchCount; i++) {
            final Member record = batch[i];
            final DirectBuffer entry = record.entry();
            entries.next()
                    .memberId(record.id())
                    .zone(record.zone())
                    .status((short) record.status().ordinal())
                    .incarnation(record.incarnation())
                    .putSignature(entry, Member.ENTRY_LENGTH - Signer.SIGNATURE_LENGTH, Signer.SIGNATURE_LENGTH);
        }
        batchCount = 0;
        return send(toId, records.encodedLength());
    }

    /** One record. */
    boolean record(final int toId, final Member record) {
        addRecord(toId, record);
        return records(toId);
    }

    /** One accusation. */
    boolean accusation(
            final int toId,
            final int subjectId,
            final long incarnation,
            final int accuserId,
            final DirectBuffer signatures,
            final int offset) {
        accusations.wrapAndApplyHeader(buffer, 0, header).subjectId(subjectId).incarnation(incarnation);
        accusations
                .accusersCount(1)
                .next()
                .accuserId(accuserId)
                .putSignature(signatures, offset, Signer.SIGNATURE_LENGTH);
        return send(toId, accusations.encodedLength());
    }

    /** All accusations of one member: with a quorum of them, the certificate. */
    boolean accusations(
            final int toId, final int subjectId, final Suspicion suspicion, final FailureQuorum failureQuorum) {
        accusations.wrapAndApplyHeader(buffer, 0, header).subjectId(subjectId).incarnation(suspicion.incarnation());
        final AccusationsEncoder.AccusersEncoder entries = accusations.accusersCount(suspicion.count());
        for (int index = 0; index < failureQuorum.observerCount(); index++) {
            if (suspicion.has(index)) {
                entries.next()
                        .accuserId(failureQuorum.observer(subjectId, index))
                        .putSignature(
                                suspicion.signatures(), Suspicion.signatureOffset(index), Signer.SIGNATURE_LENGTH);
            }
        }
        return send(toId, accusations.encodedLength());
    }

    boolean join(final int toId, final int attempt) {
        join.wrapAndApplyHeader(buffer, 0, header).attempt(attempt);
        return send(toId, join.encodedLength());
    }

    boolean joinAnswer(final int toId, final int attempt, final int memberCount, final long tableHash) {
        joinAnswer
                .wrapAndApplyHeader(buffer, 0, header)
                .attempt(attempt)
                .memberCount(memberCount)
                .tableHash(tableHash);
        return send(toId, joinAnswer.encodedLength());
    }

    boolean tableDigest(final int toId, final boolean isQuestion, final MemberTable table) {
        tableDigest.wrapAndApplyHeader(buffer, 0, header).isQuestion((short) (isQuestion ? 1 : 0));
        for (int bucket = 0; bucket < MemberTable.BUCKETS; bucket++) {
            tableDigest.bucketHashes(bucket, table.bucketHash(bucket));
        }
        return send(toId, tableDigest.encodedLength());
    }

    private boolean send(final int toId, final int bodyLength) {
        return outbox.send(toId, buffer, 0, HEADER_LENGTH + bodyLength);
    }
}
