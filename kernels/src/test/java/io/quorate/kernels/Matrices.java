package io.quorate.kernels;

import io.quorate.kernels.memory.FloatMatrix;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Inputs for tests: seeded, so that a failure can be repeated. */
public final class Matrices {
    private Matrices() {}

    public static FloatMatrix gaussian(final SplittableRandom random, final int rows, final int cols) {
        return gaussian(random, rows, cols, cols);
    }

    public static FloatMatrix gaussian(
            final SplittableRandom random, final int rows, final int cols, final int stride) {
        final FloatMatrix matrix = FloatMatrix.allocate(rows, stride).slice(0, rows, 0, cols);
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                matrix.set(row, col, (float) random.nextGaussian());
            }
        }
        return matrix;
    }

    public static FloatMatrix of(final float[]... rows) {
        final FloatMatrix matrix = FloatMatrix.allocate(rows.length, rows[0].length);
        for (int row = 0; row < rows.length; row++) {
            matrix.setRow(row, rows[row]);
        }
        return matrix;
    }

    public static float[] array(final FloatMatrix matrix) {
        final float[] values = new float[matrix.rows() * matrix.cols()];
        matrix.copyTo(values, 0);
        return values;
    }

    /** The bit patterns, so that -0 differs from 0 and a NaN equals itself. */
    public static int[] bits(final float[] values) {
        final int[] bits = new int[values.length];
        Arrays.setAll(bits, i -> Float.floatToRawIntBits(values[i]));
        return bits;
    }

    public static int[] bits(final FloatMatrix matrix) {
        return bits(array(matrix));
    }
}
