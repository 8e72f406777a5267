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
            c0 = c0.fma(by, plus);
            c1 = c1.fma(by, plus);
            c2 = c2.fma(by, plus);
            c3 = c3.fma(by, plus);
            c4 = c4.fma(by, plus);
            c5 = c5.fma(by, plus);
            c6 = c6.fma(by, plus);
            c7 = c7.fma(by, plus);
            c8 = c8.fma(by, plus);
            c9 = c9.fma(by, plus);
            c10 = c10.fma(by, plus);
            c11 = c11.fma(by, plus);
        }
        final FloatVector all = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
        return all.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
    }
}
