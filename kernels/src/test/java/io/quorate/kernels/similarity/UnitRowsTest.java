package io.quorate.kernels.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class UnitRowsTest {
    private static final long SEED = Long.getLong("seed", 20_251_129L);

    private static FloatMatrix normalized(final Primitives primitives, final FloatMatrix rows) {
        final FloatMatrix out = FloatMatrix.allocate(rows.rows(), rows.cols());
        try (UnitRows unitRows = new UnitRows(primitives)) {
            unitRows.normalize(rows, out);
        }
        return out;
    }

    private static FloatMatrix scaled(final FloatMatrix rows, final float factor) {
        final FloatMatrix scaled = FloatMatrix.allocate(rows.rows(), rows.cols());
        for (int row = 0; row < rows.rows(); row++) {
            for (int col = 0; col < rows.cols(); col++) {
                scaled.set(row, col, rows.get(row, col) * factor);
            }
        }
        return scaled;
    }

    @Test
    void shouldGiveTheSameBitsAtEveryWidth() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int cols : new int[] {1, 3, 4, 7, 13, 16, 17, 48, 63, 64, 100, 207, 384, 702}) {
            final FloatMatrix rows = Matrices.gaussian(random, 5, cols, cols + 3);
            rows.set(0, 0, 3e38f);
            rows.set(1, 0, -1e-44f);
            final int[] defined = Matrices.bits(normalized(PrimitivesProvider.scalar(), rows));
            for (final Primitives primitives : PrimitivesProvider.all()) {
                assertThat(Matrices.bits(normalized(primitives, rows)))
                        .as("%d columns, %d bits, seed %d", cols, primitives.bits(), SEED)
                        .isEqualTo(defined);
            }
        }
    }

    @Test
    void shouldNotSeeAFactorThatIsAPowerOfTwo() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 6, 384);
        final int[] expected = Matrices.bits(normalized(PrimitivesProvider.preferred(), rows));
        for (final int exponent : new int[] {-100, -10, -1, 1, 31, 120}) {
            final FloatMatrix other = scaled(rows, Math.scalb(1.0f, exponent));
            assertThat(Matrices.bits(normalized(PrimitivesProvider.preferred(), other)))
                    .isEqualTo(expected);
        }
    }

    @Test
    void shouldBeWithinOneUnitInTheLastPlace() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final float factor : new float[] {1e-40f, 1e-20f, 1.0f, 1e20f, 1e37f}) {
            final FloatMatrix rows = scaled(Matrices.gaussian(random, 4, 99), factor);
            final FloatMatrix unit = normalized(PrimitivesProvider.preferred(), rows);
            for (int row = 0; row < 4; row++) {
                double squares = 0.0;
                for (int col = 0; col < 99; col++) {
                    squares += (double) rows.get(row, col) * rows.get(row, col);
                }
                for (int col = 0; col < 99; col++) {
                    final double exact = rows.get(row, col) / Math.sqrt(squares);
                    assertThat((double) unit.get(row, col)).isCloseTo(exact, within((double) Math.ulp((float) exact)));
                }
            }
        }
    }

    @Test
    void shouldGiveCosines() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 3, 384);
        try (UnitRows unitRows = new UnitRows(PrimitivesProvider.preferred())) {
            assertThat(unitRows.cosine(rows, 1, rows, 1)).isEqualTo(1.0);
            assertThat(unitRows.cosine(rows, 1, scaled(rows, -1e25f), 1)).isCloseTo(-1.0, within(1e-7));
            assertThat(unitRows.cosine(rows, 0, rows, 1)).isEqualTo(unitRows.cosine(rows, 1, rows, 0));
            final FloatMatrix unit = normalized(PrimitivesProvider.preferred(), rows);
            assertThat(unitRows.dot(unit, 0, unit, 2)).isCloseTo(unitRows.cosine(rows, 0, rows, 2), within(1e-7));
            assertThat(unitRows.norm(unit, 2)).isCloseTo(1.0, within(1e-7));
            final FloatMatrix huge = scaled(rows, 1e37f);
            assertThat(unitRows.norm(huge, 0)).isFinite().isGreaterThan(1e37);
        }
    }

    @Test
    void shouldNormalizeInPlace() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 3, 40);
        final int[] expected = Matrices.bits(normalized(PrimitivesProvider.preferred(), rows));
        try (UnitRows unitRows = new UnitRows(PrimitivesProvider.preferred())) {
            unitRows.normalize(rows, rows);
        }
        assertThat(Matrices.bits(rows)).isEqualTo(expected);
    }

    @Test
    void shouldRefuseRowsWithoutDirection() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 3, 20);
        final UnitRows unitRows = new UnitRows(PrimitivesProvider.preferred());
        rows.set(1, 0, Float.POSITIVE_INFINITY);
        assertThatThrownBy(() -> unitRows.normalize(rows, rows)).hasMessage("row 1 holds NaN or infinity");
        rows.slice(1, 1, 0, 20).fill(-0.0f);
        assertThatThrownBy(() -> unitRows.normalize(rows, rows)).hasMessageContaining("row 1 is the zero vector");
        assertThatThrownBy(() -> unitRows.cosine(rows, 0, rows, 1)).hasMessageContaining("row 1 is the zero vector");
        assertThatThrownBy(() -> unitRows.norm(rows, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        final FloatMatrix shifted = rows.slice(0, 2, 0, 20);
        assertThatThrownBy(() -> unitRows.normalize(rows.slice(1, 2, 0, 20), shifted))
                .hasMessageContaining("lie apart");
        unitRows.close();
        assertThatThrownBy(() -> unitRows.norm(rows, 0)).isInstanceOf(IllegalStateException.class);
    }
}
