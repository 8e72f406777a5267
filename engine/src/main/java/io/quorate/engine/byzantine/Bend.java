package io.quorate.engine.byzantine;

import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import java.util.random.RandomGenerator;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One message of a liar while it is bent: a copy whose fields can be changed, and signed anew with the liar's own key where a
 * signature covers them. Offsets of fields count from the end of the message header.
 */
final class Bend {
    static final int HEADER = MessageHeaderDecoder.ENCODED_LENGTH;

    private final int senderId;
    private final Signer signer;
    private final RandomGenerator random;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final byte[] digest = new byte[Digest.LENGTH];
    private int templateId;
    private int lengthBytes;

    /** The copy. */
    final UnsafeBuffer bytes;

    Bend(final int senderId, final Signer signer, final RandomGenerator random, final int lengthMax) {
        this.senderId = senderId;
        this.signer = signer;
        this.random = random;
        bytes = new UnsafeBuffer(new byte[lengthMax]);
    }

    void copy(final DirectBuffer message, final int offset, final int length) {
        header.wrap(message, offset);
        templateId = header.templateId();
        bytes.putBytes(0, message, offset, length);
        lengthBytes = length;
    }

    int senderId() {
        return senderId;
    }

    int templateId() {
        return templateId;
    }

    int lengthBytes() {
        return lengthBytes;
    }

    void lengthBytes(final int newLength) {
        lengthBytes = newLength;
    }

    /** True with a chance of one in so many. */
    boolean isOneIn(final int count) {
        return random.nextInt(count) == 0;
    }

    int draw(final int bound) {
        return random.nextInt(bound);
    }

    long getLong(final int field) {
        return bytes.getLong(HEADER + field);
    }

    void putLong(final int field, final long value) {
        bytes.putLong(HEADER + field, value);
    }

    void putDigest(final int field, final byte[] value) {
        bytes.putBytes(HEADER + field, value);
    }

    /** Makes another digest of one: of two kinds, so that equal lies meet. */
    void damageDigest(final int field) {
        bytes.getBytes(HEADER + field, digest);
        digest[random.nextInt(2)] ^= 0x55;
        bytes.putBytes(HEADER + field, digest);
    }

    /** Changes the last byte, which is content: what does not decode is dropped before it could mislead. */
    void damageLast() {
        bytes.putByte(lengthBytes - 1, (byte) (bytes.getByte(lengthBytes - 1) ^ 0x55));
    }

    void exaggerate(final int field) {
        putLong(field, getLong(field) + 1 + random.nextInt(1 << 20));
    }

    /** Signs some bytes of the copy into another place of it. */
    void signInto(final SigningDomain domain, final int from, final int length, final int signatureAt) {
        signer.sign(domain, bytes, from, length, bytes, signatureAt);
    }

    /** Signs everything from behind the signature to {@code end}, counted from the start of the message. */
    void sign(final SigningDomain domain, final int signatureField, final int end) {
        final int signatureAt = HEADER + signatureField;
        final int contentAt = signatureAt + Signer.SIGNATURE_LENGTH;
        signer.sign(domain, bytes, contentAt, end - contentAt, bytes, signatureAt);
    }
}
