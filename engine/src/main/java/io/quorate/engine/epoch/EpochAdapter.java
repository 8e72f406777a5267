package io.quorate.engine.epoch;

import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.FetchHandoverDecoder;
import io.quorate.transport.codecs.HandoverCertificateDecoder;
import io.quorate.transport.codecs.HandoverDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import org.agrona.DirectBuffer;

/** Decodes messages about epochs in place and calls what handles them in the epoch that the frame names. */
public final class EpochAdapter {
    /** A peer's part in one epoch: {@link Succession} in one that has opened, {@link Joining} before. */
    public interface Handler {
        /** A peer of the epoch signed what follows it. */
        void onHandover(int senderId, Handover handover, byte[] signature, long nowNs);

        /** The bytes of a {@link HandoverCertificate}; not yet looked at. */
        void onCertificate(int senderId, DirectBuffer buffer, int offset, int lengthBytes, long nowNs);

        /** A peer asks for what opened an epoch. */
        void onFetch(int senderId, long epoch, long nowNs);
    }

    private static final int TEMPLATE_ID_MIN = 50;
    private static final int TEMPLATE_ID_MAX = 59;
    private static final int HEADER_LENGTH = MessageHeaderDecoder.ENCODED_LENGTH;

    private final Handler handler;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final FetchHandoverDecoder fetch = new FetchHandoverDecoder();

    public EpochAdapter(final Handler handler) {
        this.handler = handler;
    }

    /**
     * Dispatches one authenticated message.
     *
     * @param offset of the SBE message header
     * @param lengthBytes header included
     * @return false if the template is not about epochs; every other message is done with
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
        final int body = offset + HEADER_LENGTH;
        final int length = lengthBytes - HEADER_LENGTH;
        switch (templateId) {
            case HandoverDecoder.TEMPLATE_ID -> {
                if (length == HandoverDecoder.BLOCK_LENGTH) {
                    final byte[] signature = new byte[Signer.SIGNATURE_LENGTH];
                    buffer.getBytes(body, signature);
                    handler.onHandover(
                            senderId, Handover.read(buffer, body + Signer.SIGNATURE_LENGTH), signature, nowNs);
                }
            }
            case HandoverCertificateDecoder.TEMPLATE_ID -> handler.onCertificate(senderId, buffer, body, length, nowNs);
            case FetchHandoverDecoder.TEMPLATE_ID -> {
                if (length == FetchHandoverDecoder.BLOCK_LENGTH) {
                    fetch.wrap(buffer, body, FetchHandoverDecoder.BLOCK_LENGTH, 0);
                    handler.onFetch(senderId, fetch.epoch(), nowNs);
                }
            }
            default -> {
                // No such message.
            }
        }
        return true;
    }
}
