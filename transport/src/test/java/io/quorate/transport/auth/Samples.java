package io.quorate.transport.auth;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Seeded identities, rosters and sessions for tests. */
public final class Samples {
    private Samples() {}

    /** Repeatable, and therefore of no use but in tests. */
    public static SecureRandom random(final long seed) {
        return new SeededRandom(seed);
    }

    public static List<PeerIdentity> identities(final int count) {
        final SecureRandom random = random(count);
        final List<PeerIdentity> identities = new ArrayList<>();
        for (int id = 0; id < count; id++) {
            identities.add(PeerIdentity.generate(random));
        }
        return identities;
    }

    public static Roster roster(final List<PeerIdentity> identities, final long epoch) {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < identities.size(); id++) {
            final byte[] key = identities.get(id).publicKey();
            peers.add(new Roster.Peer(id, "peer" + id, "127.0.0.1", 40100 + id, key));
        }
        return Roster.of(epoch, peers, Map.of("dimension", "384"));
    }

    /** Both ends of a session that was never negotiated; the same seed gives the same keys. */
    public static SessionKeys session(final long seed, final long incarnation) {
        final byte[] key = new byte[32];
        final SecureRandom random = random(seed);
        random.nextBytes(key);
        return new SessionKeys(key, random.nextLong() | 1, incarnation);
    }

    /** As {@link #session(long, long)}, for frames that are sealed in this way. */
    public static SessionKeys session(final long seed, final long incarnation, final SessionKeys.Sealing sealing) {
        final byte[] secret = new byte[32];
        random(seed).nextBytes(secret);
        return SessionKeys.derive(secret, new byte[32], incarnation, sealing);
    }

    public static Handshake.Local local(
            final List<PeerIdentity> identities, final Roster roster, final int peerId, final long incarnation) {
        final Ed25519Provider provider = Ed25519Provider.bouncyCastle();
        return new Handshake.Local(
                roster,
                identities.get(peerId),
                incarnation,
                new Ed25519Signer(provider, identities.get(peerId), roster),
                new Ed25519Verifier(provider, roster),
                random(31 * incarnation + peerId));
    }

    private static final class SeededRandom extends SecureRandom {
        private static final long serialVersionUID = 1;

        private final Random random;

        SeededRandom(final long seed) {
            random = new Random(seed);
        }

        @Override
        public void nextBytes(final byte[] bytes) {
            random.nextBytes(bytes);
        }

        @Override
        public long nextLong() {
            return random.nextLong();
        }
    }
}
