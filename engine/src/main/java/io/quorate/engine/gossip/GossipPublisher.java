package io.quorate.engine.gossip;

import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.RumorEncoder;
import io.quorate.transport.codecs.RumorNoticeEncoder;
import io.quorate.transport.codecs.RumorRequestEncoder;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes the messages of gossip; false or nothing sent where the links refused one. One thread, the consensus thread. */
public final class GossipPublisher {
    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int DATA_HEADER_LENGTH = 4;

    private final Outbox outbox;
    private final UnsafeBuffer buffer;
    private final UnsafeBuffer list;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final RumorEncoder rumor = new RumorEncoder();
    private final RumorNoticeEncoder notice = new RumorNoticeEncoder();
    private final RumorRequestEncoder request = new RumorRequestEncoder();

    public GossipPublisher(final GossipContext context, final Outbox outbox) {
        this.outbox = outbox;
        final int rumorLength =
                HEADER_LENGTH + RumorEncoder.BLOCK_LENGTH + DATA_HEADER_LENGTH + context.recordLengthMax();
        buffer = new UnsafeBuffer(new byte[Math.max(rumorLength, context.messageLengthMax())]);
        list = new UnsafeBuffer(new byte[context.messageLengthMax()]);
    }

    /** How many ids one message names. */
    static int idsMax(final GossipContext context) {
        return (context.messageLengthMax() - HEADER_LENGTH - DATA_HEADER_LENGTH) / Long.BYTES;
    }

    boolean rumor(
            final int peerId,
            final int kind,
            final int ttl,
            final DirectBuffer record,
            final int offset,
            final int lengthBytes) {
        rumor.wrapAndApplyHeader(buffer, 0, header)
                .kind((short) kind)
                .ttl((short) ttl)
                .putRecord(record, offset, lengthBytes);
        return send(peerId, rumor.encodedLength());
    }

    boolean rumorNotice(final int peerId, final long[] ids, final int count) {
        notice.wrapAndApplyHeader(buffer, 0, header).putRumorIds(list(ids, count), 0, count * Long.BYTES);
        return send(peerId, notice.encodedLength());
    }

    boolean rumorRequest(final int peerId, final long[] ids, final int count) {
        request.wrapAndApplyHeader(buffer, 0, header).putRumorIds(list(ids, count), 0, count * Long.BYTES);
        return send(peerId, request.encodedLength());
    }

    private DirectBuffer list(final long[] ids, final int count) {
        for (int i = 0; i < count; i++) {
            list.putLong(i * Long.BYTES, ids[i], ByteOrder.LITTLE_ENDIAN);
        }
        return list;
    }

    private boolean send(final int peerId, final int bodyLength) {
        return outbox.send(peerId, buffer, 0, HEADER_LENGTH + bodyLength);
    }
}
