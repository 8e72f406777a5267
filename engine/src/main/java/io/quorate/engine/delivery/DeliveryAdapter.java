package io.quorate.engine.delivery;

import io.quorate.transport.auth.Digest;
import io.quorate.transport.codecs.DecisionCopyDecoder;
import io.quorate.transport.codecs.DecisionQueryDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import org.agrona.DirectBuffer;

/** Decodes what other peers say to {@link MissedDecisions}; what is malformed is counted and dropped. */
public final class DeliveryAdapter {
    private final MissedDecisions missed;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final byte[] digest = new byte[Digest.LENGTH];
    private long malformedCount;

    public DeliveryAdapter(final MissedDecisions missed) {
        this.missed = missed;
    }

    /**
     * Takes one message of an authenticated sender.
     *
     * @return false if the message belongs to another room
     */
    public boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < MessageHeaderDecoder.ENCODED_LENGTH) {
            return false;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != DecisionQueryDecoder.SCHEMA_ID) {
            return false;
        }
        final int body = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        final int bodyLength = lengthBytes - MessageHeaderDecoder.ENCODED_LENGTH;
        switch (header.templateId()) {
            case DecisionQueryDecoder.TEMPLATE_ID:
                if (isSound(DecisionQueryDecoder.BLOCK_LENGTH) && bodyLength == DecisionQueryDecoder.BLOCK_LENGTH) {
                    buffer.getBytes(body, digest);
                    missed.onQuery(senderId, digest, nowNs);
                }
                return true;
            case DecisionCopyDecoder.TEMPLATE_ID:
                if (isSound(DecisionCopyDecoder.BLOCK_LENGTH)) {
                    missed.onCopy(senderId, buffer, body, bodyLength);
                }
                return true;
            default:
                return false;
        }
    }

    /** Messages of another version or with another block. */
    public long malformedCount() {
        return malformedCount;
    }

    private boolean isSound(final int blockLength) {
        final boolean isSound =
                header.version() == DecisionQueryDecoder.SCHEMA_VERSION && header.blockLength() == blockLength;
        malformedCount += isSound ? 0 : 1;
        return isSound;
    }
}
