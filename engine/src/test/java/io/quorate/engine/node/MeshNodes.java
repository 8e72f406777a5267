package io.quorate.engine.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.membership.MemberTable.State;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.transport.aeron.AeronTransport;
import io.quorate.transport.aeron.AeronTransportContext;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.Ed25519Provider;
import io.quorate.transport.auth.Ed25519Signer;
import io.quorate.transport.auth.Ed25519Verifier;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.ObjIntConsumer;
import org.agrona.CloseHelper;

/** Members over real links on loopback, each with its own driver, all driven by the thread that waits. */
public final class MeshNodes implements AutoCloseable {
    private static final long IDLE_NS = 60_000_000_000L;
    private static final long PATIENCE_NS = 30_000_000_000L;

    private final List<PeerIdentity> identities = new ArrayList<>();
    private final MeshNode[] nodes;
    private final EmbeddedDriver[] drivers;
    private final Set<Integer> frozen = new HashSet<>();
    private final Path folder;
    private final Roster roster;
    private final ObjIntConsumer<MeshNodeContext> customisation;

    /** @param customisation of each member's settings, before they are concluded */
    public MeshNodes(final int count, final ObjIntConsumer<MeshNodeContext> customisation) throws IOException {
        this.customisation = customisation;
        nodes = new MeshNode[count];
        drivers = new EmbeddedDriver[count];
        folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        final List<Roster.Peer> peers = new ArrayList<>();
        final List<DatagramSocket> sockets = new ArrayList<>();
        for (int id = 0; id < count; id++) {
            identities.add(PeerIdentity.generate(new SecureRandom()));
            sockets.add(new DatagramSocket(0, InetAddress.getLoopbackAddress()));
            peers.add(new Roster.Peer(
                    id,
                    "member-" + id,
                    "127.0.0.1",
                    sockets.get(id).getLocalPort(),
                    identities.get(id).publicKey()));
        }
        sockets.forEach(DatagramSocket::close);
        roster = Roster.of(1, peers, Map.of());
        for (int id = 0; id < count; id++) {
            start(id);
        }
    }

    public MeshNode node(final int id) {
        return nodes[id];
    }

    void start(final int id) {
        final Ed25519Provider provider = Ed25519Provider.choose();
        drivers[id] = EmbeddedDriver.launch(
                folder.resolve("member-" + id), EmbeddedDriver.Threading.INVOKER, DriverSettings.shortMessages());
        final MeshNodeContext context = new MeshNodeContext()
                .membership(new MembershipContext()
                        .memberCount(nodes.length)
                        .selfId(id)
                        .profile(MembershipContext.Profile.LAN)
                        .seeds(0, 1)
                        .conclude())
                .transport(AeronTransport.launch(new AeronTransportContext()
                        .roster(roster)
                        .identity(identities.get(id))
                        .provider(provider)
                        .linksOnDemand(IDLE_NS)
                        .driver(drivers[id])))
                .signer(new Ed25519Signer(provider, identities.get(id), roster))
                .verifier(new Ed25519Verifier(provider, roster))
                .random(new SplittableRandom(id));
        customisation.accept(context, id);
        nodes[id] = new MeshNode(context.conclude());
        nodes[id].start();
    }

    void stop(final int id) {
        CloseHelper.quietCloseAll(nodes[id], drivers[id]);
        nodes[id] = null;
    }

    /** The member is not driven any more: SIGSTOP. */
    void freeze(final int id) {
        frozen.add(id);
    }

    void thaw(final int id) {
        frozen.remove(id);
    }

    /** Drives all members until something is so. */
    public void runUntil(final String what, final BooleanSupplier condition) {
        final long endNs = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - endNs).as("in time: " + what).isNegative();
            for (int id = 0; id < nodes.length; id++) {
                if (nodes[id] != null && !frozen.contains(id)) {
                    nodes[id].doWork();
                }
            }
            LockSupport.parkNanos(100_000);
        }
    }

    boolean allHold(final int memberId, final State state) {
        for (int id = 0; id < nodes.length; id++) {
            if (id != memberId
                    && nodes[id] != null
                    && !frozen.contains(id)
                    && nodes[id].view().state(memberId) != state) {
                return false;
            }
        }
        return true;
    }

    /** True if everybody holds everybody alive and reaches a quorum. */
    public boolean allSeeAll() {
        for (final MeshNode node : nodes) {
            if (node.view().count(State.ALIVE) != nodes.length || !node.view().isWritable()) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        for (int id = 0; id < nodes.length; id++) {
            stop(id);
        }
        Files.deleteIfExists(folder);
        assertThat(folder).doesNotExist();
    }
}
