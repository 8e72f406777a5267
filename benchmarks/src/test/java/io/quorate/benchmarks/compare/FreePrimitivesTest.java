package io.quorate.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.benchmarks.unordered.FreePrimitives;
import io.quorate.kernels.simd.Primitives;
import java.lang.reflect.Method;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FreePrimitivesTest {
    /** A method that it inherits would be the slow default, and the comparison of speeds unfair. */
    @Test
    void shouldInheritNothing() throws NoSuchMethodException {
        for (final Method method : Primitives.class.getMethods()) {
            assertThat(FreePrimitives.class
                            .getMethod(method.getName(), method.getParameterTypes())
                            .getDeclaringClass())
                    .as(method.getName())
                    .isEqualTo(FreePrimitives.class);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 16, 17, 40, 64, 100})
    void shouldBeAsAccurate(final int n) {
        final Workload workload = new Workload(n);
        try (Contender free = new OwnAttention("free", workload, 1)) {
            free.call();
            assertThat(workload.relativeError(free, false)).isLessThan(1e-5);
        }
    }
}
