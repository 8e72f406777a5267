package io.quorate.engine.ordering;

import io.quorate.transport.auth.Digest;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The requests of one sequence, by digest, in order; empty is the null batch. Its own digest is SHA-256 over a tag and the
 * request digests, so a batch that came from anybody is checked by its name.
 */
public final class Batch {
    private static final byte[] TAG = "quorate-batch".getBytes(StandardCharsets.US_ASCII);
    private static final Request[] NO_REQUESTS = {};

    private final Digest256 digest;
    private final byte[] requestDigests;
    private final UnsafeBuffer requestDigestsView;
    private final Request[] requests;
    private int missingCount;

    /** A batch of what {@code requestDigests} names; copies the bytes. */
    public Batch(final Digest sha256, final DirectBuffer requestDigests, final int offset, final int lengthBytes) {
        this.requestDigests = new byte[lengthBytes];
        requestDigests.getBytes(offset, this.requestDigests);
        requestDigestsView = new UnsafeBuffer(this.requestDigests);
        digest = new Digest256();
        digestOf(sha256, requestDigestsView, 0, lengthBytes, digest);
        final int count = lengthBytes / Digest256.LENGTH;
        requests = count == 0 ? NO_REQUESTS : new Request[count];
        missingCount = count;
    }

    /** Digest of the batch that these request digests make. */
    public static void digestOf(
            final Digest sha256,
            final DirectBuffer digests,
            final int offset,
            final int lengthBytes,
            final Digest256 result) {
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
        sha256.update(TAG).update(digests, offset, lengthBytes).finish(bytes, 0);
        result.set(bytes, 0);
    }

    public Digest256 digest() {
        return digest;
    }

    public int count() {
        return requests.length;
    }

    public boolean isNull() {
        return requests.length == 0;
    }

    /** The request at an index, or null while its body is missing. */
    public Request request(final int index) {
        return requests[index];
    }

    public DirectBuffer requestDigests() {
        return requestDigestsView;
    }

    public int requestDigestsLength() {
        return requestDigests.length;
    }

    public int missingCount() {
        return missingCount;
    }

    public boolean isComplete() {
        return missingCount == 0;
    }

    /** Looks for missing bodies and holds on to those of them that are there. */
    public boolean resolve(final RequestStore store, final long sequence, final Digest256 scratch) {
        for (int i = 0; missingCount > 0 && i < requests.length; i++) {
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
        for (final Request request : requests) {
            if (request != null) {
                store.refer(request, sequence);
            }
        }
    }

    /** A slot of the current view holds the requests. */
    public void proposed() {
        for (final Request request : requests) {
            request.isProposed = true;
        }
    }

    /** True if the body of this request is missing here. */
    public boolean lacks(final Digest256 requestDigest, final Digest256 scratch) {
        for (int i = 0; missingCount > 0 && i < requests.length; i++) {
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
        for (final Request request : requests) {
            length += request == null ? 0 : request.bodyLength();
        }
        return length;
    }
}
