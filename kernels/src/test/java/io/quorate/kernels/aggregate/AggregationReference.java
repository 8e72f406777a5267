package io.quorate.kernels.aggregate;

import io.quorate.kernels.memory.FloatMatrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The rules once more, from their definitions, in float64 and as slowly as they come. */
final class AggregationReference {
    private AggregationReference() {}

    static double[][] rows(final FloatMatrix matrix) {
        final double[][] rows = new double[matrix.rows()][matrix.cols()];
        for (int row = 0; row < rows.length; row++) {
            for (int col = 0; col < matrix.cols(); col++) {
                rows[row][col] = matrix.get(row, col);
            }
        }
        return rows;
    }

    static double squared(final double[] left, final double[] right) {
        double sum = 0;
        for (int col = 0; col < left.length; col++) {
            sum += (left[col] - right[col]) * (left[col] - right[col]);
        }
        return sum;
    }

    static double[] mean(final double[][] rows, final List<Integer> chosen) {
        final double[] mean = new double[rows[0].length];
        for (final int row : chosen) {
            for (int col = 0; col < mean.length; col++) {
                mean[col] += rows[row][col] / chosen.size();
            }
        }
        return mean;
    }

    /** The rows with the lowest keys, ties to the lower row. */
    static List<Integer> lowest(final int count, final int wanted, final ToDoubleFunction<Integer> key) {
        final List<Integer> all = new ArrayList<>();
        for (int row = 0; row < count; row++) {
            all.add(row);
        }
        all.sort(Comparator.comparingDouble(key).thenComparing(Comparator.naturalOrder()));
        return all.subList(0, wanted);
    }

    static double[] krum(final double[][] rows, final int faulty, final int wanted) {
        final int count = rows.length;
        return mean(rows, lowest(count, wanted, row -> {
            final double[] others = new double[count - 1];
            for (int i = 0; i < count - 1; i++) {
                others[i] = squared(rows[row], rows[i < row ? i : i + 1]);
            }
            Arrays.sort(others);
            double score = 0;
            for (int i = 0; i < count - faulty - 1; i++) {
                score += others[i];
            }
            return score;
        }));
    }

    static double[] nearest(final double[][] rows, final int faulty, final int own) {
        return mean(rows, lowest(rows.length, rows.length - faulty, row -> squared(rows[row], rows[own])));
    }

    static double[] meanAroundMedian(final double[][] rows, final int faulty) {
        final int count = rows.length;
        final double[] result = new double[rows[0].length];
        for (int col = 0; col < result.length; col++) {
            final int at = col;
            final double[] column =
                    Arrays.stream(rows).mapToDouble(row -> row[at]).sorted().toArray();
            final double median = (column[(count - 1) / 2] + column[count / 2]) / 2;
            for (final int row : lowest(count, count - faulty, r -> Math.abs(rows[r][at] - median))) {
                result[col] += rows[row][col] / (count - faulty);
            }
        }
        return result;
    }

    /** All subsets in lexicographic order; the first one of least diameter. */
    static double[] minimumDiameter(final double[][] rows, final int faulty) {
        final List<List<Integer>> subsets = subsets(rows.length, rows.length - faulty);
        List<Integer> best = null;
        double least = Double.MAX_VALUE;
        for (final List<Integer> subset : subsets) {
            double diameter = 0;
            for (final int row : subset) {
                for (final int other : subset) {
                    diameter = Math.max(diameter, squared(rows[row], rows[other]));
                }
            }
            if (diameter < least) {
                least = diameter;
                best = subset;
            }
        }
        return mean(rows, best);
    }

    static double[] centeredClipping(
            final double[][] rows, final double tau, final int iterations, final double[] start) {
        final double[] centre = start.clone();
        for (int step = 0; step < iterations; step++) {
            final double[] moved = centre.clone();
            for (final double[] row : rows) {
                final double factor = Math.min(1, tau / Math.sqrt(squared(row, centre)));
                for (int col = 0; col < centre.length; col++) {
                    moved[col] += (row[col] - centre[col]) * factor / rows.length;
                }
            }
            System.arraycopy(moved, 0, centre, 0, centre.length);
        }
        return centre;
    }

    /** In lexicographic order. */
    static List<List<Integer>> subsets(final int count, final int size) {
        final List<List<Integer>> subsets = new ArrayList<>();
        extend(subsets, new ArrayList<>(), 0, count, size);
        return subsets;
    }

    private static void extend(
            final List<List<Integer>> subsets,
            final List<Integer> chosen,
            final int from,
            final int count,
            final int size) {
        if (chosen.size() == size) {
            subsets.add(List.copyOf(chosen));
            return;
        }
        for (int row = from; row < count; row++) {
            chosen.add(row);
            extend(subsets, chosen, row + 1, count, size);
            chosen.remove(chosen.size() - 1);
        }
    }
}
