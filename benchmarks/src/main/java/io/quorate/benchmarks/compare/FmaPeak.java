package io.quorate.benchmarks.compare;

import io.quorate.kernels.parallel.KernelTeam;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * What the multipliers can do at most: twelve independent chains of FMAs on the widest vectors, all in registers, on each
 * thread of a team.
 */
final class FmaPeak implements Contender {
    private static final VectorSpecies<Float> WIDEST = FloatVector.SPECIES_PREFERRED;
    private static final int CHAINS = 12;
    private static final int STEPS = 10_000;

    /** A fixed point at 0.5, so that nothing overflows or becomes subnormal. */
    private static final float FACTOR = 0.5f;

    private static final float TERM = 0.25f;

    private final KernelTeam team;
    private final KernelTeam.Task task;
    private final float[] results;

    FmaPeak(final int threads) {
        team = new KernelTeam(threads);
        results = new float[threads];
        task = worker -> results[worker] = chains(STEPS, FACTOR, TERM);
    }

    static int widthBits() {
        return WIDEST.vectorBitSize();
    }

    double flops() {
        return 2.0 * team.threads() * STEPS * CHAINS * WIDEST.length();
    }

    @Override
    public void call() {
        team.run(task);
    }

    @Override
    public void outputRow(final int row, final float[] target) {
        target[0] = results[row];
    }

    @Override
    public void close() {
        team.close();
    }

    private static float chains(final int steps, final float factor, final float term) {
        final FloatVector by = FloatVector.broadcast(WIDEST, factor);
        final FloatVector plus = FloatVector.broadcast(WIDEST, term);
        FloatVector c0 = FloatVector.broadcast(WIDEST, 0.1f);
        FloatVector c1 = FloatVector.broadcast(WIDEST, 0.2f);
        FloatVector c2 = FloatVector.broadcast(WIDEST, 0.3f);
        FloatVector c3 = FloatVector.broadcast(WIDEST, 0.4f);
        FloatVector c4 = FloatVector.broadcast(WIDEST, 0.5f);
        FloatVector c5 = FloatVector.broadcast(WIDEST, 0.6f);
        FloatVector c6 = FloatVector.broadcast(WIDEST, 0.7f);
        FloatVector c7 = FloatVector.broadcast(WIDEST, 0.8f);
        FloatVector c8 = FloatVector.broadcast(WIDEST, 0.9f);
        FloatVector c9 = FloatVector.broadcast(WIDEST, 1.0f);
        FloatVector c10 = FloatVector.broadcast(WIDEST, 1.1f);
        FloatVector c11 = FloatVector.broadcast(WIDEST, 1.2f);
        for (int step = 0; step < steps; step++) {
            c0 = by.fma(c0, plus);
            c1 = by.fma(c1, plus);
            c2 = by.fma(c2, plus);
            c3 = by.fma(c3, plus);
            c4 = by.fma(c4, plus);
            c5 = by.fma(c5, plus);
            c6 = by.fma(c6, plus);
            c7 = by.fma(c7, plus);
            c8 = by.fma(c8, plus);
            c9 = by.fma(c9, plus);
            c10 = by.fma(c10, plus);
            c11 = by.fma(c11, plus);
        }
        final FloatVector all = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        return all.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
    }
}
