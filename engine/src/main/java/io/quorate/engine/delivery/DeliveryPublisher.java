package io.quorate.engine.delivery;

import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.codecs.DecisionCopyEncoder;
import io.quorate.transport.codecs.DecisionQueryEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import org.agrona.ExpandableArrayBuffer;

/** Encodes what {@link MissedDecisions} says to other peers; each method tells whether the outbox took it. */
public final class DeliveryPublisher {
    private final Outbox outbox;
    private final int messageLengthMax;
    private final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final DecisionQueryEncoder query = new DecisionQueryEncoder();
    private final DecisionCopyEncoder copy = new DecisionCopyEncoder();

    /** @param messageLengthMax of the outbox; a longer record is not sent */
    public DeliveryPublisher(final Outbox outbox, final int messageLengthMax) {
        this.outbox = outbox;
        this.messageLengthMax = messageLengthMax;
    }

    boolean query(final int peerId, final byte[] decisionDigest) {
        query.wrapAndApplyHeader(buffer, 0, header);
        buffer.putBytes(query.offset(), decisionDigest, 0, Digest.LENGTH);
        return outbox.send(peerId, buffer, 0, query.limit());
    }

    boolean copy(final int peerId, final byte[] record) {
        copy.wrapAndApplyHeader(buffer, 0, header);
        final int lengthBytes = copy.limit() + record.length;
        if (lengthBytes > messageLengthMax) {
            return false;
        }
        buffer.putBytes(copy.limit(), record);
        return outbox.send(peerId, buffer, 0, lengthBytes);
    }
}
