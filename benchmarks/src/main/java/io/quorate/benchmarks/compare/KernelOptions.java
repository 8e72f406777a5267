package io.quorate.benchmarks.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;

/**
 * The command line of {@code bench kernels}.
 *
 * @param sizes n, the rows that attend over themselves
 * @param threads thread counts
 * @param seconds how long to measure, all together
 * @param kernels names of the contenders; empty for the usual ones
 * @param plot where to draw the times, or null
 * @param isJson whether the last line of standard output is JSON
 */
record KernelOptions(
        List<Integer> sizes, List<Integer> threads, double seconds, List<String> kernels, Path plot, boolean isJson) {
    static final String USAGE = "usage: bench kernels [--n 4,16,64,256,1024,4096] [--threads 1,2] [--seconds 75]"
            + " [--kernels NAME,...] [--plot FILE.svg] [--json]";

    private static final int ROWS_MAX = 16_384;
    private static final int THREADS_MAX = 64;
    private static final double SECONDS_MAX = 86_400;

    /** @throws IllegalArgumentException if an option is unknown or its value not allowed; the message is one line */
    static KernelOptions parse(final String... arguments) {
        List<Integer> sizes = List.of(4, 16, 64, 256, 1024, 4096);
        List<Integer> threads = List.of(1, 2);
        double seconds = 75;
        List<String> kernels = List.of();
        Path plot = null;
        boolean isJson = false;
        final Iterator<String> words = split(arguments).iterator();
        while (words.hasNext()) {
            final String option = words.next();
            switch (option) {
                case "--n":
                    sizes = list(option, value(option, words), text -> number(option, text, ROWS_MAX));
                    break;
                case "--threads":
                    threads = list(option, value(option, words), text -> number(option, text, THREADS_MAX));
                    break;
                case "--seconds":
                    seconds = seconds(value(option, words));
                    break;
                case "--kernels":
                    kernels = list(option, value(option, words), Function.identity());
                    break;
                case "--plot":
                    plot = Path.of(value(option, words));
                    break;
                case "--json":
                    isJson = true;
                    break;
                default:
                    throw new IllegalArgumentException("unknown option " + option + "; " + USAGE);
            }
        }
        return new KernelOptions(sizes, threads, seconds, kernels, plot, isJson);
    }

    /** --name=value becomes two words. */
    private static List<String> split(final String... arguments) {
        final List<String> words = new ArrayList<>();
        for (final String argument : arguments) {
            final int equals = argument.indexOf('=');
            if (argument.startsWith("--") && equals > 0) {
                words.add(argument.substring(0, equals));
                words.add(argument.substring(equals + 1));
            } else {
                words.add(argument);
            }
        }
        return words;
    }

    private static String value(final String option, final Iterator<String> words) {
        if (!words.hasNext()) {
            throw new IllegalArgumentException(option + " needs a value; " + USAGE);
        }
        return words.next();
    }

    private static <T> List<T> list(final String option, final String text, final Function<String, T> parser) {
        final List<T> values = new ArrayList<>();
        for (final String part : text.split(",", -1)) {
            if (part.isBlank()) {
                throw new IllegalArgumentException(option + " is a list with commas, given \"" + text + "\"");
            }
            final T value = parser.apply(part.strip());
            if (values.contains(value)) {
                throw new IllegalArgumentException(option + " names " + part + " twice");
            }
            values.add(value);
        }
        return values;
    }

    private static int number(final String option, final String text, final int max) {
        try {
            final int number = Integer.parseInt(text);
            if (number >= 1 && number <= max) {
                return number;
            }
        } catch (final NumberFormatException e) {
            // Told below, together with the numbers out of range.
        }
        throw new IllegalArgumentException(option + " takes whole numbers within 1.." + max + ", given " + text);
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
