package io.quorate.benchmarks.decide;

import io.quorate.benchmarks.sides.Orders;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * What one process of {@code bench decide} has to say after a run.
 *
 * @param answered requests whose answers came before the end
 * @param unanswered requests without an answer although there was time
 * @param committed sequences that the group decided, as this process's peers saw it
 * @param frames that this process's peers sent to others
 * @param allocatedBytes by all threads of the process
 * @param cpuNs used by all threads of the process
 * @param datagrams that left the machine's (more exactly: this network namespace's) sockets, others' included; -1 if unknown
 * @param latencies of this process's clients, in nanoseconds
 */
record WorkerFigures(
        long answered,
        long unanswered,
        long committed,
        long frames,
        long allocatedBytes,
        long cpuNs,
        long datagrams,
        Histogram latencies) {
    private static final Path UDP = Path.of("/proc/self/net/snmp");
    private static final String UDP_LINE = "Udp: ";
    private static final String UDP_OUT = "OutDatagrams";

    String encode() {
        return answered + " " + unanswered + " " + committed + " " + frames + " " + allocatedBytes + " " + cpuNs + " "
                + datagrams + " " + Orders.encoded(latencies);
    }

    static WorkerFigures parse(final String line) {
        final String[] words = line.strip().split(" ");
        final long[] n = new long[words.length - 1];
        for (int i = 0; i < n.length; i++) {
            n[i] = Long.parseLong(words[i]);
        }
        return new WorkerFigures(n[0], n[1], n[2], n[3], n[4], n[5], n[6], Orders.decoded(words[n.length]));
    }

    /** Bytes that all threads of this process have allocated so far, ended ones included. */
    static long allocated() {
        return ((com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    }

    static long cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    /** UDP datagrams sent so far by all sockets of this network namespace; -1 if the system does not tell. */
    static long datagramsSent() {
        try {
            final List<String> lines = Files.readAllLines(UDP).stream()
                    .filter(line -> line.startsWith(UDP_LINE))
                    .toList();
            final List<String> names = List.of(lines.get(0).split(" "));
            return Long.parseLong(lines.get(1).split(" ")[names.indexOf(UDP_OUT)]);
        } catch (final java.io.IOException | RuntimeException e) {
            return -1;
        }
    }
}
