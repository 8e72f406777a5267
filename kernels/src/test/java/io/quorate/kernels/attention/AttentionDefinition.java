package io.quorate.kernels.attention;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.ExpPolynomial;

/** The formula in the Javadoc of {@link MultiHeadAttention}, written out over arrays with none of its code; and float64 beside it. */
final class AttentionDefinition {
    private static final int LANES = 16;

    final float[] out;
    final float[] influence;

    private AttentionDefinition(final float[] out, final float[] influence) {
        this.out = out;
        this.influence = influence;
    }

    static AttentionDefinition inFloat32(
            final AttentionShape shape, final FloatMatrix q, final FloatMatrix k, final FloatMatrix v) {
        return inFloat32(shape, q, k, v, null);
    }

    /** @param bias queries x keys, or that for each head one below the other, or null */
    static AttentionDefinition inFloat32(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final FloatMatrix v,
            final FloatMatrix bias) {
        final float[] out = new float[shape.queries() * shape.modelDim()];
        final float[] influence = new float[shape.keys()];
        for (int head = 0; head < shape.heads(); head++) {
            final float[] headInfluence = new float[shape.keys()];
            for (int i = 0; i < shape.queries(); i++) {
                final float[] p = scores(shape, q, k, head, i);
                for (int j = 0; j < shape.keys() && bias != null; j++) {
                    p[j] = Math.fma(bias.get(biasRow(shape, bias, head, i), j), 1.0f / shape.scale(), p[j]);
                }
                final float inverse = 1.0f / softmax(p, (float) (shape.scale() * (1.0 / Math.log(2.0))));
                for (int j = 0; j < shape.keys(); j++) {
                    headInfluence[j] = Math.fma(p[j], inverse, headInfluence[j]);
                }
                for (int c = head * shape.headDim(); c < (head + 1) * shape.headDim(); c++) {
                    float sum = 0.0f;
                    for (int j = 0; j < shape.keys(); j++) {
                        sum = Math.fma(p[j], v.get(j, c), sum);
                    }
                    out[i * shape.modelDim() + c] = sum * inverse;
                }
            }
            for (int j = 0; j < shape.keys(); j++) {
                influence[j] += headInfluence[j];
            }
        }
        for (int j = 0; j < shape.keys(); j++) {
            influence[j] /= shape.heads() * shape.queries();
        }
        return new AttentionDefinition(out, influence);
    }

    private static int biasRow(final AttentionShape shape, final FloatMatrix bias, final int head, final int i) {
        return bias.rows() == shape.queries() ? i : head * shape.queries() + i;
    }

    private static float[] scores(
            final AttentionShape shape, final FloatMatrix q, final FloatMatrix k, final int head, final int i) {
        final float[] s = new float[shape.keys()];
        for (int j = 0; j < shape.keys(); j++) {
            for (int c = head * shape.headDim(); c < (head + 1) * shape.headDim(); c++) {
                s[j] = Math.fma(q.get(i, c), k.get(j, c), s[j]);
            }
        }
        return s;
    }

    private static float softmax(final float[] s, final float factor) {
        float maximum = Float.NEGATIVE_INFINITY;
        for (final float score : s) {
            maximum = Math.max(maximum, score);
        }
        final float[] lanes = new float[LANES];
        for (int j = 0; j < s.length; j++) {
            s[j] = ExpPolynomial.exp2Negated((maximum - s[j]) * factor);
            lanes[j % LANES] += s[j];
        }
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] += lanes[lane + half];
            }
        }
        return lanes[0];
    }

    /** Textbook attention in float64, rounded at the very end. */
    static AttentionDefinition inFloat64(
            final AttentionShape shape, final FloatMatrix q, final FloatMatrix k, final FloatMatrix v) {
        return inFloat64(shape, q, k, v, null);
    }

    static AttentionDefinition inFloat64(
            final AttentionShape shape,
            final FloatMatrix q,
            final FloatMatrix k,
            final FloatMatrix v,
            final FloatMatrix bias) {
        final float[] out = new float[shape.queries() * shape.modelDim()];
        final double[] influence = new double[shape.keys()];
        for (int head = 0; head < shape.heads(); head++) {
            final int from = head * shape.headDim();
            for (int i = 0; i < shape.queries(); i++) {
                final double[] p = new double[shape.keys()];
                double maximum = Double.NEGATIVE_INFINITY;
                for (int j = 0; j < shape.keys(); j++) {
                    for (int c = from; c < from + shape.headDim(); c++) {
                        p[j] += (double) q.get(i, c) * k.get(j, c);
                    }
                    p[j] *= shape.scale();
                    p[j] += bias == null ? 0.0 : bias.get(biasRow(shape, bias, head, i), j);
                    maximum = Math.max(maximum, p[j]);
                }
                double sum = 0.0;
                for (int j = 0; j < shape.keys(); j++) {
                    p[j] = Math.exp(p[j] - maximum);
                    sum += p[j];
                }
                for (int j = 0; j < shape.keys(); j++) {
                    influence[j] += p[j] / sum / shape.heads() / shape.queries();
                }
                for (int c = from; c < from + shape.headDim(); c++) {
                    double value = 0.0;
                    for (int j = 0; j < shape.keys(); j++) {
                        value += p[j] / sum * v.get(j, c);
                    }
                    out[i * shape.modelDim() + c] = (float) value;
                }
            }
        }
        final float[] rounded = new float[shape.keys()];
        for (int j = 0; j < rounded.length; j++) {
            rounded[j] = (float) influence[j];
        }
        return new AttentionDefinition(out, rounded);
    }
}
