package io.quorate.peer.demo;

import io.quorate.peer.admin.AdminClient;
import io.quorate.peer.format.JsonLine;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One peer of the demo: a process of the operating system, started by the same command line that a user would type, with a
 * folder of its own. Its standard input stays open as long as the demo lives; when it ends, so does the peer.
 */
final class DemoPeer {
    static final String DATA = "data";

    private static final long STOP_SECONDS_MAX = 10;
    private static final int LOG_LINES_SHOWN = 12;

    private final int id;
    private final int port;
    private final Path folder;
    private Process process;
    private BufferedReader lines;

    DemoPeer(final int id, final int port, final Path folder) {
        this.id = id;
        this.port = port;
        this.folder = folder;
    }

    int id() {
        return id;
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    Path keys() {
        return folder.resolve("keys");
    }

    Path data() {
        return folder.resolve(DATA);
    }

    boolean isRunning() {
        return process != null && process.isAlive();
    }

    long pid() {
        return process.pid();
    }

    /** The command line after the program's name, as a user would type it. */
    List<String> arguments(final Path roster) {
        return List.of(
                "peer",
                "--roster",
                roster.toString(),
                "--key",
                keys().resolve("identity.key").toString(),
                "--listen",
                address(),
                "--data",
                data().toString(),
                "--memory-only");
    }

    /** Starts the process; {@link #awaitReady()} follows. */
    void start(final List<String> program, final Path roster, final Path demoFolder) throws IOException {
        final List<String> command = new ArrayList<>(program);
        command.addAll(arguments(roster));
        command.addAll(List.of("--json", "--threading", "shared", "--exit-with-parent", demoFolder.toString()));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
        lines = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Waits for the ready line.
     *
     * @throws IllegalStateException if the process ends instead; says what it wrote to its log
     */
    Map<String, Object> awaitReady() throws IOException {
        final String line = lines.readLine();
        if (line == null) {
            final List<String> log = Files.readAllLines(log());
            throw new IllegalStateException("peer " + id + " ended before it was ready: "
                    + String.join(" | ", log.subList(Math.max(0, log.size() - LOG_LINES_SHOWN), log.size())));
        }
        return JsonLine.read(line);
    }

    /** One request over the peer's admin socket. */
    Map<String, Object> request(final Map<String, ?> request) throws IOException {
        try (AdminClient client = AdminClient.connect(data())) {
            return client.request(request);
        }
    }

    /** Lets time pass, but not beyond the end of the process. */
    void pace(final long milliseconds) throws InterruptedException {
        process.waitFor(milliseconds, TimeUnit.MILLISECONDS);
    }

    /** SIGKILL; returns when the process is gone. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** SIGTERM, without waiting. */
    void stop() {
        if (process != null) {
            // Not Process.destroy: that closes the pipe, too, and the peer would take the demo for dead.
            process.toHandle().destroy();
        }
    }

    /** Waits for the end after {@link #stop()}; a process that does not end in time is killed. */
    int awaitEnd() throws InterruptedException {
        if (process == null) {
            return 0;
        }
        if (!process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
            kill();
        }
        return process.exitValue();
    }

    private Path log() {
        return folder.resolve("log");
    }
}
