package io.quorate.benchmarks.decide;

import io.quorate.benchmarks.live.Neighbours;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;

/**
 * {@code bench decide}: a group under load, in one process or in one a peer. The table and the line of JSON go to {@code out},
 * progress to {@code err}.
 */
public final class DecideBench {
    private static final int EXIT_USAGE = 2;
    private static final int BAR_LENGTH = 30;
    private static final long PROGRESS_NS = 250_000_000L;

    private final DecideOptions options;
    private final PrintStream out;
    private final PrintStream err;
    private long saidNs;
    private String saidOf = "";

    private DecideBench(final DecideOptions options, final PrintStream out, final PrintStream err) {
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /** Runs the command; returns the exit code: 0, 1 if something fails or is not answered, 2 for a wrong command line. */
    public static int run(final PrintStream out, final PrintStream err, final String... arguments) {
        if (List.of(arguments).contains("--help")) {
            out.println(DecideOptions.USAGE);
            out.println(
                    "a group of peers under load; docs/benchmarks.md says what a request is. Without --rate the loop is closed:");
            out.println(
                    "each of --clients has --in-flight requests unanswered. With it the loop is open: requests come due at that");
            out.println("rate whatever the group does, and latencies count from when they were due.");
            return 0;
        }
        try {
            return new DecideBench(DecideOptions.parse(arguments), out, err).run();
        } catch (final IllegalArgumentException e) {
            err.println("bench decide: " + e.getMessage());
            return EXIT_USAGE;
        } catch (final IOException | IllegalStateException e) {
            err.println("bench decide: " + e.getMessage());
            return 1;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private int run() throws IOException, InterruptedException {
        if (options.plot() != null) {
            // Better told before the measuring than after it.
            Files.writeString(options.plot(), "");
        }
        final DecideGroup group = DecideGroup.create(options);
        final Thread hook = new Thread(group::kill);
        Runtime.getRuntime().addShutdownHook(hook);
        try (group) {
            progress("start", 0, "");
            group.start();
            measured("warm up", group, options.warmUpSeconds(), DecideOptions.Fault.NONE);
            final Neighbours neighbours = new Neighbours(group.handles());
            final List<WorkerFigures> figures = measured("measure", group, options.seconds(), options.fault());
            final DecideReport report = new DecideReport(
                    options,
                    figures,
                    group.faultyId(),
                    group.primaryId(),
                    group.rejoinNs(),
                    neighbours.fraction(),
                    group.provider(),
                    options.isDurable() ? group.disk() : "");
            saidOf = "";
            progress("measured", 1, "");
            err.println();
            report.print(out);
            if (options.plot() != null) {
                Files.writeString(options.plot(), LatencyPlot.svg(report));
            }
            if (options.isJson()) {
                out.println(report.json());
            }
            out.flush();
            return report.unanswered() == 0 ? 0 : 1;
        } finally {
            release(hook);
        }
    }

    private List<WorkerFigures> measured(
            final String what, final DecideGroup group, final double seconds, final DecideOptions.Fault fault)
            throws IOException, InterruptedException {
        final long startNs = System.nanoTime();
        return group.run(seconds, fault, answered -> {
            final double elapsed = (System.nanoTime() - startNs) / 1e9;
            final String figures = elapsed < 0.5
                    ? ""
                    : String.format(Locale.ROOT, "%,.0f requests/s", answered / Math.min(elapsed, seconds));
            progress(what, Math.min(1, elapsed / seconds), figures);
        });
    }

    /** One line that is written over and over. */
    private void progress(final String what, final double part, final String figures) {
        if (what.equals(saidOf) && System.nanoTime() - saidNs < PROGRESS_NS) {
            return;
        }
        saidNs = System.nanoTime();
        saidOf = what;
        final int full = (int) (BAR_LENGTH * part);
        err.printf(
                "\r%-75s",
                String.format(
                        Locale.ROOT,
                        "bench decide: %-8s [%s%s] %3.0f %% %s",
                        what,
                        "#".repeat(full),
                        ".".repeat(BAR_LENGTH - full),
                        100 * part,
                        figures));
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
