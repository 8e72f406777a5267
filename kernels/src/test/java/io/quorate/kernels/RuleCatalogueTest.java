package io.quorate.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RuleCatalogueTest {
    private static float[] aggregate(final String rule, final int faultyMax, final String... parameters) {
        final FloatMatrix rows = Matrices.of(new float[] {1, 2, 3}, new float[] {4, 5, 6}, new float[] {7, 8, 9});
        final FloatMatrix out = FloatMatrix.allocate(1, 3);
        final Map<String, String> map = new HashMap<>();
        for (final String parameter : parameters) {
            map.put(parameter.substring(0, parameter.indexOf('=')), parameter.substring(parameter.indexOf('=') + 1));
        }
        try (AggregationScratch scratch = new AggregationScratch(3, 3)) {
            RuleCatalogue.rule(PrimitivesProvider.preferred(), rule, map).aggregate(rows, faultyMax, out, scratch);
        }
        return out.rowArray(0);
    }

    @ParameterizedTest
    @CsvSource({
        "average, 4",
        "median, 4",
        "trimmed-mean, 4",
        "geometric-median, 4",
        "krum, 1",
        "multi-krum, 2.5",
        "mda, 2.5",
        "meamed, 2.5",
        "monna, 2.5",
        "centered-clipping, 4",
        "nnm+average, 3.5",
        "nnm+median, 2.5",
        "nnm+krum, 2.5",
        "nnm+monna, 2.5"
    })
    void shouldKnowEachRuleByItsName(final String name, final float first) {
        assertThat(aggregate(name, 1)).containsExactly(first, first + 1, first + 2);
    }

    @Test
    void shouldReadParameters() {
        final float steps = 3.78788764f;
        assertThat(aggregate("geometric-median", 1, "nu=0.1", "iterations=3")[0])
                .isCloseTo(steps, within(1e-6f));
        assertThat(aggregate("geometric-median", 1, "nu=0.1", "T=3", "start=zero")[0])
                .isCloseTo(steps, within(1e-6f));
        assertThat(aggregate("geometric-median", 1, "nu=0.1", "T=3", "start=median")[0])
                .isEqualTo(4);
        assertThat(aggregate("geometric-median", 1, "start=zero")[0]).isCloseTo(4, within(1e-5f));
        assertThat(aggregate("monna", 1, "own=2")).containsExactly(5.5f, 6.5f, 7.5f);
        assertThat(aggregate("monna", 1, "idx=1")).containsExactly(2.5f, 3.5f, 4.5f);
        assertThat(aggregate("centered-clipping", 1, "m=0", "L=1", "tau=100")).containsExactly(4, 5, 6);
        assertThat(aggregate("centered-clipping", 1, "start=median", "tau=1e-3"))
                .containsExactly(4, 5, 6);
        assertThat(aggregate("centered-clipping", 1, "tau=1e-3")[0]).isLessThan(0.01f);
        assertThat(RuleCatalogue.names()).hasSize(10);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mean | | no rule \"mean\"; rules are average, median,",
                "nnm | | no rule \"nnm\"",
                "nnm+nnm+median | | no rule \"nnm+nnm+median\"",
                "krum | tau=1 | krum takes no parameters, given tau",
                "monna | nu=1 | monna takes the parameters own, given nu",
                "monna | own=first | monna: own must be a whole number, given \"first\"",
                "monna | own=-1 | the own row is 0 or above, given -1",
                "monna | own=7 | MoNNA's own row must be one of the 3 rows, given row 7",
                "centered-clipping | tau=x | centered-clipping: tau must be a number, given \"x\"",
                "centered-clipping | tau=NaN | centered-clipping: tau must be a finite number",
                "centered-clipping | tau=-1 | given tau = -1.0",
                "centered-clipping | start=mean | start must be zero or median, given \"mean\"",
                "geometric-median | nu=1 | takes nu and iterations together",
                "geometric-median | iterations=2.5;nu=1 | iterations must be a whole number, given \"2.5\"",
                "geometric-median | iterations=2;T=2;nu=1 | are the same parameter"
            })
    void shouldSayWhatIsWrong(final String rule, final String parameters, final String message) {
        final String[] split = parameters == null ? new String[0] : parameters.split(";");
        assertThatThrownBy(() -> aggregate(rule, 1, split))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
