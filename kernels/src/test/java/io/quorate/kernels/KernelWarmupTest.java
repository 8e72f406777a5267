package io.quorate.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KernelWarmupTest {
    private static final long PATIENCE_NS = 60_000_000_000L;

    @ParameterizedTest
    @EnumSource(KernelWarmup.Kernel.class)
    void shouldEndQuietly(final KernelWarmup.Kernel kernel) {
        assertThat(KernelWarmup.run(EnumSet.of(kernel), PrimitivesProvider.preferred(), 4, 64, 8, PATIENCE_NS))
                .isTrue();
    }

    @Test
    void shouldEndWhenItsTimeIsOver() {
        assertThat(KernelWarmup.run(PrimitivesProvider.preferred(), 4, 64, 8, 0))
                .isFalse();
    }

    @Test
    void shouldWarmUpASingleRow() {
        assertThat(KernelWarmup.run(PrimitivesProvider.scalar(), 1, 3, 1, PATIENCE_NS))
                .isTrue();
        assertThatThrownBy(() -> KernelWarmup.run(PrimitivesProvider.scalar(), 4, 3, 2, PATIENCE_NS))
                .hasMessageContaining("must divide");
    }
}
