package io.quorate.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.kernels.similarity.UnitRows;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Threads move no bit. */
class SymmetricAttentionTeamIT {
    @Test
    void shouldGiveTheSameBitsWithAnyNumberOfThreads() {
        final Primitives primitives = PrimitivesProvider.preferred();
        final SymmetricAttention attention = new SymmetricAttention(primitives);
        final SplittableRandom random = new SplittableRandom(3);
        for (final int rows : new int[] {1, 16, 40, 100, 257}) {
            final AttentionShape shape = AttentionShape.ofSelf(rows, 5 * 24, 5);
            final FloatMatrix x = Matrices.gaussian(random, rows, 120);
            try (UnitRows unit = new UnitRows(primitives)) {
                unit.normalize(x, x);
            }
            final SymmetricDefinition defined = new SymmetricDefinition(shape, x, x);
            for (int threads = 1; threads <= 7; threads += 2) {
                try (KernelTeam team = new KernelTeam(threads);
                        SymmetricScratch scratch = SymmetricScratch.forShape(shape, threads)) {
                    for (int repeat = 0; repeat < 3; repeat++) {
                        final FloatMatrix out = FloatMatrix.allocate(rows, 120);
                        final AttentionSummary summary = new AttentionSummary(rows);
                        attention.attend(shape, x, x, out, summary, scratch, team);
                        assertThat(Matrices.bits(out)).isEqualTo(Matrices.bits(defined.out));
                        assertThat(summary.influences()).isEqualTo(defined.influence);
                        attention.influence(shape, x, summary, scratch, team);
                        assertThat(summary.influences()).isEqualTo(defined.influence);
                    }
                }
            }
        }
    }

    @Test
    void shouldRefuseATeamThatTheScratchHasNoRoomFor() {
        final AttentionShape shape = AttentionShape.ofSelf(20, 8, 2);
        try (KernelTeam team = new KernelTeam(2);
                SymmetricScratch scratch = SymmetricScratch.forShape(shape, 1)) {
            assertThatThrownBy(() -> new SymmetricAttention(PrimitivesProvider.preferred())
                            .influence(shape, FloatMatrix.allocate(20, 8), new AttentionSummary(20), scratch, team))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("the scratch is for 1 threads, given a team of 2");
        }
    }
}
