package io.quorate.benchmarks.robustness;

import io.quorate.kernels.embed.HashedEmbedder;
import java.util.SplittableRandom;

/**
 * What f colluding liars may send who know all honest rows. Each is one constant; {@code --json} and the tables name them by
 * {@link #label}. Malformed numbers are not here: they are refused at the door, and stubborn gossip peers are tested with mode
 * gossip.
 */
public enum Attack {
    NONE("none", "the would-be liars are honest"),
    SIGN_FLIP("sign flip", "minus the honest mean"),
    IPM_WEAK("IPM 0.1", "-0.1 times the honest mean (arXiv 1903.03936)"),
    IPM_STRONG("IPM 2", "-2 times the honest mean (arXiv 1903.03936)"),
    ALIE("ALIE 1.5", "honest mean + 1.5 honest standard deviations a coordinate (arXiv 1902.06156)"),
    ALIE_QUANTILE("ALIE Phi", "the same with z = Phi^-1((n - f - s) / (n - f)), s = floor(n / 2 + 1) - f"),
    MIMIC("mimic", "all copy honest row 0 (arXiv 2006.09365)"),
    GAUSSIAN("Gaussian", "normal noise of deviation 200, each its own"),
    FAR_POINT("far point", "one common point, 20 honest spreads from the honest mean"),
    MIN_MAX("min-max", "from the honest mean against the deviations, as far as the honest diameter allows"),
    NORM_SCALING("norm x 1000", "own honest row times 1000"),
    LABEL_FLIP("label flip", "rows are embeddings of similar texts; liars send their text reversed");

    private static final double GAUSSIAN_DEVIATION = 200;
    private static final double FAR_SPREADS = 20;
    private static final double SCALING = 1000;
    private static final String[] SUBJECTS = {"the service", "our gateway", "this api", "the web layer", "the backend"};
    private static final String[] VERBS = {"should use", "can use", "must run on", "works best with"};

    private final String label;
    private final String sentence;

    Attack(final String label, final String sentence) {
        this.label = label;
        this.sentence = sentence;
    }

    /** Short, for a table. */
    public String label() {
        return label;
    }

    /** What the liars send. */
    public String sentence() {
        return sentence;
    }

    /**
     * Rows of one round: n - f honest ones first, then f liars. Honest rows are a common centre, drawn from a normal distribution
     * for each round, plus normal noise of deviation 1; with {@link #LABEL_FLIP} they are embedded texts.
     */
    public double[][] round(final int count, final int faulty, final int dimension, final SplittableRandom random) {
        if (this == LABEL_FLIP) {
            return texts(count, faulty, dimension, random);
        }
        final double[][] rows = new double[count][dimension];
        final double[] centre = new double[dimension];
        for (int col = 0; col < dimension; col++) {
            centre[col] = Normal.next(random);
        }
        for (final double[] row : rows) {
            for (int col = 0; col < dimension; col++) {
                row[col] = centre[col] + Normal.next(random);
            }
        }
        lie(rows, faulty, random);
        return rows;
    }

    /** Replaces the last f rows, which hold what their peers would send if they were honest. */
    public void lie(final double[][] rows, final int faulty, final SplittableRandom random) {
        final HonestRows honest = new HonestRows(rows, rows.length - faulty);
        final double[] common = common(honest, rows.length, faulty, random);
        for (int liar = honest.count(); liar < rows.length; liar++) {
            for (int col = 0; col < rows[liar].length; col++) {
                rows[liar][col] = switch (this) {
                    case NONE, LABEL_FLIP -> rows[liar][col];
                    case NORM_SCALING -> SCALING * rows[liar][col];
                    case GAUSSIAN -> GAUSSIAN_DEVIATION * Normal.next(random);
                    default -> common[col];
                };
            }
        }
    }

    /** What all liars send alike. */
    private double[] common(final HonestRows honest, final int count, final int faulty, final SplittableRandom random) {
        final double[] mean = honest.mean();
        switch (this) {
            case SIGN_FLIP:
                return along(mean, mean, -2);
            case IPM_WEAK:
                return along(mean, mean, -1.1);
            case IPM_STRONG:
                return along(mean, mean, -3);
            case ALIE:
                return along(mean, honest.deviations(), 1.5);
            case ALIE_QUANTILE:
                return along(mean, honest.deviations(), quantileFactor(count, faulty));
            case MIMIC:
                return honest.row(0).clone();
            case FAR_POINT:
                final double[] direction = new double[mean.length];
                for (int col = 0; col < direction.length; col++) {
                    direction[col] = Normal.next(random);
                }
                return along(mean, direction, FAR_SPREADS * honest.spread() / HonestRows.length(direction));
            case MIN_MAX:
                return minMax(honest);
            default:
                return mean;
        }
    }

    private static double[] along(final double[] from, final double[] direction, final double factor) {
        final double[] point = new double[from.length];
        for (int col = 0; col < point.length; col++) {
            point[col] = from[col] + factor * direction[col];
        }
        return point;
    }

    private static double quantileFactor(final int count, final int faulty) {
        final int needed = count / 2 + 1 - faulty;
        return NormalQuantile.of((count - faulty - needed) / (double) (count - faulty));
    }

    /** The greatest step from the mean against the deviations that leaves the liars no farther from any honest row than two are. */
    private static double[] minMax(final HonestRows honest) {
        final double[] mean = honest.mean();
        final double[] direction = honest.deviations();
        double low = 0;
        double high = 2 * honest.diameter() / Math.max(HonestRows.length(direction), Double.MIN_NORMAL);
        for (int halving = 0; halving < 60; halving++) {
            final double middle = (low + high) / 2;
            if (honest.farthestFrom(along(mean, direction, -middle)) <= honest.diameter()) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return along(mean, direction, -low);
    }

    private static double[][] texts(
            final int count, final int faulty, final int dimension, final SplittableRandom random) {
        final HashedEmbedder embedder = new HashedEmbedder(dimension);
        final double[][] rows = new double[count][dimension];
        for (int row = 0; row < count; row++) {
            final String text = SUBJECTS[random.nextInt(SUBJECTS.length)] + ' ' + VERBS[random.nextInt(VERBS.length)]
                    + " express with typed routes, rate limits and tracing, says peer " + row;
            final boolean isLiar = row >= count - faulty;
            final float[] vector = embedder.embed(isLiar ? new StringBuilder(text).reverse() : text);
            for (int col = 0; col < dimension; col++) {
                rows[row][col] = vector[col];
            }
        }
        return rows;
    }
}
