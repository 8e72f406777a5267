package io.quorate.transport.auth;

import io.quorate.transport.Authenticator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.Provider;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KDF;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The key of one session, that is of all frames in one direction between two peers from one handshake to the next, and its MAC:
 * HMAC-SHA256 (RFC 2104) truncated to {@value #TAG_LENGTH} bytes. Not thread-safe; allocates nothing after construction, but for what
 * the cipher of {@link Sealing#AES_GCM} allocates.
 *
 * <p>HMAC is computed from the digest, because the JDK's {@code Mac} allocates its result on every call.
 */
public final class SessionKeys {
    public static final int TAG_LENGTH = 16;

    /** The group's setting that says how frames are sealed, one of {@link Sealing}'s labels; {@code mac} if it is not given. */
    public static final String SEALING_SETTING = "sealing";

    private static final int KEY_LENGTH = 32;
    private static final int BLOCK_LENGTH = 64;
    private static final int CHUNK_LENGTH = 4096;
    private static final byte[] PAIR_INFO = "quorate link pair 1".getBytes(StandardCharsets.US_ASCII);
    private static final String TAG_INFO = "quorate request tag 1 from %d to %d";

    /** How the frames of a session are sealed; the numbers stand in frame headers and handshakes. */
    public enum Sealing {
        /** HMAC-SHA256 over the frame, whose body anybody can read. */
        MAC(1, "mac", "quorate link session 1"),

        /** AES-128-GCM (NIST SP 800-38D): the body is encrypted, the header is bound in; a tag of the same length. */
        AES_GCM(2, "aes-gcm", "quorate link session 1 aes-gcm");

        private static final Sealing[] VALUES = values();

        private final int suite;
        private final String label;
        private final byte[] info;

        Sealing(final int suite, final String label, final String info) {
            this.suite = suite;
            this.label = label;
            this.info = info.getBytes(StandardCharsets.US_ASCII);
        }

        public int suite() {
            return suite;
        }

        public String label() {
            return label;
        }

        /** All labels, in the order of the suites. */
        public static List<String> labels() {
            return Arrays.stream(VALUES).map(Sealing::label).toList();
        }

        /** True if a number in a header names one of these. */
        public static boolean isKnown(final int suite) {
            return suite >= 1 && suite <= VALUES.length;
        }

        /**
         * How a group seals its frames.
         *
         * @throws IllegalArgumentException naming the line, what was given and what is allowed
         */
        public static Sealing of(final Roster roster) {
            final List<String> labels = labels();
            return VALUES[labels.indexOf(roster.setting(SEALING_SETTING, MAC.label, labels))];
        }
    }

    private final long keyId;
    private final long incarnation;

    /** Null if frames have a MAC only. */
    private final FrameCipher cipher;

    private final byte[] innerPad = new byte[BLOCK_LENGTH];
    private final byte[] outerPad = new byte[BLOCK_LENGTH];
    private final byte[] chunk = new byte[CHUNK_LENGTH];
    private final byte[] result = new byte[Digest.LENGTH];
    private final MessageDigest sha256 = Digest.newSha256();
    private long counter;

    /** For tests and {@link #derive}: the MAC key must have 1 to 64 bytes. */
    SessionKeys(final byte[] macKey, final long keyId, final long incarnation) {
        this(macKey, keyId, incarnation, null);
    }

    private SessionKeys(final byte[] macKey, final long keyId, final long incarnation, final FrameCipher cipher) {
        this.cipher = cipher;
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
     * HKDF-SHA256 (RFC 5869): 32 bytes of key, of which a cipher takes the first 16, and 8 bytes of key id.
     *
     * @param sharedSecret of the two ephemeral X25519 keys
     * @param transcriptHash of both handshake messages; binds group, epoch, both peers and their signatures
     * @param incarnation of the other peer's process
     * @param sealing what the frames are to be sealed with; binds the key to it
     */
    static SessionKeys derive(
            final byte[] sharedSecret, final byte[] transcriptHash, final long incarnation, final Sealing sealing) {
        return derive(sharedSecret, transcriptHash, sealing.info, incarnation, sealing);
    }

    private static SessionKeys derive(
            final byte[] secret, final byte[] salt, final byte[] info, final long incarnation) {
        return derive(secret, salt, info, incarnation, Sealing.MAC);
    }

    /** The key between two roster keys: it never changes within a group and seals no frames, only Hellos. */
    static SessionKeys derivePair(final byte[] staticSecret, final byte[] groupId) {
        return derive(staticSecret, groupId, PAIR_INFO, 0);
    }

    private static SessionKeys derive(
            final byte[] secret, final byte[] salt, final byte[] info, final long incarnation, final Sealing sealing) {
        try {
            final byte[] okm = KDF.getInstance("HKDF-SHA256")
                    .deriveData(HKDFParameterSpec.ofExtract()
                            .addIKM(secret)
                            .addSalt(salt)
                            .thenExpand(info, KEY_LENGTH + Long.BYTES));
            final byte[] macKey = Arrays.copyOf(okm, KEY_LENGTH);
            final long id = ByteBuffer.wrap(okm).order(ByteOrder.LITTLE_ENDIAN).getLong(KEY_LENGTH);
            final FrameCipher cipher = sealing == Sealing.AES_GCM ? new FrameCipher(macKey) : null;
            final SessionKeys keys = new SessionKeys(macKey, id == 0 ? 1 : id, incarnation, cipher);
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

    /** How frames under this key are sealed. */
    public Sealing sealing() {
        return cipher == null ? Sealing.MAC : Sealing.AES_GCM;
    }

    /**
     * Seals a frame whose header is complete.
     *
     * @param frame header and body, from 0 on
     * @param counter of the header, never used before under this key
     * @param destination for the sealed frame, from 0 on, with room for a tag; without {@link #isEncrypting} the frame's own buffer
     */
    public void seal(
            final DirectBuffer frame,
            final int headerLength,
            final int lengthBytes,
            final long counter,
            final MutableDirectBuffer destination) {
        if (cipher == null) {
            tag(frame, 0, lengthBytes, destination, lengthBytes);
        } else {
            cipher.seal(frame, headerLength, lengthBytes, counter, destination);
        }
    }

    /** True if a sealed frame needs a buffer of its own: its body is not the one that was given. */
    public boolean isEncrypting() {
        return cipher != null;
    }

    /**
     * Opens a frame; its body is then where {@link #opened()} says.
     *
     * @param tagOffset where the frame ends and its tag begins
     * @return false if the frame is not whole or not from whoever has the key
     */
    boolean open(
            final DirectBuffer buffer,
            final int offset,
            final int headerLength,
            final int tagOffset,
            final long counter) {
        return cipher == null
                ? matches(buffer, offset, tagOffset - offset, tagOffset)
                : cipher.open(buffer, offset, headerLength, tagOffset, counter);
    }

    /** The body of the frame opened last, from 0 on; null if it stands in the frame as it came. */
    DirectBuffer opened() {
        return cipher == null ? null : cipher.opened();
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
     * AES-128-GCM of one key. A nonce is the frame's counter, which no two frames under one key share: four zero bytes, then the counter,
     * little-endian. What the header says is authenticated with the body. Done by Amazon Corretto Crypto Provider where it loads,
     * by the JDK otherwise; either allocates a little on each call.
     */
    private static final class FrameCipher {
        private static final int AES_KEY_LENGTH = 16;
        private static final int NONCE_LENGTH = 12;
        private static final String TRANSFORMATION = "AES/GCM/NoPadding";

        private final SecretKeySpec key;
        private final Cipher cipher = newCipher();
        private final byte[] nonce = new byte[NONCE_LENGTH];
        private byte[] input = new byte[CHUNK_LENGTH];
        private byte[] output = new byte[CHUNK_LENGTH];
        private final UnsafeBuffer body = new UnsafeBuffer(output);

        FrameCipher(final byte[] keyMaterial) {
            key = new SecretKeySpec(keyMaterial, 0, AES_KEY_LENGTH, "AES");
        }

        private static Cipher newCipher() {
            try {
                final Optional<Provider> corretto = Ed25519Provider.correttoProvider();
                return corretto.isPresent()
                        ? Cipher.getInstance(TRANSFORMATION, corretto.get())
                        : Cipher.getInstance(TRANSFORMATION);
            } catch (final GeneralSecurityException e) {
                throw new IllegalStateException("nobody here does " + TRANSFORMATION, e);
            }
        }

        void seal(
                final DirectBuffer frame,
                final int headerLength,
                final int lengthBytes,
                final long counter,
                final MutableDirectBuffer destination) {
            try {
                begin(Cipher.ENCRYPT_MODE, lengthBytes + TAG_LENGTH, counter);
                frame.getBytes(0, input, 0, lengthBytes);
                cipher.updateAAD(input, 0, headerLength);
                System.arraycopy(input, 0, output, 0, headerLength);
                cipher.doFinal(input, headerLength, lengthBytes - headerLength, output, headerLength);
                destination.putBytes(0, output, 0, lengthBytes + TAG_LENGTH);
            } catch (final GeneralSecurityException e) {
                throw new IllegalStateException("the frame " + counter + " can't be sealed", e);
            }
        }

        boolean open(
                final DirectBuffer buffer,
                final int offset,
                final int headerLength,
                final int tagOffset,
                final long counter) {
            try {
                final int lengthBytes = tagOffset - offset + TAG_LENGTH;
                begin(Cipher.DECRYPT_MODE, lengthBytes, counter);
                buffer.getBytes(offset, input, 0, lengthBytes);
                cipher.updateAAD(input, 0, headerLength);
                cipher.doFinal(input, headerLength, lengthBytes - headerLength, output, 0);
                return true;
            } catch (final AEADBadTagException e) {
                return false;
            } catch (final GeneralSecurityException e) {
                throw new IllegalStateException("the frame " + counter + " can't be opened", e);
            }
        }

        DirectBuffer opened() {
            return body;
        }

        private void begin(final int mode, final int lengthBytes, final long counter) throws GeneralSecurityException {
            if (input.length < lengthBytes) {
                input = new byte[Math.max(lengthBytes, 2 * input.length)];
                output = new byte[input.length];
                body.wrap(output);
            }
            ByteBuffer.wrap(nonce).order(ByteOrder.LITTLE_ENDIAN).putLong(NONCE_LENGTH - Long.BYTES, counter);
            cipher.init(mode, key, new GCMParameterSpec(Byte.SIZE * TAG_LENGTH, nonce));
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
