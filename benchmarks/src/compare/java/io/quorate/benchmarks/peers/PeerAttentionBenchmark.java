package io.quorate.benchmarks.peers;

import io.quorate.benchmarks.compare.Contender;
import io.quorate.benchmarks.compare.ContenderSource;
import io.quorate.benchmarks.compare.Workload;
import java.util.ServiceLoader;
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

/** The peers of {@code bench kernels} under JMH, each in a process of its own, with the times of AttentionBenchmark. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 20, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class PeerAttentionBenchmark {
    private static final double ERROR_MAX = 1e-5;

    @Param({"4", "16", "64", "256"})
    public int n;

    @Param({"1", "2"})
    public int threads;

    @Param({"onnxruntime", "pytorch", "openblas", "java"})
    public String peer;

    private Contender contender;

    @Setup(Level.Trial)
    public void prepare() {
        final Workload workload = new Workload(n);
        for (final ContenderSource source : ServiceLoader.load(ContenderSource.class)) {
            if (source.name().equals(peer)) {
                contender = source.open(workload, threads);
            }
        }
        contender.call();
        final double error = workload.relativeError(contender, false);
        if (!(error < ERROR_MAX)) {
            throw new IllegalStateException(peer + " computes something else: error " + error);
        }
    }

    @TearDown(Level.Trial)
    public void release() {
        contender.close();
    }

    @Benchmark
    public void attend() {
        contender.call();
    }
}
