package io.quorate.kernels.aggregate;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.kernels.RuleCatalogue;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * (f, kappa)-robustness by brute force: for every choice of n - f honest rows, |result - their mean|^2 is at most kappa times their
 * mean squared distance from it. Inputs are random, adversarial, and climbed to: changed again and again towards a greater ratio.
 */
class RobustnessBoundTest {
    private static final long SEED = Long.getLong("seed", 20_261_123L);
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();
    private static final int PEERS_MAX = 10;

    /** A rule and its name, which knows its kappa. */
    private record Bounded(String name, AggregationRule rule) {
        double kappa(final int count, final int faulty) {
            return RuleCatalogue.kappa(name, count, faulty);
        }

        boolean needsRowZero() {
            return name.endsWith("monna");
        }
    }

    private static Map<String, Bounded> rules() {
        final Map<String, Bounded> rules = new LinkedHashMap<>();
        for (final String plain : RuleCatalogue.names()) {
            for (final String name : List.of(plain, "nnm+" + plain)) {
                // MoNNA's bound holds where row 0 is honest, which mixed rows are not.
                if (RuleCatalogue.kappa(plain, 4, 1) < Double.POSITIVE_INFINITY && !name.equals("nnm+monna")) {
                    rules.put(name, new Bounded(name, RuleCatalogue.rule(PREFERRED, name, Map.of())));
                }
            }
        }
        return rules;
    }

    /** Everything for one n and f. */
    private static final class Bench implements AutoCloseable {
        private final int count;
        private final int faulty;
        private final List<List<Integer>> honestSets;
        private final AggregationScratch scratch;

        Bench(final int count, final int faulty) {
            this.count = count;
            this.faulty = faulty;
            this.honestSets = AggregationReference.subsets(count, count - faulty);
            this.scratch = new AggregationScratch(count, 4);
        }

        /** The greatest |result - mean|^2 / variance over all honest sets, less what rounding to float32 explains. */
        double worstRatio(final Bounded bounded, final FloatMatrix matrix) {
            final FloatMatrix out = FloatMatrix.allocate(1, matrix.cols());
            bounded.rule.aggregate(matrix, faulty, out, scratch);
            final double[] result = AggregationReference.rows(out)[0];
            final double[][] rows = AggregationReference.rows(matrix);
            double most = 0;
            for (final double[] row : rows) {
                for (final double value : row) {
                    most = Math.max(most, Math.abs(value));
                }
            }
            final double rounding = 1e-6 * most;
            double worst = 0;
            for (final List<Integer> honest : honestSets) {
                if (bounded.needsRowZero() && !honest.contains(0)) {
                    continue;
                }
                final double[] mean = AggregationReference.mean(rows, honest);
                double variance = 0;
                for (final int row : honest) {
                    variance += AggregationReference.squared(rows[row], mean) / honest.size();
                }
                final double error = Math.max(0, Math.sqrt(AggregationReference.squared(result, mean)) - rounding);
                if (error > 0) {
                    worst = Math.max(worst, error * error / variance);
                }
            }
            return worst;
        }

        @Override
        public void close() {
            scratch.close();
        }
    }

    /** Rows of one kind; the last f of them are the liars of the kinds that have some. */
    private static FloatMatrix rows(
            final SplittableRandom random, final int kind, final int count, final int faulty, final int cols) {
        final FloatMatrix rows = FloatMatrix.allocate(count, cols);
        final double far = Math.pow(10, random.nextInt(-1, 5));
        for (int row = 0; row < count; row++) {
            for (int col = 0; col < cols; col++) {
                final double gaussian = random.nextGaussian();
                final boolean isLiar = row >= count - faulty;
                final double value = switch (kind) {
                    case 0 -> gaussian;
                    case 1 -> isLiar ? far : gaussian;
                    case 2 -> row % 2 == 0 ? 1 : 0;
                    case 3 -> row < faulty ? 0 : isLiar ? 1.0001 : 1;
                    case 4 -> gaussian / random.nextGaussian();
                    case 5 -> random.nextInt(0, 3);
                    default -> row < count / 2 ? 0.1 * gaussian : 2 + 0.1 * gaussian;
                };
                rows.set(row, col, (float) Math.clamp(value, -1e6, 1e6));
            }
        }
        return rows;
    }

