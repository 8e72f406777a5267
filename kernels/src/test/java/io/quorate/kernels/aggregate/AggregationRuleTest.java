package io.quorate.kernels.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every rule has in common. */
class AggregationRuleTest {
    private static final long SEED = Long.getLong("seed", 20_251_124L);
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();

    private static Map<String, AggregationRule> rules(final Primitives primitives) {
        final Map<String, AggregationRule> rules = new LinkedHashMap<>();
        rules.put("median", new CoordinateMedian(primitives));
        rules.put("trimmed-mean", new TrimmedMean(primitives));
        rules.put("geometric-median", GeometricMedian.converging(primitives));
        rules.put("weiszfeld", GeometricMedian.ofSteps(primitives, 0.1, 4, GeometricMedian.Start.MEDIAN));
        rules.put("krum", Krum.single(primitives));
        rules.put("multi-krum", Krum.multi(primitives));
        rules.put("mda", new MinimumDiameter(primitives));
        rules.put("meamed", new MeanAroundMedian(primitives));
        rules.put("monna", new NearestNeighbourMixing(primitives).around(0));
        rules.put("clipping", CenteredClipping.fromMedian(primitives, 10, 5));
        rules.put("average", WeightedMean.equal(primitives));
        rules.put("nnm+krum", new NearestNeighbourMixing(primitives).before(Krum.single(primitives)));
        rules.put("nnm+trimmed-mean", new NearestNeighbourMixing(primitives).before(new TrimmedMean(primitives)));
        rules.put("nnm+median", new NearestNeighbourMixing(primitives).before(new CoordinateMedian(primitives)));
        return rules;
    }

    private static float[] aggregate(final AggregationRule rule, final FloatMatrix rows, final int faultyMax) {
        final FloatMatrix out = FloatMatrix.allocate(1, rows.cols());
        try (AggregationScratch scratch = new AggregationScratch(rows.rows(), rows.cols())) {
            rule.aggregate(rows, faultyMax, out, scratch);
        }
        return out.rowArray(0);
    }

