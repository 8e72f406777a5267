package io.quorate.benchmarks.robustness;

import io.quorate.kernels.RuleCatalogue;
import io.quorate.kernels.aggregate.AggregationRule;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.PairDistances;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Runs every attack against every rule and the detector, over (n, d). The same seed and number of runs give the same
 * table again: deviates and quantiles use {@link StrictMath}, and the kernels define every bit. Seen on one machine.
 */
public final class RobustnessTable {
    static final int[] COUNTS = {4, 7, 10, 12, 13, 31};
    static final int[] DIMENSIONS = {4, 64, 384};

    /** The detector's own, none, and a stricter one. */
    static final double[] GUARDS = {OutlierScores.GUARD, 0, 2};

    /** What happened in one cell: n, d and an attack. */
    record Cell(int count, int dimension, Attack attack, List<DetectorCount> detector, Map<String, Double> errors) {}

    private final Primitives primitives = PrimitivesProvider.preferred();
    private final OutlierScores outliers = new OutlierScores(primitives);
    private final long seed;
    private final int runs;

    RobustnessTable(final long seed, final int runs) {
        this.seed = seed;
        this.runs = runs;
    }

    static int faulty(final int count) {
        return (count - 1) / 3;
    }

    /** Names for tables; centered clipping has a start and a tau that fit the rows. */
    static List<String> ruleNames() {
        final List<String> names = new ArrayList<>(RuleCatalogue.names());
        for (final String name : RuleCatalogue.names()) {
            if (!List.of("average", "monna", "centered-clipping").contains(name)) {
                names.add(RuleCatalogue.MIXING + "+" + name);
            }
        }
        return names;
    }

    static AggregationRule rule(final Primitives primitives, final String name, final int dimension) {
        final Map<String, String> parameters = name.equals("centered-clipping")
                ? Map.of("start", "median", "tau", Double.toString(Math.sqrt(dimension)), "iterations", "3")
                : Map.of();
        return RuleCatalogue.rule(primitives, name, parameters);
    }

    List<Cell> compute(final int[] counts, final int[] dimensions) {
        final List<Cell> cells = new ArrayList<>();
        for (final int dimension : dimensions) {
            for (final int count : counts) {
                for (final Attack attack : Attack.values()) {
                    cells.add(cell(count, dimension, attack));
                }
            }
        }
        return cells;
    }

    private Cell cell(final int count, final int dimension, final Attack attack) {
        final int faulty = faulty(count);
        final int liars = attack == Attack.NONE ? 0 : faulty;
        // Each cell has a stream of its own, so that no cell depends on which others are asked for.
        final SplittableRandom random =
                new SplittableRandom(seed + 1_000_003L * count + 10_007L * dimension + 101L * attack.ordinal());
        final Map<String, AggregationRule> rules = new LinkedHashMap<>();
        final Map<String, Double> errors = new LinkedHashMap<>();
        ruleNames().forEach(name -> rules.put(name, rule(primitives, name, dimension)));
        final List<DetectorCount> detector = new ArrayList<>();
        for (final double guard : GUARDS) {
            detector.add(new DetectorCount(guard));
        }
        final FloatMatrix rows = FloatMatrix.allocate(count, dimension);
        final FloatMatrix out = FloatMatrix.allocate(1, dimension);
        final OutlierReport report = new OutlierReport(count);
        try (AggregationScratch scratch = new AggregationScratch(count, dimension)) {
            final PairDistances pairs = new PairDistances(count);
            for (int run = 0; run < runs; run++) {
                final double[][] round = attack.round(count, liars, dimension, random);
                copy(round, rows);
                final HonestRows honest = new HonestRows(round, count - liars);
                pairs.measure(primitives, rows, scratch);
                outliers.find(rows, pairs, faulty, report, scratch);
                detector.forEach(counts -> counts.add(report, faulty, liars));
                rules.forEach((name, rule) -> {
                    rule.aggregate(rows, pairs, faulty, out, scratch);
                    errors.merge(name, error(out, honest) / runs, Double::sum);
                });
            }
        }
        return new Cell(count, dimension, attack, detector, errors);
    }

    /** Distance from the honest mean in units of the honest spread. */
    private static double error(final FloatMatrix out, final HonestRows honest) {
        double squares = 0;
        for (int col = 0; col < out.cols(); col++) {
            final double difference = out.get(0, col) - honest.mean()[col];
            squares += difference * difference;
        }
        return Math.sqrt(squares) / Math.max(honest.spread(), 1e-9);
    }

    static void copy(final double[][] round, final FloatMatrix rows) {
        for (int row = 0; row < round.length; row++) {
            for (int col = 0; col < rows.cols(); col++) {
                rows.set(row, col, (float) round[row][col]);
            }
        }
    }
}
