package io.quorate.engine.virtual;

import io.quorate.transport.Authenticator;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Symbolic signatures: a keyed 64-bit hash of domain and content, spread over {@value Signer#SIGNATURE_LENGTH} bytes, under
 * one secret a peer. The secrets never leave this object, so a peer can sign as itself only; that makes forgery impossible
 * by construction, which is what Ed25519 is trusted for in production, at a thousandth of its cost.
 *
 * <p>In a group with epochs a secret belongs to a public key, and group id and epoch are in what is signed, as in production.
 */
public final class SimKeys {
    private static final int LANES = Signer.SIGNATURE_LENGTH / Long.BYTES;

    private static final List<byte[]> PUBLIC_KEYS = new ArrayList<>();

    private final long[] secrets;
    private final long secretOfKeys;

    public SimKeys(final int peerCount, final SimRandom random) {
        secrets = new long[peerCount];
        for (int peer = 0; peer < peerCount; peer++) {
            secrets[peer] = random.nextLong();
        }
        secretOfKeys = random.split(1).nextLong();
    }

    /** A public key that a roster takes; the same in every run. */
    public static byte[] publicKey(final int number) {
        synchronized (PUBLIC_KEYS) {
            while (PUBLIC_KEYS.size() <= number) {
                PUBLIC_KEYS.add(PeerIdentity.generate(new FixedBytes(PUBLIC_KEYS.size()))
                        .publicKey());
            }
            return PUBLIC_KEYS.get(number).clone();
        }
    }

    /** The signer that only the holder of a peer's key in a roster may hold. */
    public Signer signer(final Roster roster, final int peerId) {
        final long secret = secret(roster, peerId);
        return (domain, content, offset, lengthBytes, signature, signatureOffset) ->
                write(hash(secret, domain, content, offset, lengthBytes), signature, signatureOffset);
    }

    /** Checks signatures of a roster's peers, made in its epoch. */
    public Verifier verifier(final Roster roster) {
        final long[] ofPeers = new long[roster.size()];
        Arrays.setAll(ofPeers, peerId -> secret(roster, peerId));
        return (peerId, domain, content, offset, lengthBytes, signature, signatureOffset) -> peerId >= 0
                && peerId < ofPeers.length
                && matches(hash(ofPeers[peerId], domain, content, offset, lengthBytes), signature, signatureOffset);
    }

    private long secret(final Roster roster, final int peerId) {
        final UnsafeBuffer key = new UnsafeBuffer(roster.peer(peerId).publicKey());
        return SimRandom.mix(Trace.hash(secretOfKeys, key, 0, key.capacity()) ^ epochPart(roster));
    }

    /** What ties a signature to its group and epoch. */
    private static long epochPart(final Roster roster) {
        return new UnsafeBuffer(roster.groupId()).getLong(0);
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

    /** Makes a peer's tags, under a secret of each pair and direction, and checks those for it; without epochs. */
    public Authenticator authenticator(final int selfId) {
        return new Tags(secrets, selfId);
    }

    /** As {@link #authenticator(int)}, in the group of a roster. */
    public Authenticator authenticator(final Roster roster, final int selfId) {
        final long[] ofPeers = new long[roster.size()];
        Arrays.setAll(ofPeers, peerId -> secret(roster, peerId));
        return new Tags(ofPeers, selfId);
    }

    private static final class Tags implements Authenticator {
        private final long[] ofPeers;
        private final int selfId;

        Tags(final long[] ofPeers, final int selfId) {
            this.ofPeers = ofPeers;
            this.selfId = selfId;
        }

        @Override
        public void tag(
                final int receiverId,
                final DirectBuffer content,
                final int offset,
                final int lengthBytes,
                final MutableDirectBuffer destination,
                final int destinationOffset) {
            final long hash = hash(selfId, receiverId, content, offset, lengthBytes);
            destination.putLong(destinationOffset, hash);
            destination.putLong(destinationOffset + Long.BYTES, SimRandom.mix(hash));
        }

        @Override
        public boolean matches(
                final int senderId,
                final DirectBuffer content,
                final int offset,
                final int lengthBytes,
                final DirectBuffer tag,
                final int tagOffset) {
            if (senderId < 0 || senderId >= ofPeers.length) {
                return false;
            }
            final long hash = hash(senderId, selfId, content, offset, lengthBytes);
            return tag.getLong(tagOffset) == hash && tag.getLong(tagOffset + Long.BYTES) == SimRandom.mix(hash);
        }

        private long hash(
                final int from, final int to, final DirectBuffer content, final int offset, final int lengthBytes) {
            final long secret = SimRandom.mix(ofPeers[from] + Long.rotateLeft(ofPeers[to], 17));
            return Trace.hash(secret, content, offset, lengthBytes);
        }
    }

    /** A source of randomness that is none, so that a seed has the same keys wherever it runs. */
    private static final class FixedBytes extends SecureRandom {
        private static final long serialVersionUID = 1L;

        private final int number;

        FixedBytes(final int number) {
            this.number = number;
        }

        @Override
        public void nextBytes(final byte[] bytes) {
            new SimRandom(number).nextBytes(bytes);
        }
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
