package io.quorate.engine.reading;

import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.ReadAnswerEncoder;
import io.quorate.transport.codecs.ReadEncoder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes the two messages of a read. */
public final class ReadPublisher {
    private static final int DATA_HEADER_LENGTH = 4;

    private final Outbox outbox;
    private final int selfId;
    private final int peerCount;
    private final UnsafeBuffer buffer;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final ReadEncoder read = new ReadEncoder();
    private final ReadAnswerEncoder answer = new ReadAnswerEncoder();

    public ReadPublisher(final ReadContext context, final Outbox outbox) {
        this.outbox = outbox;
        selfId = context.selfId();
        peerCount = context.peerCount();
        final int bodyMax = Math.max(context.queryLengthMax(), StateMachine.REPLY_LENGTH_MAX);
        buffer = new UnsafeBuffer(
                new byte
                        [MessageHeaderEncoder.ENCODED_LENGTH
                                + Math.max(ReadEncoder.BLOCK_LENGTH, ReadAnswerEncoder.BLOCK_LENGTH)
                                + DATA_HEADER_LENGTH
                                + bodyMax]);
    }

    /** To every other peer. */
    void read(final long readNumber, final DirectBuffer query, final int offset, final int lengthBytes) {
        read.wrapAndApplyHeader(buffer, 0, header)
                .clientId(selfId)
                .readNumber(readNumber)
                .putQuery(query, offset, lengthBytes);
        for (int peerId = 0; peerId < peerCount; peerId++) {
            if (peerId != selfId) {
                send(peerId, read.encodedLength());
            }
        }
    }

    boolean answer(
            final int clientId,
            final long readNumber,
            final DirectBuffer bytes,
            final int offset,
            final int lengthBytes) {
        answer.wrapAndApplyHeader(buffer, 0, header)
                .replicaId(selfId)
                .readNumber(readNumber)
                .putAnswer(bytes, offset, lengthBytes);
        return send(clientId, answer.encodedLength());
    }

    private boolean send(final int peerId, final int bodyLength) {
        return outbox.send(peerId, buffer, 0, MessageHeaderEncoder.ENCODED_LENGTH + bodyLength);
    }
}
