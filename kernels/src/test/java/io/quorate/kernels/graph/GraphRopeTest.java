package io.quorate.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.Matrices;
import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** G1 to G6 of docs/kernels/graph.md, with the controls that must fail: what a rotation may do to rows, logits and outputs. */
class GraphRopeTest {
    private static final long SEED = 20_261_126L;
    private static final List<Primitives> ALL = PrimitivesProvider.all();
    private static final Primitives PREFERRED = PrimitivesProvider.preferred();
    private static final int HEADS = 3;
    private static final int HEAD_DIM = 10;
    private static final int COLS = HEADS * HEAD_DIM;
    private static final PeerGraph GRAPH = Graphs.grid(3);
    private static final RopeAngles ANGLES = RopeAngles.ofResistance(GRAPH, HEAD_DIM / 2, 1.3, 1.2);

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final FloatMatrix queries = Matrices.gaussian(random, 9, COLS);
    private final FloatMatrix keys = Matrices.gaussian(random, 9, COLS);
    private final FloatMatrix values = Matrices.gaussian(random, 9, COLS);

    private static FloatMatrix turned(final Primitives primitives, final RopeAngles angles, final FloatMatrix rows) {
        final FloatMatrix out = FloatMatrix.allocate(rows.rows(), rows.cols());
        try (RopeTable table = new RopeTable(angles)) {
            new GraphRope(primitives).rotate(table, rows, out);
        }
        return out;
    }

    private static double logit(final FloatMatrix q, final int i, final FloatMatrix k, final int j, final int head) {
        double sum = 0.0;
        for (int c = head * HEAD_DIM; c < (head + 1) * HEAD_DIM; c++) {
            sum += (double) q.get(i, c) * k.get(j, c);
        }
        return sum;
    }

    private static double norm(final FloatMatrix rows, final int row) {
        double sum = 0.0;
        for (int c = 0; c < rows.cols(); c++) {
            sum += (double) rows.get(row, c) * rows.get(row, c);
        }
        return Math.sqrt(sum);
    }

    private static FloatMatrix attended(
            final Primitives primitives, final FloatMatrix q, final FloatMatrix k, final FloatMatrix v) {
        final AttentionShape shape = AttentionShape.ofSelf(q.rows(), COLS, HEADS);
        final FloatMatrix out = FloatMatrix.allocate(q.rows(), COLS);
        try (AttentionScratch scratch = AttentionScratch.forShape(shape)) {
            new MultiHeadAttention(primitives).attend(shape, q, k, v, out, new AttentionSummary(q.rows()), scratch);
        }
        return out;
    }

    private static double greatestDifference(final FloatMatrix left, final FloatMatrix right) {
        double greatest = 0.0;
        for (int row = 0; row < left.rows(); row++) {
            for (int c = 0; c < left.cols(); c++) {
                greatest = Math.max(greatest, Math.abs((double) left.get(row, c) - right.get(row, c)));
            }
        }
        return greatest;
    }

    private static double greatestNormChange(final FloatMatrix before, final FloatMatrix after) {
        double greatest = 0.0;
        for (int row = 0; row < before.rows(); row++) {
            greatest = Math.max(greatest, Math.abs(norm(after, row) / norm(before, row) - 1));
        }
        return greatest;
    }

    private static double greatestSelfLogitChange(
            final FloatMatrix q, final FloatMatrix k, final FloatMatrix turnedQ, final FloatMatrix turnedK) {
        double greatest = 0.0;
        for (int i = 0; i < q.rows(); i++) {
            for (int head = 0; head < HEADS; head++) {
                greatest = Math.max(greatest, Math.abs(logit(turnedQ, i, turnedK, i, head) - logit(q, i, k, i, head)));
            }
        }
        return greatest;
    }

    @Test
    void shouldKeepTheNormOfEveryRowG1() {
        assertThat(greatestNormChange(queries, turned(PREFERRED, ANGLES, queries)))
                .isLessThan(1e-6);
        assertThat(greatestDifference(queries, turned(PREFERRED, ANGLES, queries)))
                .as("it does turn")
                .isGreaterThan(0.5);
    }

