package io.quorate.benchmarks.compare;

import io.quorate.benchmarks.compare.KernelReport.FirstCall;
import io.quorate.kernels.KernelWarmup;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;

/**
 * {@code bench kernels}: our attention kernels, and the peers if they were built in, timed in turns within one process. The table
 * and the line of JSON go to {@code out}, everything else to {@code err}.
 */
public final class KernelBench {
    /** How to get the peers; the launcher then finds them. */
    static final String COMPARE = "./mvnw -q -Pcompare -pl benchmarks -am -Dmaven.test.skip=true package";

    private static final long WARMUP_NS = 2_000_000_000L;
    private static final int WARMUP_ROWS_MAX = 64;
    private static final int EXIT_USAGE = 2;

    private final KernelOptions options;
    private final PrintStream out;
    private final PrintStream err;
    private final List<KernelRow> rows = new ArrayList<>();
    private final List<FirstCall> firstCalls = new ArrayList<>();

    private KernelBench(final KernelOptions options, final PrintStream out, final PrintStream err) {
        this.options = options;
        this.out = out;
        this.err = err;
    }

    /** Runs the command; returns the exit code: 0, 1 if the plot cannot be written, 2 for a wrong command line. */
    public static int run(final PrintStream out, final PrintStream err, final String... arguments) {
        if (List.of(arguments).contains("--help")) {
            out.println(KernelOptions.USAGE);
            return 0;
        }
        try {
            return new KernelBench(KernelOptions.parse(arguments), out, err).run();
        } catch (final IllegalArgumentException e) {
            err.println("bench kernels: " + e.getMessage());
            return EXIT_USAGE;
        } catch (final IOException e) {
            err.println("bench kernels: " + e);
            return 1;
        }
    }

    private int run() throws IOException {
        final List<ContenderSource> peers = peers();
        requireKnown(peers);
        final List<ContenderSource> own = chosen(OwnKernels.all());
        // Before any peer's library is loaded: the process is as fresh as a service that starts.
        warmUpAndCallOnce(own);
        final List<ContenderSource> contenders = new ArrayList<>(own);
        contenders.addAll(chosen(peers));
        final double cells = options.sizes().size() * options.threads().size();
        final long cellNs = (long) (options.seconds() * 1e9 / cells);
        for (final int n : options.sizes()) {
            final Workload workload = new Workload(n);
            for (final int threads : options.threads()) {
                measure(contenders, workload, threads, cellNs);
            }
        }
        print(contenders, peers.isEmpty());
        return 0;
    }

    private List<ContenderSource> chosen(final List<ContenderSource> sources) {
        return sources.stream()
                .filter(source ->
                        options.kernels().isEmpty() || options.kernels().contains(source.name()))
                .toList();
    }

    private void requireKnown(final List<ContenderSource> peers) {
        final List<String> known = new ArrayList<>();
        OwnKernels.all().forEach(source -> known.add(source.name()));
        peers.forEach(source -> known.add(source.name()));
        for (final String name : options.kernels()) {
            if (!known.contains(name)) {
                throw new IllegalArgumentException(
                        "unknown kernel " + name + "; known here are " + String.join(", ", known));
            }
        }
    }

    private List<ContenderSource> peers() {
        final List<ContenderSource> peers = new ArrayList<>();
        try {
            ServiceLoader.load(ContenderSource.class).forEach(peers::add);
        } catch (final ServiceConfigurationError e) {
            err.println("bench kernels: the peers cannot be loaded: " + e.getMessage());
        }
        return peers;
    }

