package io.quorate.engine.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.membership.MemberTable.State;
import io.quorate.engine.membership.MembershipContext;
import io.quorate.engine.metrics.MembershipCounter;
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
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Members over real links on loopback, each with its own driver, all driven by the test's thread. */
class MeshNodeIT {
    private static final int MEMBERS = 5;
    private static final long IDLE_NS = 60_000_000_000L;
    private static final long PATIENCE_NS = 30_000_000_000L;

    private final List<PeerIdentity> identities = new ArrayList<>();
    private final MeshNode[] nodes = new MeshNode[MEMBERS];
    private final EmbeddedDriver[] drivers = new EmbeddedDriver[MEMBERS];
    private final boolean[] isFrozen = new boolean[MEMBERS];
    private final List<String> heard = new ArrayList<>();
    private Path folder;
    private Roster roster;

    @BeforeEach
    void launch() throws IOException {
        folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        final List<Roster.Peer> peers = new ArrayList<>();
        final List<DatagramSocket> sockets = new ArrayList<>();
        for (int id = 0; id < MEMBERS; id++) {
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
        for (int id = 0; id < MEMBERS; id++) {
            start(id);
        }
    }

    private void start(final int id) {
        final Ed25519Provider provider = Ed25519Provider.choose();
        drivers[id] = EmbeddedDriver.launch(
                folder.resolve("member-" + id), EmbeddedDriver.Threading.INVOKER, DriverSettings.shortMessages());
        nodes[id] = new MeshNode(new MeshNodeContext()
                .membership(new MembershipContext()
                        .memberCount(MEMBERS)
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
                .random(new SplittableRandom(id))
                .listener((originId, number, buffer, offset, lengthBytes) ->
                        heard.add(id + ":" + originId + ":" + buffer.getStringWithoutLengthAscii(offset, lengthBytes)))
                .conclude());
        nodes[id].start();
    }

    private void stop(final int id) {
        CloseHelper.quietCloseAll(nodes[id], drivers[id]);
        nodes[id] = null;
    }

    @AfterEach
    void close() throws IOException {
        for (int id = 0; id < MEMBERS; id++) {
            stop(id);
        }
        Files.deleteIfExists(folder);
        assertThat(folder).doesNotExist();
    }

    private void runUntil(final String what, final BooleanSupplier condition) {
        final long endNs = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - endNs).as("in time: " + what).isNegative();
            for (int id = 0; id < MEMBERS; id++) {
                if (nodes[id] != null && !isFrozen[id]) {
                    nodes[id].doWork();
                }
            }
            LockSupport.parkNanos(100_000);
        }
    }

    private boolean allHold(final int memberId, final State state) {
        for (int id = 0; id < MEMBERS; id++) {
            if (id != memberId
                    && nodes[id] != null
                    && !isFrozen[id]
                    && nodes[id].view().state(memberId) != state) {
                return false;
            }
        }
        return true;
    }

    private boolean allSeeAll() {
        for (final MeshNode node : nodes) {
            if (node.view().count(State.ALIVE) != MEMBERS || !node.view().isWritable()) {
                return false;
            }
        }
        return true;
    }

    @Test
    void shouldJoinBuryTheDeadAndTakeThemBack() {
        runUntil("all see all", this::allSeeAll);
        stop(3);
        runUntil("all hold 3 faulty", () -> allHold(3, State.FAULTY));
        assertThat(nodes[0].view().isWritable()).isTrue();
        start(3);
        runUntil("all see all again", this::allSeeAll);
        assertThat(nodes[0].membershipCounters().get(MembershipCounter.RETURNS)).isPositive();
    }

    @Test
    void shouldAccuseNobodyAfterItWasStopped() {
        runUntil("all see all", this::allSeeAll);
        isFrozen[2] = true;
        runUntil("the others hold 2 faulty", () -> allHold(2, State.FAULTY));
        isFrozen[2] = false;
        runUntil("all see all again", this::allSeeAll);
        assertThat(nodes[2].membershipCounters().get(MembershipCounter.ACCUSATIONS))
                .isZero();
    }

    @Test
    void shouldRefuseWritesWithoutAQuorumAndSayWhy() {
        runUntil("all see all", this::allSeeAll);
        assertThat(nodes[0].view().refusal()).isNull();
        stop(3);
        stop(4);
        runUntil(
                "three of five may not write",
                () -> !nodes[0].view().isWritable() && !nodes[1].view().isWritable());
        assertThat(nodes[0].view().refusal().message()).contains("read-only").contains("of 5 members and needs 4");
    }

    @Test
    void shouldTellEverybodyWhatOneAnnounces() {
        runUntil("all see all", this::allSeeAll);
        final UnsafeBuffer body = new UnsafeBuffer("a plan".getBytes());
        assertThat(nodes[4].announce(body, 0, body.capacity())).isTrue();
        runUntil("all have heard it", () -> heard.size() == MEMBERS - 1);
        assertThat(heard).containsExactlyInAnyOrder("0:4:a plan", "1:4:a plan", "2:4:a plan", "3:4:a plan");
        assertThatThrownBy(() -> nodes[4].announce(new UnsafeBuffer(new byte[2000]), 0, 2000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 900 bytes, given 2000");
    }

    @Test
    void shouldSayGoodbye() {
        runUntil("all see all", this::allSeeAll);
        assertThat(nodes[1].leave()).isTrue();
        runUntil("all know that 1 has left", () -> allHold(1, State.LEFT));
    }
}
