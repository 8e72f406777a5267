package io.quorate.kernels.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class FloatMatrixTest {
    @Test
    void shouldCutZeroedAlignedMatricesOutOfASlab() {
        try (FloatSlab slab = FloatSlab.allocate(100)) {
            assertThat(slab.lengthBytes()).isEqualTo(448);
            assertThat(slab.segment().address() % FloatSlab.ALIGNMENT_BYTES).isZero();
            final FloatMatrix matrix = slab.matrix(16, 3, 5, 8);
            assertThat(matrix.get(2, 4)).isZero();
            matrix.set(2, 4, 1.5f);
            assertThat(slab.segment().getAtIndex(ValueLayout.JAVA_FLOAT, 16 + 2 * 8 + 4))
                    .isEqualTo(1.5f);
            assertThat(matrix.lengthBytes()).isEqualTo((2 * 8 + 5) * 4);
            assertThat(matrix.strideBytes()).isEqualTo(32);
            assertThatThrownBy(() -> slab.matrix(100, 3, 5)).hasMessageContaining("needs 60 bytes");
            assertThatThrownBy(() -> slab.matrix(-1, 3, 5)).hasMessageContaining("offset of -1");
        }
        assertThatThrownBy(() -> FloatSlab.allocate(0)).hasMessageContaining("given 0");
    }

    @Test
    void shouldCheckEveryIndex() {
        final FloatMatrix matrix = FloatMatrix.allocate(2, 3);
        for (final int[] place : new int[][] {{-1, 0}, {2, 0}, {0, -1}, {0, 3}}) {
            assertThatThrownBy(() -> matrix.get(place[0], place[1])).isInstanceOf(IndexOutOfBoundsException.class);
            assertThatThrownBy(() -> matrix.set(place[0], place[1], 0)).isInstanceOf(IndexOutOfBoundsException.class);
        }
        assertThatThrownBy(() -> matrix.row(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> matrix.slice(1, 2, 0, 3)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> matrix.setRow(0, 1, 2)).hasMessage("a row has 3 floats, given 2");
        assertThatThrownBy(() -> FloatMatrix.allocate(0, 3)).hasMessageContaining("given 0 x 3");
    }

    @Test
    void shouldCopyInAndOutWithoutTouchingTheGaps() {
        final FloatMatrix wide = FloatMatrix.allocate(3, 4);
        wide.fill(-1);
        final FloatMatrix inner = wide.slice(1, 2, 1, 2);
        inner.copyFrom(new float[] {9, 1, 2, 3, 4}, 1);
        assertThat(wide.rowArray(0)).containsExactly(-1, -1, -1, -1);
        assertThat(wide.rowArray(1)).containsExactly(-1, 1, 2, -1);
        assertThat(wide.rowArray(2)).containsExactly(-1, 3, 4, -1);
        final float[] out = new float[5];
        inner.copyTo(out, 1);
        assertThat(out).containsExactly(0, 1, 2, 3, 4);
        final FloatMatrix copy = FloatMatrix.allocate(2, 2);
        copy.copyFrom(inner);
        assertThat(copy.rowArray(1)).containsExactly(3, 4);
        assertThatThrownBy(() -> copy.copyFrom(wide)).hasMessageContaining("given one of 3 x 4");
        final MemorySegment heap = MemorySegment.ofArray(new float[] {0, 5, 6});
        copy.setRow(0, heap, 4);
        assertThat(copy.rowArray(0)).containsExactly(5, 6);
        copy.getRow(1, heap, 0);
        assertThat(heap.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(3, 4, 6);
        assertThat(inner.row(1).toArray(ValueLayout.JAVA_FLOAT_UNALIGNED)).containsExactly(3, 4);
    }

    @Test
    void shouldViewNativeMemoryAtAnyAddress() {
        try (Arena arena = Arena.ofConfined()) {
            final MemorySegment segment = arena.allocate(64).asSlice(3);
            final FloatMatrix matrix = FloatMatrix.over(segment, 2, 3, 4);
            matrix.set(1, 2, 8);
            assertThat(segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 6 * 4)).isEqualTo(8);
            assertThatThrownBy(() -> FloatMatrix.over(segment, 4, 4)).hasMessageContaining("a segment of 61");
            assertThatThrownBy(() -> FloatMatrix.over(segment, 2, 4, 3)).hasMessageContaining("stride");
            assertThatThrownBy(() -> FloatMatrix.over(segment, 1, 4, FloatMatrix.STRIDE_MAX + 1))
                    .hasMessageContaining("at most 67108864 floats");
            final MemorySegment heap = MemorySegment.ofArray(new float[6]);
            assertThatThrownBy(() -> FloatMatrix.over(heap, 2, 3)).hasMessageContaining("heap segment");
        }
    }

    @Test
    void shouldRefuseAnAddressThatMustNotBeUsed() {
        final FloatSlab slab = FloatSlab.allocate(16);
        final FloatMatrix matrix = slab.matrix(0, 2, 2);
        assertThat(matrix.address()).isEqualTo(slab.segment().address());
        final FloatMatrix readOnly = FloatMatrix.over(slab.segment().asReadOnly(), 2, 2);
        assertThat(readOnly.address()).isEqualTo(matrix.address());
        assertThatThrownBy(readOnly::addressForWriting).hasMessageContaining("read-only");
        slab.close();
        slab.close();
        assertThatThrownBy(matrix::address).isInstanceOf(IllegalStateException.class);
        try (Arena arena = Arena.ofConfined()) {
            final FloatMatrix confined = FloatMatrix.over(arena.allocate(16), 2, 2);
            assertThat(CompletableFuture.supplyAsync(confined::address))
                    .failsWithin(java.time.Duration.ofSeconds(20))
                    .withThrowableThat()
                    .withMessageContaining("confined to another thread");
        }
    }

    @Test
    void shouldTellWhatOverlaps() {
        final FloatMatrix wide = FloatMatrix.allocate(4, 10);
        final FloatMatrix left = wide.slice(0, 4, 0, 5);
        final FloatMatrix right = wide.slice(0, 4, 5, 5);
        final FloatMatrix middle = wide.slice(1, 3, 4, 2);
        assertThat(left.overlaps(right)).isFalse();
        assertThat(right.overlaps(left)).isFalse();
        assertThat(middle.overlaps(left)).isTrue();
        assertThat(right.overlaps(middle)).isTrue();
        assertThat(left.overlaps(left)).isTrue();
        assertThat(wide.slice(0, 2, 0, 10).overlaps(wide.slice(2, 2, 0, 10))).isFalse();
        assertThat(wide.slice(1, 1, 0, 3).overlaps(wide.slice(1, 1, 3, 3))).isFalse();
        assertThat(wide.slice(1, 1, 0, 4).overlaps(wide.slice(1, 1, 3, 3))).isTrue();
        assertThat(wide.overlaps(FloatMatrix.allocate(4, 10))).isFalse();
    }
}
