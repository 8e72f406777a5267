package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.SelfInfluence;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.kernels.similarity.UnitRows;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class InfluenceFormTest {
    @Test
    void shouldChooseTheFormBySettingsAndAgreeWithTheReferenceInBoth() {
        final float[][] vectors = Rounds.gaussian(new Random(7), 7, 64);
        final FloatMatrix directions = FloatMatrix.allocate(7, 64);
        for (int i = 0; i < 7; i++) {
            directions.setRow(i, vectors[i]);
        }
        try (UnitRows unit = new UnitRows(PrimitivesProvider.preferred())) {
            unit.normalize(directions, directions);
        }
        for (final float temperature : new float[] {0.5f, 4, 8, 8.5f, 16}) {
            final double[] weights = new double[7];
            try (SelfInfluence attention = new SelfInfluence(
                    PrimitivesProvider.preferred(), new AttentionShape(7, 7, 8, 8, temperature * 8))) {
                assertThat(attention.isSymmetric()).isEqualTo(temperature <= 8);
                attention.measure(directions, weights);
                assertThat(attention.lengthBytes()).isPositive();
            }
            assertThat(Arrays.stream(weights).sum()).isCloseTo(1, within(1e-6));
            final double[] expected =
                    ReferenceCoordinator.influence(ReferenceCoordinator.doubles(vectors), 8, temperature, 0);
            final double[] capped = weights.clone();
            new Influence(7).cap(capped, 7, 1.0 / 7);
            assertThat(capped).containsExactly(expected, within(2e-6));
            new Influence(7).cap(weights, 7, 1.0 / 5);
            assertThat(weights)
                    .containsExactly(
                            ReferenceCoordinator.influence(ReferenceCoordinator.doubles(vectors), 8, temperature, 2),
                            within(2e-6));
        }
    }
}
