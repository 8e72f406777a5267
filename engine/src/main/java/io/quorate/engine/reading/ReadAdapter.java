package io.quorate.engine.reading;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.ReadCounter;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.ReadAnswerDecoder;
import io.quorate.transport.codecs.ReadDecoder;
import org.agrona.DirectBuffer;

/** Decodes the two messages of a read in place; one that does not decode exactly is counted and dropped. */
public final class ReadAdapter {
    private static final int HEADER_LENGTH = MessageHeaderDecoder.ENCODED_LENGTH;
    private static final int DATA_HEADER_LENGTH = 4;

    private final ReadServer server;
    private final ReadClient client;
    private final int peerCount;
    private final Counters<ReadCounter> counters;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final ReadDecoder read = new ReadDecoder();
    private final ReadAnswerDecoder answer = new ReadAnswerDecoder();

    public ReadAdapter(
            final ReadContext context,
            final ReadServer server,
            final ReadClient client,
            final Counters<ReadCounter> counters) {
        this.server = server;
        this.client = client;
        this.counters = counters;
        peerCount = context.peerCount();
    }

    /**
     * Dispatches one authenticated message.
     *
     * @param offset of the SBE message header
     * @param lengthBytes header included
     * @return false if the template is not of a read
     */
    public boolean onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (lengthBytes < HEADER_LENGTH) {
            return false;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != MessageHeaderDecoder.SCHEMA_ID) {
            return false;
        }
        switch (header.templateId()) {
            case ReadDecoder.TEMPLATE_ID:
                count(onRead(senderId, buffer, offset + HEADER_LENGTH, lengthBytes - HEADER_LENGTH));
                return true;
            case ReadAnswerDecoder.TEMPLATE_ID:
                count(onAnswer(senderId, buffer, offset + HEADER_LENGTH, lengthBytes - HEADER_LENGTH));
                return true;
            default:
                return false;
        }
    }

    private void count(final boolean isSound) {
        if (!isSound) {
            counters.increment(ReadCounter.DROPPED_MALFORMED);
        }
    }

    private boolean onRead(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!isShape(ReadDecoder.BLOCK_LENGTH, buffer, offset, lengthBytes, senderId)) {
            return false;
        }
        read.wrap(buffer, offset, ReadDecoder.BLOCK_LENGTH, 0);
        if (read.clientId() != senderId) {
            return false;
        }
        final int body = ReadDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH;
        server.onRead(senderId, read.readNumber(), buffer, offset + body, lengthBytes - body);
        return true;
    }

    private boolean onAnswer(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!isShape(ReadAnswerDecoder.BLOCK_LENGTH, buffer, offset, lengthBytes, senderId)) {
            return false;
        }
        answer.wrap(buffer, offset, ReadAnswerDecoder.BLOCK_LENGTH, 0);
        if (answer.replicaId() != senderId) {
            return false;
        }
        final int body = ReadAnswerDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH;
        client.onAnswer(senderId, answer.readNumber(), buffer, offset + body, lengthBytes - body);
        return true;
    }

    /** A fixed block and one length with exactly so many bytes behind it. */
    private boolean isShape(
            final int blockLength,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final int senderId) {
        return senderId >= 0
                && senderId < peerCount
                && header.version() == MessageHeaderDecoder.SCHEMA_VERSION
                && header.blockLength() == blockLength
                && lengthBytes >= blockLength + DATA_HEADER_LENGTH
                && buffer.getInt(offset + blockLength, java.nio.ByteOrder.LITTLE_ENDIAN)
                        == lengthBytes - blockLength - DATA_HEADER_LENGTH;
    }
}
