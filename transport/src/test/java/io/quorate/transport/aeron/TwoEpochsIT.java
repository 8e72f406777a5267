package io.quorate.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.DropReason;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Peers that stand in two epochs at once: one driver and one port each, links of their own in each epoch. */
class TwoEpochsIT {
    private static final long PATIENCE_NS = 30_000_000_000L;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<PeerIdentity> identities = IntStream.range(0, 3)
            .mapToObj(id -> PeerIdentity.generate(new SecureRandom()))
            .toList();
    private final List<EmbeddedDriver> drivers = new ArrayList<>();
    private final List<AeronTransport> running = new ArrayList<>();
    private final List<String> received = new ArrayList<>();

    @TempDir
    Path folder;

    @AfterEach
    void close() {
        running.forEach(AeronTransport::close);
        CloseHelper.closeAll(open);
    }

    @Test
    void shouldCarryBothEpochsOverOnePortWithoutReadingOneForTheOther() throws Exception {
        final List<Integer> ports = AeronPeers.freePorts(3);
        final Roster first = roster(1, 2, ports);
        final Roster second = roster(2, 3, ports);
        for (int id = 0; id < 3; id++) {
            drivers.add(EmbeddedDriver.launch(
                    folder.resolve("driver-" + id), EmbeddedDriver.Threading.INVOKER, DriverSettings.defaults()));
            open.add(drivers.get(id));
        }
        final AeronTransport oldZero = launch(first, 0);
        final AeronTransport oldOne = launch(first, 1);
        runUntil(() -> oldZero.isReady(1) && oldOne.isReady(0));
        final AeronTransport newZero = launch(second, 0);
        final AeronTransport newOne = launch(second, 1);
        final AeronTransport newTwo = launch(second, 2);
        runUntil(() -> newZero.isReady(1) && newZero.isReady(2) && newTwo.isReady(0) && newOne.isReady(0));

        send(oldZero, 1, "old");
        send(newZero, 1, "new");
        send(newTwo, 0, "newcomer");
        runUntil(() -> received.size() == 3);
        assertThat(received).containsExactlyInAnyOrder("1:1 old", "2:1 new", "2:0 newcomer");

        // The old links end; the port stays open to the peers of the new epoch.
        oldOne.close();
        running.remove(oldOne);
        oldZero.close();
        running.remove(oldZero);
        send(newOne, 0, "later");
        runUntil(() -> received.size() == 4);
        for (final AeronTransport transport : running) {
            assertThat(transport.counters().dropped(DropReason.GROUP)).isZero();
            assertThat(transport.counters().dropped(DropReason.EPOCH)).isZero();
            assertThat(transport.counters().total(LinkCounter.SESSIONS_OPENED)).isPositive();
        }
        assertThat(drivers.get(0).packetsRefused())
                .as("nobody of a roster is a stranger")
                .isZero();
    }

    private AeronTransport launch(final Roster roster, final int id) {
        final AeronTransport transport = AeronTransport.launch(new AeronTransportContext()
                .roster(roster)
                .identity(identities.get(id))
                .driver(drivers.get(id)));
        running.add(transport);
        return transport;
    }

    private Roster roster(final long epoch, final int size, final List<Integer> ports) {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < size; id++) {
            peers.add(new Roster.Peer(
                    id, "p" + id, "127.0.0.1", ports.get(id), identities.get(id).publicKey()));
        }
        return Roster.of(epoch, peers, Map.of("epoch-of-test", "" + epoch));
    }

    private void send(final AeronTransport transport, final int receiver, final String text) {
        final UnsafeBuffer message = AeronPeers.message(text.getBytes());
        assertThat(transport.outbox().send(receiver, message, 0, message.capacity()))
                .isTrue();
    }

    private void runUntil(final BooleanSupplier condition) {
        final long endNs = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - endNs).as("in time").isNegative();
            for (final AeronTransport transport : running) {
                transport.doWork(System.nanoTime());
                transport
                        .inbox()
                        .poll(
                                (sender, buffer, offset, length) -> received.add(epochOf(transport) + ":"
                                        + transport.localId() + " "
                                        + buffer.getStringWithoutLengthAscii(offset + 8, length - 8)),
                                16);
                transport.outbox().flush();
            }
        }
    }

    private String epochOf(final AeronTransport transport) {
        return transport.counters().peers() == 2 ? "1" : "2";
    }
}
