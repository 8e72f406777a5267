package io.quorate.benchmarks.decide;

import io.quorate.benchmarks.live.BenchProcess;
import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.LocalPorts;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.SessionKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The group under load as its parent sees it: keys and roster in files, the peers in one process or in one each. */
final class DecideGroup implements AutoCloseable {
    /** The client whose peer proposes pays one hop less; so backups come first. */
    private static final int FIRST_CLIENT = 1;

    private static final long LOOK_MS = 20;
    private static final long REJOIN_MAX_NS = 60_000_000_000L;

    private final DecideOptions options;
    private final BenchFolder memory;
    private final BenchFolder data;
    private final List<BenchProcess> processes = new CopyOnWriteArrayList<>();
    private String provider = "";
    private int primaryId;
    private int faultyId = -1;
    private long rejoinNs = -1;

    private DecideGroup(final DecideOptions options, final BenchFolder memory, final BenchFolder data) {
        this.options = options;
        this.memory = memory;
        this.data = data;
    }

    /** Makes the group's files; {@link #start()} starts its processes. */
    static DecideGroup create(final DecideOptions options) throws IOException {
        final BenchFolder memory = BenchFolder.create();
        final BenchFolder data = options.isDurable() ? BenchFolder.onDisk() : memory;
        final int[] ports = LocalPorts.free(options.peers());
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < options.peers(); id++) {
            final PeerIdentity identity = PeerIdentity.generate(new SecureRandom());
            identity.savePrivate(memory.path().resolve("peer-" + id + ".key"));
            peers.add(new Roster.Peer(id, "peer-" + id, "127.0.0.1", ports[id], identity.publicKey()));
        }
        final Roster roster = Roster.of(
                1,
                peers,
                Map.of(
                        "dimension",
                        "8",
                        "heads",
                        "2",
                        "reads",
                        "ordered",
                        SessionKeys.SEALING_SETTING,
                        options.sealing(),
                        "view-change-timeout-ms",
                        Integer.toString(options.timeoutMs())));
        Files.writeString(memory.path().resolve("roster.txt"), roster.canonicalText());
        return new DecideGroup(options, memory, data);
    }

    /** Starts all processes and waits until the group has answered each client once. */
    void start() throws IOException, InterruptedException {
        final List<List<Integer>> shares = new ArrayList<>();
        final List<Integer> all = IntStream.range(0, options.peers()).boxed().toList();
        if (options.isProcesses()) {
            all.forEach(id -> shares.add(List.of(id)));
        } else {
            shares.add(all);
        }
        final List<Integer> clients = IntStream.range(0, options.clients())
                .map(client -> (firstClient() + client) % options.peers())
                .boxed()
                .toList();
        for (final List<Integer> share : shares) {
            final String name = "peers-" + words(share).replace(',', '-');
            final BenchFolder folder = memory.make(name);
            final BenchFolder disk = options.isDurable() ? data.make(name) : folder;
            // Whoever is not well sends nothing, so any of them may have to.
            final List<Integer> own = options.fault() == DecideOptions.Fault.NONE
                    ? share.stream().filter(clients::contains).toList()
                    : share;
            processes.add(BenchProcess.start(
                    "peers " + words(share),
                    folder,
                    List.of(
                            DecideWorker.COMMAND,
                            folder.path().toString(),
                            disk.path().toString(),
                            memory.path().toString(),
                            words(share),
                            own.isEmpty() ? "-" : words(own),
                            options.threading().name(),
                            options.idle().name(),
                            Boolean.toString(options.isDurable()),
                            options.transport(),
                            Double.toString(options.lossPercent() / 100),
                            liars(share).isEmpty() ? "-" : words(liars(share)),
                            options.liar() == null ? "-" : options.liar().name())));
        }
        for (final BenchProcess process : processes) {
            provider = process.answer(DecideWorker.READY);
        }
        probe(-1);
    }

    /** Nobody asks a liar. */
    private int firstClient() {
        return options.liar() == null ? FIRST_CLIENT : DecideOptions.faulty(options.peers());
    }

    private List<Integer> liars(final List<Integer> share) {
        return share.stream().filter(options::isLiar).toList();
    }

    /**
     * Waits until the group has answered each client once more.
     *
     * @param exceptId whose process is not asked; -1 if all are
     * @return who proposes in the view that most have reached: a peer that was slow to start may have asked for the next one alone
     */
    private int probe(final int exceptId) throws InterruptedException {
        final List<BenchProcess> there = IntStream.range(0, processes.size())
                .filter(id -> id != exceptId)
                .mapToObj(processes::get)
                .toList();
        there.forEach(process -> process.order(DecideWorker.PROBE));
        final List<long[]> views = new ArrayList<>();
        for (final BenchProcess process : there) {
            for (final String one : process.answer(DecideWorker.PROBE).strip().split(" ")) {
                final String[] words = one.split(":");
                views.add(new long[] {Long.parseLong(words[0]), Long.parseLong(words[1])});
            }
        }
        views.sort(Comparator.comparingLong(one -> one[0]));
        return (int) views.get((views.size() - 1) / 2)[1];
    }

    /**
     * Has all clients send for so long.
     *
     * @param fault what happens to a peer's process meanwhile
     * @param onProgress told now and then how many requests have been answered
     * @return what each process says, but for the one that is not well
     */
    List<WorkerFigures> run(final double seconds, final DecideOptions.Fault fault, final LongConsumer onProgress)
            throws IOException, InterruptedException {
        final double pauseNs = options.isOpenLoop() ? 1e9 * options.clients() / options.ratePerSecond() : 0;
        final int faulty = faulty(fault);
        int clients = 0;
        for (int i = 0; i < processes.size(); i++) {
            final int place = (FIRST_CLIENT + i) % processes.size();
            final boolean isSending =
                    options.fault() == DecideOptions.Fault.NONE || place != faulty && clients < options.clients();
            clients += isSending ? 1 : 0;
            if (fault == DecideOptions.Fault.BACKUP_STOPPED && place == faulty) {
                // It would begin when the others have ended.
                continue;
            }
            processes
                    .get(place)
                    .order(DecideWorker.RUN + (long) (seconds * 1e9) + " " + (isSending ? options.inFlight() : 0) + " "
                            + pauseNs + " " + options.sizeBytes());
        }
        final WorkerFigures[] figures = new WorkerFigures[processes.size()];
        final long[] answered = new long[processes.size()];
        if (fault == DecideOptions.Fault.BACKUP_STOPPED) {
            signal("STOP", processes.get(faulty));
        }
        final long killAtNs = System.nanoTime() + (long) (seconds * 1e9 / 2);
        boolean isKillDue = fault == DecideOptions.Fault.PRIMARY_KILLED;
        int doneCount = faulty < 0 ? 0 : 1;
        while (doneCount < figures.length) {
            if (isKillDue && System.nanoTime() - killAtNs >= 0) {
                isKillDue = false;
                processes.get(faulty).kill();
            }
            for (int i = 0; i < figures.length; i++) {
                if (i == faulty) {
                    continue;
                }
                String line = figures[i] == null ? processes.get(i).poll(LOOK_MS) : null;
                while (line != null) {
                    if (line.startsWith(DecideWorker.PROGRESS)) {
                        answered[i] = Long.parseLong(line.substring(DecideWorker.PROGRESS.length()));
                    } else if (line.startsWith(DecideWorker.DONE)) {
                        figures[i] = WorkerFigures.parse(line.substring(DecideWorker.DONE.length()));
                        doneCount++;
                    }
                    line = figures[i] == null ? processes.get(i).poll(0) : null;
                }
            }
            onProgress.accept(Arrays.stream(answered).sum());
        }
        if (fault == DecideOptions.Fault.BACKUP_STOPPED) {
            rejoinNs = rejoin(faulty);
        }
        final List<WorkerFigures> said =
                Arrays.stream(figures).filter(Objects::nonNull).toList();
        faultyId = faulty;
        // Whose process was stopped has yet to say what it measured.
        primaryId = probe(faulty);
        return said;
    }

    /** Lets a stopped process go on; how long it takes until it has executed all that the others had by then. */
    private long rejoin(final int id) throws IOException, InterruptedException {
        final long target = where(processes.get((id + 1) % processes.size()));
        final BenchProcess stopped = processes.get(id);
        final long startNs = System.nanoTime();
        signal("CONT", stopped);
        while (where(stopped) < target) {
            if (System.nanoTime() - startNs > REJOIN_MAX_NS) {
                throw new IllegalStateException("peer " + id + " does not catch up with sequence " + target + " within "
                        + REJOIN_MAX_NS / 1_000_000_000 + " s");
            }
        }
        return System.nanoTime() - startNs;
    }

    private static long where(final BenchProcess process) throws InterruptedException {
        process.order(DecideWorker.WHERE);
        return Long.parseLong(process.answer(DecideWorker.WHERE).strip());
    }

    /** Whose process is not well; -1 if all are. */
    private int faulty(final DecideOptions.Fault fault) {
        return switch (fault) {
            case NONE -> -1;
            case PRIMARY_KILLED -> primaryId;
            case BACKUP_STOPPED -> (primaryId + processes.size() - 1) % processes.size();
        };
    }

    private static void signal(final String name, final BenchProcess process) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.handle().pid()))
                .start()
                .waitFor();
    }

    List<ProcessHandle> handles() {
        return processes.stream().map(BenchProcess::handle).toList();
    }

    /** Whose process was not well in the last run; -1 if all were. */
    int faultyId() {
        return faultyId;
    }

    /** How long the peer that was stopped in the last run took to catch up; -1 if none was. */
    long rejoinNs() {
        return rejoinNs;
    }

    /** Who proposes since the last run, as a request after it showed. */
    int primaryId() {
        return primaryId;
    }

    /** Who signs and verifies. */
    String provider() {
        return provider;
    }

    /** What kind of file system holds the journals. */
    String disk() throws IOException {
        return Files.getFileStore(data.path()).type();
    }

    /** Ends all processes at once and removes everything. */
    void kill() {
        processes.forEach(BenchProcess::kill);
        memory.remove();
        data.remove();
    }

    @Override
    public void close() {
        processes.forEach(BenchProcess::close);
        memory.remove();
        data.remove();
    }

    private static String words(final List<Integer> ids) {
        return ids.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
