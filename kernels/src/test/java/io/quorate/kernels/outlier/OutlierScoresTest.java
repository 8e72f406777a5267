package io.quorate.kernels.outlier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutlierScoresTest {
    private static final long SEED = Long.getLong("seed", 20_251_126L);
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();

    private static OutlierReport find(final FloatMatrix rows, final int faultyMax) {
        return find(PREFERRED, rows, faultyMax);
    }

    private static OutlierReport find(final Primitives primitives, final FloatMatrix rows, final int faultyMax) {
        final OutlierReport report = new OutlierReport(rows.rows());
        try (AggregationScratch scratch = new AggregationScratch(rows.rows(), rows.cols())) {
            new OutlierScores(primitives).find(rows, faultyMax, report, scratch);
        }
        return report;
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 7, 10, 12, 13, 31})
    void shouldNameAllColludingLiarsAndNobodyElse(final int count) {
        final SplittableRandom random = new SplittableRandom(SEED);
        final int faultyMax = (count - 1) / 3;
        for (int repeat = 0; repeat < 20; repeat++) {
            final FloatMatrix rows = Matrices.gaussian(random, count, 384);
            assertThat(find(rows, faultyMax).suspectCount())
                    .as("no liar, n %d, repeat %d, seed %d", count, repeat, SEED)
                    .isZero();
            for (int liar = 0; liar < faultyMax; liar++) {
                for (int col = 0; col < 384; col++) {
                    rows.set(liar * 2, col, 5.0f);
                }
            }
            final OutlierReport report = find(rows, faultyMax);
            assertThat(report.suspectCount()).isEqualTo(faultyMax);
            for (int liar = 0; liar < faultyMax; liar++) {
                assertThat(report.suspect(liar)).isEqualTo(liar * 2);
                assertThat(report.score(liar * 2)).isGreaterThan(OutlierScores.SCORE_MIN);
            }
        }
    }

    @Test
    void shouldNameTheOneWhoDiffersWhereAllOthersAgree() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 4, 8);
        for (int row = 1; row < 4; row++) {
            rows.setRow(row, rows.rowArray(0));
        }
        assertThat(find(rows, 1).suspectCount()).isZero();
        rows.set(2, 3, rows.get(2, 3) + 0.5f);
        final OutlierReport report = find(rows, 1);
        assertThat(report.suspectCount()).isEqualTo(1);
        assertThat(report.suspect(0)).isEqualTo(2);
        assertThat(report.distance(2)).isCloseTo(0.5, within(1e-6));
        assertThat(report.deviation()).isZero();
        assertThat(report.score(0)).isZero();
        assertThat(report.score(2)).isInfinite();
        assertThat(find(rows, 0).suspectCount()).isZero();
    }

    @Test
    void shouldNotNameAnyoneForRounding() {
        final FloatMatrix rows = FloatMatrix.allocate(4, 8);
        rows.fill(0.7f);
        rows.set(1, 4, Math.nextUp(0.7f));
        assertThat(find(rows, 1).suspectCount()).isZero();
    }

    @Test
    void shouldNameTheMostDistantFirstAndTheLowerOfTwoEqual() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 10, 384);
        for (int col = 0; col < 384; col++) {
            rows.set(1, col, 1000.0f);
            rows.set(4, col, 3000.0f);
            rows.set(8, col, 1000.0f);
        }
        final OutlierReport report = find(rows, 3);
        assertThat(report.suspectCount()).isEqualTo(3);
        assertThat(report.suspect(0)).isEqualTo(4);
        assertThat(report.suspect(1)).isEqualTo(1);
        assertThat(report.suspect(2)).isEqualTo(8);
        final OutlierReport two = find(rows, 2);
        assertThat(two.suspectCount()).isEqualTo(2);
        assertThat(two.suspect(1)).isEqualTo(1);
        assertThat(two.isSuspect(8)).isFalse();
    }

    @Test
    void shouldFollowItsRuleOnDistancesOfItsOwn() {
        final SplittableRandom random = new SplittableRandom(SEED);
        int named = 0;
        for (int repeat = 0; repeat < 300; repeat++) {
            final int count = random.nextInt(1, 20);
            final int faultyMax = (count - 1) / 3;
            final FloatMatrix rows = Matrices.gaussian(random, count, 3);
            final OutlierReport report = find(rows, faultyMax);
            for (int row = 0; row < count; row++) {
                final boolean isFar = report.score(row) > 3.5 && report.distance(row) > 1.5 * report.medianDistance();
                if (report.isSuspect(row)) {
                    assertThat(isFar).isTrue();
                    named++;
                } else {
                    assertThat(isFar && report.suspectCount() < faultyMax).isFalse();
                }
            }
        }
        assertThat(named).isPositive();
    }

    @Test
    void shouldSurviveHugeAndTinyRows() {
        for (final float factor : new float[] {1e-44f, 1e-30f, 1.0f, 1e30f, 1e37f}) {
            final FloatMatrix rows = FloatMatrix.allocate(5, 30);
            final SplittableRandom random = new SplittableRandom(SEED);
            for (int row = 0; row < 5; row++) {
                for (int col = 0; col < 30; col++) {
                    rows.set(row, col, factor * (row == 3 ? 20 : (float) random.nextDouble(1, 3)));
                }
            }
            final OutlierReport report = find(rows, 1);
            assertThat(report.suspectCount()).as("factor %g", factor).isEqualTo(1);
            assertThat(report.suspect(0)).isEqualTo(3);
            assertThat(report.distance(3)).isFinite().isPositive();
        }
    }

    @Test
    void shouldReportTheSameBitsAtEveryWidth() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 20; repeat++) {
            final int count = random.nextInt(1, 15);
            final FloatMatrix rows = Matrices.gaussian(random, count, random.nextInt(1, 80));
            final OutlierReport defined = find(PrimitivesProvider.scalar(), rows, (count - 1) / 3);
            for (final Primitives primitives : PrimitivesProvider.all()) {
                final OutlierReport report = find(primitives, rows, (count - 1) / 3);
                for (int row = 0; row < count; row++) {
                    assertThat(Double.doubleToRawLongBits(report.distance(row)))
                            .isEqualTo(Double.doubleToRawLongBits(defined.distance(row)));
                    assertThat(report.isSuspect(row)).isEqualTo(defined.isSuspect(row));
                }
            }
        }
    }

    @Test
    void shouldRefuseWhatItCannotCompute() {
        final FloatMatrix rows = FloatMatrix.allocate(4, 3);
        assertThatThrownBy(() -> find(rows, 2)).hasMessageContaining("the detector needs 0 <= 2f < n");
        try (AggregationScratch scratch = new AggregationScratch(4, 3)) {
            final OutlierReport small = new OutlierReport(3);
            assertThatThrownBy(() -> new OutlierScores(PREFERRED).find(rows, 1, small, scratch))
                    .hasMessage("the report has room for 3 rows, given 4");
        }
    }
}
