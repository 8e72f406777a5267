package io.quorate.kernels;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.aggregate.AggregationRule;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.NearestNeighbourMixing;
import io.quorate.kernels.aggregate.OutlierReport;
import io.quorate.kernels.aggregate.OutlierScores;
import io.quorate.kernels.aggregate.TrimmedMean;
import io.quorate.kernels.aggregate.WeightedMean;
import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.similarity.UnitRows;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;

/**
 * Runs every kernel on invented rows until the JIT compiler has turned them all into machine code. Before that, each vector is
 * an object and a call takes hundreds of times as long. To be called once at start, on the thread that will compute, before the
 * first real round.
 */
public final class KernelWarmup {
    private static final int CALLS = 50;
    private static final int QUIET_ROUNDS = 3;
    private static final long SEED = 25;

    private KernelWarmup() {}

    /**
     * Warms up for rounds of {@code rows} x {@code cols}: until three rounds of calls one after the other have allocated nothing,
     * which says that no vector is an object any more, or until the time is over.
     *
     * @param heads divides {@code cols}
     * @param budgetNs the longest time, give or take one round of calls
     * @return true if it became quiet in time
     */
    public static boolean run(
            final Primitives primitives, final int rows, final int cols, final int heads, final long budgetNs) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long startNs = System.nanoTime();
        try (Work work = new Work(primitives, rows, cols, heads)) {
            int quiet = 0;
            while (quiet < QUIET_ROUNDS && System.nanoTime() - startNs < budgetNs) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < CALLS && System.nanoTime() - startNs < budgetNs; call++) {
                    work.runOnce();
                }
                quiet = threads.getCurrentThreadAllocatedBytes() == before ? quiet + 1 : 0;
            }
            return quiet == QUIET_ROUNDS;
        }
    }

    /** One call of everything that a round computes with. */
    private static final class Work implements AutoCloseable {
        private final FloatMatrix vectors;
        private final FloatMatrix units;
        private final FloatMatrix out;
        private final FloatMatrix fused;
        private final float[] weights;
        private final int faultyMax;
        private final AttentionShape shape;
        private final AttentionSummary summary;
        private final AttentionScratch attentionScratch;
        private final AggregationScratch aggregationScratch;
        private final OutlierReport report;
        private final UnitRows unitRows;
        private final MultiHeadAttention attention;
        private final OutlierScores outliers;
        private final AggregationRule mixing;
        private final WeightedMean mean;

        Work(final Primitives primitives, final int rows, final int cols, final int heads) {
            shape = AttentionShape.ofSelf(rows, cols, heads);
            vectors = FloatMatrix.allocate(rows, cols);
            units = FloatMatrix.allocate(rows, cols);
            out = FloatMatrix.allocate(rows, cols);
            fused = FloatMatrix.allocate(1, cols);
            weights = new float[rows];
            faultyMax = (rows - 1) / 3;
            summary = new AttentionSummary(rows);
            report = new OutlierReport(rows);
            attention = new MultiHeadAttention(primitives);
            outliers = new OutlierScores(primitives);
            mixing = new NearestNeighbourMixing(primitives).before(new TrimmedMean(primitives));
            mean = new WeightedMean(primitives);
            fill();
            attentionScratch = AttentionScratch.forShape(shape);
            aggregationScratch = new AggregationScratch(rows, cols);
            unitRows = new UnitRows(primitives);
        }

        private void fill() {
            final SplittableRandom random = new SplittableRandom(SEED);
            for (int row = 0; row < vectors.rows(); row++) {
                weights[row] = row + 1;
                for (int col = 0; col < vectors.cols(); col++) {
                    vectors.set(row, col, 1.0f + (float) random.nextGaussian());
                }
            }
        }

        void runOnce() {
            unitRows.normalize(vectors, units);
            unitRows.dot(units, 0, units, units.rows() - 1);
            attention.attend(shape, units, units, vectors, out, summary, attentionScratch);
            outliers.find(vectors, faultyMax, report, aggregationScratch);
            mixing.aggregate(vectors, faultyMax, fused, aggregationScratch);
            mean.aggregate(vectors, weights, fused, aggregationScratch);
        }

        @Override
        public void close() {
            attentionScratch.close();
            aggregationScratch.close();
            unitRows.close();
        }
    }
}
