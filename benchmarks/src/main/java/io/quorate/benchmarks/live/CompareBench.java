package io.quorate.benchmarks.live;

import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.SideName;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * {@code bench compare}: our pBFT, Aeron Cluster and Aeron's ping-pong, each in a process of its own, measured in turns. The table
 * and the line of JSON go to {@code out}, progress to {@code err}.
 */
public final class CompareBench {
    private static final double SLICE_S = 0.5;
    private static final double WARM_UP_MAX_S = 5;
    private static final int EXIT_USAGE = 2;

    private final CompareOptions options;
    private final PrintStream out;
    private final PrintStream err;
    private final List<SideProcess> sides = new CopyOnWriteArrayList<>();

    private CompareBench(final CompareOptions options, final PrintStream out, final PrintStream err) {
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /** Runs the command; returns the exit code: 0, 1 if a side fails, 2 for a wrong command line. */
    public static int run(final PrintStream out, final PrintStream err, final String... arguments) {
        if (List.of(arguments).contains("--help")) {
            out.println(CompareOptions.USAGE);
            out.println(
                    "our pBFT (four peers), Aeron Cluster (three members) and Aeron's ping-pong over UDP loopback, in turns;");
            out.println(
                    "docs/benchmarks.md says what a request is. --seconds is measuring time; starting and warming up take");
            out.println("about 25 s more. --threading says how our four engines run: on one thread, or on one each.");
            out.println("--durable: both groups force their files before anything counts.");
            return 0;
        }
        try {
            return new CompareBench(CompareOptions.parse(arguments), out, err).run();
        } catch (final IllegalArgumentException e) {
            err.println("bench compare: " + e.getMessage());
            return EXIT_USAGE;
        } catch (final IOException | IllegalStateException e) {
            err.println("bench compare: " + e.getMessage());
            return 1;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private int run() throws IOException, InterruptedException {
        final BenchFolder folder = BenchFolder.create();
        final BenchFolder data = options.isDurable() ? BenchFolder.onDisk() : folder;
        // Ctrl-C and SIGTERM: nothing is left behind then, either.
        final Thread hook = new Thread(() -> {
            sides.forEach(SideProcess::kill);
            folder.remove();
            data.remove();
        });
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            final CompareReport report = measure(folder, data);
            report.print(out);
            if (options.isJson()) {
                out.println(report.json());
            }
            out.flush();
            return 0;
        } finally {
            sides.forEach(SideProcess::close);
            folder.remove();
            data.remove();
            release(hook);
        }
    }

    private CompareReport measure(final BenchFolder folder, final BenchFolder data)
            throws IOException, InterruptedException {
        final SideName[] names = SideName.values();
        final long warmUpNs = (long) (Math.min(WARM_UP_MAX_S, options.seconds() / names.length) * 1e9);
        for (final SideName name : names) {
            progress("start and warm up " + name.title());
            final SideProcess side = SideProcess.start(name, folder, data, options);
            sides.add(side);
            side.awaitReady();
            side.warmUp(warmUpNs);
        }
        final double sideSeconds = options.seconds() / names.length;
        final int rounds = (int) Math.max(1, Math.round(sideSeconds / SLICE_S));
        final long sliceNs = (long) (sideSeconds / rounds * 1e9);
        final Neighbours neighbours =
                new Neighbours(sides.stream().map(SideProcess::handle).toList());
        for (int round = 0; round < rounds; round++) {
            for (int turn = 0; turn < names.length; turn++) {
                // Another one first in each round.
                sides.get((round + turn) % names.length).slice(sliceNs);
            }
            progress(String.format(Locale.ROOT, "measured %d of %d rounds", round + 1, rounds));
        }
        err.println();
        final double othersFraction = neighbours.fraction();
        return new CompareReport(
                sides.get(SideName.PBFT.ordinal()).result(),
                sides.get(SideName.PBFT_SIGNED.ordinal()).result(),
                sides.get(SideName.AERON_CLUSTER.ordinal()).result(),
                sides.get(SideName.PING_PONG.ordinal()).result(),
                options.seconds(),
                options.isDurable(),
                othersFraction);
    }

    /** One line that is written over and over. */
    private void progress(final String text) {
        err.printf("\r%-60s", "bench compare: " + text);
        err.flush();
    }

    private static void release(final Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (final IllegalStateException e) {
            // The JVM is ending already and the hook runs.
            return;
        }
    }
}