    /** The warm-up that a service of these two kernels does at start, for rounds of the smallest size, and then the first real calls. */
    private void warmUpAndCallOnce(final List<ContenderSource> own) {
        final long startNs = System.nanoTime();
        final int rows =
                options.sizes().stream().mapToInt(Integer::intValue).min().orElseThrow();
        final boolean isQuiet = KernelWarmup.run(
                EnumSet.of(KernelWarmup.Kernel.ATTENTION, KernelWarmup.Kernel.SYMMETRIC_ATTENTION),
                PrimitivesProvider.preferred(),
                Math.min(rows, WARMUP_ROWS_MAX),
                Workload.MODEL_DIM,
                Workload.HEADS,
                WARMUP_NS);
        progress("warm-up %.2f s, %s", (System.nanoTime() - startNs) / 1e9, isQuiet ? "quiet" : "not quiet in time");
        for (final ContenderSource source : own) {
            if (source.name().equals(OwnKernels.GENERAL) || source.name().equals(OwnKernels.SYMMETRIC)) {
                for (final int n : options.sizes()) {
                    try (Contender contender = source.open(new Workload(n), 1)) {
                        final long firstNs = System.nanoTime();
                        contender.call();
                        firstCalls.add(new FirstCall(source.name(), n, System.nanoTime() - firstNs));
                    }
                }
            }
        }
    }

    private void measure(
            final List<ContenderSource> sources, final Workload workload, final int threads, final long budgetNs) {
        progress("n=%d, threads=%d", workload.n(), threads);
        final List<ContenderSource> taking = new ArrayList<>();
        final List<Contender> open = new ArrayList<>();
        final FmaPeak peak = new FmaPeak(threads);
        open.add(peak);
        try {
            for (final ContenderSource source : sources) {
                final boolean isWanted = !options.kernels().isEmpty() || source.isDefault(workload.n());
                if (isWanted) {
                    tryOpen(source, workload, threads, open, taking);
                }
            }
            final List<Alternation.Timing> timings = Alternation.measure(open, threads, budgetNs);
            final double peakGflops = peak.flops() / timings.get(0).medianNs();
            for (int i = 0; i < taking.size(); i++) {
                final double error =
                        workload.relativeError(open.get(i + 1), taking.get(i).isSymmetric());
                rows.add(row(workload, threads, taking.get(i).name(), timings.get(i + 1), peakGflops, error));
            }
        } finally {
            open.forEach(Contender::close);
        }
    }

    /** A peer that does not load, on another CPU for example, is told and left out. */
    private void tryOpen(
            final ContenderSource source,
            final Workload workload,
            final int threads,
            final List<Contender> open,
            final List<ContenderSource> taking) {
        try {
            open.add(source.open(workload, threads));
            taking.add(source);
        } catch (final RuntimeException | LinkageError e) {
            err.println("bench kernels: " + source.name() + " is left out: " + e);
        }
    }

    private static KernelRow row(
            final Workload workload,
            final int threads,
            final String name,
            final Alternation.Timing timing,
            final double peakGflops,
            final double relativeError) {
        final double gflops = workload.flops() / timing.medianNs();
        return new KernelRow(
                workload.n(),
                threads,
                name,
                timing.medianNs(),
                timing.bestNs(),
                gflops,
                gflops / peakGflops,
                peakGflops,
                relativeError,
                timing.bytesPerCall(),
                timing.slices());
    }

    private void print(final List<ContenderSource> contenders, final boolean isAlone) throws IOException {
        out.printf(
                Locale.ROOT,
                "attention, d = %d, %d heads; peak: %d-bit FMA loop in the same turns; error against float64; x: times as"
                        + " long as ours, median (best)%n%n",
                Workload.MODEL_DIM,
                Workload.HEADS,
                FmaPeak.widthBits());
        KernelReport.printTable(rows, out);
        out.println();
        KernelReport.printOrderCost(rows, out);
        for (final ContenderSource source : contenders) {
            if (rows.stream().anyMatch(row -> row.kernel().equals(source.name()))) {
                out.println(source.name() + ": " + source.description());
            }
        }
        out.println("first call after the warm-up, over the median: " + KernelReport.firstCalls(firstCalls, rows));
        if (isAlone) {
            out.println("to see peers beside ours (ONNX Runtime, PyTorch, OpenBLAS, plain Java), build them in once: "
                    + COMPARE);
        }
        if (options.plot() != null) {
            Files.writeString(options.plot(), KernelPlot.svg(rows));
            progress("plot: %s", options.plot());
        }
        if (options.isJson()) {
            out.println(KernelReport.json(rows, firstCalls));
        }
        out.flush();
    }

    private void progress(final String format, final Object... arguments) {
        err.println("bench kernels: " + String.format(Locale.ROOT, format, arguments));
    }
}
