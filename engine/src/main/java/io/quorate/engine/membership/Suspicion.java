package io.quorate.engine.membership;

import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The accusations of one member at one incarnation: one a distinct observer, each signed. With a quorum of them it is the
 * certificate that the member is faulty. Void once the member signs a newer record.
 */
final class Suspicion {
    /** What an accuser signs: subject and incarnation. */
    static final int CONTENT_LENGTH = Short.BYTES + Long.BYTES;

    private final UnsafeBuffer signatures;
    private long incarnation;
    private long accusers;
    private int count;

    /** Accusers whose accusation cost them reputation already. */
    private long blamed;

    Suspicion(final int observerCount) {
        signatures = new UnsafeBuffer(new byte[observerCount * Signer.SIGNATURE_LENGTH]);
    }

    /** Begins anew for a record of the subject. */
    void restart(final long newIncarnation) {
        incarnation = newIncarnation;
        accusers = 0;
        blamed = 0;
        count = 0;
    }

    long incarnation() {
        return incarnation;
    }

    /** Distinct observers that accuse. */
    int count() {
        return count;
    }

    boolean has(final int index) {
        return (accusers >>> index & 1) != 0;
    }

    /**
     * Takes the accusation of the observer with this index.
     *
     * @return false if it accused before
     */
    boolean add(final int index, final DirectBuffer signature, final int offset) {
        if (has(index)) {
            return false;
        }
        accusers |= 1L << index;
        count++;
        signatures.putBytes(index * Signer.SIGNATURE_LENGTH, signature, offset, Signer.SIGNATURE_LENGTH);
        return true;
    }

    DirectBuffer signatures() {
        return signatures;
    }

    static int signatureOffset(final int index) {
        return index * Signer.SIGNATURE_LENGTH;
    }

    /** True the first time that the observer is blamed for this accusation. */
    boolean blame(final int index) {
        final boolean isFirst = (blamed >>> index & 1) == 0;
        blamed |= 1L << index;
        return isFirst;
    }

    private static void putContent(final UnsafeBuffer content, final int subjectId, final long incarnation) {
        content.putShort(0, (short) subjectId, java.nio.ByteOrder.LITTLE_ENDIAN);
        content.putLong(Short.BYTES, incarnation, java.nio.ByteOrder.LITTLE_ENDIAN);
    }

    /** Signs an accusation; {@code content} is scratch of {@link #CONTENT_LENGTH} bytes. */
    static void sign(
            final int subjectId,
            final long incarnation,
            final Signer signer,
            final UnsafeBuffer content,
            final UnsafeBuffer signature) {
        putContent(content, subjectId, incarnation);
        signer.sign(SigningDomain.ACCUSATION, content, 0, CONTENT_LENGTH, signature, 0);
    }

    /** True if the accuser signed it. */
    static boolean isSigned(
            final int accuserId,
            final int subjectId,
            final long incarnation,
            final Verifier verifier,
            final UnsafeBuffer content,
            final DirectBuffer signature,
            final int offset) {
        putContent(content, subjectId, incarnation);
        return verifier.verify(accuserId, SigningDomain.ACCUSATION, content, 0, CONTENT_LENGTH, signature, offset);
    }
}
