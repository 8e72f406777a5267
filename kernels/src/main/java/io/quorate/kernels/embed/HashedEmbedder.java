package io.quorate.kernels.embed;

import io.quorate.kernels.memory.FloatMatrix;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.Locale;

/**
 * Turns a text into a row of float32 without a model: signed hashing of its words and of its runs of 3 to 5 characters
 * (Weinberger 2009, arXiv 0902.2206), scaled to length one. The same text gives the same bits on every machine that runs the same JDK
 * (whose Unicode tables decide what a letter's lower case is). Texts that share wording come out near one another. It does
 * not know meaning: a paraphrase in other words is as far away as an unrelated text.
 *
 * <p>Before hashing the text is put into Unicode NFC and lower case (of the root locale), and each run of white space becomes
 * one space; white space at the ends goes. Case and spacing therefore do not count. A text with at least one character that is
 * not white space gives a row of length one. Immutable, so any thread may use it; a call allocates.
 */
public final class HashedEmbedder {
    private static final int GRAM_MIN = 3;
    private static final int GRAM_MAX = 5;
    private static final long GRAM_SEED = 0x67_72_61_6dL;
    private static final long WORD_SEED = 0x77_6f_72_64L;
    private static final long WHOLE_SEED = 0x74_65_78_74L;
    private static final long FNV_OFFSET = 0xcbf2_9ce4_8422_2325L;
    private static final long FNV_PRIME = 0x0000_0100_0000_01b3L;

    private final int dimension;

    /** @throws IllegalArgumentException if {@code dimension} is below 1 */
    public HashedEmbedder(final int dimension) {
        if (dimension < 1) {
            throw new IllegalArgumentException("an embedding has at least one dimension, given " + dimension);
        }
        this.dimension = dimension;
    }

    public int dimension() {
        return dimension;
    }

    /**
     * The row of a text.
     *
     * @throws IllegalArgumentException if the text has nothing but white space
     */
    public float[] embed(final CharSequence text) {
        final int[] codePoints = normalized(text);
        if (codePoints.length == 0) {
            throw new IllegalArgumentException("a text to embed needs a character that is not white space");
        }
        final long[] counts = new long[dimension];
        addWords(codePoints, counts);
        addGrams(padded(codePoints), counts);
        return unit(counts, codePoints);
    }

    /**
     * Writes the row of a text into a matrix.
     *
     * @throws IllegalArgumentException as {@link #embed(CharSequence)}, or if the matrix has another number of columns
     */
    public void embed(final CharSequence text, final FloatMatrix out, final int row) {
        if (out.cols() != dimension) {
            throw new IllegalArgumentException("a row must have " + dimension + " floats, given " + out.cols());
        }
        out.setRow(row, embed(text));
    }

    private static int[] normalized(final CharSequence text) {
        final String composed = Normalizer.normalize(text, Normalizer.Form.NFC);
        final String lower = Normalizer.normalize(composed.toLowerCase(Locale.ROOT), Normalizer.Form.NFC);
        final int[] folded = new int[lower.length()];
        int length = 0;
        for (int at = 0; at < lower.length(); ) {
            final int codePoint = lower.codePointAt(at);
            at += Character.charCount(codePoint);
            final boolean isSpace = Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint);
            if (!isSpace) {
                folded[length++] = codePoint;
            } else if (length > 0 && folded[length - 1] != ' ') {
                folded[length++] = ' ';
            }
        }
        final boolean endsInSpace = length > 0 && folded[length - 1] == ' ';
        return Arrays.copyOf(folded, endsInSpace ? length - 1 : length);
    }

    /** With a space at each end, so that runs know where words begin and end, and one character makes a run of three. */
    private static int[] padded(final int[] codePoints) {
        final int[] padded = new int[codePoints.length + 2];
        System.arraycopy(codePoints, 0, padded, 1, codePoints.length);
        padded[0] = ' ';
        padded[padded.length - 1] = ' ';
        return padded;
    }

    private void addWords(final int[] codePoints, final long[] counts) {
        int from = 0;
        for (int at = 0; at <= codePoints.length; at++) {
            if (at == codePoints.length || codePoints[at] == ' ') {
                add(hash(WORD_SEED, codePoints, from, at), counts);
                from = at + 1;
            }
        }
    }

    private void addGrams(final int[] codePoints, final long[] counts) {
        for (int length = GRAM_MIN; length <= GRAM_MAX; length++) {
            for (int from = 0; from + length <= codePoints.length; from++) {
                add(hash(GRAM_SEED, codePoints, from, from + length), counts);
            }
        }
    }

    private void add(final long hash, final long[] counts) {
        counts[place(hash)] += hash < 0 ? -1 : 1;
    }

    /** The middle 32 bits choose the place, the top bit the sign. */
    private int place(final long hash) {
        return (int) (((hash >>> 16 & 0xffff_ffffL) * dimension) >>> 32);
    }

    private float[] unit(final long[] counts, final int[] codePoints) {
        double squares = 0.0;
        for (final long count : counts) {
            squares += (double) count * count;
        }
        if (squares == 0.0) {
            // Every feature met one of the other sign in its place: the text as a whole decides instead.
            add(hash(WHOLE_SEED, codePoints, 0, codePoints.length), counts);
            squares = 1.0;
        }
        final double norm = Math.sqrt(squares);
        final float[] row = new float[dimension];
        for (int place = 0; place < dimension; place++) {
            row[place] = (float) (counts[place] / norm);
        }
        return row;
    }

    /** FNV-1a over code points, with a final mix so that every bit depends on all of them. */
    private static long hash(final long seed, final int[] codePoints, final int from, final int to) {
        long hash = (FNV_OFFSET ^ seed) * FNV_PRIME;
        for (int at = from; at < to; at++) {
            hash = (hash ^ codePoints[at]) * FNV_PRIME;
        }
        hash = (hash ^ (hash >>> 33)) * 0xff51_afd7_ed55_8ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ce_b9fe_1a85_ec53L;
        return hash ^ (hash >>> 33);
    }
}
