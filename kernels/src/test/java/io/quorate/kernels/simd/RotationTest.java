package io.quorate.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.kernels.memory.FloatSlab;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The rotation at each width against the scalar definition, at any alignment, with special values, in place and apart. */
class RotationTest {
    private static final long SEED = 20_261_127L;
    private static final int REGION_FLOATS = 2048;
    private static final long REGION_BYTES = REGION_FLOATS * 4L;
    private static final float[] SPECIAL = {
        0.0f, -0.0f, Float.MIN_VALUE, -Float.MIN_VALUE, Float.MIN_NORMAL, -1e-40f, 1e-30f, 8e37f, -8e37f, 1e20f
    };

    @Test
    void shouldTurnPairsToTheSameBits() {
        final SplittableRandom random = new SplittableRandom(SEED);
        try (FloatSlab expected = FloatSlab.allocate(4 * REGION_FLOATS);
                FloatSlab actual = FloatSlab.allocate(4 * REGION_FLOATS)) {
            for (final int count : new int[] {2, 4, 6, 8, 14, 16, 18, 30, 32, 34, 48, 62, 64, 66, 96, 128, 402}) {
                for (final int skip : new int[] {0, 4, 33}) {
                    for (final int repeats : new int[] {1, 3}) {
                        fill(expected.segment(), random, skip);
                        final MemorySegment start =
                                MemorySegment.ofArray(expected.segment().toArray(ValueLayout.JAVA_BYTE));
                        run(PrimitivesProvider.scalar(), expected, skip, count, repeats);
                        for (final Primitives primitives : PrimitivesProvider.all()) {
                            actual.segment().copyFrom(start);
                            run(primitives, actual, skip, count, repeats);
                            assertThat(expected.segment().mismatch(actual.segment()))
                                    .as(
                                            "first byte that differs: %d x %d at %d bits, shift %d, seed %d",
                                            repeats, count, primitives.bits(), skip, SEED)
                                    .isEqualTo(-1);
                        }
                    }
                }
            }
        }
    }

    private static void fill(final MemorySegment segment, final SplittableRandom random, final int skip) {
        for (int i = 0; i < 4 * REGION_FLOATS - 16; i++) {
            final boolean isSpecial = skip != 0 && random.nextInt(4) == 0;
            final float value = isSpecial ? SPECIAL[random.nextInt(SPECIAL.length)] : (float) random.nextGaussian();
            segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, skip + i * 4L, value);
        }
    }

    private static void run(
            final Primitives primitives, final FloatSlab slab, final int skip, final int count, final int repeats) {
        final long base = slab.segment().address() + skip;
        final long cosines = base + REGION_BYTES;
        final long sines = base + 2 * REGION_BYTES;
        primitives.rotatePairs(base, cosines, sines, base + 3 * REGION_BYTES, count, repeats);
        primitives.rotatePairs(base, cosines, sines, base, count, repeats);
    }

    @Test
    void shouldTurnByNinetyDegreesExactly() {
        try (FloatSlab slab = FloatSlab.allocate(64)) {
            final MemorySegment segment = slab.segment();
            for (int i = 0; i < 16; i++) {
                segment.setAtIndex(ValueLayout.JAVA_FLOAT, i, i + 1);
                segment.setAtIndex(ValueLayout.JAVA_FLOAT, 32 + i, i % 2 == 0 ? -1 : 1);
            }
            for (final Primitives primitives : PrimitivesProvider.all()) {
                primitives.rotatePairs(
                        segment.address(),
                        segment.address() + 64,
                        segment.address() + 128,
                        segment.address() + 192,
                        16,
                        1);
                for (int p = 0; p < 8; p++) {
                    assertThat(segment.getAtIndex(ValueLayout.JAVA_FLOAT, 48 + 2 * p))
                            .isEqualTo(-(2 * p + 2));
                    assertThat(segment.getAtIndex(ValueLayout.JAVA_FLOAT, 48 + 2 * p + 1))
                            .isEqualTo(2 * p + 1);
                }
            }
        }
    }
}
