package io.quorate.engine.simulator;

import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Symbolic signatures: a keyed 64-bit hash of domain and content, spread over {@value Signer#SIGNATURE_LENGTH} bytes, under
 * one secret a peer. The secrets never leave this object, so a peer can sign as itself only; that makes forgery impossible
 * by construction, which is what Ed25519 is trusted for in production, at a thousandth of its cost.
 */
public final class SimKeys {
    private static final int LANES = Signer.SIGNATURE_LENGTH / Long.BYTES;

    private final long[] secrets;

    public SimKeys(final int peerCount, final SimRandom random) {
        secrets = new long[peerCount];
        for (int peer = 0; peer < peerCount; peer++) {
            secrets[peer] = random.nextLong();
        }
    }

    /** The signer that only this peer may hold. */
    public Signer signer(final int peerId) {
        final long secret = secrets[peerId];
        return (domain, content, offset, lengthBytes, signature, signatureOffset) ->
                write(hash(secret, domain, content, offset, lengthBytes), signature, signatureOffset);
    }

    /** Checks any peer's signatures; a peer outside the group has none. */
    public Verifier verifier() {
        return (peerId, domain, content, offset, lengthBytes, signature, signatureOffset) -> peerId >= 0
                && peerId < secrets.length
                && matches(hash(secrets[peerId], domain, content, offset, lengthBytes), signature, signatureOffset);
    }

    private static void write(final long hash, final MutableDirectBuffer signature, final int offset) {
        for (int lane = 0; lane < LANES; lane++) {
            signature.putLong(offset + lane * Long.BYTES, SimRandom.mix(hash + lane));
        }
    }

    private static boolean matches(final long hash, final DirectBuffer signature, final int offset) {
        for (int lane = 0; lane < LANES; lane++) {
            if (signature.getLong(offset + lane * Long.BYTES) != SimRandom.mix(hash + lane)) {
                return false;
            }
        }
        return true;
    }

    private static long hash(
            final long secret,
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes) {
        return Trace.hash(SimRandom.mix(secret ^ domain.ordinal()), content, offset, lengthBytes);
    }
}
