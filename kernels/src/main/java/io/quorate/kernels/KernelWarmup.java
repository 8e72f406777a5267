package io.quorate.kernels;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import java.lang.management.ManagementFactory;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Runs every kernel on invented rows until the JIT compiler has turned them all into machine code. Before that, each vector is
 * an object and a call takes hundreds of times as long. To be called once at start, on the thread that will compute, before the
 * first real round.
 *
 * <p>To add a kernel: write a {@link KernelCall} beside this class and name it in {@link Kernel} and {@link #call}.
 */
public final class KernelWarmup {
    private static final int CALLS = 50;
    private static final int QUIET_ROUNDS = 3;
    private static final long SEED = 25;

    private KernelWarmup() {}

    /** What can be warmed up by itself, in the order in which it is called. */
    public enum Kernel {
        /** General attention, and the symmetric form over four rows. */
        ATTENTION,
        SYMMETRIC_ATTENTION,
        AGGREGATION,
        GOSSIP,
        ROPE,
        TOP_K
    }

    private static KernelCall call(
            final Kernel kernel, final Primitives primitives, final FloatMatrix vectors, final int heads) {
        return switch (kernel) {
            case ATTENTION -> new AttentionCall(primitives, vectors, heads);
            case SYMMETRIC_ATTENTION -> new SelfAttentionCall(primitives);
            case AGGREGATION -> new AggregationCall(primitives, vectors);
            case GOSSIP -> new GossipCall(primitives, vectors);
            case ROPE -> new RopeCall(primitives, vectors, heads);
            case TOP_K -> new TopKCall(primitives, vectors);
        };
    }

    /** As {@link #run(Set, Primitives, int, int, int, long)}, with all kernels. */
    public static boolean run(
            final Primitives primitives, final int rows, final int cols, final int heads, final long budgetNs) {
        return run(EnumSet.allOf(Kernel.class), primitives, rows, cols, heads, budgetNs);
    }

    /**
     * Warms up for rounds of {@code rows} x {@code cols}: until three rounds of calls one after the other have allocated nothing,
     * which says that no vector is an object any more, or until the time is over.
     *
     * @param kernels those that will be called; each has code of its own to be compiled, so fewer are ready earlier
     * @param heads divides {@code cols}
     * @param budgetNs the longest time, give or take one round of calls
     * @return true if it became quiet in time
     */
    public static boolean run(
            final Set<Kernel> kernels,
            final Primitives primitives,
            final int rows,
            final int cols,
            final int heads,
            final long budgetNs) {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long startNs = System.nanoTime();
        final FloatMatrix vectors = invented(rows, cols);
        final List<KernelCall> calls = EnumSet.copyOf(kernels).stream()
                .map(kernel -> call(kernel, primitives, vectors, heads))
                .toList();
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

    private static void callAll(final List<KernelCall> calls) {
        for (int i = 0; i < calls.size(); i++) {
            calls.get(i).call();
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
