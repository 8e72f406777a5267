package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.RumorDecoder;
import io.quorate.transport.codecs.RumorNoticeDecoder;
import io.quorate.transport.codecs.RumorRequestDecoder;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;

/** Decodes the messages of gossip in place; one that does not decode exactly is counted and dropped. One thread, the consensus thread. */
public final class GossipAdapter {
    private static final int HEADER_LENGTH = MessageHeaderDecoder.ENCODED_LENGTH;
    private static final int DATA_HEADER_LENGTH = 4;

    private final RumorMill mill;
    private final int peerCount;
    private final int recordLengthMax;
    private final int idsMax;
    private final Counters<GossipCounter> counters;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final RumorDecoder rumor = new RumorDecoder();

    public GossipAdapter(final GossipContext context, final RumorMill mill, final Counters<GossipCounter> counters) {
        this.mill = mill;
        this.counters = counters;
        peerCount = context.peerCount();
        recordLengthMax = context.recordLengthMax();
        idsMax = GossipPublisher.idsMax(context);
    }

    /**
     * Dispatches one authenticated message.
     *
     * @param offset of the SBE message header
     * @param lengthBytes header included
     * @return false if the template is not of gossip
     */
    public boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < HEADER_LENGTH) {
            return false;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != MessageHeaderDecoder.SCHEMA_ID) {
            return false;
        }
        final int body = offset + HEADER_LENGTH;
        final int bodyLength = lengthBytes - HEADER_LENGTH;
        final boolean isSound;
        switch (header.templateId()) {
            case RumorDecoder.TEMPLATE_ID -> isSound = onRumor(senderId, buffer, body, bodyLength, nowNs);
            case RumorNoticeDecoder.TEMPLATE_ID -> isSound = onNotice(senderId, buffer, body, bodyLength);
            case RumorRequestDecoder.TEMPLATE_ID -> isSound = onRequest(senderId, buffer, body, bodyLength);
            default -> {
                return false;
            }
        }
        if (!isSound) {
            counters.increment(GossipCounter.DROPPED_MALFORMED);
        }
        return true;
    }

    private boolean onRumor(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int length = dataLength(RumorDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (length < 1 || length > recordLengthMax) {
            return false;
        }
        rumor.wrap(buffer, offset, RumorDecoder.BLOCK_LENGTH, 0);
        final int data = offset + RumorDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH;
        mill.onRumor(senderId, rumor.kind(), rumor.ttl(), buffer, data, length, nowNs);
        return true;
    }

    private boolean onNotice(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final int count = idCount(RumorNoticeDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (count > 0) {
            mill.onNotice(senderId, buffer, offset + RumorNoticeDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH, count);
        }
        return count > 0;
    }

    private boolean onRequest(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final int count = idCount(RumorRequestDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (count > 0) {
            mill.onRequest(senderId, buffer, offset + RumorRequestDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH, count);
        }
        return count > 0;
    }

    private int idCount(
            final int blockLength,
            final int senderId,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        final int length = dataLength(blockLength, senderId, buffer, offset, lengthBytes);
        return length % Long.BYTES == 0 && length / Long.BYTES <= idsMax ? length / Long.BYTES : -1;
    }

    /** Length of the one variable part behind a fixed block, if it fills the message exactly; else -1. */
    private int dataLength(
            final int blockLength,
            final int senderId,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        if (senderId < 0
                || senderId >= peerCount
                || header.version() != MessageHeaderDecoder.SCHEMA_VERSION
                || header.blockLength() != blockLength
                || lengthBytes < blockLength + DATA_HEADER_LENGTH) {
            return -1;
        }
        final int length = buffer.getInt(offset + blockLength, ByteOrder.LITTLE_ENDIAN);
        return length == lengthBytes - blockLength - DATA_HEADER_LENGTH ? length : -1;
    }
}
