package io.quorate.peer.demo;

import io.quorate.peer.PeerMain;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The peers of a demo: makes keys and roster by the commands that a user has, starts the processes, ends them all. */
final class DemoGroup {
    private final Path folder;
    private final Path roster;
    private final DemoReport report;
    private final List<String> program = PeerProgram.command();
    private final List<DemoPeer> peers = new ArrayList<>();
    private boolean stopped;

    DemoGroup(final Path folder, final int peerCount, final DemoReport report) throws IOException {
        this.folder = folder;
        this.report = report;
        this.roster = folder.resolve("roster.txt");
        final int[] ports = freePorts(peerCount);
        for (int id = 0; id < peerCount; id++) {
            peers.add(new DemoPeer(id, ports[id], folder.resolve("peer-" + id)));
        }
    }

    List<DemoPeer> peers() {
        return peers;
    }

    List<DemoPeer> running() {
        return peers.stream().filter(DemoPeer::isRunning).toList();
    }

    /** Makes a key pair for each peer, and the roster. */
    void prepare() throws IOException {
        final List<String> create = new ArrayList<>(List.of("roster", "create"));
        for (final DemoPeer peer : peers) {
            Files.createDirectory(folder.resolve("peer-" + peer.id()));
            run("keys", "generate", "--out", peer.keys().toString());
            create.add(peer.keys().resolve("identity.pub") + "@" + peer.address());
        }
        // Frequent checkpoints let a restarted peer vote again within seconds; the longer deadline is for busy
        // machines.
        create.addAll(List.of("--checkpoint-interval", "8", "--round-deadline-ms", "1000"));
        create.addAll(List.of("--out", roster.toString()));
        run(create.toArray(new String[0]));
    }

    /** Starts all processes at once and waits until each listens. */
    void startAll() throws IOException {
        for (final DemoPeer peer : peers) {
            start(peer);
        }
        for (final DemoPeer peer : peers) {
            report.ready(peer.awaitReady(), peer.pid());
        }
    }

    /** Starts one process; {@link DemoPeer#awaitReady()} follows. */
    synchronized void start(final DemoPeer peer) throws IOException {
        if (stopped) {
            throw new IllegalStateException("the demo is being stopped");
        }
        report.command(peer.arguments(roster));
        peer.start(program, roster, folder);
    }

    /** Checks a certificate with nothing but the roster; returns what the command said. */
    String verify(final Path certificate) {
        return run("certificate", "verify", "--roster", roster.toString(), certificate.toString());
    }

    /** What one of the running peers says of itself. */
    Map<String, Object> status(final DemoPeer peer) throws IOException {
        return peer.request(Map.of("command", "status"));
    }

    /** Stops every process and waits for its end; safe to call twice and from a shutdown hook. */
    synchronized void stopAll() throws InterruptedException {
        stopped = true;
        peers.forEach(DemoPeer::stop);
        for (final DemoPeer peer : peers) {
            peer.awaitEnd();
        }
    }

    /** Runs a short command inside this process. */
    private String run(final String... arguments) {
        report.command(List.of(arguments));
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        final ByteArrayOutputStream err = new ByteArrayOutputStream();
        if (PeerMain.run(arguments, out, err) != 0) {
            throw new IllegalStateException(err.toString(StandardCharsets.UTF_8).strip());
        }
        return out.toString(StandardCharsets.UTF_8).strip();
    }

    /** UDP ports that nobody uses now; all are held until the last is found, so that they differ. */
    private static int[] freePorts(final int count) throws IOException {
        final List<DatagramSocket> sockets = new ArrayList<>();
        try {
            final int[] ports = new int[count];
            for (int i = 0; i < count; i++) {
                final DatagramSocket socket =
                        new DatagramSocket(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0));
                sockets.add(socket);
                ports[i] = socket.getLocalPort();
            }
            return ports;
        } finally {
            sockets.forEach(DatagramSocket::close);
        }
    }
}
