package io.quorate.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.memory.FloatSlab;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each primitive at each width against the scalar definition: every byte of the memory it was given must be the same. */
class PrimitivesTest {
    private static final long SEED = Long.getLong("seed", 20_251_127L);
    private static final List<Primitives> WIDTHS =
            PrimitivesProvider.all().subList(1, PrimitivesProvider.all().size());
    private static final int[] COUNTS = {1, 2, 3, 4, 7, 13, 15, 16, 17, 31, 32, 33, 48, 63, 64, 100, 207, 384, 702};
    private static final float[] SPECIAL = {
        0.0f,
        -0.0f,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MIN_NORMAL,
        -1e-40f,
        1e-30f,
        3.4e38f,
        -3.4e38f,
        1e20f,
        -1e-20f,
        Float.NEGATIVE_INFINITY
    };
    private static final int REGION_FLOATS = 4096;
    private static final long REGION_BYTES = REGION_FLOATS * 4L;

    /** Does one thing with the regions a, b, c and the lanes, and returns a number or 0. */
    private interface Operation {
        double run(Primitives primitives, long a, long b, long c, long lanes);
    }

    private final FloatSlab expected = FloatSlab.allocate(4 * REGION_FLOATS);
    private final FloatSlab actual = FloatSlab.allocate(4 * REGION_FLOATS);
    private final SplittableRandom random = new SplittableRandom(SEED);

    @AfterEach
    void free() {
        expected.close();
        actual.close();
    }

    /** Region a holds float32, some of them special; b float32 or float64; c float32. */
    private void prepare(final boolean isSpecial, final boolean hasDoublesInB) {
        final MemorySegment segment = expected.segment();
        for (int i = 0; i < 3 * REGION_FLOATS; i++) {
            final boolean pickSpecial = isSpecial && random.nextInt(4) == 0;
            final int special = random.nextInt(hasDoublesInB ? SPECIAL.length - 1 : SPECIAL.length);
            segment.setAtIndex(
                    ValueLayout.JAVA_FLOAT, i, pickSpecial ? SPECIAL[special] : (float) random.nextGaussian());
        }
        for (int i = 0; i < REGION_FLOATS / 2 && hasDoublesInB; i++) {
            segment.set(ValueLayout.JAVA_DOUBLE, REGION_BYTES + i * 8L, random.nextGaussian());
        }
        actual.segment().copyFrom(segment);
    }

    private static double run(
            final Operation operation, final Primitives primitives, final FloatSlab slab, final int skip) {
        final long base = slab.segment().address() + skip;
        return operation.run(
                primitives,
                base,
                base + REGION_BYTES,
                base + 2 * REGION_BYTES,
                slab.segment().address() + 3 * REGION_BYTES);
    }

    private void requireSameBytes(final String what, final boolean hasDoublesInB, final Operation operation) {
        for (final Primitives primitives : WIDTHS) {
            for (final int skip : new int[] {0, 4, 20, 33}) {
                prepare(skip != 0, hasDoublesInB && skip == 0);
                if (hasDoublesInB && skip != 0) {
                    prepare(false, true);
                }
                final int shift = hasDoublesInB ? 0 : skip;
                final double one = run(operation, PrimitivesProvider.scalar(), expected, shift);
                final double two = run(operation, primitives, actual, shift);
                final String name = what + " at " + primitives.bits() + " bits, shift " + shift + ", seed " + SEED;
                assertThat(Double.doubleToRawLongBits(two)).as(name).isEqualTo(Double.doubleToRawLongBits(one));
                // The lanes are scratch: only the regions count.
                final long mismatch = expected.segment()
                        .asSlice(0, 3 * REGION_BYTES)
                        .mismatch(actual.segment().asSlice(0, 3 * REGION_BYTES));
                assertThat(mismatch).as("first byte that differs after " + name).isEqualTo(-1);
            }
        }
    }

    @Test
    void shouldReduceFloatsToTheSameBits() {
        for (final int count : COUNTS) {
            requireSameBytes("maximum of " + count, false, (p, a, b, c, lanes) -> p.maximum(a, count));
            requireSameBytes("magnitude of " + count, false, (p, a, b, c, lanes) -> p.magnitudeBits(a, count));
            requireSameBytes(
                    "exponentials of " + count,
                    false,
                    (p, a, b, c, lanes) -> p.exponentials(a, count, p.maximum(a, count), 1.3f, lanes));
            requireSameBytes("softmax of " + count, false, (p, a, b, c, lanes) -> {
                p.softmaxRows(a, 0, 1, count, CanonicalOrder.roundedUp(count), 0.7f, c, lanes);
                return 0;
            });
        }
    }

    @Test
    void shouldReduceToFloat64WithTheSameBits() {
        for (final int count : COUNTS) {
            requireSameBytes("dot of " + count, false, (p, a, b, c, lanes) -> noInfinity(p.dot(a, b, count, lanes)));
            requireSameBytes(
                    "squared distance of " + count,
                    false,
                    (p, a, b, c, lanes) -> noInfinity(p.squaredDistance(a, b, count, lanes)));
            requireSameBytes(
                    "squared distance to the centre of " + count,
                    true,
                    (p, a, b, c, lanes) -> p.squaredDistanceToCentre(a, b, count, lanes));
            requireSameBytes(
                    "move of " + count,
                    true,
                    (p, a, b, c, lanes) -> p.moveCentre(b, 3.7, c, Math.min(count, 400), lanes));
        }
    }

    /** Infinities may meet as infinity - infinity, whose NaN has an undefined sign; they are not allowed here anyway. */
    private static double noInfinity(final double value) {
        return Double.isFinite(value) ? value : 0.0;
    }

