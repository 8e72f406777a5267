package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.epoch.Verdict;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.agrona.IoUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Peers of one process and one operator, whose frames go through the memory of one driver. */
@Timeout(120)
class TrustDomainIT {
    private static final Map<String, String> SETTINGS =
            Map.of("dimension", "8", "heads", "2", "checkpoint-interval", "8", "round-deadline-ms", "5000");

    private Path folder;
    private EmbeddedDriver driver;

    @BeforeEach
    void launch() throws Exception {
        folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        driver = EmbeddedDriver.launch(
                folder.resolve("driver"), EmbeddedDriver.Threading.SHARED, DriverSettings.defaults());
    }

    @AfterEach
    void close() throws Exception {
        driver.close();
        IoUtil.delete(folder.toFile(), false);
    }

    @Test
    void shouldDecideInTwoEpochsWithoutAPort() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 4, SETTINGS, context -> context.trustDomain(driver))) {
            assertThat(group.decide("before")).hasSize(4);
            for (final Roster.Peer peer : group.roster().peers()) {
                try (DatagramSocket free =
                        new DatagramSocket(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), peer.port()))) {
                    assertThat(free.isBound()).as("nobody listens there").isTrue();
                }
            }
            final List<Roster.Peer> peers = new ArrayList<>(group.roster().peers());
            final Roster before = group.roster();
            peers.add(group.newcomer(4, "p4"));
            final Roster next = group.next(peers);
            group.join("p4", before, next);
            assertThat(group.step("p0", next).verdict()).isEqualTo(Verdict.ACCEPTED);
            group.awaitEpoch();
            assertThat(group.decide("after")).hasSize(5);
        }
    }

    @Test
    void shouldRefusePeersThatCannotBeInThisProcess() {
        final PeerIdentity own = PeerIdentity.generate(new SecureRandom());
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < 4; id++) {
            final PeerIdentity identity = id == 0 ? own : PeerIdentity.generate(new SecureRandom());
            peers.add(new Roster.Peer(
                    id, "p" + id, id == 3 ? "192.0.2.1" : "127.0.0.1", 4_010 + id, identity.publicKey()));
        }
        final EngineContext context = context(own, Roster.of(1, peers, SETTINGS));
        assertThatThrownBy(() -> ConsensusEngine.launch(context.threadingMode(ThreadingMode.SHARED)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one trust domain")
                .hasMessageContaining("peer 3 (p3) is at 192.0.2.1:4013");
    }

    @Test
    void shouldRefuseADriverThatNobodyDrivesAsThePeersAre() {
        final PeerIdentity own = PeerIdentity.generate(new SecureRandom());
        final Roster alone =
                Roster.of(1, List.of(new Roster.Peer(0, "p0", "127.0.0.1", 4_010, own.publicKey())), SETTINGS);
        assertThatThrownBy(() ->
                        context(own, alone).threadingMode(ThreadingMode.INVOKER).conclude())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("given threading mode INVOKER and a driver that is none");
    }

    private EngineContext context(final PeerIdentity identity, final Roster roster) {
        return new EngineContext()
                .roster(roster)
                .identity(identity)
                .dataDirectory(folder.resolve("data"))
                .memoryOnly(true)
                .trustDomain(driver);
    }
}
