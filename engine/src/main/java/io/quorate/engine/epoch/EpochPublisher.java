package io.quorate.engine.epoch;

import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.FetchHandoverEncoder;
import io.quorate.transport.codecs.HandoverCertificateEncoder;
import io.quorate.transport.codecs.HandoverEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/** One method an outgoing message about epochs. Says false if back-pressure refused some; all of them are sent again. */
public final class EpochPublisher {
    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;

    private final Outbox outbox;
    private final Outbox gate;
    private final int selfId;
    private final int peerCount;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final HandoverEncoder handover = new HandoverEncoder();
    private final HandoverCertificateEncoder certificate = new HandoverCertificateEncoder();
    private final FetchHandoverEncoder fetch = new FetchHandoverEncoder();
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[HEADER_LENGTH + HandoverEncoder.BLOCK_LENGTH]);
    private final UnsafeBuffer proof = new UnsafeBuffer(new byte[0]);

    /**
     * @param outbox to the peers of the epoch
     * @param gate the way of what vouches for something written down; the outbox itself in memory-only mode
     */
    public EpochPublisher(final Outbox outbox, final Outbox gate, final int selfId, final int peerCount) {
        this.outbox = outbox;
        this.gate = gate;
        this.selfId = selfId;
        this.peerCount = peerCount;
    }

    /** To everybody else. It vouches for the closing state: who has said it reads nothing in this epoch any more. */
    boolean handover(final Handover own, final byte[] signature) {
        handover.wrapAndApplyHeader(buffer, 0, header);
        buffer.putBytes(HEADER_LENGTH, signature, 0, Signer.SIGNATURE_LENGTH);
        own.write(buffer, HEADER_LENGTH + Signer.SIGNATURE_LENGTH);
        return everyone(gate, HEADER_LENGTH + HandoverEncoder.BLOCK_LENGTH);
    }

    /** @param encoded the bytes of a {@link HandoverCertificate} */
    boolean certificate(final int receiverId, final byte[] encoded) {
        if (proof.capacity() < HEADER_LENGTH + encoded.length) {
            proof.wrap(new byte[HEADER_LENGTH + encoded.length]);
        }
        certificate.wrapAndApplyHeader(proof, 0, header);
        proof.putBytes(HEADER_LENGTH, encoded);
        return outbox.send(receiverId, proof, 0, HEADER_LENGTH + encoded.length);
    }

    /** To everybody else. */
    boolean fetch(final long epoch) {
        fetch.wrapAndApplyHeader(buffer, 0, header).epoch(epoch);
        return everyone(outbox, HEADER_LENGTH + FetchHandoverEncoder.BLOCK_LENGTH);
    }

    private boolean everyone(final Outbox way, final int lengthBytes) {
        boolean isSent = true;
        for (int peerId = 0; peerId < peerCount; peerId++) {
            if (peerId != selfId) {
                isSent &= way.send(peerId, buffer, 0, lengthBytes);
            }
        }
        return isSent;
    }
}