    @Test
    void shouldGiveTheSameBitsAtEveryWidth() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final int[] widths = {1, 3, 4, 7, 13, 16, 17, 48, 63, 64, 100, 207, 384, 702};
        for (final int cols : widths) {
            final int count = random.nextInt(1, 20);
            final int faultyMax = (count - 1) / 3;
            final FloatMatrix rows = Matrices.gaussian(random, count, cols, cols + random.nextInt(0, 4));
            rows.set(0, 0, -0.0f);
            rows.set(count - 1, cols - 1, 1e37f);
            final Map<String, AggregationRule> defined = rules(PrimitivesProvider.scalar());
            for (final Primitives primitives : PrimitivesProvider.all()) {
                rules(primitives)
                        .forEach((name, rule) -> assertThat(Matrices.bits(aggregate(rule, rows, faultyMax)))
                                .as("%s of %d x %d at %d bits, seed %d", name, count, cols, primitives.bits(), SEED)
                                .isEqualTo(Matrices.bits(aggregate(defined.get(name), rows, faultyMax))));
            }
        }
    }

    @Test
    void shouldReturnTheVectorOfUnanimousPeersBitForBit() {
        final float[] row = {
            0.1f, -0.0f, 0.0f, 1e37f, -3.4e38f, 1e-45f, -1.1754944e-38f, 0.333333f, 123456.78f, 1e-10f, 7.0f, -1e30f
        };
        for (final int count : new int[] {1, 2, 3, 4, 5, 7, 10, 31, 64}) {
            final FloatMatrix rows = FloatMatrix.allocate(count, row.length);
            for (int i = 0; i < count; i++) {
                rows.setRow(i, row);
            }
            rules(PREFERRED)
                    .forEach((name, rule) -> assertThat(Matrices.bits(aggregate(rule, rows, (count - 1) / 3)))
                            .as("%s of %d", name, count)
                            .isEqualTo(Matrices.bits(row)));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e3, 1e12, 1e20, 1e37})
    void shouldStayNearHonestRowsHoweverFarTheLiarsAre(final double distance) {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int count : new int[] {4, 7, 10, 13, 31}) {
            final int faultyMax = (count - 1) / 3;
            final FloatMatrix rows = Matrices.gaussian(random, count, 64);
            for (int liar = 0; liar < faultyMax; liar++) {
                for (int col = 0; col < 64; col++) {
                    rows.set(count - 1 - liar, col, (float) distance * (col % 2 == 0 ? 1 : -1));
                }
            }
            rules(PREFERRED).forEach((name, rule) -> {
                if (name.equals("weiszfeld") || name.equals("average")) {
                    return;
                }
                for (final float value : aggregate(rule, rows, faultyMax)) {
                    assertThat(value)
                            .as("%s, %d liars of %d at %g", name, faultyMax, count, distance)
                            .isBetween(-6.0f, 6.0f);
                }
            });
            final float[] average = aggregate(WeightedMean.equal(PREFERRED), rows, faultyMax);
            assertThat((double) average[0]).isGreaterThan(distance / (2.0 * count));
        }
    }

    @Test
    void shouldScaleByPowersOfTwoBitForBit() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 9, 50);
        for (final int exponent : new int[] {-90, -3, 1, 60, 110}) {
            final float factor = Math.scalb(1.0f, exponent);
            final FloatMatrix scaled = FloatMatrix.allocate(9, 50);
            for (int row = 0; row < 9; row++) {
                for (int col = 0; col < 50; col++) {
                    scaled.set(row, col, rows.get(row, col) * factor);
                }
            }
            rules(PREFERRED).forEach((name, rule) -> {
                if (name.equals("weiszfeld") || name.equals("clipping")) {
                    return;
                }
                final float[] expected = aggregate(rule, rows, 2);
                for (int col = 0; col < expected.length; col++) {
                    expected[col] *= factor;
                }
                assertThat(aggregate(rule, scaled, 2)).as(name).isEqualTo(expected);
            });
        }
    }

    @Test
    void shouldNotDependOnTheOrderOfRows() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix rows = Matrices.gaussian(random, 13, 40);
        final FloatMatrix turned = FloatMatrix.allocate(13, 40);
        for (int row = 0; row < 13; row++) {
            turned.setRow(row, rows.rowArray((row * 5 + 3) % 13));
        }
        rules(PREFERRED).forEach((name, rule) -> {
            final float[] expected = aggregate(rule, rows, 4);
            if (name.equals("monna")) {
                // Row 0 is row 2 now: (2 * 5 + 3) mod 13 = 0.
                final AggregationRule same = new NearestNeighbourMixing(PREFERRED).around(2);
                assertThat(aggregate(same, turned, 4))
                        .usingComparatorWithPrecision(2e-7f)
                        .containsExactly(expected);
                return;
            }
            final float[] actual = aggregate(rule, turned, 4);
            if (name.equals("median") || name.equals("trimmed-mean")) {
                assertThat(actual).as(name).isEqualTo(expected);
            } else {
                assertThat(actual).as(name).usingComparatorWithPrecision(2e-7f).containsExactly(expected);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 31, 33, 64, 65})
    void shouldSortEveryColumn(final int count) {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED + count), count, 21);
        final int faultyMax = (count - 1) / 2;
        final float[] median = aggregate(new CoordinateMedian(PREFERRED), rows, 0);
        final float[] trimmed = aggregate(new TrimmedMean(PREFERRED), rows, faultyMax);
        for (int col = 0; col < 21; col++) {
            final double[] column = new double[count];
            for (int row = 0; row < count; row++) {
                column[row] = rows.get(row, col);
            }
            Arrays.sort(column);
            assertThat(median[col]).isEqualTo((float) ((column[(count - 1) / 2] + column[count / 2]) / 2));
            double sum = 0.0;
            for (int row = faultyMax; row < count - faultyMax; row++) {
                sum += column[row];
            }
            assertThat(trimmed[col]).isEqualTo((float) (sum / (count - 2 * faultyMax)));
        }
    }

    @Test
    void shouldRefuseWhatItCannotCompute() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 4, 5);
        rules(PREFERRED).forEach((name, rule) -> {
            final int faultyMax = name.equals("average") ? -2 : 2;
            assertThatThrownBy(() -> aggregate(rule, rows, faultyMax))
                    .as(name)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(
                            name.equals("average") ? "needs 0 <= f" : "needs 0 <= 2f < n, given n = 4 and f = 2");
            assertThatThrownBy(() -> aggregate(rule, rows, -1)).hasMessageContaining("f = -1");
            final FloatMatrix broken = FloatMatrix.allocate(4, 5);
            broken.set(2, 4, Float.NEGATIVE_INFINITY);
            assertThatThrownBy(() -> aggregate(rule, broken, 1)).hasMessage("row 2 holds NaN or infinity");
            broken.set(2, 4, -Float.NaN);
            assertThatThrownBy(() -> aggregate(rule, broken, 1)).hasMessage("row 2 holds NaN or infinity");
            try (AggregationScratch scratch = new AggregationScratch(4, 5)) {
                final FloatMatrix first = rows.slice(0, 1, 0, 5);
                assertThatThrownBy(() -> rule.aggregate(rows, 1, first, scratch))
                        .hasMessage("the result must not overlap the rows");
                final FloatMatrix narrow = FloatMatrix.allocate(1, 4);
                assertThatThrownBy(() -> rule.aggregate(rows, 1, narrow, scratch))
                        .hasMessage("the result must be 1 x 5, given 1 x 4");
            }
            try (AggregationScratch small = new AggregationScratch(3, 5)) {
                assertThatThrownBy(() -> rule.aggregate(rows, 1, FloatMatrix.allocate(1, 5), small))
                        .hasMessageContaining("the scratch has room for 3 x 5");
            }
        });
    }

    @Test
    void shouldAllocateNothingInSteadyState() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 7, 96);
        final FloatMatrix out = FloatMatrix.allocate(1, 96);
        final OutlierScores scores = new OutlierScores(PREFERRED);
        final OutlierReport report = new OutlierReport(7);
        final AggregationRule[] rules = rules(PREFERRED).values().toArray(new AggregationRule[0]);
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (AggregationScratch scratch = new AggregationScratch(7, 96)) {
            // Until C2 has compiled everything, vectors are objects; on a busy machine that may take a while.
            long allocatedBytes = Long.MAX_VALUE;
            for (int round = 0; round < 2_000 && allocatedBytes > 0; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 100; call++) {
                    for (final AggregationRule rule : rules) {
                        rule.aggregate(rows, 2, out, scratch);
                    }
                    scores.find(rows, 2, report, scratch);
                }
                allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocatedBytes)
                    .as("bytes allocated by the last 100 calls")
                    .isZero();
        }
    }

    @Test
    void shouldShareTheDistancesOfPairs() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 9, 50);
        final FloatMatrix others = Matrices.gaussian(new SplittableRandom(SEED), 9, 50);
        final PairDistances pairs = new PairDistances(9);
        final FloatMatrix out = FloatMatrix.allocate(1, 50);
        try (AggregationScratch scratch = new AggregationScratch(9, 50)) {
            assertThat(pairs.rows()).isZero();
            pairs.measure(PREFERRED, rows, scratch);
            assertThat(pairs.squared(2, 7)).isEqualTo(pairs.squared(7, 2)).isBetween(20.0, 400.0);
            rules(PREFERRED).forEach((name, rule) -> {
                rule.aggregate(rows, pairs, 3, out, scratch);
                assertThat(out.rowArray(0)).as(name).isEqualTo(aggregate(rule, rows, 3));
                assertThatThrownBy(() -> rule.aggregate(others, pairs, 3, out, scratch))
                        .as(name)
                        .hasMessage("the distances were not measured of this matrix");
            });
            assertThatThrownBy(() -> pairs.squared(9, 0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> new PairDistances(8).measure(PREFERRED, rows, scratch))
                    .hasMessageContaining("room for the pairs of 8 rows, given 9");
        }
    }

    /** Translation: exact where the shift is a power of two that no bit is lost to. */
    @Test
    void shouldMoveWithTheRows() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix rows = FloatMatrix.allocate(9, 33);
        final FloatMatrix moved = FloatMatrix.allocate(9, 33);
        for (int row = 0; row < 9; row++) {
            for (int col = 0; col < 33; col++) {
                final float value = random.nextInt(-2048, 2048) / 1024.0f;
                rows.set(row, col, value);
                moved.set(row, col, value + 64.0f);
            }
        }
        rules(PREFERRED).forEach((name, rule) -> {
            final float[] expected = aggregate(rule, rows, 2);
            final float[] actual = aggregate(rule, moved, 2);
            for (int col = 0; col < 33; col++) {
                assertThat(actual[col] - 64.0f).as(name).isCloseTo(expected[col], within(1e-5f));
            }
        });
    }

    @Test
    void shouldReproduceTheDocumentedVectors() {
        final FloatMatrix rows = Matrices.of(new float[] {1, 2, 3}, new float[] {4, 5, 6}, new float[] {7, 8, 9});
        assertThat(aggregate(new CoordinateMedian(PREFERRED), rows, 1)).containsExactly(4, 5, 6);
        assertThat(aggregate(new TrimmedMean(PREFERRED), rows, 1)).containsExactly(4, 5, 6);
        assertThat(aggregate(new TrimmedMean(PREFERRED), rows, 0)).containsExactly(4, 5, 6);
        assertThat(aggregate(GeometricMedian.converging(PREFERRED), rows, 1)).containsExactly(4, 5, 6);
        // ByzFL's documentation at commit 69bd1ac0, executed again.
        final AggregationRule fixed = GeometricMedian.ofSteps(PREFERRED, 0.1, 3, GeometricMedian.Start.ZERO);
        final float[] expected = {3.78788764f, 4.78788764f, 5.78788764f};
        final float[] actual = aggregate(fixed, rows, 1);
        for (int col = 0; col < 3; col++) {
            assertThat(actual[col]).isCloseTo(expected[col], within(1e-6f));
        }
        assertThat(aggregate(WeightedMean.equal(PREFERRED), rows, 1)).containsExactly(4, 5, 6);
        assertThat(aggregate(CenteredClipping.from(PREFERRED, 100, 1, 0.0f), rows, 1))
                .containsExactly(4, 5, 6);
        assertThat(aggregate(Krum.single(PREFERRED), rows, 1)).containsExactly(1, 2, 3);
        assertThat(aggregate(Krum.multi(PREFERRED), rows, 1)).containsExactly(2.5f, 3.5f, 4.5f);
        assertThat(aggregate(new MinimumDiameter(PREFERRED), rows, 1)).containsExactly(2.5f, 3.5f, 4.5f);
        assertThat(aggregate(new MeanAroundMedian(PREFERRED), rows, 1)).containsExactly(2.5f, 3.5f, 4.5f);
        assertThat(aggregate(new NearestNeighbourMixing(PREFERRED).around(1), rows, 1))
                .containsExactly(2.5f, 3.5f, 4.5f);
        final FloatMatrix mixed = FloatMatrix.allocate(3, 3);
        try (AggregationScratch scratch = new AggregationScratch(3, 3)) {
            new NearestNeighbourMixing(PREFERRED).mix(rows, 1, mixed, scratch);
        }
        assertThat(Matrices.array(mixed)).containsExactly(2.5f, 3.5f, 4.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f);
    }
}
