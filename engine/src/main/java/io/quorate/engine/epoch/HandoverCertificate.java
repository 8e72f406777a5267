package io.quorate.engine.epoch;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Verifier;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Proof of what follows an epoch, for anybody who trusts its roster: a {@link Handover}, the next roster, and the signatures of q
 * peers of the epoch that ends. Its bytes are the body of the message of that name: {@code handover (72) | 66 (uint16) | count
 * (uint16) | count x (signer (uint16) | signature (64)) | length (uint32) | canonical text of the next roster}, signers rising.
 */
public final class HandoverCertificate {
    private static final int SIGNER_LENGTH = 2 + SIGNATURE_LENGTH;
    private static final int SIGNERS_OFFSET = Handover.LENGTH + 4;
    private static final int TEXT_HEADER_LENGTH = 4;

    private final Handover handover;
    private final Roster next;
    private final TreeMap<Integer, byte[]> signatures;

    HandoverCertificate(final Handover handover, final Roster next, final Map<Integer, byte[]> signatures) {
        this.handover = handover;
        this.next = next;
        this.signatures = new TreeMap<>(signatures);
    }

    /**
     * Reads and judges a certificate with nothing but the roster of the epoch that ends.
     *
     * @param verifier with the keys of that roster
     * @return null if it is not exactly a certificate of one step from that roster, signed by q of its peers
     */
    public static HandoverCertificate verified(
            final Roster current,
            final Verifier verifier,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        final HandoverCertificate read = read(current, buffer, offset, lengthBytes);
        if (read == null
                || read.signatures.size() < Quorum.of(current.size()).quorum()
                || read.signatures.lastKey() >= current.size()) {
            return null;
        }
        for (final Map.Entry<Integer, byte[]> signature : read.signatures.entrySet()) {
            if (!read.handover.isSignedBy(signature.getKey(), signature.getValue(), verifier)) {
                return null;
            }
        }
        return read;
    }

    private static HandoverCertificate read(
            final Roster current, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (lengthBytes < SIGNERS_OFFSET + TEXT_HEADER_LENGTH
                || buffer.getShort(offset + Handover.LENGTH, LITTLE_ENDIAN) != SIGNER_LENGTH) {
            return null;
        }
        final int count = buffer.getShort(offset + Handover.LENGTH + 2, LITTLE_ENDIAN) & 0xFFFF;
        final int textAt = SIGNERS_OFFSET + count * SIGNER_LENGTH + TEXT_HEADER_LENGTH;
        if (count > Roster.PEERS_MAX
                || textAt > lengthBytes
                || buffer.getInt(offset + textAt - TEXT_HEADER_LENGTH, LITTLE_ENDIAN) != lengthBytes - textAt) {
            return null;
        }
        final TreeMap<Integer, byte[]> signatures = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            final int position = offset + SIGNERS_OFFSET + i * SIGNER_LENGTH;
            final int signerId = buffer.getShort(position, LITTLE_ENDIAN) & 0xFFFF;
            if (i > 0 && signerId <= signatures.lastKey()) {
                return null;
            }
            final byte[] signature = new byte[SIGNATURE_LENGTH];
            buffer.getBytes(position + 2, signature);
            signatures.put(signerId, signature);
        }
        final Handover handover = Handover.read(buffer, offset);
        final byte[] text = new byte[lengthBytes - textAt];
        buffer.getBytes(offset + textAt, text);
        final Roster next = next(current, new String(text, StandardCharsets.US_ASCII));
        return next == null || !handover.isTo(next) || handover.sequence() <= 0
                ? null
                : new HandoverCertificate(handover, next, signatures);
    }

    private static Roster next(final Roster current, final String text) {
        try {
            final Roster next = Roster.parse(text, "the next roster");
            RosterStep.between(current, next);
            return next.canonicalText().equals(text) ? next : null;
        } catch (final IllegalArgumentException refused) {
            return null;
        }
    }

    /** The bytes that {@link #verified} reads. */
    public byte[] encode() {
        final byte[] text = next.canonicalText().getBytes(StandardCharsets.US_ASCII);
        final int textAt = SIGNERS_OFFSET + signatures.size() * SIGNER_LENGTH + TEXT_HEADER_LENGTH;
        final byte[] bytes = new byte[textAt + text.length];
        final UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        handover.write(buffer, 0);
        buffer.putShort(Handover.LENGTH, (short) SIGNER_LENGTH, LITTLE_ENDIAN);
        buffer.putShort(Handover.LENGTH + 2, (short) signatures.size(), LITTLE_ENDIAN);
        int position = SIGNERS_OFFSET;
        for (final Map.Entry<Integer, byte[]> signature : signatures.entrySet()) {
            buffer.putShort(position, signature.getKey().shortValue(), LITTLE_ENDIAN);
            buffer.putBytes(position + 2, signature.getValue());
            position += SIGNER_LENGTH;
        }
        buffer.putInt(position, text.length, LITTLE_ENDIAN);
        buffer.putBytes(position + TEXT_HEADER_LENGTH, text);
        return bytes;
    }

    public Handover handover() {
        return handover;
    }

    /** The roster of the epoch that follows. */
    public Roster next() {
        return next;
    }
}
