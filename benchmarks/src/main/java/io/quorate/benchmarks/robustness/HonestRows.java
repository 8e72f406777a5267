package io.quorate.benchmarks.robustness;

/** The first rows of a round, in float64: what attacks are made from and errors are measured by. */
final class HonestRows {
    private final double[][] rows;
    private final int count;
    private final double[] mean;

    HonestRows(final double[][] rows, final int count) {
        this.rows = rows;
        this.count = count;
        this.mean = new double[rows[0].length];
        for (int row = 0; row < count; row++) {
            for (int col = 0; col < mean.length; col++) {
                mean[col] += rows[row][col] / count;
            }
        }
    }

    int count() {
        return count;
    }

    double[] row(final int row) {
        return rows[row];
    }

    double[] mean() {
        return mean;
    }

    /** Of each coordinate, with count - 1 in the denominator. */
    double[] deviations() {
        final double[] deviations = new double[mean.length];
        for (int col = 0; col < mean.length; col++) {
            double squares = 0;
            for (int row = 0; row < count; row++) {
                squares += (rows[row][col] - mean[col]) * (rows[row][col] - mean[col]);
            }
            deviations[col] = Math.sqrt(squares / Math.max(1, count - 1));
        }
        return deviations;
    }

    /** The root of the mean squared distance from the mean. */
    double spread() {
        double squares = 0;
        for (int row = 0; row < count; row++) {
            squares += squared(rows[row], mean);
        }
        return Math.sqrt(squares / count);
    }

    /** The greatest distance of two rows. */
    double diameter() {
        double greatest = 0;
        for (int row = 0; row < count; row++) {
            greatest = Math.max(greatest, farthestFrom(rows[row]));
        }
        return greatest;
    }

    /** The greatest distance of a row from a point. */
    double farthestFrom(final double[] point) {
        double greatest = 0;
        for (int row = 0; row < count; row++) {
            greatest = Math.max(greatest, squared(rows[row], point));
        }
        return Math.sqrt(greatest);
    }

    static double length(final double[] vector) {
        return Math.sqrt(squared(vector, new double[vector.length]));
    }

    static double squared(final double[] left, final double[] right) {
        double squares = 0;
        for (int col = 0; col < left.length; col++) {
            squares += (left[col] - right[col]) * (left[col] - right[col]);
        }
        return squares;
    }
}
