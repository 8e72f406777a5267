package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.ExpPolynomial;

/** The formula in the Javadoc of {@link SymmetricAttention}, written out over arrays with none of its code. */
final class SymmetricDefinition {
    private static final int LANES = 16;

    final float[] out;
    final float[] influence;

    SymmetricDefinition(final AttentionShape shape, final FloatMatrix x, final FloatMatrix v) {
        final int rows = shape.keys();
        out = new float[rows * shape.modelDim()];
        influence = new float[rows];
        for (int head = 0; head < shape.heads(); head++) {
            final float[][] e = scores(shape, x, head);
            exponentials(e, (float) (shape.scale() * (1.0 / Math.log(2.0))));
            final float[] headInfluence = new float[rows];
            for (int i = 0; i < rows; i++) {
                final float inverse = 1.0f / rowSum(e[i]);
                for (int j = 0; j < rows; j++) {
                    headInfluence[j] = Math.fma(e[i][j], inverse, headInfluence[j]);
                }
                for (int c = head * shape.headDim(); c < (head + 1) * shape.headDim(); c++) {
                    float sum = 0.0f;
                    for (int j = 0; j < rows; j++) {
                        sum = Math.fma(e[i][j], v.get(j, c), sum);
                    }
                    out[i * shape.modelDim() + c] = sum * inverse;
                }
            }
            for (int j = 0; j < rows; j++) {
                influence[j] += headInfluence[j];
            }
        }
        for (int j = 0; j < rows; j++) {
            influence[j] /= (float) ((double) shape.heads() * rows);
        }
    }

    /** All of them, each by its own chain: nothing here knows that they are symmetric. */
    static float[][] scores(final AttentionShape shape, final FloatMatrix x, final int head) {
        final float[][] s = new float[shape.keys()][shape.keys()];
        for (int i = 0; i < s.length; i++) {
            for (int j = 0; j < s.length; j++) {
                for (int c = head * shape.headDim(); c < (head + 1) * shape.headDim(); c++) {
                    s[i][j] = Math.fma(x.get(i, c), x.get(j, c), s[i][j]);
                }
            }
        }
        return s;
    }

    private static void exponentials(final float[][] s, final float factor) {
        float bound = 0.0f;
        for (int i = 0; i < s.length; i++) {
            bound = Math.max(bound, s[i][i]);
        }
        for (final float[] row : s) {
            for (int j = 0; j < s.length; j++) {
                row[j] = ExpPolynomial.exp2Negated((bound - row[j]) * factor);
            }
        }
    }

    private static float rowSum(final float[] row) {
        final float[] lanes = new float[LANES];
        for (int j = 0; j < row.length; j++) {
            lanes[j % LANES] += row[j];
        }
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] += lanes[lane + half];
            }
        }
        return lanes[0];
    }
}
