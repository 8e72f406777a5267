package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.agrona.CloseHelper;

/** Engines on loopback UDP whose group changes its roster; each has a name for ever, and its own driver and folder. */
final class EpochGroup implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path folder;
    private final UnaryOperator<EngineContext> customisation;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private final List<DatagramSocket> held = new ArrayList<>();
    private Roster roster;

    /** A peer as its operator knows it. */
    private static final class Member {
        final List<PeerIdentity> identities = new ArrayList<>(List.of(PeerIdentity.generate(new SecureRandom())));
        Roster given;
        Roster before;
        ConsensusEngine engine;
    }

    EpochGroup(
            final Path folder,
            final int peerCount,
            final Map<String, String> settings,
            final UnaryOperator<EngineContext> customisation)
            throws IOException {
        this.folder = folder;
        this.customisation = customisation;
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < peerCount; id++) {
            peers.add(newcomer(id, "p" + id));
        }
        roster = Roster.of(1, peers, settings);
        releasePorts();
        for (final Member member : members.values()) {
            member.given = roster;
        }
        members.keySet().forEach(this::start);
    }

    /** The roster of the newest epoch that a step led to. */
    Roster roster() {
        return roster;
    }

    ConsensusEngine engine(final String name) {
        return members.get(name).engine;
    }

    /** The line of a new peer, which {@link #join} starts. */
    Roster.Peer newcomer(final int id, final String name) throws IOException {
        members.put(name, new Member());
        return new Roster.Peer(id, name, "127.0.0.1", freePort(), identity(name).publicKey());
    }

    private PeerIdentity identity(final String name) {
        return members.get(name).identities.getLast();
    }

    /** The line of a peer with another key, which the peer has from its next start on. */
    Roster.Peer rotated(final int id) {
        final Roster.Peer old = roster.peer(id);
        members.get(old.name()).identities.add(PeerIdentity.generate(new SecureRandom()));
        return new Roster.Peer(
                id, old.name(), old.host(), old.port(), identity(old.name()).publicKey());
    }

    /** The line of a peer with another port. */
    Roster.Peer moved(final int id) throws IOException {
        final Roster.Peer old = roster.peer(id);
        return new Roster.Peer(id, old.name(), old.host(), freePort(), old.publicKey());
    }

    /** The roster one step on: of these peers. */
    Roster next(final List<Roster.Peer> peers) {
        releasePorts();
        return Roster.of(roster.epoch() + 1, peers, roster.settings());
    }

    /** Starts a newcomer with the rosters of the epoch that it joins and of the one before. */
    void join(final String name, final Roster before, final Roster joined) {
        members.get(name).given = joined;
        members.get(name).before = before;
        start(name);
    }

    void start(final String name) {
        final Member member = members.get(name);
        final EngineContext context = new EngineContext()
                .roster(member.given)
                .identity(member.identities.getFirst())
                .dataDirectory(folder.resolve(name))
                .memoryOnly(true)
                .warmUpMax(Duration.ZERO)
                .threadingMode(ThreadingMode.SHARED);
        if (member.before != null) {
            context.rosterBefore(member.before);
        }
        member.identities.stream().skip(1).forEach(context::otherIdentity);
        member.engine = ConsensusEngine.launch(customisation.apply(context));
    }

    void stop(final String name) {
        members.get(name).engine.close();
        members.get(name).engine = null;
    }

    /** A quorum approves the step, and a peer asks for it; what it is told. */
    Verdict.Told step(final String asker, final Roster next) throws Exception {
        final Map<Integer, byte[]> approvals = new TreeMap<>();
        for (int id = 0; id < Quorum.of(roster.size()).quorum(); id++) {
            final PeerIdentity identity = keyOf(roster.peer(id));
            approvals.put(
                    id,
                    ReconfigureCommand.approve(
                            new Ed25519Signer(Ed25519Provider.choose(), identity, roster), roster, next));
        }
        final ConsensusEngine engine = engine(asker);
        final Verdict.Told told = engine.awaitVerdict(engine.reconfigure(next, approvals), PATIENCE);
        if (told.verdict() == Verdict.ACCEPTED) {
            roster = next;
        }
        return told;
    }

    private PeerIdentity keyOf(final Roster.Peer peer) {
        return members.get(peer.name()).identities.stream()
                .filter(one -> java.util.Arrays.equals(one.publicKey(), peer.publicKey()))
                .findFirst()
                .orElseThrow();
    }

    /** Waits until the running peers of the newest roster are in its epoch and vote. */
    void awaitEpoch() throws Exception {
        for (final Roster.Peer peer : roster.peers()) {
            if (engine(peer.name()) != null) {
                await(
                        peer.name() + " votes in epoch " + roster.epoch(),
                        peer.name(),
                        status -> status.epoch() == roster.epoch() && status.isVoting());
            }
        }
    }

    void await(final String what, final String name, final Predicate<io.quorate.engine.metrics.EngineStatus> condition)
            throws Exception {
        final long endNs = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.test(engine(name).status(PATIENCE))) {
            assertThat(System.nanoTime() - endNs)
                    .as(what + ": " + engine(name).status(PATIENCE))
                    .isNegative();
            Thread.sleep(10);
        }
    }

    /** Every running peer of the newest roster contributes; the certified decisions of all of them, by peer id. */
    List<CertifiedDecision> decide(final String round) throws Exception {
        final List<ConsensusEngine> running = new ArrayList<>();
        for (final Roster.Peer peer : roster.peers()) {
            if (engine(peer.name()) != null) {
                running.add(engine(peer.name()));
            }
        }
        for (int i = 0; i < running.size(); i++) {
            running.get(i).contribute(round, new float[] {1, 2, 3, 4, 5, 6, 7, 8 + i * 0.01f}, "yes");
        }
        final List<CertifiedDecision> decisions = new ArrayList<>();
        for (final ConsensusEngine engine : running) {
            decisions.add(engine.awaitDecision(round, PATIENCE));
        }
        assertThat(decisions).allMatch(one -> one.decision().isAgreed());
        assertThat(decisions.stream().map(one -> one.certificate().digest()).distinct())
                .hasSize(1);
        return decisions;
    }

    private int freePort() throws IOException {
        final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        held.add(socket);
        return socket.getLocalPort();
    }

    private void releasePorts() {
        held.forEach(DatagramSocket::close);
        held.clear();
    }

    @Override
    public void close() {
        releasePorts();
        members.values().forEach(member -> CloseHelper.quietClose(member.engine));
    }
}
