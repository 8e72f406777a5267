package io.quorate.benchmarks.kernels;

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
 * Multi-head attention with output and influence, n rows of 384 floats and 8 heads over themselves, on the vector unit and by the
 * scalar definition beside it. Before anything is timed, the two must agree bit for bit.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 20, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class AttentionBenchmark {
    private static final int MODEL_DIM = 384;
    private static final int HEADS = 8;

    @Param({"4", "16", "64", "256"})
    public int n;

    /** {@code preferred}, {@code scalar}, or a width in bits. */
    @Param({"preferred", "scalar"})
    public String kernel;

    @Param({"1", "2"})
    public int threads;

    private AttentionCase attention;

    @Setup(Level.Trial)
    public void prepare() {
        attention = new AttentionCase(kernel, n, MODEL_DIM, HEADS, threads);
        attention.requireDefinedBits();
    }

    @TearDown(Level.Trial)
    public void release() {
        attention.close();
    }

    @Benchmark
    public float attend() {
        return attention.attend();
    }

    @Benchmark
    public float influence() {
        return attention.influence();
    }
}
