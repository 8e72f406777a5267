package io.quorate.benchmarks.robustness;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.kernels.RuleCatalogue;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The attack suite against every rule, over n = 4..31 and d = 4..384. */
class RobustnessTest {
    private static final long SEED = Long.getLong("seed", 20_261_125L);
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();
    private static final int[] COUNTS = {4, 7, 10, 13, 31};
    private static final int[] DIMENSIONS = {4, 64, 384};

    private static double[] aggregate(final String rule, final FloatMatrix rows, final int faulty) {
        final FloatMatrix out = FloatMatrix.allocate(1, rows.cols());
        try (AggregationScratch scratch = new AggregationScratch(rows.rows(), rows.cols())) {
            RuleCatalogue.rule(PREFERRED, rule, Map.of()).aggregate(rows, faulty, out, scratch);
        }
        final double[] result = new double[rows.cols()];
        for (int col = 0; col < result.length; col++) {
            result[col] = out.get(0, col);
        }
        return result;
    }

    private static double distance(final double[] left, final double[] right) {
        return Math.sqrt(HonestRows.squared(left, right));
    }

    @ParameterizedTest
    @EnumSource(Attack.class)
    void shouldKeepEveryBound(final Attack attack) {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int count : COUNTS) {
            for (final int dimension : DIMENSIONS) {
                final int faulty = RobustnessTable.faulty(count);
                final double[][] round = attack.round(count, faulty, dimension, random);
                final FloatMatrix rows = FloatMatrix.allocate(count, dimension);
                RobustnessTable.copy(round, rows);
                final HonestRows honest = new HonestRows(round, count - faulty);
                for (final String rule : RobustnessTable.ruleNames()) {
                    final double kappa = RuleCatalogue.kappa(rule, count, faulty);
                    if (kappa < Double.POSITIVE_INFINITY) {
                        assertThat(distance(aggregate(rule, rows, faulty), honest.mean()))
                                .as("%s, %s, n = %d, d = %d, seed %d", rule, attack.label(), count, dimension, SEED)
                                .isLessThanOrEqualTo(Math.sqrt(kappa) * honest.spread() + 1e-5);
                    }
                }
                requireCohen(rows, honest, faulty);
                requireHonestRange(rows, faulty);
            }
        }
    }

    private static void requireCohen(final FloatMatrix rows, final HonestRows honest, final int faulty) {
        final double factor = 2.0 * (rows.rows() - faulty) / (rows.rows() - 2 * faulty);
        assertThat(distance(aggregate("geometric-median", rows, faulty), honest.mean()))
                .isLessThanOrEqualTo(factor * honest.farthestFrom(honest.mean()) + 1e-6);
    }

    private static void requireHonestRange(final FloatMatrix rows, final int faulty) {
        for (final String rule : List.of("median", "trimmed-mean")) {
            final double[] result = aggregate(rule, rows, faulty);
            for (int col = 0; col < result.length; col++) {
                double low = Double.MAX_VALUE;
                double high = -Double.MAX_VALUE;
                for (int row = 0; row < rows.rows() - faulty; row++) {
                    low = Math.min(low, rows.get(row, col));
                    high = Math.max(high, rows.get(row, col));
                }
                assertThat(result[col]).as(rule).isBetween(low, high);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"GAUSSIAN", "FAR_POINT", "NORM_SCALING"})
    void shouldSeeTheAverageFail(final Attack attack) {
        for (final int count : COUNTS) {
            final int faulty = RobustnessTable.faulty(count);
            final double[][] round = attack.round(count, faulty, 64, new SplittableRandom(SEED));
            final FloatMatrix rows = FloatMatrix.allocate(count, 64);
            RobustnessTable.copy(round, rows);
            final HonestRows honest = new HonestRows(round, count - faulty);
            assertThat(distance(aggregate("average", rows, faulty), honest.mean()))
                    .isGreaterThan(4 * honest.spread());
        }
    }

    @Test
    void shouldStandHoweverFarTheLiarsGo() {
        for (final int count : COUNTS) {
            final int faulty = RobustnessTable.faulty(count);
            final double[][] round = Attack.NONE.round(count, faulty, 64, new SplittableRandom(SEED));
            final HonestRows honest = new HonestRows(round, count - faulty);
            final FloatMatrix rows = FloatMatrix.allocate(count, 64);
            for (int k = 1; k <= 12; k++) {
                for (int liar = count - faulty; liar < count; liar++) {
                    Arrays.fill(round[liar], Math.pow(10, k) / 8);
                }
                RobustnessTable.copy(round, rows);
                for (final String rule : RobustnessTable.ruleNames()) {
                    final double error = distance(aggregate(rule, rows, faulty), honest.mean());
                    if (rule.equals("average")) {
                        assertThat(error).isGreaterThan(0.1 * Math.pow(10, k) * faulty / count - 10);
                    } else if (!rule.equals("centered-clipping")) {
                        assertThat(error)
                                .as("%s, n = %d, liars at 1e%d", rule, count, k)
                                .isLessThan(2 * honest.spread());
                    }
                }
            }
        }
    }

    @Test
    void shouldNameTheOneFarLiarWhereTwoDeviationsCannot() {
        final double[][] round = Attack.FAR_POINT.round(4, 1, 384, new SplittableRandom(SEED));
        final FloatMatrix rows = FloatMatrix.allocate(4, 384);
        RobustnessTable.copy(round, rows);
        final OutlierReport report = new OutlierReport(4);
        try (AggregationScratch scratch = new AggregationScratch(4, 384)) {
            new OutlierScores(PREFERRED).find(rows, 1, report, scratch);
        }
        assertThat(report.suspectCount()).isEqualTo(1);
        assertThat(report.suspect(0)).isEqualTo(3);
        final double[] mean = new HonestRows(round, 4).mean();
        final double[] distances = new double[4];
        double average = 0;
        for (int row = 0; row < 4; row++) {
            distances[row] = distance(round[row], mean);
            average += distances[row] / 4;
        }
        double variance = 0;
        for (final double value : distances) {
            variance += (value - average) * (value - average) / 4;
        }
        assertThat(distances[3] - average).isLessThan(2 * Math.sqrt(variance));
    }

    @ParameterizedTest
    @CsvSource({"384, 0", "64, 0.15", "4, 0.35"})
    void shouldHaveThePublishedRates(final int dimension, final double alarmsMax) {
        final List<RobustnessTable.Cell> cells =
                new RobustnessTable(SEED, 60).compute(new int[] {4, 7, 13}, new int[] {dimension});
        for (final RobustnessTable.Cell cell : cells) {
            final DetectorCount detector = cell.detector().get(0);
            assertThat(detector.runs()).isEqualTo(60);
            if (cell.attack() == Attack.NONE || cell.attack() == Attack.FAR_POINT) {
                assertThat(detector.alarmRate())
                        .as("%s, n = %d, d = %d", cell.attack(), cell.count(), dimension)
                        .isLessThanOrEqualTo(alarmsMax);
            }
            if (cell.attack() == Attack.FAR_POINT) {
                assertThat(detector.missRate()).isLessThanOrEqualTo(alarmsMax / 2);
            }
            if (cell.attack() == Attack.MIMIC) {
                assertThat(detector.missRate()).isGreaterThan(0.9);
            }
        }
    }
}
