package io.quorate.engine.evidence;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.codecs.EvidenceDecoder;
import org.agrona.DirectBuffer;

/** Decodes evidence in place and hands it to the book. */
public final class EvidenceAdapter {
    private static final Evidence.Kind[] KINDS = Evidence.Kind.values();

    private final EvidenceBook book;
    private final EvidenceDecoder evidence = new EvidenceDecoder();
    private final Digest256 first = new Digest256();
    private final Digest256 second = new Digest256();

    public EvidenceAdapter(final EvidenceBook book) {
        this.book = book;
    }

    /**
     * One message, its length checked by the caller.
     *
     * @param offset of the block
     * @return false if it is malformed
     */
    public boolean onMessage(final DirectBuffer buffer, final int offset) {
        evidence.wrap(buffer, offset, EvidenceDecoder.BLOCK_LENGTH, 0);
        if (evidence.kind() >= KINDS.length) {
            return false;
        }
        book.onEvidence(Evidence.of(
                KINDS[evidence.kind()],
                evidence.accusedId(),
                evidence.view(),
                evidence.sequence(),
                first.set(buffer, offset + EvidenceDecoder.firstDigestEncodingOffset()),
                buffer,
                offset + EvidenceDecoder.firstSignatureEncodingOffset(),
                second.set(buffer, offset + EvidenceDecoder.secondDigestEncodingOffset()),
                buffer,
                offset + EvidenceDecoder.secondSignatureEncodingOffset()));
        return true;
    }
}
