package io.quorate.engine.evidence;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Two statements of one peer that no correct peer signs both: with the roster a proof for anybody. Immutable; the statement
 * with the lower digest stands first, so that equal conflicts look equal wherever they were found.
 *
 * <p>Which statements may conflict only in a liar is argued in docs/protocols/pbft.md, section 9: those of {@link Kind}, also if
 * the peer lost its memory between the two.
 */
public final class Evidence {
    /** What the two statements are. */
    public enum Kind {
        /** Two batches for one sequence, by the primary of one view. */
        PRE_PREPARE(SigningDomain.PRE_PREPARE),
        /** Two states after one sequence. */
        CHECKPOINT(SigningDomain.CHECKPOINT);

        private final SigningDomain domain;

        Kind(final SigningDomain domain) {
            this.domain = domain;
        }
    }

    /** A digest and the signature over it and its place. */
    public static final int STATEMENT_LENGTH = Digest256.LENGTH + Signer.SIGNATURE_LENGTH;

    private final Kind kind;
    private final int accusedId;
    private final long view;
    private final long sequence;
    private final UnsafeBuffer first = new UnsafeBuffer(new byte[STATEMENT_LENGTH]);
    private final UnsafeBuffer second = new UnsafeBuffer(new byte[STATEMENT_LENGTH]);

    private Evidence(final Kind kind, final int accusedId, final long view, final long sequence) {
        this.kind = kind;
        this.accusedId = accusedId;
        this.view = view;
        this.sequence = sequence;
    }

    /**
     * Puts two statements side by side; whether they prove anything is said by {@link #holds}.
     *
     * @param view of two pre-prepares; 0 for checkpoints, which have none
     */
    public static Evidence of(
            final Kind kind,
            final int accusedId,
            final long view,
            final long sequence,
            final Digest256 digest,
            final DirectBuffer signature,
            final int signatureOffset,
            final Digest256 otherDigest,
            final DirectBuffer otherSignature,
            final int otherSignatureOffset) {
        final Evidence evidence = new Evidence(kind, accusedId, view, sequence);
        final boolean isInOrder = digest.compareTo(otherDigest) <= 0;
        put(isInOrder ? evidence.first : evidence.second, digest, signature, signatureOffset);
        put(isInOrder ? evidence.second : evidence.first, otherDigest, otherSignature, otherSignatureOffset);
        return evidence;
    }

    private static void put(
            final UnsafeBuffer statement, final Digest256 digest, final DirectBuffer signature, final int offset) {
        digest.write(statement, 0);
        statement.putBytes(Digest256.LENGTH, signature, offset, Signer.SIGNATURE_LENGTH);
    }

    public Kind kind() {
        return kind;
    }

    public int accusedId() {
        return accusedId;
    }

    public long view() {
        return view;
    }

    public long sequence() {
        return sequence;
    }

    /** Digest (32 bytes) and signature (64) of the statement with the lower digest. */
    public DirectBuffer first() {
        return first;
    }

    /** As {@link #first}, of the other one. */
    public DirectBuffer second() {
        return second;
    }

    /** True if both speak of the same thing: one conflict is proven once. */
    public boolean isSameConflict(final Evidence other) {
        return kind == other.kind && view == other.view && sequence == other.sequence && accusedId == other.accusedId;
    }

    /** True if this proves the accused peer a liar: two digests, both signed by it, in a place that is its own. */
    public boolean holds(final Verifier verifier, final int peerCount) {
        final boolean isItsPlace = accusedId >= 0
                && accusedId < peerCount
                && sequence >= 1
                && (kind == Kind.CHECKPOINT ? view == 0 : view >= 0 && view % peerCount == accusedId);
        return isItsPlace && !hasEqualDigests() && isSigned(verifier, first) && isSigned(verifier, second);
    }

    private boolean hasEqualDigests() {
        return Arrays.equals(first.byteArray(), 0, Digest256.LENGTH, second.byteArray(), 0, Digest256.LENGTH);
    }

    /** The signed bytes are rebuilt, as the PrePrepare and Checkpoint messages have them. */
    private boolean isSigned(final Verifier verifier, final UnsafeBuffer statement) {
        final UnsafeBuffer content = new UnsafeBuffer(new byte[2 * Long.BYTES + Digest256.LENGTH]);
        int length = 0;
        if (kind == Kind.PRE_PREPARE) {
            content.putLong(0, view, LITTLE_ENDIAN);
            length += Long.BYTES;
        }
        content.putLong(length, sequence, LITTLE_ENDIAN);
        length += Long.BYTES;
        content.putBytes(length, statement, 0, Digest256.LENGTH);
        length += Digest256.LENGTH;
        return verifier.verify(accusedId, kind.domain, content, 0, length, statement, Digest256.LENGTH);
    }
}
