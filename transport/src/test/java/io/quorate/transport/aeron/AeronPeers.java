package io.quorate.transport.aeron;

import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** A group of peers on loopback, each with its own driver, all driven by the test's thread. */
final class AeronPeers implements AutoCloseable {
    /** A template id of no room; the transport does not care. */
    static final int TEMPLATE_ID = 99;

    private static final long PATIENCE_NS = 20_000_000_000L;
    private static final int LAUNCH_ATTEMPTS = 5;

    final Path folder;
    final List<PeerIdentity> identities = new ArrayList<>();
    final List<Peer> peers = new ArrayList<>();
    final DriverSettings settings;
    final EmbeddedDriver.Threading threading;
    Roster roster;
    Runnable beforeEachRun = () -> {};
    private final long idleNs;

    /** One peer and what it has received. */
    static final class Peer {
        final int id;
        final EmbeddedDriver driver;
        final AeronTransport transport;
        final List<String> received = new ArrayList<>();

        Peer(final int id, final EmbeddedDriver driver, final AeronTransport transport) {
            this.id = id;
            this.driver = driver;
            this.transport = transport;
        }

        void run() {
            transport.doWork(System.nanoTime());
            transport.inbox().poll(this::onMessage, 64);
            transport.outbox().flush();
        }

        private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int length) {
            final byte[] text = new byte[length - MessageHeaderEncoder.ENCODED_LENGTH];
            buffer.getBytes(offset + MessageHeaderEncoder.ENCODED_LENGTH, text);
            received.add(
                    senderId + ":" + (text.length > 100 ? text.length + " bytes of " + sum(text) : new String(text)));
        }
    }

    AeronPeers(
            final Path folder,
            final int size,
            final DriverSettings settings,
            final EmbeddedDriver.Threading threading) {
        this(folder, size, settings, threading, 0);
    }

    private AeronPeers(
            final Path folder,
            final int size,
            final DriverSettings settings,
            final EmbeddedDriver.Threading threading,
            final long idleNs) {
        this.idleNs = idleNs;
        this.folder = folder;
        this.settings = settings;
        this.threading = threading;
        final SecureRandom random = new SecureRandom();
        for (int id = 0; id < size; id++) {
            identities.add(PeerIdentity.generate(random));
        }
        for (int attempt = 1; ; attempt++) {
            try {
                roster = newRoster(size);
                for (int id = 0; id < size; id++) {
                    peers.add(launch(id));
                }
                return;
            } catch (final IllegalStateException | IOException e) {
                // Another process may have taken a port meanwhile.
                if (attempt == LAUNCH_ATTEMPTS) {
                    close();
                    throw new IllegalStateException(e);
                }
                stopAll();
            }
        }
    }

    static AeronPeers of(final int size) {
        return of(size, DriverSettings.defaults(), 0);
    }

    /** Links open when they are used, with small terms. */
    static AeronPeers onDemand(final int size, final long idleNs) {
        return of(size, DriverSettings.shortMessages(), idleNs);
    }

    private static AeronPeers of(final int size, final DriverSettings settings, final long idleNs) {
        try {
            final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
            return new AeronPeers(folder, size, settings, EmbeddedDriver.Threading.INVOKER, idleNs);
        } catch (final IOException e) {
            throw new IllegalStateException(e);
        }
    }

    Peer launch(final int id) {
        return launch(id, roster.peer(id).port());
    }

    Peer launch(final int id, final int listenPort) {
        final EmbeddedDriver driver = EmbeddedDriver.launch(folder.resolve("peer-" + id), threading, settings);
        try {
            final AeronTransport transport = AeronTransport.launch(new AeronTransportContext()
                    .roster(roster)
                    .identity(identities.get(id))
                    .listen("127.0.0.1", listenPort)
                    .linksOnDemand(idleNs)
                    .driver(driver));
            return new Peer(id, driver, transport);
        } catch (final RuntimeException e) {
            driver.close();
            throw e;
        }
    }

    void stop(final int id) {
        final Peer peer = peers.get(id);
        if (peer != null) {
            peer.transport.close();
            peer.driver.close();
            peers.set(id, null);
        }
    }

    void restart(final int id) {
        peers.set(id, launch(id));
    }

    void runOnce() {
        beforeEachRun.run();
        for (final Peer peer : peers) {
            if (peer != null) {
                peer.run();
            }
        }
    }

    /** Runs all peers until the condition holds; fails after a long time. */
    void runUntil(final String what, final BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("waited in vain until " + what);
            }
            runOnce();
            LockSupport.parkNanos(50_000);
        }
    }

    void runFor(final long durationNs) {
        final long endNs = System.nanoTime() + durationNs;
        while (System.nanoTime() - endNs < 0) {
            runOnce();
            LockSupport.parkNanos(50_000);
        }
    }

    boolean allReady() {
        for (final Peer from : peers) {
            for (final Peer to : peers) {
                if (from != null && to != null && from != to && !from.transport.isReady(to.id)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Sends until the receiver has it: delivery is best effort. */
    void deliver(final int from, final int to, final String text) {
        final UnsafeBuffer message = message(text.getBytes());
        final Peer receiver = peers.get(to);
        final long[] nextNs = {System.nanoTime()};
        runUntil(text + " is delivered", () -> {
            if (System.nanoTime() - nextNs[0] >= 0) {
                peers.get(from).transport.outbox().send(to, message, 0, message.capacity());
                nextNs[0] = System.nanoTime() + 100_000_000;
            }
            return receiver.received.contains(from + ":" + text);
        });
    }

    static UnsafeBuffer message(final byte[] body) {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[MessageHeaderEncoder.ENCODED_LENGTH + body.length]);
        new MessageHeaderEncoder()
                .wrap(message, 0)
                .blockLength(0)
                .templateId(TEMPLATE_ID)
                .schemaId(MessageHeaderEncoder.SCHEMA_ID)
                .version(0);
        message.putBytes(MessageHeaderEncoder.ENCODED_LENGTH, body);
        return message;
    }

    static long sum(final byte[] bytes) {
        long sum = 0;
        for (final byte b : bytes) {
            sum = 31 * sum + b;
        }
        return sum;
    }

    private void stopAll() {
        for (int id = 0; id < peers.size(); id++) {
            stop(id);
        }
        peers.clear();
    }

    @Override
    public void close() {
        stopAll();
        try {
            Files.deleteIfExists(folder);
        } catch (final IOException e) {
            throw new IllegalStateException("the drivers left something behind", e);
        }
    }

    private Roster newRoster(final int size) throws IOException {
        final List<Roster.Peer> entries = new ArrayList<>();
        final List<Integer> ports = freePorts(size);
        for (int id = 0; id < size; id++) {
            entries.add(new Roster.Peer(
                    id,
                    "peer" + id,
                    "127.0.0.1",
                    ports.get(id),
                    identities.get(id).publicKey()));
        }
        return Roster.of(1, entries, Map.of());
    }

    static List<Integer> freePorts(final int count) throws IOException {
        final Set<DatagramSocket> sockets = new HashSet<>();
        final List<Integer> ports = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                final DatagramSocket socket =
                        new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                sockets.add(socket);
                ports.add(socket.getLocalPort());
            }
        } finally {
            sockets.forEach(DatagramSocket::close);
        }
        return ports;
    }
}
