package io.quorate.transport.auth;

import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** SHA-256 (FIPS 180-4) over buffers. Not thread-safe: one instance a thread; allocates nothing after construction. */
public final class Digest {
    public static final int LENGTH = 32;

    private static final int CHUNK_LENGTH = 4096;

    private final MessageDigest sha256;
    private final byte[] chunk = new byte[CHUNK_LENGTH];
    private final byte[] result = new byte[LENGTH];
    private final UnsafeBuffer resultView = new UnsafeBuffer(result);

    public Digest() {
        sha256 = newSha256();
    }

    /** One-off digest of a byte array. */
    public static byte[] sha256(final byte[] bytes) {
        return newSha256().digest(bytes);
    }

    static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (final NoSuchAlgorithmException e) {
            throw new IllegalStateException("this JDK has no SHA-256", e);
        }
    }

    /** Adds bytes to the running digest. */
    public Digest update(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        int done = 0;
        while (done < lengthBytes) {
            final int step = Math.min(CHUNK_LENGTH, lengthBytes - done);
            buffer.getBytes(offset + done, chunk, 0, step);
            sha256.update(chunk, 0, step);
            done += step;
        }
        return this;
    }

    /** Adds a byte array to the running digest. */
    public Digest update(final byte[] bytes) {
        sha256.update(bytes);
        return this;
    }

    /** Gives the {@value #LENGTH}-byte digest and starts anew; the bytes stay as they are until the next one is finished. */
    public DirectBuffer finish() {
        try {
            sha256.digest(result, 0, LENGTH);
        } catch (final DigestException e) {
            throw new IllegalStateException(e);
        }
        return resultView;
    }

    /** Writes the {@value #LENGTH}-byte digest and starts anew. */
    public void finish(final MutableDirectBuffer destination, final int offset) {
        finish();
        destination.putBytes(offset, result);
    }

    /** Digest of one stretch of bytes. */
    public void digest(
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer destination,
            final int destinationOffset) {
        update(buffer, offset, lengthBytes).finish(destination, destinationOffset);
    }
}