    @Test
    void shouldDependOnTheDifferenceOfAnglesG2() {
        final FloatMatrix q = turned(PREFERRED, ANGLES, queries);
        final FloatMatrix k = turned(PREFERRED, ANGLES, keys);
        for (int i = 0; i < 9; i++) {
            for (int j = 0; j < 9; j++) {
                for (int head = 0; head < HEADS; head++) {
                    assertThat(logit(q, i, k, j, head)).isCloseTo(relative(i, j, head), within(5e-6));
                }
            }
        }
    }

    /** The logit of section 2 of the page, in float64. */
    private double relative(final int i, final int j, final int head) {
        double sum = 0.0;
        for (int p = 0; p < HEAD_DIM / 2; p++) {
            final int c = head * HEAD_DIM + 2 * p;
            final double q0 = queries.get(i, c);
            final double q1 = queries.get(i, c + 1);
            final double k0 = keys.get(j, c);
            final double k1 = keys.get(j, c + 1);
            final double difference = ANGLES.angle(j, p) - ANGLES.angle(i, p);
            sum += (q0 * k0 + q1 * k1) * Math.cos(difference) + (q1 * k0 - q0 * k1) * Math.sin(difference);
        }
        return sum;
    }

    @Test
    void shouldNotSeeACommonTurnG3() {
        final double[][] shifted = new double[9][HEAD_DIM / 2];
        for (int i = 0; i < 9; i++) {
            for (int p = 0; p < HEAD_DIM / 2; p++) {
                shifted[i][p] = ANGLES.angle(i, p) + 1.0 + 0.7 * p;
            }
        }
        final FloatMatrix q = turned(PREFERRED, ANGLES, queries);
        final FloatMatrix k = turned(PREFERRED, ANGLES, keys);
        final FloatMatrix shiftedQ = turned(PREFERRED, RopeAngles.of(shifted), queries);
        final FloatMatrix shiftedK = turned(PREFERRED, RopeAngles.of(shifted), keys);
        for (int i = 0; i < 9; i++) {
            for (int j = 0; j < 9; j++) {
                for (int head = 0; head < HEADS; head++) {
                    assertThat(logit(shiftedQ, i, shiftedK, j, head)).isCloseTo(logit(q, i, k, j, head), within(5e-6));
                }
            }
        }
        assertThat(greatestSelfLogitChange(queries, keys, q, k)).isLessThan(5e-6);
    }

    /** The control of G1 and G3: an additive code changes norms and self-logits. */
    @Test
    void shouldTellAnAdditiveCodeFromARotation() {
        final FloatMatrix q = FloatMatrix.allocate(9, COLS);
        final FloatMatrix k = FloatMatrix.allocate(9, COLS);
        AdditiveCode.add(GRAPH, queries, q);
        AdditiveCode.add(GRAPH, keys, k);
        assertThat(greatestNormChange(queries, q)).isGreaterThan(1e-3);
        assertThat(greatestSelfLogitChange(queries, keys, q, k)).isGreaterThan(1e-2);
        assertThat(q.get(4, 2) - queries.get(4, 2))
                .isCloseTo((float) (0.1 * sample(4, 8.0 / 21 * 100, 2)), within(1e-6f));
        assertThatThrownBy(() -> AdditiveCode.add(Graphs.path(8), queries, q))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("each of the 8 nodes");
    }

    private static double sample(final int degree, final double far, final int i) {
        final double frequency = Math.pow(10_000, -(double) i / COLS);
        return Math.sin(degree * frequency) + Math.cos(far * frequency);
    }

