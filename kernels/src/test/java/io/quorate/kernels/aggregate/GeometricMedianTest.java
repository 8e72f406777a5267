package io.quorate.kernels.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GeometricMedianTest {
    private static final long SEED = Long.getLong("seed", 20_251_125L);
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();

    private static double[] centre(
            final GeometricMedian rule, final FloatMatrix rows, final AggregationScratch scratch) {
        final FloatMatrix out = FloatMatrix.allocate(1, rows.cols());
        rule.aggregate(rows, 0, out, scratch);
        final double[] centre = new double[rows.cols()];
        for (int col = 0; col < centre.length; col++) {
            centre[col] = out.get(0, col);
        }
        return centre;
    }

    private static double distance(final FloatMatrix rows, final int row, final double[] centre) {
        double squares = 0.0;
        for (int col = 0; col < centre.length; col++) {
            squares += (rows.get(row, col) - centre[col]) * (rows.get(row, col) - centre[col]);
        }
        return Math.sqrt(squares);
    }

    private static double objective(final FloatMatrix rows, final double[] centre) {
        double sum = 0.0;
        for (int row = 0; row < rows.rows(); row++) {
            sum += distance(rows, row, centre);
        }
        return sum;
    }

    /** The length of the sum of unit vectors towards the rows: 0 at the geometric median, where no row lies. */
    private static double pull(final FloatMatrix rows, final double[] centre) {
        final double[] sum = new double[centre.length];
        for (int row = 0; row < rows.rows(); row++) {
            final double distance = distance(rows, row, centre);
            for (int col = 0; col < centre.length; col++) {
                sum[col] += (rows.get(row, col) - centre[col]) / distance;
            }
        }
        double squares = 0.0;
        for (final double component : sum) {
            squares += component * component;
        }
        return Math.sqrt(squares);
    }

    @ParameterizedTest
    @CsvSource({"4,4", "4,384", "5,2", "7,64", "10,384", "13,3", "31,16", "64,384"})
    void shouldComeToRestWhereThePullsCancel(final int count, final int cols) {
        final SplittableRandom random = new SplittableRandom(SEED);
        int mostSteps = 0;
        for (int repeat = 0; repeat < 20; repeat++) {
            final FloatMatrix rows = Matrices.gaussian(random, count, cols);
            for (int col = 0; col < cols && repeat % 2 == 1; col++) {
                rows.set(0, col, 50.0f + repeat);
            }
            try (AggregationScratch scratch = new AggregationScratch(count, cols)) {
                final double[] centre = centre(GeometricMedian.converging(PREFERRED), rows, scratch);
                // In few dimensions the answer may lie at or close to a row, which Weiszfeld's steps approach ever more
                // slowly.
                assertThat(scratch.isConverged() || cols < 16 && scratch.stepCount() == GeometricMedian.STEPS_MAX)
                        .isTrue();
                mostSteps = Math.max(mostSteps, scratch.stepCount());
                final double objective = objective(rows, centre);
                double nearest = Double.MAX_VALUE;
                for (int row = 0; row < count; row++) {
                    nearest = Math.min(nearest, distance(rows, row, centre));
                    final double[] at = new double[cols];
                    for (int col = 0; col < cols; col++) {
                        at[col] = rows.get(row, col);
                    }
                    assertThat(objective).isLessThanOrEqualTo(objective(rows, at) * (1 + 1e-5));
                }
                if (nearest > 0.05) {
                    assertThat(pull(rows, centre)).isLessThan(1e-3);
                }
            }
        }
        assertThat(mostSteps).isBetween(1, GeometricMedian.STEPS_MAX);
    }

    /** From d = 4n on steps are taken on the distances of pairs, unless a row lies beyond the reach. */
    @ParameterizedTest
    @ValueSource(doubles = {1, 1e3, 1e5, 1e6, 1e7, 1e12, 1e30})
    void shouldFindTheSamePointOnDistancesAsOnRows(final double far) {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int count : new int[] {4, 7, 16}) {
            final FloatMatrix rows = Matrices.gaussian(random, count, 64);
            for (int col = 0; col < 64; col++) {
                rows.set(1, col, (float) (far * (0.5 + rows.get(1, col))));
            }
            try (AggregationScratch scratch = new AggregationScratch(count, 64)) {
                final double[] centre = centre(GeometricMedian.converging(PREFERRED), rows, scratch);
                assertThat(scratch.isConverged())
                        .as("n = %d, far = %g", count, far)
                        .isTrue();
                assertThat(scratch.stepCount()).isBetween(2, 100);
                final double[] expected = centre(
                        GeometricMedian.ofSteps(PREFERRED, 1e-4, 200, GeometricMedian.Start.MEDIAN), rows, scratch);
                for (int col = 0; col < 64; col++) {
                    assertThat(centre[col]).isCloseTo(expected[col], within(3e-6));
                }
            }
        }
    }

    @Test
    void shouldLeaveARowThatIsNotTheAnswer() {
        // The coordinate-wise median is the row (0, 0), where Weiszfeld's step is undefined; the answer lies elsewhere.
        final FloatMatrix rows = Matrices.of(
                new float[] {0, 0},
                new float[] {1, -0.1f},
                new float[] {1, 0.1f},
                new float[] {-0.1f, 1},
                new float[] {0, 1},
                new float[] {-3, 0},
                new float[] {0, -3});
        try (AggregationScratch scratch = new AggregationScratch(7, 2)) {
            final double[] centre = centre(GeometricMedian.converging(PREFERRED), rows, scratch);
            assertThat(scratch.isConverged()).isTrue();
            double best = Double.MAX_VALUE;
            for (double x = -1; x <= 1; x += 0.005) {
                for (double y = -1; y <= 1; y += 0.005) {
                    best = Math.min(best, objective(rows, new double[] {x, y}));
                }
            }
            assertThat(objective(rows, centre)).isLessThan(best + 1e-4);
        }
    }

    @Test
    void shouldReturnTheRowOfAMajorityAtOnce() {
        final FloatMatrix rows = Matrices.of(
                new float[] {3, 1e-20f}, new float[] {9, 9}, new float[] {3, 1e-20f}, new float[] {3, 1e-20f});
        try (AggregationScratch scratch = new AggregationScratch(4, 2)) {
            final FloatMatrix out = FloatMatrix.allocate(1, 2);
            GeometricMedian.converging(PREFERRED).aggregate(rows, 1, out, scratch);
            assertThat(out.rowArray(0)).containsExactly(3, 1e-20f);
            assertThat(scratch.stepCount()).isZero();
            assertThat(scratch.isConverged()).isTrue();
        }
    }

    /** robust-aggregation by attention: the step is a softmax over -ln max(nu, distance). */
    @Test
    void shouldEqualAttentionWithDistanceLogits() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix rows = Matrices.gaussian(random, 9, 12);
        for (int steps = 1; steps <= 12; steps++) {
            final double[] expected = new double[12];
            for (int step = 0; step < steps; step++) {
                final double[] weights = new double[9];
                double total = 0.0;
                for (int row = 0; row < 9; row++) {
                    weights[row] = Math.exp(-Math.log(Math.max(0.05, distance(rows, row, expected))));
                    total += weights[row];
                }
                final double[] next = new double[12];
                for (int row = 0; row < 9; row++) {
                    for (int col = 0; col < 12; col++) {
                        next[col] += weights[row] / total * rows.get(row, col);
                    }
                }
                System.arraycopy(next, 0, expected, 0, 12);
            }
            try (AggregationScratch scratch = new AggregationScratch(9, 12)) {
                final double[] centre = centre(
                        GeometricMedian.ofSteps(PREFERRED, 0.05, steps, GeometricMedian.Start.ZERO), rows, scratch);
                assertThat(scratch.stepCount()).isEqualTo(steps);
                for (int col = 0; col < 12; col++) {
                    assertThat(centre[col]).isCloseTo(expected[col], within(6e-8 * (1 + Math.abs(expected[col]))));
                }
            }
        }
    }

    @Test
    void shouldKeepCohensBoundUnderLiars() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int count : new int[] {4, 7, 10, 13, 31}) {
            final int faultyMax = (count - 1) / 3;
            for (final double far : new double[] {0.5, 3, 100, 1e12}) {
                final FloatMatrix rows = Matrices.gaussian(random, count, 20);
                for (int liar = 0; liar < faultyMax; liar++) {
                    for (int col = 0; col < 20; col++) {
                        rows.set(liar, col, (float) far);
                    }
                }
                final double[] mean = new double[20];
                for (int row = faultyMax; row < count; row++) {
                    for (int col = 0; col < 20; col++) {
                        mean[col] += rows.get(row, col) / (double) (count - faultyMax);
                    }
                }
                double radius = 0.0;
                for (int row = faultyMax; row < count; row++) {
                    radius = Math.max(radius, distance(rows, row, mean));
                }
                try (AggregationScratch scratch = new AggregationScratch(count, 20)) {
                    final double[] centre = centre(GeometricMedian.converging(PREFERRED), rows, scratch);
                    double squares = 0.0;
                    for (int col = 0; col < 20; col++) {
                        squares += (centre[col] - mean[col]) * (centre[col] - mean[col]);
                    }
                    assertThat(Math.sqrt(squares))
                            .isLessThan(2.0 * (count - faultyMax) / (count - 2 * faultyMax) * radius);
                }
            }
        }
    }

    @Test
    void shouldRefuseStepsWithoutMeaning() {
        assertThatThrownBy(() -> GeometricMedian.ofSteps(PREFERRED, 0.0, 3, GeometricMedian.Start.ZERO))
                .hasMessageContaining("given nu = 0.0 and 3 iterations");
        assertThatThrownBy(() -> GeometricMedian.ofSteps(PREFERRED, 1e-300, 3, GeometricMedian.Start.ZERO))
                .hasMessageContaining("1.0E-200..1.0E200");
        assertThatThrownBy(() -> GeometricMedian.ofSteps(PREFERRED, Double.NaN, 3, GeometricMedian.Start.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GeometricMedian.ofSteps(PREFERRED, 0.1, 0, GeometricMedian.Start.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
