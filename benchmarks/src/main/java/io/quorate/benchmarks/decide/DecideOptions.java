package io.quorate.benchmarks.decide;

import io.quorate.engine.ThreadingMode;
import io.quorate.engine.byzantine.Strategy;
import io.quorate.transport.auth.SessionKeys;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * The command line of {@code bench decide}.
 *
 * @param peers of the group
 * @param isProcesses whether each peer is a process of its own; else all are in one
 * @param transport how frames travel
 * @param sealing the group's setting of that name: how frames are sealed
 * @param lossPercent of the datagrams that are lost, each way
 * @param isDurable whether peers keep journals and force them
 * @param clients how many peers submit requests
 * @param inFlight requests that one client has unanswered at most
 * @param sizeBytes of a request's body
 * @param seconds of measuring
 * @param warmUpSeconds before it
 * @param ratePerSecond of all clients together, in an open loop; 0 for a closed loop
 * @param fault what happens to a peer meanwhile
 * @param liar how f peers lie, the first primary among them; null if all are correct
 * @param timeoutMs how long a silent primary is waited for
 * @param plot where the picture goes, or null
 * @param isJson whether the last line of standard output is JSON
 */
record DecideOptions(
        int peers,
        boolean isProcesses,
        String transport,
        String sealing,
        double lossPercent,
        boolean isDurable,
        int clients,
        int inFlight,
        int sizeBytes,
        double seconds,
        double warmUpSeconds,
        double ratePerSecond,
        ThreadingMode threading,
        Idle idle,
        Fault fault,
        Strategy liar,
        int timeoutMs,
        Path plot,
        boolean isJson) {
    static final String USAGE =
            "usage: bench decide [--peers 4] [--in-process|--processes] [--transport udp|ipc] [--sealing mac|aes-gcm] [--loss PERCENT] [--durable]"
                    + " [--clients 1] [--in-flight 1] [--size 32] [--seconds 10] [--warm-up 5] [--rate REQUESTS/S]"
                    + " [--threading invoker|shared|dedicated] [--idle yield|backoff] [--fault none|primary-killed|backup-stopped]"
                    + " [--liar STRATEGY] [--timeout-ms 500] [--plot FILE.svg] [--json]";

    /** What happens while the group is measured. */
    enum Fault {
        NONE,
        /** The process of the peer that was primary after the warm-up is killed at half of the time. */
        PRIMARY_KILLED,
        /** The process of the backup that would be primary last is stopped at the beginning, and goes on at the end. */
        BACKUP_STOPPED;

        String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private static final int TIMEOUT_MS_MAX = 60_000;
    private static final int PEERS_MAX = 64;
    private static final int IN_FLIGHT_MAX = 1024;
    private static final List<String> LIARS =
            Strategy.live().stream().map(Strategy::label).toList();
    private static final double LOSS_MAX = 50;
    private static final double SECONDS_MAX = 86_400;
    private static final double RATE_MAX = 10_000_000;

    /** What a thread without work does. */
    enum Idle {
        YIELD,
        BACKOFF
    }

    /** @throws IllegalArgumentException if an option is unknown or its value not allowed; the message is one line */
    static DecideOptions parse(final String... arguments) {
        final Reader reader = new Reader(arguments);
        while (reader.hasNext()) {
            reader.next();
        }
        return reader.conclude();
    }

    /** f of n >= 3f + 1. */
    static int faulty(final int peers) {
        return (peers - 1) / 3;
    }

    /** True if a peer is among those that lie. */
    boolean isLiar(final int peerId) {
        return liar != null && peerId < faulty(peers);
    }

    private static Strategy strategy(final String name) {
        return Strategy.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    boolean isOpenLoop() {
        return ratePerSecond > 0;
    }

    /** Takes the options one by one. */
    private static final class Reader {
        private final String[] arguments;
        private int index;
        private int peers = 4;
        private boolean isProcesses;
        private String transport = "udp";
        private String sealing = SessionKeys.Sealing.MAC.label();
        private double lossPercent;
        private boolean isDurable;
        private int clients = 1;
        private int inFlight;
        private int sizeBytes = 32;
        private double seconds = 10;
        private double warmUpSeconds = 5;
        private double rate;
        private ThreadingMode threading = ThreadingMode.INVOKER;
        private Idle idle = Idle.YIELD;
        private Fault fault = Fault.NONE;
        private Strategy liar;
        private int timeoutMs = 500;
        private Path plot;
        private boolean isJson;

        Reader(final String... arguments) {
            this.arguments = arguments;
        }

        boolean hasNext() {
            return index < arguments.length;
        }

        void next() {
            final String option = arguments[index++];
            switch (option) {
                case "--peers" -> peers = number(option, 1, PEERS_MAX);
                case "--processes" -> isProcesses = true;
                case "--in-process" -> isProcesses = false;
                case "--transport" -> transport = choice(option, List.of("udp", "ipc"));
                case "--sealing" -> sealing = choice(option, SessionKeys.Sealing.labels());
                case "--loss" -> lossPercent = real(option, LOSS_MAX);
                case "--durable" -> isDurable = true;
                case "--clients" -> clients = number(option, 1, PEERS_MAX);
                case "--in-flight" -> inFlight = number(option, 1, IN_FLIGHT_MAX);
                case "--size" -> sizeBytes = number(option, RequestShape.LENGTH_MIN, RequestShape.LENGTH_MAX);
                case "--seconds" -> seconds = real(option, SECONDS_MAX);
                case "--warm-up" -> warmUpSeconds = real(option, SECONDS_MAX);
                case "--rate" -> rate = real(option, RATE_MAX);
                case "--threading" ->
                    threading = ThreadingMode.valueOf(choice(option, List.of("invoker", "shared", "dedicated"))
                            .toUpperCase(Locale.ROOT));
                case "--idle" ->
                    idle = Idle.valueOf(
                            choice(option, List.of("yield", "backoff")).toUpperCase(Locale.ROOT));
                case "--fault" ->
                    fault = Fault.valueOf(choice(option, List.of("none", "primary-killed", "backup-stopped"))
                            .toUpperCase(Locale.ROOT)
                            .replace('-', '_'));
                case "--liar" -> liar = strategy(choice(option, LIARS));
                case "--timeout-ms" -> timeoutMs = number(option, 1, TIMEOUT_MS_MAX);
                case "--plot" -> plot = Path.of(value(option));
                case "--json" -> isJson = true;
                default -> throw new IllegalArgumentException("unknown option " + option + "; " + USAGE);
            }
        }

        DecideOptions conclude() {
            if (clients > peers) {
                throw new IllegalArgumentException(
                        "--clients is at most --peers, for each client is a peer; given " + clients + " of " + peers);
            }
            if (transport.equals("ipc") && isProcesses) {
                throw new IllegalArgumentException("--transport ipc is for peers of one process; given --processes");
            }
            if (liar != null && clients > peers - faulty(peers)) {
                throw new IllegalArgumentException("--liar has " + faulty(peers) + " of " + peers
                        + " peers lie, and the clients are others; given --clients " + clients);
            }
            if (transport.equals("ipc") && lossPercent > 0) {
                throw new IllegalArgumentException("--loss is of datagrams; given --transport ipc");
            }
            if (fault != Fault.NONE && (!isProcesses || peers < 4 || clients > peers - 2)) {
                throw new IllegalArgumentException(
                        "--fault " + fault.label() + " needs --processes, at least 4 --peers and at most 2"
                                + " fewer --clients than those; given "
                                + (isProcesses ? "--processes, " : "one process, ") + peers
                                + " peers and " + clients + " clients");
            }
            // An open loop is bounded by its rate; the window is only there to bound what a stalled group leaves
            // behind.
            final int window = inFlight > 0 ? inFlight : rate > 0 ? IN_FLIGHT_MAX : 1;
            return new DecideOptions(
                    peers,
                    isProcesses,
                    transport,
                    sealing,
                    lossPercent,
                    isDurable,
                    clients,
                    window,
                    sizeBytes,
                    seconds,
                    warmUpSeconds,
                    rate,
                    threading,
                    idle,
                    fault,
                    liar,
                    timeoutMs,
                    plot,
                    isJson);
        }

        private String value(final String option) {
            if (index >= arguments.length) {
                throw new IllegalArgumentException(option + " needs a value; " + USAGE);
            }
            return arguments[index++];
        }

        private String choice(final String option, final List<String> allowed) {
            final String given = value(option);
            if (!allowed.contains(given.toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(option + " is " + String.join(" or ", allowed) + ", given " + given);
            }
            return given.toLowerCase(Locale.ROOT);
        }

        private int number(final String option, final int min, final int max) {
            final String given = value(option);
            if (given.matches("[0-9]{1,9}") && Integer.parseInt(given) >= min && Integer.parseInt(given) <= max) {
                return Integer.parseInt(given);
            }
            throw new IllegalArgumentException(
                    option + " is a whole number from " + min + " to " + max + ", given " + given);
        }

        private double real(final String option, final double max) {
            final String given = value(option);
            try {
                final double number = Double.parseDouble(given);
                if (number > 0 && number <= max) {
                    return number;
                }
            } catch (final NumberFormatException e) {
                // Told below, together with the numbers out of range.
            }
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "%s is above 0 and at most %.0f, given %s", option, max, given));
        }
    }
}
