package io.quorate.engine.node;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.gossip.RumorHandler;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What members say to all: records that their origin signs and numbers, of which the newest counts. The node's thread only.
 *
 * <p>A record is signature (64), origin (2), number (8), body.
 */
final class Announcements implements RumorHandler {
    /** The kind of rumor that carries them. */
    static final int KIND = 1;

    static final int BODY_LENGTH_MAX = 900;
    static final int BODY_OFFSET = Signer.SIGNATURE_LENGTH + Short.BYTES + Long.BYTES;

    private static final int NUMBER_OFFSET = Signer.SIGNATURE_LENGTH + Short.BYTES;

    private final int selfId;
    private final Signer signer;
    private final Verifier verifier;
    private final AnnouncementListener listener;
    private final long[] newest;
    private final UnsafeBuffer own = new UnsafeBuffer(new byte[BODY_OFFSET + BODY_LENGTH_MAX]);

    Announcements(
            final int memberCount,
            final int selfId,
            final Signer signer,
            final Verifier verifier,
            final AnnouncementListener listener) {
        this.selfId = selfId;
        this.signer = signer;
        this.verifier = verifier;
        this.listener = listener;
        newest = new long[memberCount];
    }

    /** Signs the next one of this member; it stands in {@link #own()} until the next call. */
    int sign(final long number, final DirectBuffer body, final int offset, final int lengthBytes) {
        newest[selfId] = number;
        own.putShort(Signer.SIGNATURE_LENGTH, (short) selfId, LITTLE_ENDIAN);
        own.putLong(NUMBER_OFFSET, number, LITTLE_ENDIAN);
        own.putBytes(BODY_OFFSET, body, offset, lengthBytes);
        final int signed = BODY_OFFSET + lengthBytes - Signer.SIGNATURE_LENGTH;
        signer.sign(SigningDomain.ANNOUNCEMENT, own, Signer.SIGNATURE_LENGTH, signed, own, 0);
        return BODY_OFFSET + lengthBytes;
    }

    DirectBuffer own() {
        return own;
    }

    @Override
    public Verdict onRecord(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < BODY_OFFSET || lengthBytes > own.capacity()) {
            return Verdict.INVALID;
        }
        final int originId = buffer.getShort(offset + Signer.SIGNATURE_LENGTH, LITTLE_ENDIAN) & 0xffff;
        final long number = buffer.getLong(offset + NUMBER_OFFSET, LITTLE_ENDIAN);
        if (originId >= newest.length || number < 1) {
            return Verdict.INVALID;
        }
        if (originId == selfId || number <= newest[originId]) {
            return Verdict.OLD;
        }
        final int signed = lengthBytes - Signer.SIGNATURE_LENGTH;
        if (!verifier.verify(
                originId,
                SigningDomain.ANNOUNCEMENT,
                buffer,
                offset + Signer.SIGNATURE_LENGTH,
                signed,
                buffer,
                offset)) {
            return Verdict.INVALID;
        }
        newest[originId] = number;
        listener.onAnnouncement(originId, number, buffer, offset + BODY_OFFSET, lengthBytes - BODY_OFFSET);
        return Verdict.NEW;
    }
}
