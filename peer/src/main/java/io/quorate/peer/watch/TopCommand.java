package io.quorate.peer.watch;

import java.io.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Shows running peers again and again: a screen on a terminal, plain lines elsewhere. */
@Command(
        name = "top",
        description = {
            "Show the peers that run on this host, once a second: state, lag, load, last view change; and how the first of them sees",
            "the others. On a terminal the screen is drawn anew, elsewhere lines are printed. Ends with Ctrl-C."
        })
public final class TopCommand implements Callable<Integer> {
    private static final String CLEAR = "\u001b[H\u001b[2J";
    private static final long NS_PER_MS = 1_000_000;
    private static final double NS_PER_S = 1e9;
    private static final long INTERVAL_MS_MIN = 100;
    private static final long INTERVAL_MS_MAX = 60_000;
    private static final int SECONDS_SHOWN_MAX = 120;
    private static final int MINUTES_SHOWN_MAX = 120;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--peer",
            paramLabel = "DIR",
            required = true,
            description = "Data folder of a running peer. May be given again for others of this host.")
    private List<Path> folders;

    @Option(
            names = "--interval-ms",
            paramLabel = "MS",
            defaultValue = "1000",
            description = "How often to look, 100 to 60000. Default: 1000.")
    private long intervalMs;

    @Option(
            names = "--count",
            paramLabel = "N",
            defaultValue = "0",
            description = "Look so often, then end. Default: 0, until Ctrl-C.")
    private int count;

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (intervalMs < INTERVAL_MS_MIN || intervalMs > INTERVAL_MS_MAX) {
            throw new IllegalArgumentException(
                    "--interval-ms is " + INTERVAL_MS_MIN + " to " + INTERVAL_MS_MAX + ", given " + intervalMs);
        }
        if (count < 0) {
            throw new IllegalArgumentException("--count is 0 or more, given " + count);
        }
        final PrintWriter out = spec.commandLine().getOut();
        final boolean isScreen = isTerminal();
        final CountDownLatch never = new CountDownLatch(1);
        Map<Path, PeerReading> before = Map.of();
        for (int round = 1; ; round++) {
            final Map<Path, PeerReading> now = read(round == 1);
            out.print((isScreen ? CLEAR : "") + page(before, now, isScreen));
            out.flush();
            before = now;
            if (round == count) {
                return 0;
            }
            never.await(intervalMs, TimeUnit.MILLISECONDS);
        }
    }

    private static boolean isTerminal() {
        final Console console = System.console();
        return console != null && console.isTerminal() && !"dumb".equals(System.getenv("TERM"));
    }

    /** What each peer says; null in the place of one that does not run. A folder that never held a peer is wrong input. */
    private Map<Path, PeerReading> read(final boolean isFirst) throws IOException {
        final Map<Path, PeerReading> readings = new LinkedHashMap<>();
        IllegalStateException nobody = null;
        for (final Path folder : folders) {
            try {
                readings.put(folder, PeerReading.of(folder));
            } catch (final IllegalStateException notRunning) {
                readings.put(folder, null);
                nobody = notRunning;
            }
        }
        if (isFirst && nobody != null && readings.values().stream().allMatch(one -> one == null)) {
            throw nobody;
        }
        return readings;
    }

    private String page(final Map<Path, PeerReading> before, final Map<Path, PeerReading> now, final boolean isScreen) {
        final List<PeerReading> running = new ArrayList<>(now.values());
        running.removeIf(one -> one == null);
        final LocalTime time = LocalTime.now().truncatedTo(ChronoUnit.SECONDS);
        final StringBuilder page = new StringBuilder(time.toString()).append("  ");
        if (running.isEmpty()) {
            return page.append("no peer runs\n").toString();
        }
        final PeerReading first = running.getFirst();
        page.append("group ").append(first.text("group")).append(", epoch ").append(first.number("epoch"));
        page.append(", ")
                .append(running.size())
                .append(" of ")
                .append(first.number("peers"))
                .append(" peers shown\n");
        page.append(table(before, now));
        if (isScreen) {
            page.append('\n').append(PeersText.summary(first)).append(PeersText.table(first));
        }
        return page.toString();
    }

    private static String table(final Map<Path, PeerReading> before, final Map<Path, PeerReading> now) {
        long newest = 0;
        for (final PeerReading reading : now.values()) {
            newest = reading == null ? newest : Math.max(newest, reading.newestSequence());
        }
        final TextTable table = new TextTable(
                4,
                "PEER",
                "STATE",
                "PRIMARY",
                "LAST VIEW CHANGE",
                "VIEW",
                "SEQUENCE",
                "LAG",
                "REACHED",
                "REQUESTS/S",
                "FRAMES/S",
                "CPU",
                "P50",
                "P99");
        for (final Map.Entry<Path, PeerReading> entry : now.entrySet()) {
            final PeerReading reading = entry.getValue();
            if (reading == null) {
                table.row(entry.getKey().toString(), "not running", "", "", "", "", "", "", "", "", "", "", "");
                continue;
            }
            final PeerReading earlier = before.get(entry.getKey());
            table.row(
                    reading.text("name"),
                    state(reading),
                    reading.nameOf(reading.number("primary")),
                    viewChange(reading),
                    PeersText.count(reading.number("view")),
                    PeersText.count(reading.number("sequence")),
                    PeersText.count(newest - reading.number("sequence")),
                    PeerReading.number(reading.health(), "reached") + "/" + reading.number("peers"),
                    rate(earlier, reading, "pbft.requests.executed"),
                    rate(earlier, reading, "link.frames.sent"),
                    cpu(earlier, reading),
                    PeersText.milliseconds(reading.number("decisionP50Nanos")),
                    PeersText.milliseconds(reading.number("decisionP99Nanos")));
        }
        return table.render();
    }

    private static String state(final PeerReading reading) {
        if (!reading.isWritable()) {
            return "read-only";
        }
        return reading.isVoting() ? "votes" : "no vote";
    }

    private static String viewChange(final PeerReading reading) {
        final long changes = PeerReading.number(reading.latency("viewChange"), "count");
        final long ageNs = PeerReading.number(reading.health(), "viewAgeNanos");
        return changes == 0
                ? "none"
                : duration(ageNs) + " ago, took "
                        + PeersText.milliseconds(PeerReading.number(reading.latency("viewChange"), "maxNanos"))
                        + " at most";
    }

    private static String duration(final long ns) {
        final long seconds = Math.round(ns / NS_PER_S);
        if (seconds < SECONDS_SHOWN_MAX) {
            return seconds + " s";
        }
        final long minutes = seconds / 60;
        return minutes < MINUTES_SHOWN_MAX ? minutes + " min" : minutes / 60 + " h";
    }

    private static String rate(final PeerReading earlier, final PeerReading reading, final String counter) {
        if (earlier == null || reading.counter(counter) < earlier.counter(counter)) {
            return "-";
        }
        final double seconds = (reading.atNs() - earlier.atNs()) / NS_PER_S;
        return String.format(Locale.ROOT, "%,.1f", (reading.counter(counter) - earlier.counter(counter)) / seconds);
    }

    private static String cpu(final PeerReading earlier, final PeerReading reading) {
        return earlier == null || reading.cpuNs() < earlier.cpuNs()
                ? "-"
                : String.format(
                        Locale.ROOT,
                        "%.0f %%",
                        100.0
                                * (reading.cpuNs() - earlier.cpuNs())
                                / Math.max(NS_PER_MS, reading.atNs() - earlier.atNs()));
    }
}
