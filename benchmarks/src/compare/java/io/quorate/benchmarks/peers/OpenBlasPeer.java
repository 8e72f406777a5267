package io.quorate.benchmarks.peers;

import io.quorate.benchmarks.compare.Contender;
import io.quorate.benchmarks.compare.ContenderSource;
import io.quorate.benchmarks.compare.Workload;
import io.quorate.kernels.parallel.KernelTeam;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;

/**
 * OpenBLAS for the two products and {@link VectorSoftmax} between them, a block of query rows at a time. The heads are divided
 * among our own threads and OpenBLAS computes each product on one: its own threads would leave the softmax to one core.
 */
public final class OpenBlasPeer implements ContenderSource {
    /** Scores of a block: 1 MiB. */
    private static final int BLOCK_SCORES = 1 << 18;

    @Override
    public String name() {
        return "openblas";
    }

    @Override
    public String description() {
        return "OpenBLAS " + version()
                + " through JavaCPP, sgemm and a softmax on the Vector API, output only; heads divided among threads";
    }

    private static String version() {
        try {
            return Loader.getVersion("org.bytedeco", "openblas");
        } catch (final IOException e) {
            return "(unknown version)";
        }
    }

    @Override
    public Contender open(final Workload workload, final int threads) {
        Loader.load(openblas_nolapack.class);
        openblas_nolapack.blas_set_num_threads(1);
        return new Products(workload, threads);
    }

    private static final class Products implements Contender {
        private final int n;
        private final int blockRows;
        private final MemorySegment out;
        private final FloatPointer q;
        private final FloatPointer k;
        private final FloatPointer v;
        private final FloatPointer o;
        private final Part[] parts;
        private final KernelTeam team;
        private final KernelTeam.Task task;

        Products(final Workload workload, final int threads) {
            n = workload.n();
            blockRows = Math.clamp(BLOCK_SCORES / n, 1, n);
            out = workload.allocate();
            q = pointer(workload.q());
            k = pointer(workload.k());
            v = pointer(workload.v());
            o = pointer(out);
            parts = new Part[threads];
            for (int i = 0; i < threads; i++) {
                parts[i] = new Part(i);
            }
            team = new KernelTeam(threads);
            task = worker -> parts[worker].run();
        }

        @Override
        public void call() {
            team.run(task);
        }

        @Override
        public void outputRow(final int row, final float[] target) {
            final long at = (long) row * Workload.MODEL_DIM * Float.BYTES;
            MemorySegment.copy(out, ValueLayout.JAVA_FLOAT, at, target, 0, target.length);
        }

        @Override
        public void close() {
            team.close();
        }

        private static FloatPointer pointer(final MemorySegment matrix) {
            return new FloatPointer(
                    matrix.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer());
        }

        /** The heads of one thread, with pointers and scores of its own. */
        private final class Part {
            private final int first;
            private final MemorySegment scores = Arena.ofAuto().allocate((long) blockRows * n * Float.BYTES, 64);
            private final FloatPointer s = pointer(scores);
            private final FloatPointer qAt = new FloatPointer(q);
            private final FloatPointer kAt = new FloatPointer(k);
            private final FloatPointer vAt = new FloatPointer(v);
            private final FloatPointer oAt = new FloatPointer(o);
            private final float[] inverseSums = new float[blockRows];

            Part(final int first) {
                this.first = first;
            }

            void run() {
                for (int head = first; head < Workload.HEADS; head += parts.length) {
                    final int column = head * Workload.HEAD_DIM;
                    kAt.position(column);
                    vAt.position(column);
                    for (int row = 0; row < n; row += blockRows) {
                        block(row, Math.min(blockRows, n - row), column);
                    }
                }
            }

            private void block(final int row, final int rows, final int column) {
                final long at = (long) row * Workload.MODEL_DIM + column;
                openblas_nolapack.cblas_sgemm(
                        openblas_nolapack.CblasRowMajor,
                        openblas_nolapack.CblasNoTrans,
                        openblas_nolapack.CblasTrans,
                        rows,
                        n,
                        Workload.HEAD_DIM,
                        Workload.SCALE,
                        qAt.position(at),
                        Workload.MODEL_DIM,
                        kAt,
                        Workload.MODEL_DIM,
                        0.0f,
                        s,
                        n);
                for (int i = 0; i < rows; i++) {
                    inverseSums[i] = VectorSoftmax.row(scores, (long) i * n * Float.BYTES, n);
                }
                openblas_nolapack.cblas_sgemm(
                        openblas_nolapack.CblasRowMajor,
                        openblas_nolapack.CblasNoTrans,
                        openblas_nolapack.CblasNoTrans,
                        rows,
                        Workload.HEAD_DIM,
                        n,
                        1.0f,
                        s,
                        n,
                        vAt,
                        Workload.MODEL_DIM,
                        0.0f,
                        oAt.position(at),
                        Workload.MODEL_DIM);
                for (int i = 0; i < rows; i++) {
                    scale(at + (long) i * Workload.MODEL_DIM, inverseSums[i]);
                }
            }

            private void scale(final long at, final float factor) {
                for (int col = 0; col < Workload.HEAD_DIM; col++) {
                    final float value = out.getAtIndex(ValueLayout.JAVA_FLOAT, at + col);
                    out.setAtIndex(ValueLayout.JAVA_FLOAT, at + col, value * factor);
                }
            }
        }
    }
}