    @Test
    void shouldFollowTheOrderOfRowsAndNotOfEdgesG4() {
        final FloatMatrix expected = turned(PREFERRED, ANGLES, queries);
        final int[] order = Graphs.permutation(random, 9);
        final FloatMatrix shuffled = FloatMatrix.allocate(9, COLS);
        for (int row = 0; row < 9; row++) {
            shuffled.setRow(row, queries.rowArray(order[row]));
        }
        final FloatMatrix out = FloatMatrix.allocate(9, COLS);
        final RopeAngles stirred = RopeAngles.ofResistance(Graphs.stirred(GRAPH, 5), HEAD_DIM / 2, 1.3, 1.2);
        try (RopeTable table = new RopeTable(stirred)) {
            final GraphRope rope = new GraphRope(PREFERRED);
            rope.rotate(table, shuffled, order, out);
            for (int row = 0; row < 9; row++) {
                assertThat(Matrices.bits(out.rowArray(row))).isEqualTo(Matrices.bits(expected.rowArray(order[row])));
            }
            // Some of the nodes only.
            final FloatMatrix some = FloatMatrix.allocate(4, COLS);
            rope.rotate(table, shuffled.slice(0, 4, 0, COLS), order, some);
            assertThat(Matrices.bits(some)).isEqualTo(Matrices.bits(out.slice(0, 4, 0, COLS)));
        }
    }

    /** A control of G4: the spectral coordinates of two replicas, of which one met an eigenvector with the other sign. */
    @Test
    void shouldTellReplicasWithDifferentSignsApart() {
        final double[] frequencies = random.doubles(2 * HEAD_DIM, -2, 2).toArray();
        final FloatMatrix one = turned(PREFERRED, spectral(frequencies, 1), queries);
        final FloatMatrix other = turned(PREFERRED, spectral(frequencies, -1), queries);
        final FloatMatrix oneKeys = turned(PREFERRED, spectral(frequencies, 1), keys);
        final FloatMatrix otherKeys = turned(PREFERRED, spectral(frequencies, -1), keys);
        double greatest = 0.0;
        for (int i = 0; i < 9; i++) {
            for (int j = 0; j < 9; j++) {
                greatest =
                        Math.max(greatest, Math.abs(logit(one, i, oneKeys, j, 0) - logit(other, i, otherKeys, j, 0)));
            }
        }
        assertThat(greatest).isGreaterThan(0.1);
    }

    /** omega . r_i for a path, whose eigenvectors are cosines. */
    private static RopeAngles spectral(final double[] frequencies, final double sign) {
        final double[][] angles = new double[9][HEAD_DIM / 2];
        for (int i = 0; i < 9; i++) {
            for (int p = 0; p < HEAD_DIM / 2; p++) {
                for (int k = 1; k < 4; k++) {
                    final double value = Math.sqrt(2.0 / 9) * Math.cos(Math.PI * k * (i + 0.5) / 9);
                    final double eigenvalue = 2 - 2 * Math.cos(Math.PI * k / 9);
                    angles[i][p] += (k == 2 ? sign : 1) * frequencies[p + 5 * (k - 1)] * value / Math.sqrt(eigenvalue);
                }
            }
        }
        return RopeAngles.of(angles);
    }

    @Test
    void shouldBePlainAttentionWithoutAnglesG5() {
        final PeerGraph parts = Graphs.of(9, new int[][] {{0, 1}, {2, 3}, {4, 8}});
        queries.set(0, 0, -0.0f);
        queries.set(3, 7, Float.MIN_VALUE);
        for (final RopeAngles none : new RopeAngles[] {
            RopeAngles.ofResistance(GRAPH, HEAD_DIM / 2, 0.0, 2.0),
            RopeAngles.ofResistance(parts, HEAD_DIM / 2, 0.0, 1.0),
            RopeAngles.ofCentrality(GRAPH, HEAD_DIM / 2, 0.0, 1.0),
            RopeAngles.of(new double[9][HEAD_DIM / 2])
        }) {
            for (final Primitives primitives : ALL) {
                final FloatMatrix q = turned(primitives, none, queries);
                assertThat(Matrices.bits(q)).isEqualTo(Matrices.bits(queries));
                final FloatMatrix k = turned(primitives, none, keys);
                assertThat(Matrices.bits(attended(primitives, q, k, values)))
                        .isEqualTo(Matrices.bits(attended(primitives, queries, keys, values)));
            }
        }
    }

