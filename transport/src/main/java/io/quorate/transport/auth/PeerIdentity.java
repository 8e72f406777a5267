package io.quorate.transport.auth;

import io.quorate.transport.Authenticator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Set;
import org.bouncycastle.crypto.digests.SHA512Digest;
import org.bouncycastle.math.ec.rfc7748.X25519;
import org.bouncycastle.math.ec.rfc8032.Ed25519;

/**
 * A peer's Ed25519 key pair (RFC 8032) and its two files: the private key, readable by its owner only, and the public key that
 * goes into a {@link Roster}. The seed never leaves this package, and {@code toString} shows the fingerprint only.
 */
public final class PeerIdentity {
    public static final int KEY_LENGTH = 32;

    private static final String PRIVATE_LABEL = "quorate-ed25519-private";
    private static final String PUBLIC_LABEL = "quorate-ed25519-public";
    private static final int FINGERPRINT_BYTES = 10;
    private static final int FINGERPRINT_GROUP = 4;
    private static final int FILE_LENGTH_MAX = 1024;

    private final byte[] seed;
    private final byte[] publicKey;

    private PeerIdentity(final byte[] seed) {
        this.seed = seed;
        publicKey = new byte[KEY_LENGTH];
        Ed25519.generatePublicKey(seed, 0, publicKey, 0);
    }

    public static PeerIdentity generate(final SecureRandom random) {
        final byte[] seed = new byte[KEY_LENGTH];
        random.nextBytes(seed);
        return new PeerIdentity(seed);
    }

    /**
     * Writes the private key into a new file that only its owner can read, from the moment it exists.
     *
     * @throws FileAlreadyExistsException if there is a file already; it is left as it is
     */
    public void savePrivate(final Path file) throws IOException {
        final Set<PosixFilePermission> ownerOnly = PosixFilePermissions.fromString("rw-------");
        final byte[] hex = new byte[KEY_LENGTH * 2];
        final byte[] label = (PRIVATE_LABEL + " ").getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < KEY_LENGTH; i++) {
            hex[2 * i] = (byte) Character.forDigit((seed[i] >> 4) & 0xf, 16);
            hex[2 * i + 1] = (byte) Character.forDigit(seed[i] & 0xf, 16);
        }
        final ByteBuffer text = ByteBuffer.allocate(label.length + hex.length + 1);
        text.put(label).put(hex).put((byte) '\n').flip();
        try (FileChannel channel = FileChannel.open(
                file,
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(ownerOnly))) {
            while (text.hasRemaining()) {
                channel.write(text);
            }
            channel.force(true);
        } finally {
            Arrays.fill(text.array(), (byte) 0);
            Arrays.fill(hex, (byte) 0);
        }
    }

    /** Writes the public key into a new text file. */
    public void savePublic(final Path file) throws IOException {
        Files.writeString(
                file, PUBLIC_LABEL + " " + HexFormat.of().formatHex(publicKey) + "\n", StandardOpenOption.CREATE_NEW);
    }

    /**
     * Reads a private key file.
     *
     * @throws IllegalArgumentException if others than the owner may read or write the file, or if it is no private key file
     */
    public static PeerIdentity load(final Path file) throws IOException {
        requireFile(file);
        final Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
        for (final PosixFilePermission permission : permissions) {
            if (!permission.name().startsWith("OWNER")) {
                throw new IllegalArgumentException("the private key file " + file + " has permissions "
                        + PosixFilePermissions.toString(permissions)
                        + ": only its owner may have access; run: chmod 600 "
                        + file);
            }
        }
        final byte[] text = Files.readAllBytes(file);
        try {
            return new PeerIdentity(parse(file, text, PRIVATE_LABEL));
        } finally {
            Arrays.fill(text, (byte) 0);
        }
    }

    /** Reads a public key file: 32 bytes, checked as {@link Roster} demands. */
    public static byte[] loadPublic(final Path file) throws IOException {
        requireFile(file);
        final byte[] key = parse(file, Files.readAllBytes(file), PUBLIC_LABEL);
        if (!Ed25519Encoding.isSound(key)) {
            throw new IllegalArgumentException(
                    file + ": the public key is not a canonical Ed25519 point of the prime-order group");
        }
        return key;
    }

    /** A copy of the 32-byte public key. */
    public byte[] publicKey() {
        return publicKey.clone();
    }

    public String fingerprint() {
        return fingerprint(publicKey);
    }

    /** The first 80 bits of the SHA-256 of a public key, as five groups of four hexadecimal digits. */
    public static String fingerprint(final byte[] publicKey) {
        final byte[] hash = Digest.sha256(publicKey);
        final String hex = HexFormat.of().formatHex(hash, 0, FINGERPRINT_BYTES);
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < hex.length(); i += FINGERPRINT_GROUP) {
            text.append(i == 0 ? "" : "-").append(hex, i, i + FINGERPRINT_GROUP);
        }
        return text.toString();
    }

    /**
     * The static Diffie-Hellman secret with another peer: both Ed25519 keys taken to the X25519 curve by the birational map of RFC
     * 7748, section 4.1. It keeps strangers from making us check signatures, and tags of requests rest on it.
     */
    byte[] staticSecret(final byte[] otherPublicKey) {
        final byte[] scalar = new byte[Ed25519.PREHASH_SIZE];
        final SHA512Digest sha512 = new SHA512Digest();
        sha512.update(seed, 0, KEY_LENGTH);
        sha512.doFinal(scalar, 0);
        final byte[] shared = new byte[X25519.POINT_SIZE];
        X25519.scalarMult(scalar, 0, Ed25519Encoding.montgomeryU(otherPublicKey), 0, shared, 0);
        Arrays.fill(scalar, (byte) 0);
        return shared;
    }

    /** Makes this peer's tags for the others of a roster and checks theirs; for one thread. */
    public Authenticator authenticator(final Roster roster) {
        return new SessionKeys.OfPairs(this, roster);
    }

    Ed25519Provider.SigningKey signingKey(final Ed25519Provider provider) {
        return provider.signingKey(seed);
    }

    @Override
    public String toString() {
        return "PeerIdentity " + fingerprint();
    }

    private static void requireFile(final Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString(), null, "no such key file");
        }
        if (!Files.isRegularFile(file) || Files.size(file) > FILE_LENGTH_MAX) {
            throw new IllegalArgumentException(file + " is not a key file");
        }
    }

    private static byte[] parse(final Path file, final byte[] text, final String label) {
        final int start = label.length() + 1;
        final int end = start + 2 * KEY_LENGTH;
        final boolean lengthFits = text.length == end || (text.length == end + 1 && text[end] == '\n');
        if (!lengthFits || !new String(text, 0, start, StandardCharsets.US_ASCII).equals(label + " ")) {
            throw new IllegalArgumentException(
                    file + " is not a key file: expected one line \"" + label + "\" and 64 hexadecimal digits");
        }
        final byte[] key = new byte[KEY_LENGTH];
        for (int i = 0; i < KEY_LENGTH; i++) {
            final int high = Character.digit(text[start + 2 * i], 16);
            final int low = Character.digit(text[start + 2 * i + 1], 16);
            if (high < 0 || low < 0) {
                throw new IllegalArgumentException(file + " is not a key file: a key has 64 hexadecimal digits");
            }
            key[i] = (byte) (high << 4 | low);
        }
        return key;
    }
}
