package io.quorate.peer.cli;

import io.quorate.engine.simulator.FaultPlan;
import io.quorate.engine.simulator.Simulator;
import io.quorate.peer.format.JsonLine;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Hunts the protocol under seeds: the same code as in production, with virtual time, faults and liars. */
@Command(
        name = "simulate",
        description = "Run pBFT under seeded faults and check that it stays safe and live.",
        footer = {
            "%nA run is wholly decided by its options and its seed. --seed S runs one; with --seeds N it runs S to S+N-1.",
            "standard: 10%% loss, 5%% repeats, reordering, one crash with restart, one partition, f liars.",
            "Exits 1 if a seed shows a violation or a stall."
        })
final class SimulateCommand implements Callable<Integer> {
    private static final int SEEDS_DEFAULT = 1_000;
    private static final long WARM_UP_NS = 2_000_000_000L;
    private static final long PROGRESS_NS = 500_000_000L;
    private static final long NS_PER_SECOND = 1_000_000_000L;
    private static final int PEERS_MIN = 4;
    private static final int PEERS_MAX = 16;
    private static final int REQUESTS_MAX = 10_000;
    private static final int THREADS_MAX = 256;
    private static final int BAR_LENGTH = 30;
    private static final int FAILING_MAX = 20;

    /** What is simulated; one protocol so far. */
    private enum Protocol {
        PBFT
    }

    @Spec
    private CommandSpec spec;

    @Option(names = "--seeds", paramLabel = "N", description = "How many seeds; 1000, or 1 with --seed.")
    private Integer seeds;

    @Option(names = "--seed", paramLabel = "S", description = "The first seed, 1 if not given.")
    private Long firstSeed;

    @Option(
            names = "--peers",
            paramLabel = "N",
            defaultValue = "4",
            description = "Peers of the group, 4 to 16; ${DEFAULT-VALUE}.")
    private int peers;

