package io.quorate.benchmarks.peers;

import io.quorate.benchmarks.compare.Contender;
import io.quorate.benchmarks.compare.ContenderSource;
import io.quorate.benchmarks.compare.Workload;
import io.quorate.kernels.parallel.KernelTeam;

/** Attention as anybody would write it in Java: loops over float arrays, Math.exp; the heads divided among the threads. */
public final class PlainJavaPeer implements ContenderSource {
    /** A call at 1,024 rows takes the better part of a second. */
    private static final int ROWS_MAX = 256;

    @Override
    public String name() {
        return "java";
    }

    @Override
    public String description() {
        return "plain Java loops over float[], output only";
    }

    @Override
    public boolean isDefault(final int n) {
        return n <= ROWS_MAX;
    }

    @Override
    public Contender open(final Workload workload, final int threads) {
        return new Loops(workload, threads);
    }

    private static final class Loops implements Contender {
        private final int n;
        private final float[] q;
        private final float[] k;
        private final float[] v;
        private final float[] out;
        private final float[][] weights;
        private final KernelTeam team;
        private final KernelTeam.Task task;

        Loops(final Workload workload, final int threads) {
            n = workload.n();
            q = Workload.array(workload.q());
            k = Workload.array(workload.k());
            v = Workload.array(workload.v());
            out = new float[q.length];
            weights = new float[threads][n];
            team = new KernelTeam(threads);
            task = this::heads;
        }

        @Override
        public void call() {
            team.run(task);
        }

        private void heads(final int worker) {
            for (int head = worker; head < Workload.HEADS; head += weights.length) {
                for (int row = 0; row < n; row++) {
                    attend(row * Workload.MODEL_DIM, head * Workload.HEAD_DIM, weights[worker]);
                }
            }
        }

        private void attend(final int row, final int first, final float[] weight) {
            float maximum = Float.NEGATIVE_INFINITY;
            for (int key = 0; key < n; key++) {
                float score = 0.0f;
                for (int col = first; col < first + Workload.HEAD_DIM; col++) {
                    score += q[row + col] * k[key * Workload.MODEL_DIM + col];
                }
                weight[key] = score * Workload.SCALE;
                maximum = Math.max(maximum, weight[key]);
            }
            float sum = 0.0f;
            for (int key = 0; key < n; key++) {
                weight[key] = (float) Math.exp(weight[key] - maximum);
                sum += weight[key];
            }
            for (int col = first; col < first + Workload.HEAD_DIM; col++) {
                out[row + col] = 0.0f;
            }
            for (int key = 0; key < n; key++) {
                final float probability = weight[key] / sum;
                for (int col = first; col < first + Workload.HEAD_DIM; col++) {
                    out[row + col] += probability * v[key * Workload.MODEL_DIM + col];
                }
            }
        }

        @Override
        public void outputRow(final int row, final float[] target) {
            System.arraycopy(out, row * Workload.MODEL_DIM, target, 0, Workload.MODEL_DIM);
        }

        @Override
        public void close() {
            team.close();
        }
    }
}