    @Test
    void shouldKeepTheirKappaForEveryHonestSet() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final Map<String, Bounded> rules = rules();
        for (int count = 1; count <= PEERS_MAX; count++) {
            for (int faulty = 0; 2 * faulty < count; faulty++) {
                try (Bench bench = new Bench(count, faulty)) {
                    for (int kind = 0; kind < 7; kind++) {
                        final FloatMatrix matrix = rows(random, kind, count, faulty, 1 + random.nextInt(4));
                        rules.forEach((name, bounded) -> require(name, bounded, bench, matrix));
                    }
                }
            }
        }
    }

    private static void require(final String name, final Bounded bounded, final Bench bench, final FloatMatrix matrix) {
        assertThat(bench.worstRatio(bounded, matrix))
                .as("%s, n = %d, f = %d, seed %d", name, bench.count, bench.faulty, SEED)
                .isLessThanOrEqualTo(bounded.kappa(bench.count, bench.faulty) * (1 + 1e-6));
    }

    @Test
    void shouldKeepTheirKappaOnRowsThatWereClimbedTo() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final int[][] sizes = {{3, 1}, {4, 1}, {5, 2}, {7, 2}, {7, 3}, {10, 3}};
        for (final int[] size : sizes) {
            try (Bench bench = new Bench(size[0], size[1])) {
                rules().forEach((name, bounded) -> {
                    final FloatMatrix matrix = rows(random, 6, size[0], size[1], 1 + random.nextInt(2));
                    climb(random, bounded, bench, matrix);
                    require(name, bounded, bench, matrix);
                });
            }
        }
    }

    private static double climb(
            final SplittableRandom random, final Bounded bounded, final Bench bench, final FloatMatrix matrix) {
        double best = bench.worstRatio(bounded, matrix);
        for (int attempt = 0; attempt < 250; attempt++) {
            final int row = random.nextInt(matrix.rows());
            final int col = random.nextInt(matrix.cols());
            final float before = matrix.get(row, col);
            final float other = matrix.get(random.nextInt(matrix.rows()), col);
            final double size = Math.pow(10, -4 * random.nextDouble());
            matrix.set(row, col, (float) (random.nextBoolean() ? other : before + random.nextGaussian() * size));
            final double ratio = bench.worstRatio(bounded, matrix);
            if (ratio >= best) {
                best = ratio;
            } else {
                matrix.set(row, col, before);
            }
        }
        return best;
    }

    /** A bound that nothing comes near could be wrong by a factor and nobody would see it; that of the trimmed mean is met. */
    @Test
    void shouldMeetTheBoundOfTheTrimmedMeanExactly() {
        final Bounded trimmed = rules().get("trimmed-mean");
        final Bounded average = new Bounded("average", WeightedMean.equal(PREFERRED));
        for (int count = 3; count <= PEERS_MAX; count++) {
            for (int faulty = 1; 2 * faulty < count; faulty++) {
                try (Bench bench = new Bench(count, faulty)) {
                    final FloatMatrix matrix = rows(new SplittableRandom(SEED), 3, count, faulty, 1);
                    final double kappa = trimmed.kappa(count, faulty);
                    assertThat(bench.worstRatio(trimmed, matrix)).isBetween(0.999 * kappa, 1.001 * kappa);
                    final FloatMatrix lied = rows(new SplittableRandom(SEED), 1, count, faulty, 1);
                    lied.set(count - 1, 0, 1e6f);
                    assertThat(bench.worstRatio(average, lied)).isGreaterThan(1000 * kappa);
                }
            }
        }
    }
}