    @Option(
            names = "--faults",
            paramLabel = "PRESET",
            defaultValue = "STANDARD",
            description = "What goes wrong: ${COMPLETION-CANDIDATES}; ${DEFAULT-VALUE}.")
    private FaultPlan.Preset faults;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "LIVENESS",
            description =
                    "LIVENESS: faults stop, then all must come to an end; SAFETY: they never stop; ${DEFAULT-VALUE}.")
    private Simulator.Mode mode;

    @Option(
            names = "--protocol",
            paramLabel = "PROTOCOL",
            defaultValue = "PBFT",
            description = "What is simulated: ${COMPLETION-CANDIDATES}.")
    private Protocol protocol;

    @Option(
            names = "--requests",
            paramLabel = "N",
            defaultValue = "20",
            description = "Requests that are ordered in a run; ${DEFAULT-VALUE}.")
    private int requests;

    @Option(
            names = "--patience",
            paramLabel = "SECONDS",
            defaultValue = "20",
            description = "Virtual seconds after the last fault within which all must be done; ${DEFAULT-VALUE}.")
    private int patience;

    @Option(names = "--threads", paramLabel = "N", description = "Seeds that run at a time; all cores if not given.")
    private Integer threads;

    @Option(names = "--trace", description = "Print the dialogue of the peers; for one seed.")
    private boolean trace;

    @Option(names = "--json", description = "Print one JSON object on standard output and nothing else there.")
    private boolean json;

    private final boolean isWatched =
            System.console() != null && System.console().isTerminal();

    /** What the workers found together. */
    private static final class Tally {
        private long done;
        private long violations;
        private long stalled;
        private long events;

        /** The sum of all runs' hashes: the order in which they end does not matter. */
        private long traceHash;

        private long doneWarm;
        private long eventsWarm;
        private long warmAtNs;
        private Simulator.Outcome first;

        /** What went wrong by seed, the lowest seeds of all that failed. */
        private final TreeMap<Long, String> failing = new TreeMap<>();

        private synchronized void add(final Simulator.Outcome outcome, final long count, final long startNs) {
            final long nowNs = System.nanoTime();
            done++;
            events += outcome.events();
            traceHash += outcome.traceHash();
            // Half of a run that is over sooner: else all of it would be warm-up.
            if (warmAtNs == 0 && (nowNs - startNs >= WARM_UP_NS || done >= count / 2)) {
                warmAtNs = nowNs;
                doneWarm = done;
                eventsWarm = events;
            }
            if (!outcome.isClean()) {
                violations += outcome.result() == Simulator.Result.VIOLATION ? 1 : 0;
                stalled += outcome.result() == Simulator.Result.STALL ? 1 : 0;
                if (first == null || outcome.seed() < first.seed()) {
                    first = outcome;
                }
                final boolean isStall = outcome.result() == Simulator.Result.STALL;
                failing.put(outcome.seed(), isStall ? "stalled" : "violation of " + outcome.property());
                if (failing.size() > FAILING_MAX) {
                    failing.pollLastEntry();
                }
            }
        }

        /** Per second after the warm-up, or over all of a run that was shorter than that. */
        private synchronized double perSecond(final boolean ofEvents, final long startNs, final long endNs) {
            final boolean isWarm = warmAtNs != 0 && done > doneWarm;
            final long fromNs = isWarm ? warmAtNs : startNs;
            final long all = ofEvents ? events : done;
            final long cold = isWarm ? (ofEvents ? eventsWarm : doneWarm) : 0;
            return (all - cold) * 1e9 / Math.max(1, endNs - fromNs);
        }
    }

    @Override
    public Integer call() throws InterruptedException, ExecutionException {
        final long first = firstSeed == null ? 1 : firstSeed;
        final long count = seeds != null ? seeds : firstSeed != null ? 1 : SEEDS_DEFAULT;
        final int workers = threads != null ? threads : Runtime.getRuntime().availableProcessors();
        require(count >= 1, "--seeds is at least 1", count);
        require(first <= Long.MAX_VALUE - count, "--seed and --seeds together stay below 2^63", first);
        require(peers >= PEERS_MIN && peers <= PEERS_MAX, "--peers is 4 to 16", peers);
        require(requests >= 1 && requests <= REQUESTS_MAX, "--requests is 1 to " + REQUESTS_MAX, requests);
        require(patience >= 0, "--patience is at least 0", patience);
        require(workers >= 1 && workers <= THREADS_MAX, "--threads is 1 to " + THREADS_MAX, workers);
        if (trace) {
            require(count == 1, "--trace is for one seed", count);
            return traceOne(first);
        }
        final Tally tally = new Tally();
        final long startNs = System.nanoTime();
        sweep(first, count, (int) Math.min(workers, count), tally, startNs);
        return report(tally, startNs, System.nanoTime());
    }

    private int traceOne(final long seed) {
        final PrintWriter out = spec.commandLine().getOut();
        final PrintWriter err = spec.commandLine().getErr();
        final long startNs = System.nanoTime();
        final Simulator.Outcome outcome =
                simulator().listener(json ? err::println : out::println).run(seed);
        final Tally tally = new Tally();
        tally.add(outcome, 1, startNs);
        err.println(outcome.plan());
        return report(tally, startNs, System.nanoTime());
    }

    private void sweep(final long first, final long count, final int workers, final Tally tally, final long startNs)
            throws InterruptedException, ExecutionException {
        final AtomicLong next = new AtomicLong(first);
        final AtomicLong progressAtNs = new AtomicLong(startNs + PROGRESS_NS);
        final ExecutorService pool = Executors.newFixedThreadPool(workers);
        try {
            final List<Future<?>> running = new ArrayList<>();
            for (int worker = 0; worker < workers; worker++) {
                running.add(pool.submit(() -> {
                    final Simulator simulator = simulator();
                    for (long seed = next.getAndIncrement(); seed < first + count; seed = next.getAndIncrement()) {
                        tally.add(simulator.run(seed), count, startNs);
                        progress(tally, count, startNs, progressAtNs);
                    }
                }));
            }
            for (final Future<?> worker : running) {
                worker.get();
            }
        } finally {
            pool.shutdownNow();
            if (isWatched) {
                spec.commandLine().getErr().println();
            }
        }
    }

    /** A bar that is written over; only for somebody who watches. */
    private void progress(final Tally tally, final long count, final long startNs, final AtomicLong atNs) {
        final long nowNs = System.nanoTime();
        final long dueNs = atNs.get();
        if (isWatched && nowNs - dueNs >= 0 && atNs.compareAndSet(dueNs, nowNs + PROGRESS_NS)) {
            final PrintWriter err = spec.commandLine().getErr();
            err.print(bar(tally, count, startNs, nowNs));
            err.flush();
        }
    }

    private static String bar(final Tally tally, final long count, final long startNs, final long nowNs) {
        synchronized (tally) {
            final int filled = (int) (tally.done * BAR_LENGTH / count);
            return String.format(
                    Locale.ROOT,
                    "\r[%s%s] %d of %d seeds, %.0f seeds/s, %d violations, %d stalled ",
                    "#".repeat(filled),
                    ".".repeat(BAR_LENGTH - filled),
                    tally.done,
                    count,
                    tally.perSecond(false, startNs, nowNs),
                    tally.violations,
                    tally.stalled);
        }
    }

    private int report(final Tally tally, final long startNs, final long endNs) {
        final PrintWriter out = spec.commandLine().getOut();
        final PrintWriter err = spec.commandLine().getErr();
        final long seedsPerSecond = Math.round(tally.perSecond(false, startNs, endNs));
        final long eventsPerSecond = Math.round(tally.perSecond(true, startNs, endNs));
        if (tally.first != null) {
            err.println(tally.first.report());
            err.println("replay: ./quorate simulate --seed " + tally.first.seed() + " --peers " + peers + " --faults "
                    + faults.name().toLowerCase(Locale.ROOT) + " --requests " + requests + " --patience " + patience
                    + (mode == Simulator.Mode.LIVENESS
                            ? ""
                            : " --mode " + mode.name().toLowerCase(Locale.ROOT))
                    + " --trace");
            tally.failing
                    .tailMap(tally.first.seed(), false)
                    .forEach((seed, what) -> err.println("also: seed " + seed + " " + what));
        }
        if (json) {
            final Map<String, Object> line = new LinkedHashMap<>();
            line.put("event", "simulated");
            line.put("seeds", tally.done);
            line.put("violations", tally.violations);
            line.put("stalled", tally.stalled);
            line.put("seedsPerSecond", seedsPerSecond);
            line.put("eventsPerSecond", eventsPerSecond);
            line.put("traceHash", String.format(Locale.ROOT, "%016x", tally.traceHash));
            line.put("firstFailingSeed", tally.first == null ? null : tally.first.seed());
            line.put("failingSeeds", List.copyOf(tally.failing.keySet()));
            out.println(JsonLine.write(line));
        } else {
            out.printf(
                    Locale.ROOT,
                    "%d seeds of %s with %d peers under %s faults: %d violations, %d stalled; %d seeds/s, %d events/s; trace %016x%n",
                    tally.done,
                    protocol.name().toLowerCase(Locale.ROOT),
                    peers,
                    faults.name().toLowerCase(Locale.ROOT),
                    tally.violations,
                    tally.stalled,
                    seedsPerSecond,
                    eventsPerSecond,
                    tally.traceHash);
        }
        return tally.first == null ? 0 : CommandErrors.FAILED;
    }

    private Simulator simulator() {
        return new Simulator()
                .peers(peers)
                .preset(faults)
                .mode(mode)
                .commands(requests)
                .patienceNs(patience * NS_PER_SECOND);
    }

    private static void require(final boolean condition, final String rule, final long given) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", given " + given);
        }
    }
}
