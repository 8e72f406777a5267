package io.quorate.benchmarks.mesh;

import io.quorate.engine.membership.MembershipContext.Profile;
import io.quorate.transport.auth.Roster;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The command line of {@code bench mesh}.
 *
 * @param lossPercent of the messages of every member that get lost, in scenario rumor
 * @param seconds how long a split, a loss or a lie lasts; 0 for the scenario's own time
 * @param repeats how often the scenario is run; medians are told
 */
record MeshOptions(
        int peers, Scenario scenario, Profile profile, int lossPercent, double seconds, int repeats, boolean isJson) {
    static final String USAGE =
            "usage: bench mesh [--peers 16] [--scenario join|crash|stop|rumor|split|loss|liar] [--profile"
                    + " lan|fast|mission] [--loss PERCENT] [--seconds s] [--repeats 3] [--json]";

    private static final int PEERS_MIN = 4;
    private static final int REPEATS_MAX = 100;
    private static final int LOSS_MAX = 50;
    private static final double SECONDS_MAX = 86_400;

    /** What happens to the mesh. */
    enum Scenario {
        /** All begin at once, until all see all. */
        JOIN,
        /** One falls silent for ever, until everyone else holds a proof. */
        CRASH,
        /** One is stopped until everyone holds it faulty, and then goes on, until all see all. */
        STOP,
        /** One says something, until the last has heard it. */
        RUMOR,
        /** Halves that do not hear each other, and then do. */
        SPLIT,
        /** One member loses 25 % each way, another is stopped on and off. */
        LOSS,
        /** f members accuse a healthy one without end. */
        LIAR
    }

    /** @throws IllegalArgumentException if an option is unknown or its value not allowed; the message is one line */
    static MeshOptions parse(final String... arguments) {
        final List<String> words = Arrays.asList(arguments);
        final int[] numbers = {16, 0, 3};
        Scenario scenario = Scenario.JOIN;
        Profile profile = Profile.LAN;
        double seconds = 0;
        boolean isJson = false;
        for (int i = 0; i < words.size(); i++) {
            final String option = words.get(i);
            if (option.equals("--json")) {
                isJson = true;
                continue;
            }
            if (!List.of("--peers", "--scenario", "--profile", "--loss", "--seconds", "--repeats")
                    .contains(option)) {
                throw new IllegalArgumentException("unknown option " + option + "; " + USAGE);
            }
            if (++i == words.size()) {
                throw new IllegalArgumentException(option + " needs a value; " + USAGE);
            }
            final String value = words.get(i);
            switch (option) {
                case "--peers" -> numbers[0] = number(option, value, PEERS_MIN, Roster.PEERS_MAX);
                case "--loss" -> numbers[1] = number(option, value, 0, LOSS_MAX);
                case "--repeats" -> numbers[2] = number(option, value, 1, REPEATS_MAX);
                case "--scenario" -> scenario = choice(option, value, Scenario.values());
                case "--profile" -> profile = choice(option, value, Profile.values());
                default -> seconds = seconds(value);
            }
        }
        if (numbers[1] > 0 && scenario != Scenario.RUMOR) {
            throw new IllegalArgumentException("--loss goes with --scenario rumor, given " + name(scenario));
        }
        return new MeshOptions(numbers[0], scenario, profile, numbers[1], seconds, numbers[2], isJson);
    }

    static String name(final Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    private static <E extends Enum<E>> E choice(final String option, final String given, final E[] allowed) {
        for (final E one : allowed) {
            if (name(one).equals(given)) {
                return one;
            }
        }
        throw new IllegalArgumentException(option + " is "
                + Arrays.stream(allowed).map(MeshOptions::name).collect(Collectors.joining(", "))
                + "; given " + given);
    }

    private static int number(final String option, final String given, final int min, final int max) {
        if (given.matches("[0-9]{1,9}") && Integer.parseInt(given) >= min && Integer.parseInt(given) <= max) {
            return Integer.parseInt(given);
        }
        throw new IllegalArgumentException(
                option + " is a whole number from " + min + " to " + max + "; given " + given);
    }

    private static double seconds(final String given) {
        try {
            final double seconds = Double.parseDouble(given);
            if (seconds > 0 && seconds <= SECONDS_MAX) {
                return seconds;
            }
        } catch (final NumberFormatException e) {
            // Told below, together with the numbers out of range.
        }
        throw new IllegalArgumentException("--seconds is above 0 and at most 86400, given " + given);
    }
}
