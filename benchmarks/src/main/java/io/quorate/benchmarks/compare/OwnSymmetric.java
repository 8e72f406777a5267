package io.quorate.benchmarks.compare;

import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.SymmetricAttention;
import io.quorate.kernels.attention.SymmetricScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.PrimitivesProvider;

/** Our symmetric self-attention over unit rows, output and influence. */
final class OwnSymmetric implements Contender {
    private final AttentionShape shape;
    private final KernelTeam team;
    private final SymmetricAttention attention;
    private final SymmetricScratch scratch;
    private final AttentionSummary summary;
    private final FloatMatrix units;
    private final FloatMatrix v;
    private final FloatMatrix out;

    OwnSymmetric(final Workload workload, final int threads) {
        final int n = workload.n();
        shape = AttentionShape.ofSelf(n, Workload.MODEL_DIM, Workload.HEADS).withScale(Workload.SYMMETRIC_SCALE);
        team = threads == 1 ? null : new KernelTeam(threads);
        attention = new SymmetricAttention(PrimitivesProvider.preferred());
        scratch = SymmetricScratch.forShape(shape, threads);
        summary = new AttentionSummary(n);
        units = FloatMatrix.over(workload.units(), n, Workload.MODEL_DIM);
        v = FloatMatrix.over(workload.v(), n, Workload.MODEL_DIM);
        out = FloatMatrix.over(workload.allocate(), n, Workload.MODEL_DIM);
    }

    @Override
    public void call() {
        attention.attend(shape, units, v, out, summary, scratch, team);
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
}
