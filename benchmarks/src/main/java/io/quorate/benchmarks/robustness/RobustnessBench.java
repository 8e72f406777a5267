package io.quorate.benchmarks.robustness;

import java.io.PrintStream;

/** {@code ./quorate bench robustness}: what the rules and the detector are worth under every attack. */
public final class RobustnessBench {
    static final long SEED = 2611;
    static final int RUNS = 100;

    private static final int RUNS_MAX = 1_000_000;
    private static final String USAGE = "bench robustness [--runs R] [--seed S] [--json] | --times [--seed S]";

    private RobustnessBench() {}

    /** @return the exit code: 0, or 2 for wrong arguments */
    public static int run(final PrintStream out, final PrintStream err, final String... arguments) {
        int runs = RUNS;
        long seed = SEED;
        boolean isTimed = false;
        boolean isJson = false;
        try {
            for (int i = 0; i < arguments.length; i++) {
                switch (arguments[i]) {
                    case "--runs":
                        runs = (int) number(arguments, ++i, 1, RUNS_MAX);
                        break;
                    case "--seed":
                        seed = number(arguments, ++i, Long.MIN_VALUE, Long.MAX_VALUE);
                        break;
                    case "--times":
                        isTimed = true;
                        break;
                    case "--json":
                        isJson = true;
                        break;
                    case "--help":
                        out.println(USAGE);
                        return 0;
                    default:
                        throw new IllegalArgumentException("unknown argument \"" + arguments[i] + "\"");
                }
            }
        } catch (final IllegalArgumentException e) {
            err.println("bench robustness: " + e.getMessage() + "; " + USAGE);
            return 2;
        }
        if (isTimed) {
            // Alone, so that the tables, computed in the same process before, cannot be part of the times.
            out.print(RobustnessReport.times(new RuleTimes().measure(seed)));
        } else {
            final RobustnessReport report = new RobustnessReport(
                    seed,
                    runs,
                    new RobustnessTable(seed, runs).compute(RobustnessTable.COUNTS, RobustnessTable.DIMENSIONS));
            out.print(isJson ? report.json() : report.markdown());
        }
        out.flush();
        return 0;
    }

    private static long number(final String[] arguments, final int index, final long least, final long most) {
        final String name = arguments[index - 1];
        if (index >= arguments.length) {
            throw new IllegalArgumentException(name + " needs a number");
        }
        try {
            final long number = Long.parseLong(arguments[index]);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (final NumberFormatException e) {
            throw new IllegalArgumentException(name + " needs a whole number, given \"" + arguments[index] + "\"", e);
        }
        throw new IllegalArgumentException(
                name + " must be within " + least + ".." + most + ", given " + arguments[index]);
    }
}
