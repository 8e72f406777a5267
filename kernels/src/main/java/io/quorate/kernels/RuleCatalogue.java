package io.quorate.kernels;

import io.quorate.kernels.aggregate.AggregationRule;
import io.quorate.kernels.aggregate.CenteredClipping;
import io.quorate.kernels.aggregate.CoordinateMedian;
import io.quorate.kernels.aggregate.GeometricMedian;
import io.quorate.kernels.aggregate.Krum;
import io.quorate.kernels.aggregate.MeanAroundMedian;
import io.quorate.kernels.aggregate.MinimumDiameter;
import io.quorate.kernels.aggregate.NearestNeighbourMixing;
import io.quorate.kernels.aggregate.TrimmedMean;
import io.quorate.kernels.aggregate.WeightedMean;
import io.quorate.kernels.simd.Primitives;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * The rules of aggregation by the names and parameters that people write: {@code geometric-median} with {@code nu=0.1} and
 * {@code iterations=3}. docs/kernels/aggregation.md lists them all.
 */
public final class RuleCatalogue {
    /** Written before another name and a plus: mix nearest neighbours first. */
    public static final String MIXING = "nnm";

    private static final String MIXING_PREFIX = MIXING + "+";

    private static final List<String> NAMES = List.of(
            "average",
            "median",
            "trimmed-mean",
            "geometric-median",
            "krum",
            "multi-krum",
            "mda",
            "meamed",
            "monna",
            "centered-clipping");

    private RuleCatalogue() {}

    /** All names, without {@code nnm+}. */
    public static List<String> names() {
        return NAMES;
    }

    /**
     * @param name one of {@link #names()}, or {@code nnm+} and one of them
     * @param parameters name to value, as written
     * @throws IllegalArgumentException if there is no such rule or parameter, or a value is not allowed; says what is
     */
    public static AggregationRule rule(
            final Primitives primitives, final String name, final Map<String, String> parameters) {
        final boolean isMixed = name.startsWith(MIXING_PREFIX);
        final String plain = isMixed ? name.substring(MIXING_PREFIX.length()) : name;
        if (!NAMES.contains(plain)) {
            throw new IllegalArgumentException("no rule \"" + name + "\"; rules are " + String.join(", ", NAMES)
                    + ", and each of them with nnm+ before it");
        }
        final Reader reader = new Reader(plain, parameters);
        final AggregationRule rule = plainRule(primitives, plain, reader);
        reader.requireAllKnown();
        return isMixed ? new NearestNeighbourMixing(primitives).before(rule) : rule;
    }

    /**
     * The kappa for which a rule is (f, kappa)-robust; see {@link AggregationRule}. docs/kernels/aggregation.md derives each.
     *
     * @param name as for {@link #rule}
     * @param rows n
     * @param faultyMax f, 2f &lt; n
     * @return infinite where there is none: for the average of any liars, and for centered clipping
     * @throws IllegalArgumentException if there is no such rule, or n and f are not as said
     */
    public static double kappa(final String name, final int rows, final int faultyMax) {
        if (faultyMax < 0 || 2L * faultyMax >= rows) {
            throw new IllegalArgumentException(
                    "a bound needs 0 <= 2f < n, given n = " + rows + " and f = " + faultyMax);
        }
        final double f = faultyMax;
        final double honest = rows - f;
        final double excess = honest - f;
        if (name.startsWith(MIXING_PREFIX)) {
            final double plain = kappa(name.substring(MIXING_PREFIX.length()), rows, faultyMax);
            return Double.isInfinite(plain) ? plain : 8 * f / honest * (1 + plain);
        }
        switch (name) {
            case "trimmed-mean":
                return f / excess;
            case "median":
                return 2 * honest / excess;
            case "geometric-median":
                return 4 * honest / excess * honest / excess;
            case "krum":
                return 6 * honest / excess;
            case "multi-krum":
                final double root = Math.sqrt(2) + Math.sqrt(f / honest) + Math.sqrt(excess / honest);
                return f / excess * root * root;
            case "mda":
                return 8 * f * f / honest;
            case "meamed":
                final double fromMedian = 1 + Math.sqrt(f / honest * 2 * honest / excess);
                return 4 * f / honest * fromMedian * fromMedian;
            case "monna":
                return 4 * f * (1 + 1 / honest);
            case "average":
                return faultyMax == 0 ? 0 : Double.POSITIVE_INFINITY;
            default:
                if (NAMES.contains(name)) {
                    return Double.POSITIVE_INFINITY;
                }
                throw new IllegalArgumentException("no rule \"" + name + "\"");
        }
    }