    @Test
    void shouldEqualOrdinaryRopeOnAPathG6() {
        final int n = 8;
        final PeerGraph path = Graphs.path(n);
        final double[][] fromGraph = new double[n][HEAD_DIM / 2];
        final double[][] fromIndex = new double[n][HEAD_DIM / 2];
        final double[] fiedler = fiedler(path);
        for (int i = 0; i < n; i++) {
            final double position = n * Math.acos(fiedler[i] / Math.sqrt(2.0 / n)) / Math.PI - 0.5;
            assertThat(position).isCloseTo(i, within(1e-9));
            for (int p = 0; p < HEAD_DIM / 2; p++) {
                fromGraph[i][p] = position * Math.pow(10_000, -2.0 * p / HEAD_DIM);
                fromIndex[i][p] = i * Math.pow(10_000, -2.0 * p / HEAD_DIM);
            }
        }
        final FloatMatrix rows = queries.slice(0, n, 0, COLS);
        assertThat(greatestDifference(
                        turned(PREFERRED, RopeAngles.of(fromGraph), rows),
                        turned(PREFERRED, RopeAngles.of(fromIndex), rows)))
                .isLessThan(1e-6);
    }

    /** The eigenvector of the second smallest eigenvalue, by inverse iteration; its greatest entry at node 0. */
    private static double[] fiedler(final PeerGraph graph) {
        final GroundedFactor factor = new GroundedFactor(graph, Resistance.members(graph, 0));
        final double[] x = new double[graph.nodes()];
        for (int i = 0; i < x.length; i++) {
            x[i] = (x.length - 1) / 2.0 - i;
        }
        for (int step = 0; step < 100; step++) {
            factor.solve(x);
            double sum = 0.0;
            for (final double value : x) {
                sum += value * value;
            }
            for (int i = 0; i < x.length; i++) {
                x[i] /= Math.sqrt(sum);
            }
        }
        return x;
    }

    /** The control that G1 to G3 cannot see: values are not to be turned. */
    @Test
    void shouldNotTurnValues() {
        final FloatMatrix q = turned(PREFERRED, ANGLES, queries);
        final FloatMatrix k = turned(PREFERRED, ANGLES, keys);
        final FloatMatrix reference = FloatMatrix.allocate(9, COLS);
        for (int head = 0; head < HEADS; head++) {
            for (int i = 0; i < 9; i++) {
                final double[] weights = new double[9];
                double sum = 0.0;
                for (int j = 0; j < 9; j++) {
                    weights[j] = Math.exp(relative(i, j, head) / Math.sqrt(HEAD_DIM));
                    sum += weights[j];
                }
                for (int c = head * HEAD_DIM; c < (head + 1) * HEAD_DIM; c++) {
                    double value = 0.0;
                    for (int j = 0; j < 9; j++) {
                        value += weights[j] / sum * values.get(j, c);
                    }
                    reference.set(i, c, (float) value);
                }
            }
        }
        assertThat(greatestDifference(attended(PREFERRED, q, k, values), reference))
                .isLessThan(1e-5);
        assertThat(greatestDifference(attended(PREFERRED, q, k, turned(PREFERRED, ANGLES, values)), reference))
                .isGreaterThan(0.1);
    }

    @Test
    void shouldGiveTheDefinedBitsAtEveryWidthInPlaceAndApart() {
        for (int repeat = 0; repeat < 60; repeat++) {
            final int nodes = random.nextInt(1, 12);
            final int pairs = random.nextInt(1, 40);
            final int heads = random.nextInt(1, 4);
            final int gap = random.nextInt(0, 4);
            final RopeAngles angles = RopeAngles.ofResistance(Graphs.sparse(random, nodes, 10, 1.0), pairs, 2.0, 1.0);
            final FloatMatrix rows = Matrices.gaussian(random, nodes, 2 * pairs * heads, 2 * pairs * heads + gap);
            final float[] expected = defined(angles, rows);
            for (final Primitives primitives : ALL) {
                final String what = primitives.bits() + " bits, case " + repeat + " of seed " + SEED;
                assertThat(Matrices.bits(turned(primitives, angles, rows)))
                        .as(what)
                        .isEqualTo(Matrices.bits(expected));
                final FloatMatrix same = Matrices.gaussian(random, nodes, rows.cols(), rows.stride());
                same.copyFrom(rows);
                try (RopeTable table = new RopeTable(angles)) {
                    new GraphRope(primitives).rotate(table, same, same);
                }
                assertThat(Matrices.bits(same)).as(what).isEqualTo(Matrices.bits(expected));
            }
        }
    }

