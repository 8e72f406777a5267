package io.quorate.benchmarks.compare;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The rows of a run as a table for people and as a line of JSON for programs. */
final class KernelReport {
    private static final String LINE = "%6s %7s  %-16s %12s %12s %9s %6s %9s %8s  %-14s %s%n";

    private static final String ROUGHLY = "%.2f (%.2f)";
    private static final String CLOSELY = "%.3f (%.3f)";

    private KernelReport() {}

    static void printTable(final List<KernelRow> rows, final PrintStream out) {
        out.printf(
                Locale.ROOT,
                LINE,
                "n",
                "threads",
                "kernel",
                "us median",
                "us best",
                "GFLOP/s",
                "peak",
                "error",
                "B/call",
                "x general",
                "x symmetric");
        int lastN = rows.isEmpty() ? 0 : rows.get(0).n();
        for (final KernelRow row : rows) {
            if (row.n() != lastN) {
                out.println();
                lastN = row.n();
            }
            out.printf(
                    Locale.ROOT,
                    LINE,
                    row.n(),
                    row.threads(),
                    row.kernel(),
                    micros(row.nanos()),
                    micros(row.bestNanos()),
                    String.format(Locale.ROOT, "%.1f", row.gflops()),
                    String.format(Locale.ROOT, "%.0f%%", 100.0 * row.peakFraction()),
                    String.format(Locale.ROOT, "%.1e", row.relativeError()),
                    String.format(Locale.ROOT, "%.0f", row.bytesPerOp()),
                    ratio(ROUGHLY, row, ours(rows, row, OwnKernels.GENERAL)),
                    ratio(ROUGHLY, row, ours(rows, row, OwnKernels.SYMMETRIC)));
        }
    }

    /** What the defined order of sums costs: the freed kernel's time over ours, and a second copy of ours over ours. */
    static void printOrderCost(final List<KernelRow> rows, final PrintStream out) {
        final List<KernelRow> free = rows.stream()
                .filter(row -> row.kernel().equals(OwnKernels.FREE))
                .toList();
        if (free.stream().allMatch(row -> ours(rows, row, OwnKernels.GENERAL) == null)) {
            return;
        }
        out.println(
                "the same kernel without a defined order of sums, over ours, median (best); copy: ours once more, over ours");
        for (final KernelRow row : free) {
            final KernelRow copy = find(rows, row.n(), row.threads(), OwnKernels.COPY);
            out.printf(
                    Locale.ROOT,
                    "%6d rows, threads %d: free %s, copy %s%n",
                    row.n(),
                    row.threads(),
                    ratio(CLOSELY, row, ours(rows, row, OwnKernels.GENERAL)),
                    copy == null ? "not run" : ratio(CLOSELY, copy, ours(rows, row, OwnKernels.GENERAL)));
        }
        out.println();
    }

    /** {@code {"rows":[...]}} on one line, numbers as JSON knows them. */
    static String json(final List<KernelRow> rows, final List<FirstCall> firstCalls) {
        final StringBuilder json = new StringBuilder("{\"rows\":[");
        String comma = "";
        for (final KernelRow row : rows) {
            json.append(comma)
                    .append(String.format(
                            Locale.ROOT,
                            "{\"n\":%d,\"threads\":%d,\"kernel\":\"%s\",\"nanos\":%.1f,\"bestNanos\":%.1f,\"gflops\":%.3f,"
                                    + "\"peakFraction\":%.4f,\"peakGflops\":%.2f,\"relativeError\":%.4e,\"bytesPerOp\":%.2f,"
                                    + "\"slices\":%d}",
                            row.n(),
                            row.threads(),
                            row.kernel(),
                            row.nanos(),
                            row.bestNanos(),
                            row.gflops(),
                            row.peakFraction(),
                            row.peakGflops(),
                            row.relativeError(),
                            row.bytesPerOp(),
                            row.slices()));
            comma = ",";
        }
        json.append("],\"firstCalls\":[");
        comma = "";
        for (final FirstCall first : firstCalls) {
            json.append(comma)
                    .append(String.format(
                            Locale.ROOT,
                            "{\"n\":%d,\"kernel\":\"%s\",\"nanos\":%d}",
                            first.n(),
                            first.kernel(),
                            first.nanos()));
            comma = ",";
        }
        return json.append("]}").toString();
    }

    /** The first calls after the warm-up, each as a multiple of the median that was measured later. */
    static String firstCalls(final List<FirstCall> firstCalls, final List<KernelRow> rows) {
        final List<String> parts = new ArrayList<>();
        for (final FirstCall first : firstCalls) {
            final KernelRow row = find(rows, first.n(), 1, first.kernel());
            if (row != null) {
                parts.add(String.format(
                        Locale.ROOT, "%s n=%d %.2fx", first.kernel(), first.n(), first.nanos() / row.nanos()));
            }
        }
        return String.join(", ", parts);
    }

    static KernelRow find(final List<KernelRow> rows, final int n, final int threads, final String kernel) {
        for (final KernelRow row : rows) {
            if (row.n() == n && row.threads() == threads && row.kernel().equals(kernel)) {
                return row;
            }
        }
        return null;
    }

    private static KernelRow ours(final List<KernelRow> rows, final KernelRow row, final String base) {
        final KernelRow ours = find(rows, row.n(), row.threads(), base);
        return ours == row ? null : ours;
    }

    private static String ratio(final String format, final KernelRow row, final KernelRow ours) {
        return ours == null
                ? ""
                : String.format(Locale.ROOT, format, row.nanos() / ours.nanos(), row.bestNanos() / ours.bestNanos());
    }

    private static String micros(final double nanos) {
        final double micros = nanos / 1e3;
        return String.format(Locale.ROOT, micros < 100 ? "%.2f" : micros < 10_000 ? "%.1f" : "%.0f", micros);
    }

    /** The time of the first real call of one of our kernels after the warm-up. */
    record FirstCall(String kernel, int n, long nanos) {}
}
