package io.quorate.benchmarks.decide;

import io.quorate.benchmarks.live.Neighbours;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;

/**
 * What {@code bench decide} prints: a table for people, a line of JSON for programs.
 *
 * @param figures of each process
 * @param faultyId whose process was not well; -1 if all were
 * @param primaryId who proposes after the run
 * @param rejoinNs how long the stopped peer took to catch up; -1 if none was stopped
 * @param othersFraction of all processors that other processes used meanwhile; NaN if nobody knows
 * @param provider who signs and verifies
 * @param disk the journals' file system; empty in memory-only mode
 */
record DecideReport(
        DecideOptions options,
        List<WorkerFigures> figures,
        int faultyId,
        int primaryId,
        long rejoinNs,
        double othersFraction,
        String provider,
        String disk) {
    Histogram latencies() {
        final Histogram all = new Histogram(3);
        figures.forEach(one -> all.add(one.latencies()));
        return all;
    }

    private long answered() {
        return figures.stream().mapToLong(WorkerFigures::answered).sum();
    }

    long unanswered() {
        return figures.stream().mapToLong(WorkerFigures::unanswered).sum();
    }

    private long decisions() {
        return figures.stream().mapToLong(WorkerFigures::committed).max().orElse(0);
    }

    private double perDecision(final long count) {
        return (double) count / decisions();
    }

    private double perRequest(final long count) {
        return (double) count / answered();
    }

    private long frames() {
        return figures.stream().mapToLong(WorkerFigures::frames).sum();
    }

    /** The processes ran through the same time in one network namespace, so one of them has counted for all. */
    private double datagramsPerDecision() {
        final long datagrams = figures.get(0).datagrams();
        return datagrams < 0 ? Double.NaN : perDecision(datagrams);
    }

    String description() {
        return String.format(
                Locale.ROOT,
                "%d peers in %s over %s, frames %s, %s, %d client%s, %s, %d-byte requests, threading %s%s, %s",
                options.peers(),
                options.isProcesses() ? "a process each" : "one process",
                options.transport().equals("ipc") ? "IPC (one trust domain)" : "UDP loopback" + loss(),
                options.sealing().equals("mac") ? "with MACs" : "sealed by " + options.sealing(),
                options.isDurable() ? "durable (" + disk + ")" : "memory-only",
                options.clients(),
                options.clients() == 1 ? "" : "s",
                options.isOpenLoop()
                        ? String.format(Locale.ROOT, "open loop at %.0f requests/s", options.ratePerSecond())
                        : "closed loop with " + options.inFlight() + " in flight each",
                options.sizeBytes(),
                options.threading().name().toLowerCase(Locale.ROOT),
                options.fault() == DecideOptions.Fault.NONE
                        ? ""
                        : ", " + options.fault().label() + ", a silent primary is waited for " + options.timeoutMs()
                                + " ms",
                provider);
    }

    private String liar() {
        return options.liar() == null ? "none" : options.liar().label();
    }

    private String loss() {
        return options.lossPercent() == 0
                ? ""
                : String.format(Locale.ROOT, " that loses %.1f %% each way", options.lossPercent());
    }

    void print(final PrintStream out) {
        final Histogram all = latencies();
        out.println(description());
        out.println();
        out.printf(Locale.ROOT, "requests/s           %,14.0f%n", answered() / options.seconds());
        out.printf(
                Locale.ROOT,
                "decisions/s          %,14.0f   %.1f requests a decision%n",
                decisions() / options.seconds(),
                perDecision(answered()));
        for (final double percentile : new double[] {50, 90, 99, 99.9, 100}) {
            out.printf(
                    Locale.ROOT,
                    "%-20s %,14.1f%n",
                    percentile == 100 ? "max us" : "p" + (percentile == 99.9 ? "99.9" : (int) percentile + "") + " us",
                    all.getValueAtPercentile(percentile) / 1e3);
        }
        out.printf(
                Locale.ROOT,
                "datagrams a decision %14.1f   %.1f frames of ours%n",
                datagramsPerDecision(),
                perDecision(frames()));
        out.printf(
                Locale.ROOT,
                "a request takes      %14.1f us of CPU and allocates %.0f bytes, all peers and clients together%n",
                perRequest(sum(true)) / 1e3,
                perRequest(sum(false)));
        if (rejoinNs >= 0) {
            out.printf(
                    Locale.ROOT,
                    "the stopped peer     %,14.1f ms to catch up with %,d requests%n",
                    rejoinNs / 1e6,
                    answered());
        }
        if (unanswered() > 0) {
            out.printf(
                    Locale.ROOT, "%d requests were not answered; they count as taking until the end%n", unanswered());
        }
        out.printf(
                Locale.ROOT,
                "others used          %s of the processors%s%n",
                Double.isNaN(othersFraction) ? "an unknown part" : Math.round(100 * othersFraction) + " %",
                othersFraction > Neighbours.QUIET_MAX
                        ? ": too much to believe the latencies; they may have sent datagrams, too"
                        : "");
    }

    private long sum(final boolean isCpu) {
        return figures.stream()
                .mapToLong(one -> isCpu ? one.cpuNs() : one.allocatedBytes())
                .sum();
    }

    String json() {
        final Histogram all = latencies();
        return String.format(
                Locale.ROOT,
                "{\"peers\":%d,\"processes\":%b,\"transport\":\"%s\",\"sealing\":\"%s\",\"lossPercent\":%.3f,\"durable\":%b,\"disk\":\"%s\",\"clients\":%d,\"inFlight\":%d,"
                        + "\"requestBytes\":%d,\"threading\":\"%s\",\"fault\":\"%s\",\"timeoutMs\":%d,\"liar\":\"%s\",\"faultyPeer\":%d,\"primaryAtEnd\":%d,\"rejoinMs\":%s,\"openLoop\":%b,\"ratePerSecond\":%.2f,\"seconds\":%.3f,"
                        + "\"requestsPerSecond\":%.2f,\"decisionsPerSecond\":%.2f,\"requestsPerDecision\":%.3f,"
                        + "\"requests\":%d,\"unanswered\":%d,"
                        + "\"p50Nanos\":%d,\"p90Nanos\":%d,\"p99Nanos\":%d,\"p999Nanos\":%d,\"maxNanos\":%d,\"meanNanos\":%.0f,"
                        + "\"datagramsPerDecision\":%s,\"framesPerDecision\":%s,\"bytesPerRequest\":%s,\"cpuNanosPerRequest\":%s,"
                        + "\"othersCpuFraction\":%s,\"crypto\":\"%s\"}",
                options.peers(),
                options.isProcesses(),
                options.transport(),
                options.sealing(),
                options.lossPercent(),
                options.isDurable(),
                disk,
                options.clients(),
                options.inFlight(),
                options.sizeBytes(),
                options.threading().name().toLowerCase(Locale.ROOT),
                options.fault().label(),
                options.timeoutMs(),
                liar(),
                faultyId,
                primaryId,
                rejoinNs < 0 ? "null" : String.format(Locale.ROOT, "%.3f", rejoinNs / 1e6),
                options.isOpenLoop(),
                options.ratePerSecond(),
                options.seconds(),
                answered() / options.seconds(),
                decisions() / options.seconds(),
                perDecision(answered()),
                answered(),
                unanswered(),
                all.getValueAtPercentile(50),
                all.getValueAtPercentile(90),
                all.getValueAtPercentile(99),
                all.getValueAtPercentile(99.9),
                all.getMaxValue(),
                all.getMean(),
                number(datagramsPerDecision()),
                number(perDecision(frames())),
                number(perRequest(sum(false))),
                number(perRequest(sum(true))),
                number(othersFraction),
                provider);
    }

    /** JSON has no word for what is no number. */
    private static String number(final double value) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%.4f", value) : "null";
    }
}
