package io.quorate.benchmarks.live;

import io.quorate.engine.ThreadingMode;
import java.util.Locale;

/**
 * The command line of {@code bench compare}.
 *
 * @param seconds how long to measure, all three sides together; starting and warming up come on top
 * @param threading of our four engines
 * @param isDurable whether both groups keep what they order on a disk, forced, before it counts
 * @param isJson whether the last line of standard output is JSON
 */
record CompareOptions(double seconds, ThreadingMode threading, boolean isDurable, boolean isJson) {
    static final String USAGE = "usage: bench compare [--seconds 60] [--threading invoker|shared] [--durable] [--json]";

    private static final double SECONDS_MAX = 86_400;

    /** @throws IllegalArgumentException if an option is unknown or its value not allowed; the message is one line */
    static CompareOptions parse(final String... arguments) {
        double seconds = 60;
        ThreadingMode threading = ThreadingMode.INVOKER;
        boolean isDurable = false;
        boolean isJson = false;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--seconds":
                    seconds = seconds(value(arguments, ++i));
                    break;
                case "--threading":
                    threading = threading(value(arguments, ++i));
                    break;
                case "--durable":
                    isDurable = true;
                    break;
                case "--json":
                    isJson = true;
                    break;
                default:
                    throw new IllegalArgumentException("unknown option " + arguments[i] + "; " + USAGE);
            }
        }
        return new CompareOptions(seconds, threading, isDurable, isJson);
    }

    private static String value(final String[] arguments, final int index) {
        if (index >= arguments.length) {
            throw new IllegalArgumentException(arguments[index - 1] + " needs a value; " + USAGE);
        }
        return arguments[index];
    }

    private static ThreadingMode threading(final String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "invoker" -> ThreadingMode.INVOKER;
            case "shared" -> ThreadingMode.SHARED;
            default -> throw new IllegalArgumentException("--threading is invoker or shared, given " + text);
        };
    }

    private static double seconds(final String text) {
        try {
            final double seconds = Double.parseDouble(text);
            if (seconds > 0 && seconds <= SECONDS_MAX) {
                return seconds;
            }
        } catch (final NumberFormatException e) {
            // Told below, together with the numbers out of range.
        }
        throw new IllegalArgumentException("--seconds is above 0 and at most 86400, given " + text);
    }
}
