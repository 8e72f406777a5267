package io.quorate.kernels.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionTeamIT {
    private static final long SEED = 20_251_126L;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 5, 9})
    void shouldGiveTheSameBitsOnAnyNumberOfThreads(final int threads) {
        final SplittableRandom random = new SplittableRandom(SEED);
        try (KernelTeam team = new KernelTeam(threads)) {
            for (int repeat = 0; repeat < 40; repeat++) {
                final int heads = random.nextInt(1, 9);
                final int queries = random.nextInt(1, 90);
                final AttentionShape shape =
                        new AttentionShape(queries, random.nextInt(1, 90), heads, random.nextInt(1, 50), 0.2f);
                requireSameBits(shape, random, team);
            }
        }
    }

    private static void requireSameBits(
            final AttentionShape shape, final SplittableRandom random, final KernelTeam team) {
        final Primitives primitives = PrimitivesProvider.preferred();
        final FloatMatrix q = Matrices.gaussian(random, shape.queries(), shape.modelDim());
        final FloatMatrix k = Matrices.gaussian(random, shape.keys(), shape.modelDim());
        final AttentionBias bias =
                AttentionBias.perHead(Matrices.gaussian(random, shape.heads() * shape.queries(), shape.keys()));
        final FloatMatrix one = FloatMatrix.allocate(shape.queries(), shape.modelDim());
        final FloatMatrix many = FloatMatrix.allocate(shape.queries(), shape.modelDim());
        final AttentionSummary oneSummary = new AttentionSummary(shape.keys());
        final AttentionSummary manySummary = new AttentionSummary(shape.keys());
        try (AttentionScratch scratch = AttentionScratch.forShape(shape);
                AttentionScratch wide = AttentionScratch.forShape(shape, team.threads())) {
            new MultiHeadAttention(primitives).attend(shape, q, k, k, bias, one, oneSummary, scratch);
            final MultiHeadAttention attention = new MultiHeadAttention(primitives, team);
            attention.attend(shape, q, k, k, bias, many, manySummary, wide);
            assertThat(Matrices.bits(many)).isEqualTo(Matrices.bits(one));
            assertThat(Matrices.bits(manySummary.influences())).isEqualTo(Matrices.bits(oneSummary.influences()));
            // A scratch for one thread serves a team too: the call then runs on the caller alone.
            attention.attend(shape, q, k, k, bias, many, manySummary, scratch);
            assertThat(Matrices.bits(many)).isEqualTo(Matrices.bits(one));
        }
    }

    @Test
    void shouldAllocateNothingInSteadyState() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final AttentionShape shape = AttentionShape.ofSelf(40, 96, 4);
        final FloatMatrix x = Matrices.gaussian(random, 40, 96);
        final FloatMatrix out = FloatMatrix.allocate(40, 96);
        final AttentionSummary summary = new AttentionSummary(40);
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (KernelTeam team = new KernelTeam(2);
                AttentionScratch scratch = AttentionScratch.forShape(shape, 2)) {
            final MultiHeadAttention attention = new MultiHeadAttention(PrimitivesProvider.preferred(), team);
            long allocated = Long.MAX_VALUE;
            for (int attempt = 0; attempt < 300 && allocated > 0; attempt++) {
                final long before = threads.getTotalThreadAllocatedBytes();
                for (int call = 0; call < 100; call++) {
                    attention.attend(shape, x, x, x, out, summary, scratch);
                }
                allocated = threads.getTotalThreadAllocatedBytes() - before;
            }
            assertThat(allocated).isZero();
        }
    }

    @Test
    void shouldRefuseAClosedTeam() {
        final AttentionShape shape = AttentionShape.ofSelf(64, 96, 4);
        final FloatMatrix x = Matrices.gaussian(new SplittableRandom(SEED), 64, 96);
        final KernelTeam team = new KernelTeam(2);
        team.close();
        try (AttentionScratch scratch = AttentionScratch.forShape(shape, 2)) {
            final MultiHeadAttention attention = new MultiHeadAttention(PrimitivesProvider.preferred(), team);
            assertThatThrownBy(() -> attention.influence(shape, x, x, new AttentionSummary(64), scratch))
                    .isInstanceOf(IllegalStateException.class);
        }
    }
}