    private static AggregationRule plainRule(final Primitives primitives, final String name, final Reader reader) {
        switch (name) {
            case "average":
                return WeightedMean.equal(primitives);
            case "median":
                return new CoordinateMedian(primitives);
            case "trimmed-mean":
                return new TrimmedMean(primitives);
            case "krum":
                return Krum.single(primitives);
            case "multi-krum":
                return Krum.multi(primitives);
            case "mda":
                return new MinimumDiameter(primitives);
            case "meamed":
                return new MeanAroundMedian(primitives);
            case "monna":
                return new NearestNeighbourMixing(primitives).around(reader.count("own", "idx", 0));
            case "centered-clipping":
                return centeredClipping(primitives, reader);
            default:
                return geometricMedian(primitives, reader);
        }
    }

    private static AggregationRule geometricMedian(final Primitives primitives, final Reader reader) {
        final boolean hasNu = reader.has("nu", "nu");
        final boolean hasIterations = reader.has("iterations", "T");
        final String start = reader.choice("start", hasIterations ? "zero" : "median", "zero", "median");
        final GeometricMedian.Start from =
                start.equals("zero") ? GeometricMedian.Start.ZERO : GeometricMedian.Start.MEDIAN;
        if (hasNu != hasIterations) {
            throw new IllegalArgumentException("geometric-median takes nu and iterations together, or neither: then it"
                    + " converges; given " + (hasNu ? "nu" : "iterations") + " alone");
        }
        if (!hasIterations) {
            return GeometricMedian.converging(primitives, from);
        }
        return GeometricMedian.ofSteps(
                primitives, reader.number("nu", "nu", 0), reader.count("iterations", "T", 0), from);
    }

    private static AggregationRule centeredClipping(final Primitives primitives, final Reader reader) {
        final double tau = reader.number("tau", "tau", 100);
        final int iterations = reader.count("iterations", "L", 1);
        final boolean hasValue = reader.has("m", "m");
        final double value = reader.number("m", "m", 0);
        final String start = reader.choice("start", "zero", "zero", "median");
        if (start.equals("median")) {
            if (hasValue) {
                throw new IllegalArgumentException("centered-clipping starts at the median or at m, given both");
            }
            return CenteredClipping.fromMedian(primitives, tau, iterations);
        }
        return CenteredClipping.from(primitives, tau, iterations, (float) value);
    }

    /** The parameters of one rule as they are asked for; each has a name and may have ByzFL's name as a second one. */
    private static final class Reader {
        private final String rule;
        private final Map<String, String> given;
        private final List<String> allowed = new ArrayList<>();
        private final TreeSet<String> known = new TreeSet<>();

        Reader(final String rule, final Map<String, String> given) {
            this.rule = rule;
            this.given = given;
        }

        boolean has(final String name, final String second) {
            return value(name, second) != null;
        }

        double number(final String name, final String second, final double otherwise) {
            final String text = value(name, second);
            if (text == null) {
                return otherwise;
            }
            try {
                final double number = Double.parseDouble(text);
                if (Double.isFinite(number)) {
                    return number;
                }
            } catch (final NumberFormatException e) {
                throw wrong(name, text, "a number", e);
            }
            throw wrong(name, text, "a finite number", null);
        }

        int count(final String name, final String second, final int otherwise) {
            final String text = value(name, second);
            if (text == null) {
                return otherwise;
            }
            try {
                return Integer.parseInt(text);
            } catch (final NumberFormatException e) {
                throw wrong(name, text, "a whole number", e);
            }
        }

        String choice(final String name, final String otherwise, final String... choices) {
            final String text = value(name, name);
            if (text == null) {
                return otherwise;
            }
            if (!List.of(choices).contains(text)) {
                throw wrong(name, text, String.join(" or ", choices), null);
            }
            return text;
        }

        void requireAllKnown() {
            for (final String name : given.keySet()) {
                if (!known.contains(name)) {
                    throw new IllegalArgumentException(rule + " takes "
                            + (allowed.isEmpty() ? "no parameters" : "the parameters " + String.join(", ", allowed))
                            + ", given " + name);
                }
            }
        }

        private String value(final String name, final String second) {
            if (known.add(name)) {
                allowed.add(name);
            }
            known.add(second);
            final String first = given.get(name);
            if (!second.equals(name) && given.containsKey(second)) {
                if (first != null) {
                    throw new IllegalArgumentException(
                            rule + ": " + name + " and " + second + " are the same parameter, given both");
                }
                return given.get(second);
            }
            return first;
        }

        private IllegalArgumentException wrong(
                final String name, final String text, final String allowedValues, final Exception cause) {
            return new IllegalArgumentException(
                    rule + ": " + name + " must be " + allowedValues + ", given \"" + text + "\"", cause);
        }
    }
}
