package io.quorate.kernels.simd;

/**
 * The port between the kernels and the vector unit: the loops that everything else is made of. {@link ScalarPrimitives}
 * defines the result of each, bit for bit; {@link VectorPrimitives} computes the same bits at any vector width.
 *
 * <p>Memory is given by address and is not checked here: the kernels take addresses from matrices that they have checked.
 * Callers outside this module use the kernels, not this port. Counts are of elements, strides and steps in bytes;
 * addresses need no alignment; unless a method says otherwise its output must not overlap its inputs. {@code lanes} is the
 * caller's scratch of {@link CanonicalOrder#LANES_BYTES} bytes, overwritten. Sums follow {@link CanonicalOrder}. Inputs are
 * finite unless said. No method allocates, and an instance may be used by any number of threads.
 *
 * <p>Attention computes in float32. Norms, distances and averages are accumulated in float64: squares of any float32
 * neither overflow nor underflow there, so no input needs to be scaled.
 */
public interface Primitives {
    /** For reports: scalar or vector. */
    String name();

    /** Width of a vector in bits; 32 for the scalar definition. */
    int bits();

    /**
     * out[r][c] = sum over k of a[r][k] * b[k][c], one FMA after the other from +0, k ascending.
     *
     * @param a rows x depth, rows {@code aStride} apart
     * @param b depth x columns, rows {@code bStride} apart
     * @param columns a multiple of {@link CanonicalOrder#LANES}
     * @param out rows x columns, rows {@code outStride} apart
     */
    void product(
            long a, long aStride, int rows, int depth, long b, long bStride, int columns, long out, long outStride);

    /**
     * The same chains as {@link #product}, taken up again where {@code out} holds them so far: two halves of a depth, one after the
     * other, give the bits of the whole.
     */
    void resumeProduct(
            long a, long aStride, int rows, int depth, long b, long bStride, int columns, long out, long outStride);

    /** {@link #product} with each panel of {@link #packPanels} in turn, sixteen columns each. */
    void panelProduct(long a, long aStride, int rows, int depth, long panels, int panelCount, long out, long outStride);

    /**
     * Transposes keys into panels of sixteen: panel p holds, for each of the {@code depth} columns, the values of rows 16p to
     * 16p + 15, zeros past the last row. A panel is the b of one {@link #product}, its rows 64 bytes apart.
     */
    void packPanels(long source, long stride, int rows, int depth, long panels);

    /** Copies rows of {@code columns} floats, filled up with zeros to {@code paddedColumns}, without gaps. */
    void packRows(long source, long stride, int rows, int columns, int paddedColumns, long target);

    /** The greatest of {@code count} &gt;= 1 floats, -0 below +0; minus infinity is allowed. */
    float maximum(long row, int count);

    /**
     * The bit pattern, without sign, of the element of greatest magnitude; 0x7f800000 or more if any is infinite or NaN.
     */
    int magnitudeBits(long row, int count);

    /**
     * row[j] = 2^-(factor * (maximum - row[j])) by {@link ExpPolynomial}, in place; minus infinity gives 0. No element is
     * above {@code maximum}, which is finite.
     *
     * @return the sum of the results, in float32
     */
    float exponentials(long row, int count, float maximum, float factor, long lanes);

    /** target[j] = fma(rows[i][j], factors[i], target[j]), i ascending. */
    void accumulateRows(long rowsAddress, long stride, int rows, long factors, long target, int count);

    /** target[j] = source[j] * factor; target may be source. */
    void scale(long source, float factor, long target, int count);

