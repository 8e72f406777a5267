package io.quorate.benchmarks.compare;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Times contenders in turns: a slice of some milliseconds each, round after round, another one first in each round, so that
 * what disturbs the machine hits all alike. With several threads the process waits until it is quiet before each slice: some
 * libraries' threads spin for 50 ms after a call and would take a core from whoever comes next. Then untimed calls bring caches
 * and threads to the contender's own state.
 */
final class Alternation {
    private static final long SLICE_NS = 8_000_000;

    /** Longer than the steps of 10 ms in which the operating system counts a process's time. */
    private static final long PAUSE_NS = 15_000_000;

    private static final int PAUSES_MAX = 16;
    private static final long WARM_NS = 150_000_000;
    private static final long UNTIMED_MAX_NS = 40_000_000;
    private static final long SETTLE_NS = 5_000_000;
    private static final int ROUNDS_MIN = 3;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private Alternation() {}

    /** Times contenders in turns until the budget is over, but each of them at least three times. */
    static List<Timing> measure(final List<Contender> contenders, final int threads, final long budgetNs) {
        final long startNs = System.nanoTime();
        final long warmNs = Math.min(WARM_NS, budgetNs / (3L * contenders.size()));
        final List<Slices> all = new ArrayList<>();
        for (final Contender contender : contenders) {
            all.add(new Slices(contender, warmNs));
        }
        for (int round = 0; round < ROUNDS_MIN || System.nanoTime() - startNs < budgetNs; round++) {
            for (int i = 0; i < all.size(); i++) {
                all.get((round + i) % all.size()).takeOne(threads > 1);
            }
        }
        return all.stream().map(Slices::timing).toList();
    }

    /** Until no thread of the process has used the CPU for a while, at most a quarter of a second. */
    private static void awaitQuiet() {
        long usedNs = 1;
        for (int pause = 0; pause < PAUSES_MAX && usedNs > 0; pause++) {
            final long beforeNs = PROCESS.getProcessCpuTime();
            LockSupport.parkNanos(PAUSE_NS);
            usedNs = PROCESS.getProcessCpuTime() - beforeNs;
        }
    }

    /** Mean nanoseconds of a call in the fastest and in the middle slice; Java bytes allocated a call by all threads. */
    record Timing(double bestNs, double medianNs, double bytesPerCall, int slices) {}

    /** The slices of one contender. */
    private static final class Slices {
        private final Contender contender;
        private final double estimateNs;
        private final int calls;
        private double[] nanos = new double[64];
        private double[] bytes = new double[64];
        private int count;

        Slices(final Contender contender, final long warmNs) {
            this.contender = contender;
            this.estimateNs = warm(contender, warmNs);
            this.calls = (int) Math.max(1, Math.round(SLICE_NS / estimateNs));
        }

        /** Calls until the time is over; returns what a call takes by then. */
        private static double warm(final Contender contender, final long warmNs) {
            final long startNs = System.nanoTime();
            long atNs = startNs;
            double callNs;
            int chunk = 1;
            do {
                for (int i = 0; i < chunk; i++) {
                    contender.call();
                }
                final long nowNs = System.nanoTime();
                callNs = Math.max(1.0, (nowNs - atNs) / (double) chunk);
                atNs = nowNs;
                chunk = (int) Math.max(1, Math.min(2L * chunk, (long) (warmNs / 8 / callNs)));
            } while (atNs - startNs < warmNs);
            return callNs;
        }

        void takeOne(final boolean isThreaded) {
            if (isThreaded) {
                awaitQuiet();
            }
            if (estimateNs < UNTIMED_MAX_NS) {
                settle(isThreaded ? SETTLE_NS : 0);
            }
            final long bytesBefore = THREADS.getTotalThreadAllocatedBytes();
            final long startNs = System.nanoTime();
            for (int i = 0; i < calls; i++) {
                contender.call();
            }
            final long endNs = System.nanoTime();
            final long bytesAfter = THREADS.getTotalThreadAllocatedBytes();
            if (count == nanos.length) {
                nanos = Arrays.copyOf(nanos, 2 * count);
                bytes = Arrays.copyOf(bytes, 2 * count);
            }
            nanos[count] = (endNs - startNs) / (double) calls;
            bytes[count] = (bytesAfter - bytesBefore) / (double) calls;
            count++;
        }

        private void settle(final long settleNs) {
            final long settlingNs = System.nanoTime();
            do {
                contender.call();
            } while (System.nanoTime() - settlingNs < settleNs);
        }

        Timing timing() {
            final double[] sorted = Arrays.copyOf(nanos, count);
            Arrays.sort(sorted);
            final double[] sortedBytes = Arrays.copyOf(bytes, count);
            Arrays.sort(sortedBytes);
            return new Timing(sorted[0], median(sorted), median(sortedBytes), count);
        }

        private static double median(final double[] sorted) {
            final int middle = sorted.length / 2;
            return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
        }
    }
}
