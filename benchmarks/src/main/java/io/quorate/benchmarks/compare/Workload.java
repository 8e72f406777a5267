package io.quorate.benchmarks.compare;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * Seeded inputs off the heap, and what the result is in float64: n rows of {@link #MODEL_DIM} floats, row-major, without
 * gaps, {@link #HEADS} heads side by side.
 *
 * <p>The general form has standard normal Q, K and V, and scale 1 / sqrt(head dimension). The symmetric form has Q = K = the rows
 * of the general Q at length 1, the same V, and the coordinator's scale.
 */
public final class Workload {
    public static final int MODEL_DIM = 384;
    public static final int HEADS = 8;
    public static final int HEAD_DIM = MODEL_DIM / HEADS;
    public static final float SCALE = (float) (1.0 / Math.sqrt(HEAD_DIM));

    /** The coordinator's own: temperature 4 x heads. */
    public static final float SYMMETRIC_SCALE = 4.0f * HEADS;

    /** The result is checked in so many rows at most, spread evenly. */
    private static final int CHECKED_ROWS_MAX = 64;

    private static final long SEED = 384;
    private static final long ALIGNMENT_BYTES = 64;

    private final int n;
    private final MemorySegment q;
    private final MemorySegment k;
    private final MemorySegment v;
    private final MemorySegment units;
    private double[][] generalReference;
    private double[][] symmetricReference;

    public Workload(final int n) {
        final SplittableRandom random = new SplittableRandom(SEED);
        this.n = n;
        this.q = gaussian(random);
        this.k = gaussian(random);
        this.v = gaussian(random);
        this.units = unitRows();
    }

    public int n() {
        return n;
    }

    public MemorySegment q() {
        return q;
    }

    public MemorySegment k() {
        return k;
    }

    public MemorySegment v() {
        return v;
    }

    public MemorySegment units() {
        return units;
    }

    public long lengthBytes() {
        return (long) n * MODEL_DIM * Float.BYTES;
    }

    /** A matrix as an array, for whoever computes on the heap. */
    public static float[] array(final MemorySegment matrix) {
        return matrix.toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Memory for n rows, aligned to a cache line. */
    public MemorySegment allocate() {
        return Arena.ofAuto().allocate(lengthBytes(), ALIGNMENT_BYTES);
    }

    /** The two products' operations: n x n x d multiplications and additions each. */
    public double flops() {
        return 4.0 * n * n * MODEL_DIM;
    }

    /** How far the last output is from float64: the largest difference over the largest reference value, in the checked rows. */
    public double relativeError(final Contender contender, final boolean isSymmetric) {
        final double[][] reference = isSymmetric ? symmetricReference() : generalReference();
        final float[] actual = new float[MODEL_DIM];
        double difference = 0.0;
        double largest = 0.0;
        for (int i = 0; i < reference.length; i++) {
            contender.outputRow(checkedRow(i), actual);
            for (int col = 0; col < MODEL_DIM; col++) {
                difference = Math.max(difference, Math.abs(actual[col] - reference[i][col]));
                largest = Math.max(largest, Math.abs(reference[i][col]));
            }
        }
        return difference / largest;
    }

    private double[][] generalReference() {
        if (generalReference == null) {
            generalReference = reference(array(q), array(k), SCALE);
        }
        return generalReference;
    }

    private double[][] symmetricReference() {
        if (symmetricReference == null) {
            final float[] rows = array(units);
            symmetricReference = reference(rows, rows, SYMMETRIC_SCALE);
        }
        return symmetricReference;
    }

    private int checkedRow(final int index) {
        return (int) ((long) index * n / Math.min(n, CHECKED_ROWS_MAX));
    }

    private double[][] reference(final float[] queries, final float[] keys, final double scale) {
        final float[] values = array(v);
        final double[] scores = new double[n];
        final double[][] reference = new double[Math.min(n, CHECKED_ROWS_MAX)][MODEL_DIM];
        for (int i = 0; i < reference.length; i++) {
            for (int first = 0; first < MODEL_DIM; first += HEAD_DIM) {
                probabilities(queries, checkedRow(i) * MODEL_DIM + first, keys, first, scale, scores);
                for (int key = 0; key < n; key++) {
                    for (int col = first; col < first + HEAD_DIM; col++) {
                        reference[i][col] += scores[key] * values[key * MODEL_DIM + col];
                    }
                }
            }
        }
        return reference;
    }

    /** The softmax of one query's products with all keys. */
    private void probabilities(
            final float[] queries,
            final int query,
            final float[] keys,
            final int first,
            final double scale,
            final double[] scores) {
        double maximum = Double.NEGATIVE_INFINITY;
        for (int key = 0; key < n; key++) {
            double score = 0.0;
            for (int col = 0; col < HEAD_DIM; col++) {
                score += (double) queries[query + col] * keys[key * MODEL_DIM + first + col];
            }
            scores[key] = scale * score;
            maximum = Math.max(maximum, scores[key]);
        }
        double sum = 0.0;
        for (int key = 0; key < n; key++) {
            scores[key] = Math.exp(scores[key] - maximum);
            sum += scores[key];
        }
        for (int key = 0; key < n; key++) {
            scores[key] /= sum;
        }
    }

    private static float at(final MemorySegment matrix, final int row, final int col) {
        return matrix.getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * MODEL_DIM + col);
    }

    private MemorySegment gaussian(final SplittableRandom random) {
        final MemorySegment matrix = allocate();
        for (long i = 0; i < (long) n * MODEL_DIM; i++) {
            matrix.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        return matrix;
    }

    private MemorySegment unitRows() {
        final MemorySegment matrix = allocate();
        for (int row = 0; row < n; row++) {
            double squares = 0.0;
            for (int col = 0; col < MODEL_DIM; col++) {
                squares += (double) at(q, row, col) * at(q, row, col);
            }
            for (int col = 0; col < MODEL_DIM; col++) {
                final float value = (float) (at(q, row, col) / Math.sqrt(squares));
                matrix.setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * MODEL_DIM + col, value);
            }
        }
        return matrix;
    }
}
