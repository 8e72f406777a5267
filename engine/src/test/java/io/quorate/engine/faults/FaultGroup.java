package io.quorate.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.aeron.EmbeddedDriver;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Peers as processes behind a {@link HostilePath}, under load all the time: every few milliseconds all of them are told to contribute
 * to a new round. What they say goes into a {@link History}, which {@link #judge()} judges when all is over.
 */
final class FaultGroup implements AutoCloseable {
    static final int PEERS = 4;

    private static final Path REPOSITORY = Path.of(System.getProperty("quorate.repository"));
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(60);
    private static final long LOOK_NS = 2_000_000;
    private static final int ANSWERS_AT_ONCE = 32;
    private static final int BEHIND = 64;

    /** As many closed rounds as every peer surely remembers. */
    private static final int ROUNDS_ASKED_MAX = 800;

    private enum State {
        DOWN,
        STARTING,
        UP,
        STOPPED
    }

    /** What a peer said of itself last. */
    record Status(
            long number,
            long view,
            int primary,
            boolean isVoting,
            long dropped,
            String journal,
            long journalFailures) {}

    final HostilePath path;
    final History history = new History();
    private final Path memory;
    private final Path disk;
    private final boolean isDurable;
    private final String[] prefix;
    private final Process[] processes = new Process[PEERS];
    private final State[] states = new State[PEERS];
    private final Status[] statuses = new Status[PEERS];
    private final int[] pending = new int[PEERS];
    private final boolean[] isFull = new boolean[PEERS];
    private final AtomicInteger roundCount = new AtomicInteger();
    private final ConcurrentLinkedQueue<String> noise = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    private final Thread load;
    private volatile boolean isLoading = true;
    private volatile long roundPauseNs = 20_000_000;

    /**
     * @param folder for data, on a disk
     * @param prefix of the command that starts a peer; its words may hold {@code DATA} for the peer's folder
     */
    FaultGroup(final Path folder, final boolean isDurable, final long seed, final String... prefix) throws IOException {
        this.disk = folder;
        this.isDurable = isDurable;
        this.prefix = prefix;
        path = new HostilePath(PEERS, seed);
        memory = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-faults-");
        Arrays.fill(states, State.DOWN);
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < PEERS; id++) {
            final PeerIdentity identity = PeerIdentity.generate(new SecureRandom());
            identity.savePrivate(memory.resolve("peer-" + id + ".key"));
            peers.add(new Roster.Peer(id, "peer-" + id, "127.0.0.1", path.rosterPort(id), identity.publicKey()));
            statuses[id] = new Status(0, 0, 0, false, 0, "", 0);
        }
        final Roster roster = Roster.of(
                1,
                peers,
                Map.of(
                        "dimension",
                        "" + FaultPeer.DIMENSION,
                        "heads",
                        "2",
                        "round-deadline-ms",
                        "250",
                        "checkpoint-interval",
                        "16"));
        Files.writeString(memory.resolve("roster.txt"), roster.canonicalText());
        load = new Thread(this::load, "load");
        load.setDaemon(true);
    }

    /** Starts all peers, waits until they decide, and begins the load. */
    void start() throws IOException {
        for (int id = 0; id < PEERS; id++) {
            launch(id);
        }
        for (int id = 0; id < PEERS; id++) {
            awaitUp(id);
        }
        load.start();
        awaitProgress();
    }

    /** Starts one peer again. */
    void start(final int id) throws IOException {
        launch(id);
        awaitUp(id);
    }

    /** SIGKILL, for all of these at once. */
    void kill(final int... ids) {
        for (final int id : ids) {
            state(id, State.DOWN);
            processes[id].destroyForcibly();
        }
        for (final int id : ids) {
            processes[id].onExit().join();
        }
    }

    /** SIGSTOP. */
    void stop(final int id) throws IOException {
        state(id, State.STOPPED);
        signal("-STOP", id);
    }

    /** SIGCONT. */
    void resume(final int id) throws IOException {
        signal("-CONT", id);
        state(id, State.UP);
    }

    /** Fills the file system of a peer's data, or gives the room back. */
    void fill(final int id) {
        order(id, "fill");
        await("the disk of peer " + id + " is full", () -> isFull[id]);
    }

    void free(final int id) {
        isFull[id] = false;
        order(id, "free");
    }

    /** A round that began after this call is decided at a peer. */
    void awaitProgress() {
        final int first = roundCount.get();
        await("a new round is decided", () -> {
            for (int number = first; number < roundCount.get(); number++) {
                if (history.isDecided(name(number))) {
                    return true;
                }
            }
            return false;
        });
    }

    /** What a peer says of itself now. */
    Status status(final int id) {
        final long before = statuses[id].number();
        order(id, "status");
        await("peer " + id + " tells its status", () -> statuses[id].number() > before);
        return statuses[id];
    }

    int primary() {
        for (int id = 0; id < PEERS; id++) {
            if (states[id] == State.UP) {
                return status(id).primary();
            }
        }
        throw new IllegalStateException("no peer is up");
    }

    void awaitVotes() {
        for (int id = 0; id < PEERS; id++) {
            final int peer = id;
            await("peer " + id + " votes", () -> status(peer).isVoting());
        }
    }

    /** What a peer contributed while nobody heard it may come as late as its client's longest pause, and open a round anew. */
    private void awaitOutcomes() {
        for (int id = 0; id < PEERS; id++) {
            final int peer = id;
            pending[id] = 1;
            await("every contribution of peer " + id + " has its outcome", () -> {
                order(peer, "pending");
                return pending[peer] == 0;
            });
        }
    }

    /** For so long, whatever happens. */
    void pass(final long milliseconds) {
        final long endNs = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
        while (System.nanoTime() - endNs < 0) {
            LockSupport.parkNanos(LOOK_NS);
        }
    }

    void roundPauseMs(final long pauseMs) {
        roundPauseNs = TimeUnit.MILLISECONDS.toNanos(pauseMs);
    }

    /** Heals everything, ends the load, asks every peer about every round, and judges. */
    void judge() {
        path.heal();
        for (int id = 0; id < PEERS; id++) {
            assertThat(states[id]).as("peer " + id + " at the end").isEqualTo(State.UP);
        }
        awaitProgress();
        isLoading = false;
        awaitVotes();
        awaitOutcomes();
        final List<String> rounds = history.rounds();
        final List<String> asked = rounds.subList(Math.max(0, rounds.size() - ROUNDS_ASKED_MAX), rounds.size());
        // The last ones end by their deadlines first.
        pass(1000);
        for (int from = 0; from < asked.size(); from += ANSWERS_AT_ONCE) {
            final List<String> some = asked.subList(from, Math.min(asked.size(), from + ANSWERS_AT_ONCE));
            for (final String round : some) {
                for (int id = 0; id < PEERS; id++) {
                    order(id, "ask " + round);
                }
            }
            await(
                    "all peers answer about " + some,
                    () -> some.stream().allMatch(round -> history.answerCount(round) == PEERS));
        }
        assertThat(failures).isEmpty();
        assertThat(history.judge()).isEmpty();
        assertThat(history.decidedCount()).isPositive();
        assertThat(history.acknowledgedCount()).isPositive();
    }

    @Override
    public void close() throws IOException {
        isLoading = false;
        for (final Process process : processes) {
            if (process != null) {
                process.destroyForcibly().onExit().join();
            }
        }
        path.close();
        try (Stream<Path> files = Files.walk(memory)) {
            for (final Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Begins to start one peer; {@link #awaitUp} waits for it. */
    void launch(final int id) throws IOException {
        final Path data = disk.resolve("data-" + id);
        Files.createDirectories(data);
        final List<String> command = new ArrayList<>();
        for (final String word : prefix) {
            command.add(word.replace("DATA", data.toString()));
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("@" + REPOSITORY.resolve("native-profiles/base.args"));
        command.add("@" + REPOSITORY.resolve("native-profiles/portable.args"));
        // It starts in half the time, and nobody measures anything here.
        command.add("-XX:TieredStopAtLevel=1");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(FaultPeer.class.getName());
        command.addAll(List.of(
                memory.toString(),
                "" + id,
                "127.0.0.1:" + path.listenPort(id),
                data.resolve("peer").toString(),
                memory.resolve("driver-" + id).toString(),
                "" + isDurable));
        state(id, State.STARTING);
        processes[id] = new ProcessBuilder(command).redirectErrorStream(true).start();
        final Process process = processes[id];
        final Thread reader = new Thread(() -> read(id, process), "peer-" + id);
        reader.setDaemon(true);
        reader.start();
    }

    void awaitUp(final int id) {
        await("peer " + id + " starts", () -> {
            if (!processes[id].isAlive()) {
                throw new AssertionError("peer " + id + " does not start: " + String.join("\n", noise));
            }
            return states[id] == State.UP;
        });
    }

    private void load() {
        while (isLoading) {
            final int number = roundCount.getAndIncrement();
            final String round = name(number);
            for (int id = 0; id < PEERS; id++) {
                if (states[id] == State.UP) {
                    order(id, "contribute " + round);
                }
            }
            // Who is asked for more than the machine can do shows a queue, not what a fault does.
            final boolean isBehind = number >= BEHIND && !history.isDecided(name(number - BEHIND));
            LockSupport.parkNanos(isBehind ? 10 * roundPauseNs : roundPauseNs);
        }
    }

    private static String name(final int number) {
        return "round-" + number;
    }

    private void order(final int id, final String line) {
        try {
            final OutputStream out = processes[id].getOutputStream();
            synchronized (out) {
                out.write((line + "\n").getBytes(StandardCharsets.UTF_8));
                out.flush();
            }
        } catch (final IOException e) {
            // It has just been killed.
            return;
        }
    }

    private void read(final int id, final Process process) {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith(FaultPeer.MARK)) {
                    onLine(id, line.substring(FaultPeer.MARK.length()).split(" "));
                } else {
                    noise.add(id + ": " + line);
                }
            }
        } catch (final IOException | UncheckedIOException e) {
            // Killed in the middle of a line.
            return;
        }
    }

    private void onLine(final int id, final String... words) {
        final long timeNs = Long.parseLong(words[0]);
        switch (words[1]) {
            case "ready" -> state(id, State.UP);
            case "submitted" -> history.submitted(timeNs, id, words[2], words[3]);
            case "outcome" -> history.outcome(id, words[2], words[3]);
            case "decided" ->
                history.decided(timeNs, id, words[2], Long.parseLong(words[3]), words[4], contributors(words[5]));
            case "answer" -> history.answered(id, words[2], words[3], Long.parseLong(words[4]), words[5]);
            case "status" ->
                statuses[id] = new Status(
                        statuses[id].number() + 1,
                        Long.parseLong(words[2]),
                        Integer.parseInt(words[3]),
                        Boolean.parseBoolean(words[4]),
                        Long.parseLong(words[6]),
                        words[7],
                        Long.parseLong(words[8]));
            case "pending" -> pending[id] = Integer.parseInt(words[2]);
            case "full" -> isFull[id] = true;
            case "refused" -> noise.add(id + ": the ring was full");
            default -> failures.add("peer " + id + ": " + String.join(" ", words));
        }
    }

    private static Map<Integer, String> contributors(final String text) {
        final Map<Integer, String> contributors = new HashMap<>();
        for (final String one : text.split(",")) {
            final int colon = one.indexOf(':');
            contributors.put(Integer.parseInt(one.substring(0, colon)), one.substring(colon + 1));
        }
        return contributors;
    }

    private void signal(final String name, final int id) throws IOException {
        final Process kill = new ProcessBuilder("kill", name, "" + processes[id].pid()).start();
        assertThat(kill.onExit().join().exitValue()).isZero();
    }

    private void state(final int id, final State state) {
        synchronized (states) {
            states[id] = state;
        }
    }

    private void await(final String what, final BooleanSupplier condition) {
        final long endNs = System.nanoTime() + PATIENCE_NS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - endNs >= 0) {
                throw new AssertionError("not in time: " + what + "; " + failures + " " + history.judge());
            }
            LockSupport.parkNanos(LOOK_NS);
        }
    }
}
