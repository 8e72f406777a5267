package io.quorate.benchmarks.similarity;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import io.quorate.kernels.similarity.Neighbours;
import io.quorate.kernels.similarity.TopK;
import io.quorate.kernels.similarity.TopKScratch;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Exact top-5 over rows of 384 floats on one thread, beside a plain read of the same memory: the scan runs at the bandwidth of
 * memory where the two take the same time. Bytes a second are rows x 1,536 over the time.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 10, time = 1)
@Fork(1)
public class TopKBenchmark {
    private static final int COLS = 384;
    private static final int K = 5;
    private static final long SEED = 38;

    @Param("200000")
    public int rows;

    @Param({"1", "4"})
    public int queries;

    private final Primitives primitives = PrimitivesProvider.preferred();
    private final TopK topK = new TopK(primitives);
    private FloatSlab slab;
    private FloatMatrix matrix;
    private FloatMatrix query;
    private Neighbours found;
    private TopKScratch scratch;

    @Setup(Level.Trial)
    public void prepare() {
        slab = FloatSlab.allocate((long) rows * COLS);
        matrix = slab.matrix(0, rows, COLS);
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < COLS; col++) {
                matrix.set(row, col, (float) (random.nextDouble() - 0.5));
            }
        }
        query = matrix.slice(rows / 2, queries, 0, COLS);
        found = new Neighbours(queries, K);
        scratch = new TopKScratch(queries, COLS, K, 1);
    }

    @TearDown(Level.Trial)
    public void release() {
        scratch.close();
        slab.close();
    }

    @Benchmark
    public int scan() {
        topK.find(matrix, query, K, found, scratch);
        return found.row(0, 0);
    }

    @Benchmark
    public int read() {
        int bits = 0;
        for (int row = 0; row < rows; row++) {
            bits |= primitives.magnitudeBits(matrix.address() + row * matrix.strideBytes(), COLS);
        }
        return bits;
    }
}
