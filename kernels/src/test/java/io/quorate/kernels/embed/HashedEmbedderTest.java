package io.quorate.kernels.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.memory.FloatMatrix;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

class HashedEmbedderTest {
    private static final HashedEmbedder EMBEDDER = new HashedEmbedder(384);

    private static double cosine(final String left, final String right) {
        final float[] a = EMBEDDER.embed(left);
        final float[] b = EMBEDDER.embed(right);
        double sum = 0.0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    @Test
    void shouldGiveRowsOfLengthOneForAnythingButWhiteSpace() {
        final Random random = new Random(7);
        for (final int dimension : new int[] {1, 2, 3, 8, 384}) {
            final HashedEmbedder embedder = new HashedEmbedder(dimension);
            for (int repeat = 0; repeat < 500; repeat++) {
                final StringBuilder text = new StringBuilder("x");
                for (int length = random.nextInt(12); length > 0; length--) {
                    text.append((char) random.nextInt(0x10000));
                }
                double squares = 0.0;
                for (final float value : embedder.embed(text)) {
                    squares += (double) value * value;
                }
                assertThat(squares).isCloseTo(1.0, within(1e-5));
            }
        }
    }

    @Test
    void shouldNotCountCaseSpacingOrComposition() {
        final float[] expected = EMBEDDER.embed("Caf\u00e9 au lait");
        assertThat(EMBEDDER.embed("  cafe\u0301\t\n AU\u00a0lait ")).isEqualTo(expected);
        assertThat(EMBEDDER.embed("cafe au lait")).isNotEqualTo(expected);
    }

    @Test
    void shouldCatchWording() {
        final double near = cosine(
                "Use Express with JWT authentication and rate limiting.",
                "Use Express with JWT authentication plus rate limits.");
        final double unrelated = cosine(
                "Use Express with JWT authentication and rate limiting.",
                "The harvest was late in the hills this year");
        assertThat(near).isGreaterThan(0.6);
        assertThat(Math.abs(unrelated)).isLessThan(0.2);
        assertThat(cosine("a", "a")).isCloseTo(1.0, within(1e-6));
    }

    /** The bits are part of the protocol: a change of this number is a change of every embedding there is. */
    @Test
    void shouldGiveTheSameBitsForEver() {
        final CRC32 crc = new CRC32();
        for (final String text :
                new String[] {"a", "Use Fastify, it is faster.", "\u00c5ngstr\u00f6m \ud83d\ude00 42"}) {
            for (final float value : EMBEDDER.embed(text)) {
                final int bits = Float.floatToRawIntBits(value);
                for (int shift = 0; shift < 32; shift += 8) {
                    crc.update(bits >>> shift);
                }
            }
        }
        assertThat(Long.toHexString(crc.getValue())).isEqualTo("12ba9f2f");
    }

    @Test
    void shouldWriteIntoAMatrix() {
        final FloatMatrix out = FloatMatrix.allocate(2, 384);
        EMBEDDER.embed("one", out, 1);
        assertThat(out.rowArray(1)).isEqualTo(EMBEDDER.embed("one"));
        assertThat(out.rowArray(0)).containsOnly(0.0f);
        assertThatThrownBy(() -> EMBEDDER.embed("one", FloatMatrix.allocate(1, 3), 0))
                .hasMessage("a row must have 384 floats, given 3");
        assertThatThrownBy(() -> EMBEDDER.embed(" \u3000\t")).hasMessageContaining("not white space");
        assertThatThrownBy(() -> new HashedEmbedder(0)).hasMessageContaining("given 0");
    }
}
