package io.quorate.engine.evidence;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.EvidenceEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes evidence and hands it to the outbox for every other peer. */
public final class EvidencePublisher {
    private static final int LENGTH = MessageHeaderEncoder.ENCODED_LENGTH + EvidenceEncoder.BLOCK_LENGTH;

    private final Outbox outbox;
    private final int selfId;
    private final int peerCount;
    private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[LENGTH]);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final EvidenceEncoder evidence = new EvidenceEncoder();

    public EvidencePublisher(final Outbox outbox, final int selfId, final int peerCount) {
        this.outbox = outbox;
        this.selfId = selfId;
        this.peerCount = peerCount;
    }

    /** Sends to everybody else; false if back-pressure refused some. */
    public boolean evidence(final Evidence found) {
        evidence.wrapAndApplyHeader(buffer, 0, header);
        evidence.kind((short) found.kind().ordinal())
                .accusedId(found.accusedId())
                .view(found.view())
                .sequence(found.sequence())
                .putFirstDigest(found.first(), 0, Digest256.LENGTH)
                .putFirstSignature(found.first(), Digest256.LENGTH, EvidenceEncoder.firstSignatureLength())
                .putSecondDigest(found.second(), 0, Digest256.LENGTH)
                .putSecondSignature(found.second(), Digest256.LENGTH, EvidenceEncoder.secondSignatureLength());
        boolean isSent = true;
        for (int peerId = 0; peerId < peerCount; peerId++) {
            if (peerId != selfId) {
                isSent &= outbox.send(peerId, buffer, 0, LENGTH);
            }
        }
        return isSent;
    }
}
