package io.quorate.benchmarks.compare;

import io.quorate.benchmarks.unordered.FreePrimitives;
import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;

/** Our general attention, output and influence. {@link KernelIsolation} loads this class once more for each further kernel. */
final class OwnAttention implements Contender {
    private final AttentionShape shape;
    private final KernelTeam team;
    private final MultiHeadAttention attention;
    private final AttentionScratch scratch;
    private final AttentionSummary summary;
    private final FloatMatrix q;
    private final FloatMatrix k;
    private final FloatMatrix v;
    private final FloatMatrix out;

    /** @param kernel {@code preferred}, {@code free}, {@code scalar}, or a width in bits */
    OwnAttention(final String kernel, final Workload workload, final int threads) {
        final int n = workload.n();
        shape = AttentionShape.ofSelf(n, Workload.MODEL_DIM, Workload.HEADS);
        team = threads == 1 ? null : new KernelTeam(threads);
        attention = new MultiHeadAttention(primitives(kernel), team);
        scratch = AttentionScratch.forShape(shape, threads);
        summary = new AttentionSummary(n);
        q = FloatMatrix.over(workload.q(), n, Workload.MODEL_DIM);
        k = FloatMatrix.over(workload.k(), n, Workload.MODEL_DIM);
        v = FloatMatrix.over(workload.v(), n, Workload.MODEL_DIM);
        out = FloatMatrix.over(workload.allocate(), n, Workload.MODEL_DIM);
    }

    @Override
    public void call() {
        attention.attend(shape, q, k, v, out, summary, scratch);
    }

    @Override
    public void outputRow(final int row, final float[] target) {
        out.getRow(row, target, 0);
    }

    @Override
    public void close() {
        if (team != null) {
            team.close();
        }
        scratch.close();
    }

    private static Primitives primitives(final String kernel) {
        switch (kernel) {
            case "preferred":
                return PrimitivesProvider.preferred();
            case "free":
                return new FreePrimitives(PrimitivesProvider.preferred());
            case "scalar":
                return PrimitivesProvider.scalar();
            default:
                return PrimitivesProvider.vector(Integer.parseInt(kernel));
        }
    }
}
