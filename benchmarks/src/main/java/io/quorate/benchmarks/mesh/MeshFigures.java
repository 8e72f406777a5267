package io.quorate.benchmarks.mesh;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What one command measured: by name, in the order in which it was first told, one value a repeat. */
final class MeshFigures {
    private final Map<String, List<Double>> values = new LinkedHashMap<>();

    void add(final String name, final double value) {
        values.computeIfAbsent(name, key -> new ArrayList<>()).add(value);
    }

    Iterable<String> names() {
        return values.keySet();
    }

    double median(final String name) {
        final List<Double> sorted = values.get(name).stream().sorted().toList();
        final int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    double least(final String name) {
        return values.get(name).stream().mapToDouble(Double::doubleValue).min().orElseThrow();
    }

    double most(final String name) {
        return values.get(name).stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    }

    double sum(final String name) {
        return values.get(name).stream().mapToDouble(Double::doubleValue).sum();
    }

    /** Counts of what must not happen are summed over the repeats; of all else the median is told. */
    double told(final String name) {
        return name.equals(MeshBench.FALSE_DEATHS) ? sum(name) : median(name);
    }

    void appendJson(final StringBuilder json) {
        for (final String name : values.keySet()) {
            json.append(String.format(Locale.ROOT, ",\"%s\":%s", name, number(told(name))));
        }
    }

    static String number(final double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.3f", value);
    }
}
