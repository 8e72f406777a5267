package io.quorate.benchmarks.robustness;

import io.quorate.kernels.aggregate.AggregationRule;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * How long each rule takes on this machine, in microseconds a call: the shortest of several batches, each after the rule has been
 * compiled. Good for telling rules apart, not for papers.
 */
final class RuleTimes {
    static final int[] COUNTS = {4, 8, 16, 32, 64};
    static final int DIMENSION = 384;

    private static final int BATCHES = 7;
    private static final long WARM_UP_NS = 250_000_000;
    private static final long BATCH_NS = 10_000_000;

    private final Primitives primitives = PrimitivesProvider.preferred();

    /** Name of the rule, or of what a round of the coordinator computes -> microseconds for each n. */
    Map<String, double[]> measure(final long seed) {
        final Map<String, double[]> times = new LinkedHashMap<>();
        // Once for nothing, so that the first measurement finds the code as warm as the later ones do.
        measure(times, 0, seed);
        for (int i = 0; i < COUNTS.length; i++) {
            measure(times, i, seed);
        }
        return times;
    }

    private void measure(final Map<String, double[]> times, final int i, final long seed) {
        final int count = COUNTS[i];
        final int faulty = RobustnessTable.faulty(count);
        final FloatMatrix rows = FloatMatrix.allocate(count, DIMENSION);
        RobustnessTable.copy(Attack.FAR_POINT.round(count, faulty, DIMENSION, new SplittableRandom(seed)), rows);
        final FloatMatrix out = FloatMatrix.allocate(1, DIMENSION);
        final OutlierReport report = new OutlierReport(count);
        final OutlierScores outliers = new OutlierScores(primitives);
        try (AggregationScratch scratch = new AggregationScratch(count, DIMENSION)) {
            for (final String name : RobustnessTable.ruleNames()) {
                final AggregationRule rule = RobustnessTable.rule(primitives, name, DIMENSION);
                put(times, name, i, () -> rule.aggregate(rows, faulty, out, scratch));
            }
            final PairDistances pairs = new PairDistances(count);
            put(times, "distances of all pairs", i, () -> pairs.measure(primitives, rows, scratch));
            put(times, "detector", i, () -> outliers.find(rows, faulty, report, scratch));
            final AggregationRule mixed = RobustnessTable.rule(primitives, "nnm+trimmed-mean", DIMENSION);
            put(times, "detector and nnm+trimmed-mean, pairs shared", i, () -> {
                pairs.measure(primitives, rows, scratch);
                outliers.find(rows, pairs, faulty, report, scratch);
                mixed.aggregate(rows, pairs, faulty, out, scratch);
            });
        }
    }

    private static void put(
            final Map<String, double[]> times, final String name, final int index, final Runnable call) {
        times.computeIfAbsent(name, key -> new double[COUNTS.length])[index] = micros(call);
    }

    private static double micros(final Runnable call) {
        final long start = System.nanoTime();
        long calls = 0;
        while (System.nanoTime() - start < WARM_UP_NS) {
            call.run();
            calls++;
        }
        final long perBatch = Math.max(1, calls * BATCH_NS / WARM_UP_NS);
        double best = Double.MAX_VALUE;
        for (int batch = 0; batch < BATCHES; batch++) {
            final long from = System.nanoTime();
            for (long i = 0; i < perBatch; i++) {
                call.run();
            }
            best = Math.min(best, (System.nanoTime() - from) / (double) perBatch);
        }
        return best / 1000;
    }
}