    /** The formula in the Javadoc of {@link GraphRope}. */
    private static float[] defined(final RopeAngles angles, final FloatMatrix rows) {
        final float[] out = new float[rows.rows() * rows.cols()];
        for (int row = 0; row < rows.rows(); row++) {
            for (int c = 0; c < rows.cols(); c += 2) {
                final double angle = angles.angle(row, c % (2 * angles.pairs()) / 2);
                final float cosine = (float) StrictMath.cos(angle);
                final float sine = (float) StrictMath.sin(angle);
                final float x = rows.get(row, c);
                final float y = rows.get(row, c + 1);
                out[row * rows.cols() + c] = Math.fma(x, cosine, -(y * sine));
                out[row * rows.cols() + c + 1] = Math.fma(y, cosine, x * sine);
            }
        }
        return out;
    }

    @Test
    void shouldAllocateNothing() {
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final GraphRope rope = new GraphRope(PREFERRED);
        final FloatMatrix rows = Matrices.gaussian(random, 9, 8 * 48);
        final FloatMatrix out = FloatMatrix.allocate(9, 8 * 48);
        final int[] order = Graphs.permutation(random, 9);
        try (RopeTable table = new RopeTable(RopeAngles.ofResistance(GRAPH, 24, 1.0, 1.0))) {
            long allocated = 1;
            for (int round = 0; round < 100 && allocated != 0; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 500; call++) {
                    rope.rotate(table, rows, order, out);
                }
                allocated = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocated).isZero();
            assertThat(table.lengthBytes()).isEqualTo(9 * 2 * 48 * 4);
        }
    }

    @Test
    void shouldRefuseWhatDoesNotFit() {
        final GraphRope rope = new GraphRope(PREFERRED);
        final FloatMatrix out = FloatMatrix.allocate(9, COLS);
        final RopeTable table = new RopeTable(ANGLES);
        refuses(() -> rope.rotate(table, queries.slice(0, 8, 0, COLS), out), "each of the 9 nodes, given 8 rows");
        refuses(() -> rope.rotate(table, queries, new int[8], out), "each of the 9 rows needs a node, given 8 nodes");
        refuses(
                () -> rope.rotate(table, queries, new int[] {0, 1, 2, 3, 9, 5, 6, 7, 8}, out),
                "nodes are 0 to 8, given 9");
        refuses(
                () -> rope.rotate(table, FloatMatrix.allocate(9, 15), FloatMatrix.allocate(9, 15)),
                "heads of 10 floats, given 15 floats");
        refuses(() -> rope.rotate(table, queries, FloatMatrix.allocate(9, 20)), "must be 9 x 30, given 9 x 20");
        final FloatMatrix wide = FloatMatrix.allocate(10, COLS);
        refuses(
                () -> rope.rotate(table, wide.slice(0, 9, 0, COLS), wide.slice(1, 9, 0, COLS)),
                "the given rows themselves or lie apart");
        queries.set(5, 5, Float.NaN);
        refuses(() -> rope.rotate(table, queries, out), "row 5 holds NaN or infinity");
        queries.set(5, 5, Float.MAX_VALUE);
        refuses(() -> rope.rotate(table, queries, out), "row 5 has a component of magnitude 3.4028235E38");
        for (final float value : Matrices.array(out)) {
            assertThat(value).isZero();
        }
        table.close();
        assertThatThrownBy(() -> rope.rotate(table, keys, out)).isInstanceOf(IllegalStateException.class);
    }

    private static void refuses(
            final org.assertj.core.api.ThrowableAssert.ThrowingCallable call, final String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
