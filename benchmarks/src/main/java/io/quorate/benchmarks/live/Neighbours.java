package io.quorate.benchmarks.live;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How much of the processors others used while we measured. A thread that yields loses a whole time slice to a busy neighbour, so
 * the side with the most threads suffers most, and the ratio says more about the neighbours than about the sides.
 */
public final class Neighbours {
    /** Above this fraction of all processors the ratios are not to be believed. */
    public static final double QUIET_MAX = 0.05;

    private static final Path STATISTICS = Path.of("/proc/stat");
    private static final double TICKS_PER_SECOND = 100;

    /** In the first line of that file, after its name: user, nice, system, irq, softirq, steal; idle and waiting are left out. */
    private static final int[] BUSY_FIELDS = {1, 2, 3, 6, 7, 8};

    private final List<ProcessHandle> own;
    private final double ownAtStart;
    private final double busyAtStart;
    private final long startNs = System.nanoTime();

    /** @param sides the processes that are measured */
    public Neighbours(final List<ProcessHandle> sides) {
        own = sides;
        ownAtStart = ownSeconds();
        busyAtStart = busySeconds();
    }

    /** From 0 to 1 since this object was made; NaN where the system does not tell. */
    public double fraction() {
        final double elapsed = (System.nanoTime() - startNs) / 1e9;
        final double others = busySeconds() - busyAtStart - (ownSeconds() - ownAtStart);
        return Math.max(0, others) / (elapsed * Runtime.getRuntime().availableProcessors());
    }

    private double ownSeconds() {
        double seconds = seconds(ProcessHandle.current());
        for (final ProcessHandle process : own) {
            seconds += seconds(process);
        }
        return seconds;
    }

    private static double seconds(final ProcessHandle process) {
        final Optional<Duration> used = process.info().totalCpuDuration();
        return used.isPresent() ? used.get().toNanos() / 1e9 : Double.NaN;
    }

    private static double busySeconds() {
        try {
            final String[] fields = Files.readAllLines(STATISTICS).get(0).split(" +");
            long ticks = 0;
            for (final int field : BUSY_FIELDS) {
                ticks += Long.parseLong(fields[field]);
            }
            return ticks / TICKS_PER_SECOND;
        } catch (final IOException | RuntimeException e) {
            return Double.NaN;
        }
    }
}
