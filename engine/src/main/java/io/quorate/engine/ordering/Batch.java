package io.quorate.engine.ordering;

import io.quorate.transport.auth.Digest;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The requests of one sequence, by digest, in order; empty is the null batch. Its own digest is SHA-256 over a tag and the
 * request digests, so a batch that came from anybody is checked by its name. Made anew, or taken from a {@link BatchPool}.
 */
public final class Batch {
    private static final byte[] TAG = "quorate-batch".getBytes(StandardCharsets.US_ASCII);

    private final Digest256 digest = new Digest256();
    private final UnsafeBuffer requestDigestsView = new UnsafeBuffer(0, 0);
    private byte[] requestDigests = {};
    private Request[] requests = {};
    private int count;
    private int missingCount;

    /** In the pool: nobody refers to it. */
    boolean isPooled;

    /** Next one in the pool. */
    Batch next;

    /** A batch of what {@code requestDigests} names; copies the bytes. */
    public Batch(final Digest sha256, final DirectBuffer requestDigests, final int offset, final int lengthBytes) {
        fill(sha256, requestDigests, offset, lengthBytes);
    }

    /** Becomes the batch of these request digests; grows if it was never as long. */
    void fill(final Digest sha256, final DirectBuffer source, final int offset, final int lengthBytes) {
        count = lengthBytes / Digest256.LENGTH;
        if (requestDigests.length < lengthBytes) {
            requestDigests = new byte[lengthBytes];
            requests = new Request[count];
        }
        source.getBytes(offset, requestDigests, 0, lengthBytes);
        requestDigestsView.wrap(requestDigests, 0, lengthBytes);
        digestOf(sha256, requestDigestsView, 0, lengthBytes, digest);
        missingCount = count;
    }

    /** Lets go of the bodies. */
    void clear() {
        for (int i = 0; i < count; i++) {
            requests[i] = null;
        }
        count = 0;
        missingCount = 0;
    }

    /** Digest of the batch that these request digests make. */
    public static void digestOf(
            final Digest sha256,
            final DirectBuffer digests,
            final int offset,
            final int lengthBytes,
            final Digest256 result) {
        result.set(sha256.update(TAG).update(digests, offset, lengthBytes).finish(), 0);
    }

    public Digest256 digest() {
        return digest;
    }

    public int count() {
        return count;
    }

    public boolean isNull() {
        return count == 0;
    }

    /** The request at an index, or null while its body is missing. */
    public Request request(final int index) {
        return requests[index];
    }

    public DirectBuffer requestDigests() {
        return requestDigestsView;
    }

    public int requestDigestsLength() {
        return count * Digest256.LENGTH;
    }

    public int missingCount() {
        return missingCount;
    }

    public boolean isComplete() {
        return missingCount == 0;
    }

    /** Looks for missing bodies and holds on to those of them that are there. */
    public boolean resolve(final RequestStore store, final long sequence, final Digest256 scratch) {
        for (int i = 0; missingCount > 0 && i < count; i++) {
            if (requests[i] == null) {
                final Request found = store.get(digestAt(i, scratch));
                if (found != null) {
                    requests[i] = found;
                    missingCount--;
                    store.refer(found, sequence);
                }
            }
        }
        return missingCount == 0;
    }

    /** Holds on to the bodies for one more sequence. */
    public void refer(final RequestStore store, final long sequence) {
        for (int i = 0; i < count; i++) {
            if (requests[i] != null) {
                store.refer(requests[i], sequence);
            }
        }
    }

    /** A slot of the current view holds the requests. */
    public void proposed() {
        for (int i = 0; i < count; i++) {
            requests[i].isProposed = true;
        }
    }

    /** True if the body of this request is missing here. */
    public boolean lacks(final Digest256 requestDigest, final Digest256 scratch) {
        for (int i = 0; missingCount > 0 && i < count; i++) {
            if (requests[i] == null && digestAt(i, scratch).isEqual(requestDigest)) {
                return true;
            }
        }
        return false;
    }

    public Digest256 digestAt(final int index, final Digest256 result) {
        return result.set(requestDigestsView, index * Digest256.LENGTH);
    }

    /** Bytes of all bodies that are there. */
    public long bodyLength() {
        long length = 0;
        for (int i = 0; i < count; i++) {
            length += requests[i] == null ? 0 : requests[i].bodyLength();
        }
        return length;
    }
}
