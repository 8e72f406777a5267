package io.quorate.engine.epoch;

import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.Verifier;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Rosters with real keys for tests; identities are by the number in a peer's name. */
final class Rosters {
    private final Ed25519Provider provider = Ed25519Provider.choose();
    private final Map<Integer, PeerIdentity> identities = new TreeMap<>();

    PeerIdentity identity(final int number) {
        return identities.computeIfAbsent(number, any -> PeerIdentity.generate(new SecureRandom()));
    }

    /** The peer called p{@code number}, with its own port and key, under some id. */
    Roster.Peer peer(final int id, final int number) {
        return peer(id, number, number, 40_000 + number);
    }

    Roster.Peer peer(final int id, final int number, final int keyNumber, final int port) {
        return new Roster.Peer(
                id, "p" + number, "10.0.0.1", port, identity(keyNumber).publicKey());
    }

    /** Peers by number, in order of their ids. */
    Roster roster(final long epoch, final int... numbers) {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < numbers.length; id++) {
            peers.add(peer(id, numbers[id]));
        }
        return roster(epoch, peers);
    }

    Roster roster(final long epoch, final List<Roster.Peer> peers) {
        return Roster.of(epoch, peers, Map.of("dimension", "8"));
    }

    Signer signer(final int number, final Roster roster) {
        return new Ed25519Signer(provider, identity(number), roster);
    }

    Verifier verifier(final Roster roster) {
        return new Ed25519Verifier(provider, roster);
    }

    /** Approvals of some peers of a roster whose peer i is number i. */
    Map<Integer, byte[]> approvals(final Roster current, final Roster next, final int... ids) {
        final Map<Integer, byte[]> approvals = new TreeMap<>();
        for (final int id : ids) {
            approvals.put(id, ReconfigureCommand.approve(signer(id, current), current, next));
        }
        return approvals;
    }
}
