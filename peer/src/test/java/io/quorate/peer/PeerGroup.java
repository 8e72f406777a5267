package io.quorate.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.format.JsonLine;
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
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Peers as processes, started by the launcher as a user would: keys, roster, start, kill, contribute, status. */
final class PeerGroup implements AutoCloseable {
    private static final Path REPOSITORY = Path.of(System.getProperty("quorate.repository"));
    private static final int DIMENSION = 8;

    private final Path folder;
    private final Path roster;
    private final int[] ports;
    private final Process[] processes;

    PeerGroup(final Path folder, final int peers) throws IOException {
        this.folder = folder;
        roster = folder.resolve("roster.txt");
        ports = new int[peers];
        processes = new Process[peers];
        final List<String> create = new ArrayList<>(List.of("roster", "create"));
        final List<DatagramSocket> held = new ArrayList<>();
        for (int id = 0; id < peers; id++) {
            held.add(new DatagramSocket(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0)));
            ports[id] = held.get(id).getLocalPort();
            run("keys", "generate", "--out", folder.resolve("keys-" + id).toString());
            create.add(folder.resolve("keys-" + id).resolve("identity.pub") + "@127.0.0.1:" + ports[id]);
        }
        create.addAll(List.of("--dimension", "" + DIMENSION, "--heads", "2", "--round-deadline-ms", "5000"));
        create.addAll(List.of("--out", roster.toString()));
        run(create.toArray(new String[0]));
        held.forEach(DatagramSocket::close);
    }

    /** Starts some peers, all at once; their ready lines. */
    List<String> start(final List<Integer> ids, final String... more) throws IOException {
        for (final int id : ids) {
            final List<String> command = new ArrayList<>(
                    List.of(REPOSITORY.resolve("quorate").toString(), "peer", "--roster", roster.toString()));
            command.addAll(List.of(
                    "--key",
                    folder.resolve("keys-" + id).resolve("identity.key").toString()));
            command.addAll(List.of("--listen", "127.0.0.1:" + ports[id], "--data", data(id).toString()));
            command.addAll(List.of("--threading", "shared"));
            command.addAll(List.of(more));
            final ProcessBuilder builder = new ProcessBuilder(command);
            builder.environment().put("QUORATE_NO_BUILD", "1");
            builder.redirectError(folder.resolve("err-" + id).toFile());
            processes[id] = builder.start();
        }
        final List<String> ready = new ArrayList<>();
        for (final int id : ids) {
            final String line =
                    processes[id].inputReader(StandardCharsets.UTF_8).readLine();
            assertThat(line).as(Files.readString(folder.resolve("err-" + id))).isNotNull();
            ready.add(line);
        }
        return ready;
    }

    /** SIGKILL. */
    void kill(final List<Integer> ids) throws InterruptedException {
        for (final int id : ids) {
            processes[id].descendants().forEach(ProcessHandle::destroyForcibly);
            processes[id].destroyForcibly();
        }
        for (final int id : ids) {
            processes[id].waitFor();
        }
    }

    Path data(final int id) {
        return folder.resolve("data-" + id);
    }

    /** These peers contribute the same answer to a round; the decisions that they print. */
    List<Map<String, Object>> decide(final String round, final List<Integer> ids) throws Exception {
        final List<Callable<String>> contributions = new ArrayList<>();
        for (final int id : ids) {
            contributions.add(() -> run(
                    "contribute",
                    "--peer",
                    data(id).toString(),
                    "--round",
                    round,
                    "--text",
                    "the same words",
                    "--timeout",
                    "60",
                    "--json"));
        }
        final List<Map<String, Object>> decisions = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (final Future<String> one : threads.invokeAll(contributions)) {
                decisions.add(JsonLine.read(one.get()));
            }
        }
        return decisions;
    }

    Path roster() {
        return roster;
    }

    Path keys(final int id) {
        return folder.resolve("keys-" + id);
    }

    Map<String, Object> status(final int id) {
        return JsonLine.read(run("status", "--peer", data(id).toString(), "--json"));
    }

    void awaitVote(final int id) throws InterruptedException {
        final long endNs = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!Boolean.TRUE.equals(status(id).get("voting"))) {
            assertThat(System.nanoTime())
                    .as("peer " + id + " votes again in time")
                    .isLessThan(endNs);
            Thread.sleep(50);
        }
    }

    static String run(final String... command) {
        final java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        final java.io.ByteArrayOutputStream err = new java.io.ByteArrayOutputStream();
        assertThat(PeerMain.run(command, out, err))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        return out.toString(StandardCharsets.UTF_8);
    }

    /** SIGTERM for whoever still runs. */
    @Override
    public void close() {
        for (final Process process : processes) {
            if (process != null) {
                process.destroy();
            }
        }
        for (final Process process : processes) {
            if (process != null) {
                process.onExit().orTimeout(30, TimeUnit.SECONDS).join();
            }
        }
    }
}
