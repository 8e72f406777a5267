package io.quorate.engine.ordering;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.transport.auth.Digest;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One request that a replica holds. Its statement is {@code signature (64) | clientId (2) | requestNumber (8) | length (4) | body},
 * the bytes that travel; the digest covers all of it but the signature. A request that is not signed has no signature there, and
 * behind the body what its client put in place of it, {@code length (4) | tags}. Owned by {@link RequestStore}.
 */
public final class Request {
    public static final int SIGNATURE_LENGTH = 64;
    public static final int BODY_OFFSET = SIGNATURE_LENGTH + 2 + 8 + 4;

    private final Digest256 digest = new Digest256();
    private final UnsafeBuffer statement = new UnsafeBuffer(0, 0);
    private byte[] bytes = {};
    private int clientId;
    private long requestNumber;

    private static final byte[] TAG = "quorate-request".getBytes(StandardCharsets.US_ASCII);

    /** Length of what stands behind the body. */
    private int tailLength;

    /** What the client's budget is charged; stays when the request is signed later. */
    private int budgetLength;

    private boolean isSigned;

    /** Rises with each request that a store takes in; tells two apart that used the same object. */
    private long arrival;

    /** Highest sequence whose slot refers to this request; 0 if none does. */
    long lastSequence;

    boolean isWaiting;

    /** In which base of the journal, or after which, the statement was written; -1 if in none. */
    private long journaledIn = -1;

    /** A slot of the current view holds it, so the primary does not propose it again. */
    boolean isProposed;

    long arrivedNs;
    Request previous;
    Request next;
    Request previousWaiting;
    Request nextWaiting;
    Request nextOfClient;
    Request chained;

    /** Becomes another request, as one that has just arrived; grows if it was never as long. */
    void fill(
            final Digest256 newDigest,
            final int newClientId,
            final long newRequestNumber,
            final DirectBuffer source,
            final int offset,
            final int lengthBytes,
            final long newArrival) {
        digest.set(newDigest);
        clientId = newClientId;
        requestNumber = newRequestNumber;
        if (bytes.length < lengthBytes) {
            bytes = new byte[lengthBytes];
        }
        source.getBytes(offset, bytes, 0, lengthBytes);
        statement.wrap(bytes, 0, lengthBytes);
        tailLength = lengthBytes - contentEnd(statement, 0);
        isSigned = tailLength == 0;
        budgetLength = lengthBytes;
        arrival = newArrival;
        lastSequence = 0;
        isWaiting = true;
        isProposed = false;
        journaledIn = -1;
    }

    /** Bytes that it holds, used or not. */
    int heldBytes() {
        return bytes.length;
    }

    /**
     * Digest of a signed request's statement: SHA-256 over a tag and all but the signature. {@code bytes} is scratch of 32 bytes. A
     * statement whose tail is left out has the same digest.
     */
    public static void digestOf(
            final Digest sha256,
            final DirectBuffer statement,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer bytes,
            final Digest256 result) {
        sha256.update(TAG)
                .update(statement, offset + SIGNATURE_LENGTH, lengthBytes - SIGNATURE_LENGTH)
                .finish(bytes, 0);
        result.set(bytes, 0);
    }

    public Digest256 digest() {
        return digest;
    }

    public int clientId() {
        return clientId;
    }

    public long requestNumber() {
        return requestNumber;
    }

    public DirectBuffer statement() {
        return statement;
    }

    public int statementLength() {
        return statement.capacity();
    }

    public int bodyLength() {
        return statement.capacity() - BODY_OFFSET - tailLength;
    }

    /** True if the client's signature is here, which everybody can check. */
    public boolean isSigned() {
        return isSigned;
    }

    /** The client signed what it had only tagged: the signature takes the tags' place. */
    public void sign(final DirectBuffer signature, final int offset) {
        statement.wrap(bytes, 0, statement.capacity() - tailLength);
        statement.putBytes(0, signature, offset, SIGNATURE_LENGTH);
        tailLength = 0;
        isSigned = true;
    }

    int budgetLength() {
        return budgetLength;
    }

    /** Where the body of a statement ends, and what stands in place of a signature begins. */
    public static int contentEnd(final DirectBuffer statement, final int offset) {
        return offset + BODY_OFFSET + statement.getInt(offset + BODY_OFFSET - Integer.BYTES, LITTLE_ENDIAN);
    }

    /** True if the journal holds the statement in or after the base of that count. */
    public boolean isJournaled(final long baseCount) {
        return journaledIn == baseCount;
    }

    /** The journal holds the statement in or after the base of that count. */
    public void journaled(final long baseCount) {
        journaledIn = baseCount;
    }

    /** The client that a statement names. */
    public static int clientId(final DirectBuffer statement, final int offset) {
        return statement.getShort(offset + SIGNATURE_LENGTH, LITTLE_ENDIAN) & 0xFFFF;
    }

    /** The request number that a statement names. */
    public static long requestNumber(final DirectBuffer statement, final int offset) {
        return statement.getLong(offset + SIGNATURE_LENGTH + 2, LITTLE_ENDIAN);
    }

    /** True until it was handed to execution, or turned out to be answered already. */
    public boolean isWaiting() {
        return isWaiting;
    }

    /** Its place in the order of arrival at this replica, from 1; no two requests of a store have the same. */
    public long arrival() {
        return arrival;
    }

    public long arrivedNs() {
        return arrivedNs;
    }

    /** The next one in order of arrival that waits too; null at the end. */
    public Request nextWaiting() {
        return nextWaiting;
    }
}
