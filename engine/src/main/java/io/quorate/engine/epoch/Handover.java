package io.quorate.engine.epoch;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What the replicas of an epoch sign when it is over (docs/protocols/reconfiguration.md, section 4): {@code last sequence (int64) |
 * state digest of the opening state (32) | group id of the next epoch (32)}, in the domain HANDOVER. Immutable, equal by content.
 */
public final class Handover {
    public static final int LENGTH = 8 + Digest256.LENGTH + Roster.GROUP_ID_LENGTH;

    private final byte[] bytes;

    private Handover(final byte[] bytes) {
        this.bytes = bytes;
    }

    /** Of an opening state with this digest. */
    public static Handover of(final OpeningState opening, final Digest256 stateDigest) {
        final byte[] bytes = new byte[LENGTH];
        final UnsafeBuffer content = new UnsafeBuffer(bytes);
        content.putLong(0, opening.sequence(), LITTLE_ENDIAN);
        stateDigest.write(content, 8);
        content.putBytes(8 + Digest256.LENGTH, opening.roster().groupId());
        return new Handover(bytes);
    }

    /** Reads {@value #LENGTH} bytes. */
    static Handover read(final DirectBuffer buffer, final int offset) {
        final byte[] bytes = new byte[LENGTH];
        buffer.getBytes(offset, bytes);
        return new Handover(bytes);
    }

    void write(final MutableDirectBuffer destination, final int offset) {
        destination.putBytes(offset, bytes);
    }

    public long sequence() {
        return new UnsafeBuffer(bytes).getLong(0, LITTLE_ENDIAN);
    }

    public Digest256 stateDigest() {
        return new Digest256().set(new UnsafeBuffer(bytes), 8);
    }

    /** True if it hands over to this roster. */
    public boolean isTo(final Roster next) {
        return Arrays.equals(bytes, 8 + Digest256.LENGTH, LENGTH, next.groupId(), 0, Roster.GROUP_ID_LENGTH);
    }

    /** The signature of a peer of the epoch that ends. */
    public byte[] sign(final Signer signer) {
        final byte[] signature = new byte[Signer.SIGNATURE_LENGTH];
        signer.sign(SigningDomain.HANDOVER, new UnsafeBuffer(bytes), 0, LENGTH, new UnsafeBuffer(signature), 0);
        return signature;
    }

    /** True if the signature is that peer's, with the keys of the epoch that ends. */
    boolean isSignedBy(final int peerId, final byte[] signature, final Verifier verifier) {
        return verifier.verify(
                peerId, SigningDomain.HANDOVER, new UnsafeBuffer(bytes), 0, LENGTH, new UnsafeBuffer(signature), 0);
    }

    @Override
    public boolean equals(final Object other) {
        return other instanceof Handover handover && Arrays.equals(bytes, handover.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }
}
