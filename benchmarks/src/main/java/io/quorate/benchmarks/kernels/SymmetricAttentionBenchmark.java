package io.quorate.benchmarks.kernels;

import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.SymmetricAttention;
import io.quorate.kernels.attention.SymmetricScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.PrimitivesProvider;
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

/** Symmetric attention with output and influence, n unit rows of 384 floats and 8 heads, as the coordinator weighs. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 20, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class SymmetricAttentionBenchmark {
    private static final int MODEL_DIM = 384;
    private static final int HEADS = 8;

    /** The coordinator's: temperature 4 x heads. */
    private static final float SCALE = 4.0f * HEADS;

    private static final long SEED = 384;

    @Param({"4", "16", "64", "256"})
    public int n;

    @Param({"1", "2"})
    public int threads;

    private AttentionShape shape;
    private KernelTeam team;
    private SymmetricAttention attention;
    private SymmetricScratch scratch;
    private AttentionSummary summary;
    private FloatMatrix units;
    private FloatMatrix v;
    private FloatMatrix out;

    @Setup(Level.Trial)
    public void prepare() {
        final SplittableRandom random = new SplittableRandom(SEED);
        shape = AttentionShape.ofSelf(n, MODEL_DIM, HEADS).withScale(SCALE);
        team = threads == 1 ? null : new KernelTeam(threads);
        attention = new SymmetricAttention(PrimitivesProvider.preferred());
        scratch = SymmetricScratch.forShape(shape, threads);
        summary = new AttentionSummary(n);
        units = unitRows(random);
        v = unitRows(random);
        out = FloatMatrix.allocate(n, MODEL_DIM);
    }

    @TearDown(Level.Trial)
    public void release() {
        if (team != null) {
            team.close();
        }
        scratch.close();
    }

    @Benchmark
    public float attend() {
        attention.attend(shape, units, v, out, summary, scratch, team);
        return out.get(0, 0);
    }

    private FloatMatrix unitRows(final SplittableRandom random) {
        final FloatMatrix matrix = FloatMatrix.allocate(n, MODEL_DIM);
        final double[] row = new double[MODEL_DIM];
        for (int i = 0; i < n; i++) {
            double squares = 0.0;
            for (int col = 0; col < MODEL_DIM; col++) {
                row[col] = random.nextGaussian();
                squares += row[col] * row[col];
            }
            for (int col = 0; col < MODEL_DIM; col++) {
                matrix.set(i, col, (float) (row[col] / Math.sqrt(squares)));
            }
        }
        return matrix;
    }
}
