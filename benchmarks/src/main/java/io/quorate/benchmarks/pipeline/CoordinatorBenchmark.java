package io.quorate.benchmarks.pipeline;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.coordination.Round;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.agrona.ExpandableArrayBuffer;
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
 * From the vectors of a round to its decision's numbers, in each mode: influence, groups, strength, detector and fused vector of
 * n peers with 384 floats and 8 heads over the complete graph. The peers around one point, the last f of them far away.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 10, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class CoordinatorBenchmark {
    private static final int DIMENSION = 384;
    private static final long SEED = 7;
    private static final float SPREAD = 0.3f;
    private static final float FAR = 5;

    @Param({"4", "16"})
    public int n;

    @Param({"attention", "byzantine", "topology", "gossip"})
    public String mode;

    private Round round;
    private Coordinator coordinator;

    @Setup(Level.Trial)
    public void prepare() {
        final CoordinatorContext context = new CoordinatorContext()
                .peerCount(n)
                .dimension(DIMENSION)
                .mode(Coordinator.Mode.of(mode))
                .conclude();
        round = new Round(context);
        coordinator = new Coordinator(context);
        final SplittableRandom random = new SplittableRandom(SEED);
        final PeerOutput output = new PeerOutput(context);
        final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
        final float[] centre = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            centre[i] = (float) random.nextGaussian();
        }
        round.open("benchmark");
        for (int peer = 0; peer < n; peer++) {
            final float[] vector = new float[DIMENSION];
            for (int i = 0; i < DIMENSION; i++) {
                vector[i] = (peer < n - context.faulty() ? centre[i] : -FAR * centre[i])
                        + SPREAD * (float) random.nextGaussian();
            }
            final int length =
                    PeerOutput.encode(command, 0, "benchmark", "peer", peer == 0 ? "no" : "yes, all of it", vector);
            output.wrap(command, 0, length);
            round.add(peer, output);
        }
    }

    @TearDown(Level.Trial)
    public void release() {
        coordinator.close();
        round.close();
    }

    @Benchmark
    public double coordinate() {
        coordinator.coordinate(round);
        return coordinator.strength();
    }
}