    @Test
    void shouldMapRowsToTheSameBits() {
        for (final int count : COUNTS) {
            requireSameBytes("scale of " + count, false, (p, a, b, c, lanes) -> {
                p.scale(a, 0.3f, c, count);
                p.scale(b, -7.0f, b, count);
                return 0;
            });
            requireSameBytes("scaling in float64 of " + count, false, (p, a, b, c, lanes) -> {
                p.scaleInDouble(a, 0.1, c, count);
                p.scaleInDouble(b, 1e-12, b, count);
                return 0;
            });
            requireSameBytes("order of " + count, false, (p, a, b, c, lanes) -> {
                p.flipOrder(a, c, count);
                p.flipOrder(b, b, count);
                p.compareExchange(c, b, count);
                return 0;
            });
            requireSameBytes("float64 sums of " + count, true, (p, a, b, c, lanes) -> {
                p.accumulateScaled(a, 1.7, b, count);
                p.divideToFloat(b, 3.1, c, count);
                return 0;
            });
            requireSameBytes("sum of " + count, true, (p, a, b, c, lanes) -> {
                p.add(a, c, count);
                p.clear(a, count);
                return 0;
            });
        }
    }

    @Test
    void shouldMultiplyMatricesToTheSameBits() {
        final int[] rowCounts = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 17};
        for (final int rows : rowCounts) {
            for (final int columns : new int[] {16, 32, 48}) {
                final int depth = random.nextInt(1, 70);
                final int gap = random.nextInt(0, 3);
                requireSameBytes(rows + " x " + depth + " x " + columns, true, (p, a, b, c, lanes) -> {
                    p.packRows(a, (columns + gap) * 4L, depth, columns - gap, columns, b);
                    p.product(a, (depth + gap) * 4L, rows, depth, b, columns * 4L, columns, c, (columns + gap) * 4L);
                    return 0;
                });
            }
            requireSameBytes("product resumed, " + rows, false, (p, a, b, c, lanes) -> {
                p.product(a, 77 * 4L, rows, 30, b, 64 * 4L, 48, c, 50 * 4L);
                p.resumeProduct(a + 30 * 4L, 77 * 4L, rows, 5, b + 30 * 256L, 64 * 4L, 48, c, 50 * 4L);
                return 0;
            });
            for (int panels = 1; panels <= 5; panels++) {
                final int count = panels;
                requireSameBytes(count + " panels times " + rows, false, (p, a, b, c, lanes) -> {
                    p.panelProduct(a, 77 * 4L, rows, 23, b, count, c, 83 * 4L);
                    return 0;
                });
            }
            requireSameBytes("panels of " + rows, false, (p, a, b, c, lanes) -> {
                p.packPanels(a, 77 * 4L, rows, 70, c);
                return 0;
            });
            requireSameBytes("rows added to a column sum, " + rows, true, (p, a, b, c, lanes) -> {
                p.accumulateRows(a, 101 * 4L, rows, a + 8000, c, 99);
                p.scaleRows(a, 101 * 4L, rows, a + 8000, c + 400, 50 * 4L, 49);
                return 0;
            });
        }
    }

    @Test
    void shouldGiveTheBitsOfTheWholeWhereAProductIsResumed() {
        prepare(true, false);
        final long a = expected.segment().address();
        final long out = a + 2 * REGION_BYTES;
        for (final Primitives primitives : PrimitivesProvider.all()) {
            primitives.product(a, 60 * 4L, 7, 41, a + REGION_BYTES, 64, 16, out, 64);
            primitives.product(a, 60 * 4L, 7, 18, a + REGION_BYTES, 64, 16, out + 4096, 64);
            primitives.resumeProduct(a + 18 * 4L, 60 * 4L, 7, 23, a + REGION_BYTES + 18 * 64L, 64, 16, out + 4096, 64);
            assertThat(expected.segment()
                            .asSlice(2 * REGION_BYTES, 7 * 64L)
                            .mismatch(expected.segment().asSlice(2 * REGION_BYTES + 4096, 7 * 64L)))
                    .isEqualTo(-1);
        }
    }

    @Test
    void shouldDefineMaximumAsATotalOrder() {
        final MemorySegment segment = expected.segment();
        for (final Primitives primitives : PrimitivesProvider.all()) {
            for (int i = 0; i < 40; i++) {
                segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, -0.0f);
            }
            final float negative = primitives.maximum(segment.address(), 40);
            assertThat(Float.floatToRawIntBits(negative)).isEqualTo(0x8000_0000);
            segment.setAtIndex(ValueLayout.JAVA_FLOAT, 33, 0.0f);
            final float positive = primitives.maximum(segment.address(), 40);
            assertThat(Float.floatToRawIntBits(positive)).isZero();
        }
    }

    @Test
    void shouldSumInTheCanonicalOrderAndNoOther() {
        prepare(false, false);
        final MemorySegment a = expected.segment();
        final int count = 999;
        final double[] lanes = new double[16];
        double inSequence = 0.0;
        for (int i = 0; i < count; i++) {
            final double value = a.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            lanes[i % 16] = Math.fma(value, value, lanes[i % 16]);
            inSequence = Math.fma(value, value, inSequence);
        }
        for (int half = 8; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] += lanes[lane + half];
            }
        }
        for (final Primitives primitives : PrimitivesProvider.all()) {
            final double sum = primitives.dot(a.address(), a.address(), count, a.address() + 3 * REGION_BYTES);
            assertThat(sum).isEqualTo(lanes[0]).isCloseTo(inSequence, within(1e-9));
        }
        // Were the order free, this test could not tell; so it must be able to tell.
        assertThat(inSequence).isNotEqualTo(lanes[0]);
    }
}