    /**
     * Turns rows of scores into unnormalised probabilities in place: row[j] = 2^-(factor * (maximum of the row - row[j])). The
     * floats from {@code count} to {@code paddedCount}, a multiple of {@link CanonicalOrder#LANES}, become zeros. 1 / (sum of the
     * row) is stored in {@code inverseSums}, one float a row.
     *
     * @param lanes scratch of {@link CanonicalOrder#LANES_BYTES} bytes a row, overwritten
     */
    default void softmaxRows(
            final long scores,
            final long stride,
            final int rows,
            final int count,
            final int paddedCount,
            final float factor,
            final long inverseSums,
            final long lanes) {
        for (int index = 0; index < rows; index++) {
            final long row = scores + index * stride;
            final float maximum = maximum(row, count);
            for (int j = count; j < paddedCount; j++) {
                RawMemory.putFloat(row + (long) j * Float.BYTES, Float.NEGATIVE_INFINITY);
            }
            final float sum = exponentials(row, paddedCount, maximum, factor, lanes);
            RawMemory.putFloat(inverseSums + (long) index * Float.BYTES, 1.0f / sum);
        }
    }

    /** out[r][c] = source[r][c] * factors[r]. */
    default void scaleRows(
            final long source,
            final long stride,
            final int rows,
            final long factors,
            final long out,
            final long outStride,
            final int columns) {
        for (int row = 0; row < rows; row++) {
            final float factor = RawMemory.getFloat(factors + (long) row * Float.BYTES);
            scale(source + row * stride, factor, out + row * outStride, columns);
        }
    }

    /** Sets floats to +0. */
    default void clear(final long target, final int count) {
        for (int j = 0; j < count; j++) {
            RawMemory.putFloat(target + (long) j * Float.BYTES, 0.0f);
        }
    }

    /** Sets floats to a value. */
    default void fillFloats(final long target, final float value, final int count) {
        for (int j = 0; j < count; j++) {
            RawMemory.putFloat(target + (long) j * Float.BYTES, value);
        }
    }

    /** Sets float64s to a value. */
    default void fillDoubles(final long target, final double value, final int count) {
        for (int j = 0; j < count; j++) {
            RawMemory.putDouble(target + (long) j * Double.BYTES, value);
        }
    }

    /** target[j] = source[j] / divisor, into an array. */
    default void divideToArray(final long source, final float divisor, final float[] target, final int count) {
        for (int j = 0; j < count; j++) {
            target[j] = RawMemory.getFloat(source + (long) j * Float.BYTES) / divisor;
        }
    }

    /** target[j] = target[j] + source[j]. */
    void add(long source, long target, int count);

    /** Sum of left[j] * right[j], in float64. */
    double dot(long left, long right, int count, long lanes);

    /** Sum of (left[j] - right[j])^2 over float32 rows, in float64. */
    double squaredDistance(long left, long right, int count, long lanes);

    /** Sum of (row[j] - centre[j])^2 of a float32 row and a float64 centre. */
    double squaredDistanceToCentre(long row, long centre, int count, long lanes);

    /** target[j] = fma(factor, row[j], target[j]); the row in float32, the rest in float64. */
    void accumulateScaled(long row, double factor, long target, int count);

    /** target[j] = (float) (row[j] * factor), the product in float64; target may be row. */
    void scaleInDouble(long row, double factor, long target, int count);

    /** target[j] = (float) (sums[j] / divisor), sums in float64, target in float32. */
    void divideToFloat(long sums, double divisor, long target, int count);

    /**
     * centre[j] = sums[j] / divisor in float64.
     *
     * @return the square of the distance that the centre moved
     */
    double moveCentre(long sums, double divisor, long centre, int count, long lanes);

    /**
     * Maps floats to integers of the same order (-0 below +0) or back: the map is its own inverse. target may be source.
     */
    void flipOrder(long source, long target, int count);

    /** Column by column, leaves the smaller integer in {@code low} and the greater in {@code high}. */
    void compareExchange(long low, long high, int count);

    /**
     * Turns pairs of neighbouring floats: target[j] = fma(source[j], cosines[j], partner * sines[j]), where the partner of an
     * even j is source[j + 1] and that of an odd j is source[j - 1]. {@code sines} holds the sine negated at even places. The
     * same {@code count} cosines and sines serve {@code repeats} stretches of source and target. target may be source.
     *
     * @param count even
     */
    void rotatePairs(long source, long cosines, long sines, long target, int count, int repeats);
}
