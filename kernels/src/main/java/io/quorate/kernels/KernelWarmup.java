package io.quorate.kernels;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;

/**
 * Runs every kernel on invented rows until the JIT compiler has turned them all into machine code. Before that, each vector is
 * an object and a call takes hundreds of times as long. To be called once at start, on the thread that will compute, before the
 * first real round.
 *
 * <p>To add a kernel: write a {@link KernelCall} beside this class and name it in {@link #calls}.
 */
public final class KernelWarmup {
    private static final int CALLS = 50;
    private static final int QUIET_ROUNDS = 3;
    private static final long SEED = 25;

    private KernelWarmup() {}

    /** All that is warmed up, in the order in which it is called. */
    private static KernelCall[] calls(final Primitives primitives, final FloatMatrix vectors, final int heads) {
        return new KernelCall[] {
            new AttentionCall(primitives, vectors, heads),
            new SelfAttentionCall(primitives),
            new AggregationCall(primitives, vectors),
            new GossipCall(primitives, vectors),
            new RopeCall(primitives, vectors, heads),
            new TopKCall(primitives, vectors)
        };
    }

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
        final KernelCall[] calls = calls(primitives, invented(rows, cols), heads);
        try {
            int quiet = 0;
            while (quiet < QUIET_ROUNDS && System.nanoTime() - startNs < budgetNs) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int repeat = 0; repeat < CALLS && System.nanoTime() - startNs < budgetNs; repeat++) {
                    callAll(calls);
                }
                quiet = threads.getCurrentThreadAllocatedBytes() == before ? quiet + 1 : 0;
            }
            return quiet == QUIET_ROUNDS;
        } finally {
            for (final KernelCall call : calls) {
                call.close();
            }
        }
    }

    private static void callAll(final KernelCall[] calls) {
        for (final KernelCall call : calls) {
            call.call();
        }
    }

    private static FloatMatrix invented(final int rows, final int cols) {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix vectors = FloatMatrix.allocate(rows, cols);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                vectors.set(row, col, 1.0f + (float) random.nextGaussian());
            }
        }
        return vectors;
    }
}
