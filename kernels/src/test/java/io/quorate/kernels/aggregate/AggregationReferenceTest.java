package io.quorate.kernels.aggregate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules against their definitions in float64, on rows that tie (small whole numbers) and rows that do not. */
class AggregationReferenceTest {
    private static final long SEED = Long.getLong("seed", 20_261_122L);
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();

    private static float[] aggregate(final AggregationRule rule, final FloatMatrix rows, final int faultyMax) {
        final FloatMatrix out = FloatMatrix.allocate(1, rows.cols());
        try (AggregationScratch scratch = new AggregationScratch(rows.rows(), rows.cols())) {
            rule.aggregate(rows, faultyMax, out, scratch);
        }
        return out.rowArray(0);
    }

    private static void requireClose(final String what, final float[] actual, final double[] expected) {
        for (int col = 0; col < actual.length; col++) {
            assertThat((double) actual[col])
                    .as("%s, column %d, seed %d", what, col, SEED)
                    .isCloseTo(expected[col], within(1e-12 + 1e-7 * Math.abs(expected[col])));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldComputeTheirDefinitions(final boolean hasTies) {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 400; repeat++) {
            final int count = random.nextInt(1, 11);
            final int faulty = random.nextInt(0, (count - 1) / 2 + 1);
            final int cols = random.nextInt(1, hasTies ? 4 : 40);
            final FloatMatrix matrix = FloatMatrix.allocate(count, cols);
            for (int row = 0; row < count; row++) {
                for (int col = 0; col < cols; col++) {
                    matrix.set(row, col, hasTies ? random.nextInt(-2, 3) : (float) random.nextGaussian());
                }
            }
            final double[][] rows = AggregationReference.rows(matrix);
            final int own = random.nextInt(count);
            final NearestNeighbourMixing mixing = new NearestNeighbourMixing(PREFERRED);
            requireClose(
                    "krum",
                    aggregate(Krum.single(PREFERRED), matrix, faulty),
                    AggregationReference.krum(rows, faulty, 1));
            requireClose(
                    "multi-krum",
                    aggregate(Krum.multi(PREFERRED), matrix, faulty),
                    AggregationReference.krum(rows, faulty, count - faulty));
            requireClose(
                    "monna",
                    aggregate(mixing.around(own), matrix, faulty),
                    AggregationReference.nearest(rows, faulty, own));
            requireClose(
                    "meamed",
                    aggregate(new MeanAroundMedian(PREFERRED), matrix, faulty),
                    AggregationReference.meanAroundMedian(rows, faulty));
            requireClose(
                    "mda",
                    aggregate(new MinimumDiameter(PREFERRED), matrix, faulty),
                    AggregationReference.minimumDiameter(rows, faulty));
            requireClose(
                    "clipping",
                    aggregate(CenteredClipping.from(PREFERRED, 0.7, 3, 0.5f), matrix, faulty),
                    AggregationReference.centeredClipping(rows, 0.7, 3, filled(cols, 0.5)));
        }
    }

    private static double[] filled(final int count, final double value) {
        final double[] values = new double[count];
        Arrays.fill(values, value);
        return values;
    }

    /** A graph that needs branching: what the greedy cover of far pairs gets wrong must not be lost. */
    @Test
    void shouldFindTheLeastDiameterAmongManyRows() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 30; repeat++) {
            final int count = random.nextInt(11, 15);
            final int faulty = random.nextInt(3, (count - 1) / 2 + 1);
            final FloatMatrix matrix = FloatMatrix.allocate(count, 2);
            for (int row = 0; row < count; row++) {
                matrix.set(row, 0, random.nextInt(0, 6));
                matrix.set(row, 1, random.nextInt(0, 6));
            }
            requireClose(
                    "mda of " + count,
                    aggregate(new MinimumDiameter(PREFERRED), matrix, faulty),
                    AggregationReference.minimumDiameter(AggregationReference.rows(matrix), faulty));
        }
    }

    @Test
    void shouldTakeMinimumDiameterToItsGreatestSize() {
        final FloatMatrix matrix = FloatMatrix.allocate(64, 3);
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int row = 0; row < 64; row++) {
            for (int col = 0; col < 3; col++) {
                matrix.set(row, col, row < 31 ? 100 * random.nextFloat() : 50 + random.nextFloat());
            }
        }
        for (final float value : aggregate(new MinimumDiameter(PREFERRED), matrix, 31)) {
            assertThat(value).isBetween(50.0f, 51.0f);
        }
        assertThatThrownBy(() -> aggregate(new MinimumDiameter(PREFERRED), FloatMatrix.allocate(65, 3), 1))
                .hasMessage("MDA takes at most 64 rows, since its time grows exponentially with f, given 65");
    }

    @Test
    void shouldClipFromAStartOfItsOwn() {
        final FloatMatrix rows = FloatMatrix.allocate(3, 2);
        rows.setRow(0, 3e38f, 0);
        rows.setRow(1, 0, 0);
        rows.setRow(2, 0, 4);
        final float[] result = aggregate(CenteredClipping.from(PREFERRED, 1.5, 1, 0.0f, 2.0f), rows, 1);
        assertThat(result[0]).isCloseTo(0.5f, within(1e-6f));
        assertThat(result[1]).isCloseTo(2.0f, within(1e-6f));
        assertThatThrownBy(() -> aggregate(CenteredClipping.from(PREFERRED, 1, 1, 1, 2, 3), rows, 1))
                .hasMessage("the start has 3 floats, given rows of 2");
        assertThatThrownBy(() -> CenteredClipping.from(PREFERRED, 0, 1, 0.0f))
                .hasMessageContaining("given tau = 0.0 and 1 iterations");
        assertThatThrownBy(() -> CenteredClipping.from(PREFERRED, 1, 0, 0.0f)).hasMessageContaining("and 0 iterations");
        assertThatThrownBy(() -> CenteredClipping.from(PREFERRED, 1, 1, Float.NaN))
                .hasMessage("the start must be finite, given NaN");
    }

    @Test
    void shouldRefuseAnOwnRowThatIsNotThere() {
        final FloatMatrix rows = FloatMatrix.allocate(3, 2);
        final NearestNeighbourMixing mixing = new NearestNeighbourMixing(PREFERRED);
        assertThatThrownBy(() -> aggregate(mixing.around(3), rows, 1))
                .hasMessage("MoNNA's own row must be one of the 3 rows, given row 3");
        assertThatThrownBy(() -> mixing.around(-1)).hasMessage("the own row is 0 or above, given -1");
    }
}
