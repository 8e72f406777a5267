package io.quorate.benchmarks.live;

import io.quorate.benchmarks.sides.Side;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What {@code bench compare} prints: a table for people, a line of JSON for programs.
 *
 * @param seconds of measuring that were asked for
 * @param isDurable whether both groups forced their files
 * @param othersFraction of all processors that other processes used meanwhile; NaN if nobody knows
 */
record CompareReport(
        SideResult pbft,
        SideResult pbftSigned,
        SideResult aeronCluster,
        SideResult pingPong,
        double seconds,
        boolean isDurable,
        double othersFraction) {
    /** Below 1 ours is faster. */
    double latencyRatioP50() {
        return (double) pbft.nanos(50) / aeronCluster.nanos(50);
    }

    void print(final PrintStream out) {
        out.printf(
                Locale.ROOT,
                "%d-byte requests over UDP loopback, one in flight, one JVM a side, in turns%s; microseconds%n%n",
                Side.REQUEST_BYTES,
                isDurable ? ", files forced" : "");
        out.printf("%-16s %10s %10s %10s %12s %10s%n", "", "p50", "p99", "p99.9", "requests/s", "requests");
        for (final SideResult side : List.of(pbft, pbftSigned, aeronCluster, pingPong)) {
            out.printf(
                    Locale.ROOT,
                    "%-16s %10.1f %10.1f %10.1f %12.0f %10d%n",
                    side.name().title(),
                    side.nanos(50) / 1e3,
                    side.nanos(99) / 1e3,
                    side.nanos(99.9) / 1e3,
                    side.requestsPerSecond(),
                    side.latencies().getTotalCount());
        }
        out.println();
        final List<Double> ratios = sliceRatios();
        out.printf(
                Locale.ROOT,
                "pBFT / Aeron Cluster    p50 %.3f (%.3f to %.3f in the middle half of %d slices)   p99 %.3f%n",
                latencyRatioP50(),
                ratios.get(ratios.size() / 4),
                ratios.get(3 * ratios.size() / 4),
                ratios.size(),
                (double) pbft.nanos(99) / aeronCluster.nanos(99));
        for (final SideResult side : List.of(pbft, pbftSigned, aeronCluster)) {
            out.printf(
                    Locale.ROOT,
                    "%-23s p50 %.1f%n",
                    side.name().title() + " / ping-pong",
                    (double) side.nanos(50) / pingPong.nanos(50));
        }
        out.printf(
                Locale.ROOT,
                "others used             %s of the processors%s%n%n",
                Double.isNaN(othersFraction) ? "an unknown part" : Math.round(100 * othersFraction) + " %",
                othersFraction > Neighbours.QUIET_MAX
                        ? ": too much, the side with the most threads suffers most; do not believe the ratios"
                        : "");
        for (final SideResult side : List.of(pbft, pbftSigned, aeronCluster, pingPong)) {
            out.println(side.description());
        }
    }

    String json() {
        final StringBuilder json = new StringBuilder(String.format(
                Locale.ROOT,
                "{\"pbftP50Nanos\":%d,\"aeronClusterP50Nanos\":%d,\"latencyRatioP50\":%.6f",
                pbft.nanos(50),
                aeronCluster.nanos(50),
                latencyRatioP50()));
        json.append(String.format(
                Locale.ROOT,
                ",\"pbftRequestsPerSecond\":%.2f,\"aeronClusterRequestsPerSecond\":%.2f,\"pingPongP50Nanos\":%d",
                pbft.requestsPerSecond(),
                aeronCluster.requestsPerSecond(),
                pingPong.nanos(50)));
        append(json, "pbft", pbft);
        json.append(String.format(Locale.ROOT, ",\"pbftSignedP50Nanos\":%d", pbftSigned.nanos(50)));
        append(json, "pbftSigned", pbftSigned);
        append(json, "aeronCluster", aeronCluster);
        append(json, "pingPong", pingPong);
        return json.append(String.format(
                        Locale.ROOT,
                        ",\"requestBytes\":%d,\"inFlight\":1,\"durable\":%b,\"seconds\":%.3f,\"othersCpuFraction\":%s}",
                        Side.REQUEST_BYTES,
                        isDurable,
                        seconds,
                        Double.isNaN(othersFraction) ? "null" : String.format(Locale.ROOT, "%.4f", othersFraction)))
                .toString();
    }

    private static void append(final StringBuilder json, final String name, final SideResult side) {
        json.append(String.format(
                Locale.ROOT,
                ",\"%sP99Nanos\":%d,\"%sRequests\":%d,\"%sMeasured\":\"%s\"",
                name,
                side.nanos(99),
                name,
                side.latencies().getTotalCount(),
                name,
                side.description()));
    }

    /** The two medians of each turn, one over the other, sorted. */
    private List<Double> sliceRatios() {
        final List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < pbft.sliceP50s().size(); i++) {
            ratios.add(pbft.sliceP50s().get(i) / aeronCluster.sliceP50s().get(i));
        }
        ratios.sort(null);
        return ratios;
    }
}
