package io.quorate.benchmarks.pipeline;

import io.quorate.engine.simulator.DecisionRun;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Decisions a second of the production pBFT core alone: a group of replicas and their clients on one thread, joined by one queue,
 * without network and signatures ({@link DecisionRun}). With one request a decision, a decision is the whole pattern of messages; with 16,
 * batches are as full as clients make them. docs/decisions/0044 has the floor.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 4, time = 2)
@Measurement(iterations = 8, time = 1)
@Fork(1)
public class DecisionRunBenchmark {
    private static final int DECISIONS = 512;
    private static final int CHECKPOINT_INTERVAL = 64;

    @Param({"4", "7"})
    public int peers;

    @Param({"1", "16"})
    public int requestsPerDecision;

    private DecisionRun run;

    @Setup(Level.Trial)
    public void prepare() {
        run = new DecisionRun(peers, requestsPerDecision, requestsPerDecision == 1 ? 16 : 32, CHECKPOINT_INTERVAL);
    }

    @Benchmark
    @OperationsPerInvocation(DECISIONS)
    public long decide() {
        run.decide(DECISIONS);
        return run.decisionCount();
    }
}
