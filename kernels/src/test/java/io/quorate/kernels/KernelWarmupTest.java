package io.quorate.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.kernels.simd.PrimitivesProvider;
import org.junit.jupiter.api.Test;

/** When it ends; that it ends quietly is for JVMs of their own, see {@link SparseProfilesIT}. */
class KernelWarmupTest {
    private static final long PATIENCE_NS = 60_000_000_000L;

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
