package io.quorate.kernels.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import io.quorate.kernels.Matrices;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TopKTest {
    private static final long SEED = Long.getLong("seed", 20_261_122L);
    private static final int THREADS_MAX = 3;

    /** Everything that a call says, as text: rows, and the bits of the cosines. */
    private static String find(
            final Primitives primitives,
            final FloatMatrix rows,
            final FloatMatrix queries,
            final int k,
            final int threads) {
        final Neighbours found = new Neighbours(queries.rows(), k);
        try (TopKScratch scratch = new TopKScratch(queries.rows(), queries.cols(), k, threads);
                KernelTeam team = threads == 1 ? null : new KernelTeam(threads)) {
            new TopK(primitives).find(rows, queries, k, found, scratch, team);
        }
        final StringBuilder text = new StringBuilder();
        for (int query = 0; query < found.queries(); query++) {
            for (int rank = 0; rank < found.k(); rank++) {
                text.append(found.row(query, rank)).append('=');
                text.append(Long.toHexString(Double.doubleToRawLongBits(found.cosine(query, rank))))
                        .append(' ');
            }
        }
        return text.toString();
    }

    /** By the definition in words: the cosine of {@link UnitRows}, all rows sorted. */
    private static String expected(final FloatMatrix rows, final FloatMatrix queries, final int k) {
        final StringBuilder text = new StringBuilder();
        try (UnitRows units = new UnitRows(PrimitivesProvider.scalar())) {
            for (int query = 0; query < queries.rows(); query++) {
                final double[] cosines = new double[rows.rows()];
                for (int row = 0; row < cosines.length; row++) {
                    cosines[row] = units.norm(rows, row) == 0 ? 0.0 : units.cosine(rows, row, queries, query) + 0.0;
                }
                final List<Integer> order = new ArrayList<>(
                        IntStream.range(0, cosines.length).boxed().toList());
                order.sort(Comparator.comparingDouble((Integer row) -> -cosines[row])
                        .thenComparingInt(row -> row));
                for (final int row : order.subList(0, k)) {
                    text.append(row).append('=');
                    text.append(Long.toHexString(Double.doubleToRawLongBits(cosines[row])))
                            .append(' ');
                }
            }
        }
        return text.toString();
    }

    @Test
    void shouldGiveTheSameBitsAtEveryWidthAndThreadCount() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (final int cols : new int[] {1, 2, 7, 15, 16, 17, 31, 48, 65, 100, 384, 1_030}) {
            for (final int n : new int[] {1, 3, 4, 5, 66, 131}) {
                final FloatMatrix rows = Matrices.gaussian(random, n, cols, cols + 3);
                final FloatMatrix queries = Matrices.gaussian(random, 1 + random.nextInt(5), cols, cols + 1);
                rows.set(n / 2, 0, 3e38f);
                rows.set(n - 1, cols - 1, -1e-44f);
                final int k = 1 + random.nextInt(n);
                final String expected = expected(rows, queries, k);
                for (final Primitives primitives : PrimitivesProvider.all()) {
                    for (int threads = 1; threads <= (n > 60 && cols == 100 ? THREADS_MAX : 1); threads++) {
                        assertThat(find(primitives, rows, queries, k, threads))
                                .as(
                                        "%d x %d, k %d, %d bits, %d threads, seed %d",
                                        n, cols, k, primitives.bits(), threads, SEED)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    @Test
    void shouldRankWhatFloat32CannotTellApart() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final int cols = 40;
        final FloatMatrix query = Matrices.gaussian(random, 1, cols);
        final FloatMatrix rows = FloatMatrix.allocate(400, cols);
        for (int row = 0; row < rows.rows(); row++) {
            // From beyond the range of float32 squares to below it, all within rounding of the query.
            final float scale = Math.scalb(1.0f, random.nextInt(-90, 90));
            for (int col = 0; col < cols; col++) {
                final float x = query.get(0, col) * scale;
                rows.set(row, col, random.nextInt(4) == 0 ? Math.nextUp(x) : x);
            }
        }
        final String expected = expected(rows, query, 60);
        for (final Primitives primitives : PrimitivesProvider.all()) {
            for (int threads = 1; threads <= THREADS_MAX; threads++) {
                assertThat(find(primitives, rows, query, 60, threads))
                        .as("%d bits, seed %d", primitives.bits(), SEED)
                        .isEqualTo(expected);
            }
        }
    }

    /** The error of a float32 cosine against float64 stays within a third of the margin that the scan allows it. */
    @Test
    void shouldKeepTheMarginOfScreening() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final CosineError error = new CosineError();
        for (final int cols : new int[] {1, 16, 40, 384, 1_025}) {
            assertThat(error.greatest(random, cols)).as("%d columns", cols).isLessThan(TopKScan.margin(cols) / 3);
        }
        assertThat(TopKScan.margin(384)).isBetween(5.7e-6, 5.8e-6);
        assertThat(TopKScan.margin(1 << 28)).isInfinite();
    }

    @Test
    void shouldAgreeWithFloat64SummedInAnotherOrder() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix rows = Matrices.gaussian(random, 500, 384);
        final FloatMatrix queries = Matrices.gaussian(random, 1, 384);
        final Neighbours found = new Neighbours(1, 500);
        try (TopKScratch scratch = new TopKScratch(1, 384, 500, 1)) {
            new TopK(PrimitivesProvider.preferred()).find(rows, queries, 500, found, scratch);
        }
        for (int rank = 0; rank < 500; rank++) {
            double dot = 0;
            double square = 0;
            double querySquare = 0;
            for (int col = 0; col < 384; col++) {
                final double x = rows.get(found.row(0, rank), col);
                dot += x * queries.get(0, col);
                square += x * x;
                querySquare += (double) queries.get(0, col) * queries.get(0, col);
            }
            assertThat(found.cosine(0, rank)).isCloseTo(dot / Math.sqrt(square * querySquare), within(1e-15));
        }
    }

    @Test
    void shouldPreferTheLowerRowOfEqualOnes() {
        final float[] x = {1, 2, 3};
        final float[] twice = {2, 4, 6};
        final float[] other = {-3, 0, 1};
        final float[] zero = {0, 0, 0};
        final FloatMatrix rows = Matrices.of(other, x, zero, twice, x, other, zero, x, twice);
        for (int threads = 1; threads <= THREADS_MAX; threads++) {
            for (int k = 1; k <= rows.rows(); k++) {
                final String one = Long.toHexString(Double.doubleToRawLongBits(1.0));
                final String nothing = "0";
                final String all = "1=" + one + " 3=" + one + " 4=" + one + " 7=" + one + " 8=" + one + " 0=" + nothing
                        + " 2=" + nothing + " 5=" + nothing + " 6=" + nothing + " ";
                int end = 0;
                for (int i = 0; i < k; i++) {
                    end = all.indexOf(' ', end) + 1;
                }
                assertThat(find(PrimitivesProvider.preferred(), rows, Matrices.of(x), k, threads))
                        .isEqualTo(all.substring(0, end));
            }
        }
    }

    @Test
    void shouldAnswerEachQueryAsIfAlone() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix rows = Matrices.gaussian(random, 300, 50);
        final FloatMatrix queries = Matrices.gaussian(random, 6, 50);
        final StringBuilder alone = new StringBuilder();
        for (int query = 0; query < queries.rows(); query++) {
            alone.append(find(PrimitivesProvider.preferred(), rows, queries.slice(query, 1, 0, 50), 9, 1));
        }
        assertThat(find(PrimitivesProvider.preferred(), rows, queries, 9, 2)).isEqualTo(alone.toString());
    }

    @Test
    void shouldUseScratchAndResultAgainForSmallerCalls() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix rows = Matrices.gaussian(random, 60, 20);
        final FloatMatrix query = Matrices.gaussian(random, 1, 20);
        final Neighbours found = new Neighbours(4, 10);
        try (TopKScratch scratch = new TopKScratch(4, 30, 10, 1)) {
            final TopK topK = new TopK(PrimitivesProvider.preferred());
            topK.find(rows, Matrices.gaussian(random, 4, 20), 10, found, scratch);
            topK.find(rows, query, 30, found, scratch);
            assertThat(found.queries()).isEqualTo(1);
            assertThat(found.k()).isEqualTo(30);
            assertThat(expected(rows, query, 30)).startsWith(found.row(0, 0) + "=");
            assertThatThrownBy(() -> found.row(1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> topK.find(rows, query, 41, new Neighbours(1, 41), scratch))
                    .hasMessageContaining("given 1 queries of 20 floats, 41 neighbours")
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void shouldRefuseWhatItCannotRankAndLeaveTheResult() {
        final FloatMatrix rows = Matrices.gaussian(new SplittableRandom(SEED), 9, 5);
        final FloatMatrix query = Matrices.of(new float[] {1, 2, 3, 4, 5});
        refuse("k must be within 1..9", rows, query, 10);
        refuse("k must be within 1..9", rows, query, 0);
        refuse("5 floats, given 4", rows, query.slice(0, 1, 0, 4), 1);
        refuse("query 0 is the zero vector", rows, FloatMatrix.allocate(1, 5), 1);
        refuse("query 0 holds NaN", rows, Matrices.of(new float[] {1, Float.POSITIVE_INFINITY, 0, 0, 0}), 1);
        rows.set(7, 4, Float.NaN);
        rows.set(8, 0, Float.NEGATIVE_INFINITY);
        refuse("row 7 holds NaN or infinity", rows, query, 1);
    }

    private static void refuse(final String message, final FloatMatrix rows, final FloatMatrix query, final int k) {
        final Neighbours found = new Neighbours(1, 10);
        for (final Primitives primitives : PrimitivesProvider.all()) {
            for (int threads = 1; threads <= THREADS_MAX; threads++) {
                try (TopKScratch scratch = new TopKScratch(1, 5, 10, threads);
                        KernelTeam team = new KernelTeam(threads)) {
                    assertThatThrownBy(() -> new TopK(primitives).find(rows, query, k, found, scratch, team))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(message);
                }
            }
        }
        assertThat(found.k()).isZero();
    }

    @Test
    void shouldAllocateNothingAfterWarmUp() {
        final SplittableRandom random = new SplittableRandom(SEED);
        final FloatMatrix rows = Matrices.gaussian(random, 40, 100);
        final FloatMatrix queries = Matrices.gaussian(random, 4, 100);
        final Neighbours found = new Neighbours(4, 5);
        final TopK topK = new TopK(PrimitivesProvider.preferred());
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (TopKScratch scratch = new TopKScratch(4, 100, 5, 1)) {
            long allocatedBytes = Long.MAX_VALUE;
            for (int round = 0; round < 1_000 && allocatedBytes > 0; round++) {
                final long before = threads.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < 300; call++) {
                    topK.find(rows, queries, 5, found, scratch);
                }
                allocatedBytes = threads.getCurrentThreadAllocatedBytes() - before;
            }
            assertThat(allocatedBytes)
                    .as("bytes allocated by the last 300 calls")
                    .isZero();
        }
    }
}
