package io.quorate.transport.auth;

import io.quorate.transport.Authenticator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Locale;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The key of one session, that is of all frames in one direction between two peers from one handshake to the next, and its MAC:
 * HMAC-SHA256 (RFC 2104) truncated to {@value #TAG_LENGTH} bytes. Not thread-safe; allocates nothing after construction.
 *
 * <p>HMAC is computed from the digest, because the JDK's {@code Mac} allocates its result on every call.
 */
public final class SessionKeys {
    public static final int TAG_LENGTH = 16;
    /** The only way frames are sealed so far; an AEAD would be the next number. */
    public static final int SUITE_HMAC_SHA256 = 1;

    private static final int KEY_LENGTH = 32;
    private static final int BLOCK_LENGTH = 64;
    private static final int CHUNK_LENGTH = 4096;
    private static final byte[] SESSION_INFO = "quorate link session 1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PAIR_INFO = "quorate link pair 1".getBytes(StandardCharsets.US_ASCII);
    private static final String TAG_INFO = "quorate request tag 1 from %d to %d";

    private final long keyId;
    private final long incarnation;
    private final byte[] innerPad = new byte[BLOCK_LENGTH];
    private final byte[] outerPad = new byte[BLOCK_LENGTH];
    private final byte[] chunk = new byte[CHUNK_LENGTH];
    private final byte[] result = new byte[Digest.LENGTH];
    private final MessageDigest sha256 = Digest.newSha256();
    private long counter;

    /** For tests and {@link #derive}: the MAC key must have 1 to 64 bytes. */
    SessionKeys(final byte[] macKey, final long keyId, final long incarnation) {
        if (macKey.length < 1 || macKey.length > BLOCK_LENGTH) {
            throw new IllegalArgumentException("the MAC key has " + macKey.length + " bytes, must be 1 to 64");
        }
        this.keyId = keyId;
        this.incarnation = incarnation;
        Arrays.fill(innerPad, (byte) 0x36);
        Arrays.fill(outerPad, (byte) 0x5c);
        for (int i = 0; i < macKey.length; i++) {
            innerPad[i] ^= macKey[i];
            outerPad[i] ^= macKey[i];
        }
    }

    /**
     * HKDF-SHA256 (RFC 5869): 32 bytes of MAC key, 8 bytes of key id.
     *
     * @param sharedSecret of the two ephemeral X25519 keys
     * @param transcriptHash of both handshake messages; binds group, epoch, both peers and their signatures
     * @param incarnation of the other peer's process
     */
    static SessionKeys derive(final byte[] sharedSecret, final byte[] transcriptHash, final long incarnation) {
        return derive(sharedSecret, transcriptHash, SESSION_INFO, incarnation);
    }

    /** The key between two roster keys: it never changes within a group and seals no frames, only Hellos. */
    static SessionKeys derivePair(final byte[] staticSecret, final byte[] groupId) {
        return derive(staticSecret, groupId, PAIR_INFO, 0);
    }

    private static SessionKeys derive(
            final byte[] secret, final byte[] salt, final byte[] info, final long incarnation) {
        try {
            final byte[] okm = KDF.getInstance("HKDF-SHA256")
                    .deriveData(HKDFParameterSpec.ofExtract()
                            .addIKM(secret)
                            .addSalt(salt)
                            .thenExpand(info, KEY_LENGTH + Long.BYTES));
            final byte[] macKey = Arrays.copyOf(okm, KEY_LENGTH);
            final long id = ByteBuffer.wrap(okm).order(ByteOrder.LITTLE_ENDIAN).getLong(KEY_LENGTH);
            final SessionKeys keys = new SessionKeys(macKey, id == 0 ? 1 : id, incarnation);
            Arrays.fill(okm, (byte) 0);
            Arrays.fill(macKey, (byte) 0);
            return keys;
        } catch (final GeneralSecurityException e) {
            throw new IllegalStateException("this JDK has no HKDF-SHA256", e);
        }
    }

    /** Names the session in frame headers; no secret; never 0. */
    public long keyId() {
        return keyId;
    }

    /** The incarnation of the other peer with which the session was made. */
    public long incarnation() {
        return incarnation;
    }

    /** The next frame counter of the sending side: 1, 2, 3, ... */
    public long nextCounter() {
        return ++counter;
    }

    /** Writes the {@value #TAG_LENGTH}-byte MAC of a stretch of bytes. */
    public void tag(
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer destination,
            final int destinationOffset) {
        compute(buffer, offset, lengthBytes);
        destination.putBytes(destinationOffset, result, 0, TAG_LENGTH);
    }

    /** Compares in time that does not depend on the bytes. */
    public boolean matches(final DirectBuffer buffer, final int offset, final int lengthBytes, final int tagOffset) {
        return matches(buffer, offset, lengthBytes, buffer, tagOffset);
    }

    private boolean matches(
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final DirectBuffer tag,
            final int tagOffset) {
        compute(buffer, offset, lengthBytes);
        int difference = 0;
        for (int i = 0; i < TAG_LENGTH; i++) {
            difference |= tag.getByte(tagOffset + i) ^ result[i];
        }
        return difference == 0;
    }

    @Override
    public String toString() {
        return "SessionKeys " + Long.toHexString(keyId);
    }

    private void compute(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        try {
            sha256.update(innerPad, 0, BLOCK_LENGTH);
            for (int done = 0; done < lengthBytes; done += CHUNK_LENGTH) {
                final int step = Math.min(CHUNK_LENGTH, lengthBytes - done);
                buffer.getBytes(offset + done, chunk, 0, step);
                sha256.update(chunk, 0, step);
            }
            sha256.digest(result, 0, Digest.LENGTH);
            sha256.update(outerPad, 0, BLOCK_LENGTH);
            sha256.update(result, 0, Digest.LENGTH);
            sha256.digest(result, 0, Digest.LENGTH);
        } catch (final DigestException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Tags under keys that never change within a group, two for each pair of peers, from the static Diffie-Hellman secret of their
     * roster keys: a tag still holds after either has restarted. One thread.
     */
    static final class OfPairs implements Authenticator {
        private final SessionKeys[] towards;
        private final SessionKeys[] from;

        /** A peer has a tag for itself, too: others pass on to it what it asked before it was restarted. */
        OfPairs(final PeerIdentity identity, final Roster roster) {
            final int localId = roster.idOf(identity.publicKey());
            towards = new SessionKeys[roster.size()];
            from = new SessionKeys[roster.size()];
            for (int id = 0; id < towards.length; id++) {
                final byte[] secret = identity.staticSecret(roster.peer(id).publicKey());
                towards[id] = derive(secret, roster.groupId(), tagInfo(localId, id), 0);
                from[id] = derive(secret, roster.groupId(), tagInfo(id, localId), 0);
                Arrays.fill(secret, (byte) 0);
            }
        }

        private static byte[] tagInfo(final int senderId, final int receiverId) {
            return String.format(Locale.ROOT, TAG_INFO, senderId, receiverId).getBytes(StandardCharsets.US_ASCII);
        }

        @Override
        public void tag(
                final int receiverId,
                final DirectBuffer content,
                final int offset,
                final int lengthBytes,
                final MutableDirectBuffer destination,
                final int destinationOffset) {
            towards[receiverId].tag(content, offset, lengthBytes, destination, destinationOffset);
        }

        @Override
        public boolean matches(
                final int senderId,
                final DirectBuffer content,
                final int offset,
                final int lengthBytes,
                final DirectBuffer tag,
                final int tagOffset) {
            return senderId >= 0
                    && senderId < from.length
                    && from[senderId].matches(content, offset, lengthBytes, tag, tagOffset);
        }
    }
}
