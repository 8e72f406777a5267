package io.quorate.kernels.simd;

/**
 * The loops of symmetric self-attention beside those of {@link Primitives}, by address and unchecked as they are. The default
 * methods are the definition, bit for bit; {@link VectorSymmetricLoops} computes the same bits at any vector width.
 *
 * <p>A <i>panel</i> is sixteen columns wide, {@link #PANEL_ROW_BYTES} a row without gaps; element (row, column) of a block lies
 * at {@code panels + column / 16 * panelBytes + row * 64 + column % 16 * 4}. So one vector register or a few hold a row of a
 * panel, and a walk down a panel is contiguous. Addresses need no alignment; no method allocates.
 */
public interface SymmetricLoops {
    /** Bytes of one row of a panel. */
    int PANEL_ROW_BYTES = CanonicalOrder.LANES * Float.BYTES;

    /** Bytes of sixteen rows of a panel: what {@link #transpose} needs as scratch. */
    int BLOCK_BYTES = CanonicalOrder.LANES * PANEL_ROW_BYTES;

    /**
     * sums[row][lane] = sum of source[row][j]^2 over the j of that virtual lane, one FMA after the other from +0; infinite or NaN if
     * an element is, or if a square overflows.
     *
     * @param rows at most 16
     */
    default void squareLanes(final long source, final long stride, final int rows, final int count, final long sums) {
        for (int row = 0; row < rows; row++) {
            final long lanes = sums + (long) row * PANEL_ROW_BYTES;
            CanonicalOrder.clearFloats(lanes);
            squareLanesFrom(source + row * stride, 0, count, lanes);
        }
    }

    /** Goes on with one row of {@link #squareLanes} at element {@code from}. */
    static void squareLanesFrom(final long row, final int from, final int count, final long lanes) {
        for (int j = from; j < count; j++) {
            final float value = RawMemory.getFloat(row + floats(j));
            final long lane = lanes + floats(j % CanonicalOrder.LANES);
            RawMemory.putFloat(lane, Math.fma(value, value, RawMemory.getFloat(lane)));
        }
    }

    /** Sixteen ints: all ones for the first {@code count}, then zeros. */
    default void fillMask(final long mask, final int count) {
        for (int lane = 0; lane < CanonicalOrder.LANES; lane++) {
            RawMemory.putInt(mask + floats(lane), lane < count ? -1 : 0);
        }
    }

    /** target[j][i] = source[i][j] for sixteen rows and columns; the two must not overlap. */
    default void transpose(
            final long source,
            final long sourceStride,
            final long target,
            final long targetStride,
            final long blockScratch) {
        for (int row = 0; row < CanonicalOrder.LANES; row++) {
            for (int column = 0; column < CanonicalOrder.LANES; column++) {
                final int bits = RawMemory.getInt(source + row * sourceStride + floats(column));
                RawMemory.putInt(target + column * targetStride + floats(row), bits);
            }
        }
    }

    /** Sets floats to +0. */
    default void clear(final long target, final int count) {
        for (int j = 0; j < count; j++) {
            RawMemory.putInt(target + floats(j), 0);
        }
    }

    /** out[16p + lane] = sum over k of panel[p][k][lane]^2, one FMA after the other from +0: the diagonal of the scores. */
    default void squares(final long panels, final int depth, final int count, final long out) {
        for (int panel = 0; panel < count; panel++) {
            for (int lane = 0; lane < CanonicalOrder.LANES; lane++) {
                float sum = 0.0f;
                for (int k = 0; k < depth; k++) {
                    final float value =
                            RawMemory.getFloat(panels + ((long) panel * depth + k) * PANEL_ROW_BYTES + floats(lane));
                    sum = Math.fma(value, value, sum);
                }
                RawMemory.putFloat(out + (long) panel * PANEL_ROW_BYTES + floats(lane), sum);
            }
        }
    }

    /**
     * element = 2^-(factor * (bound - element)) by {@link ExpPolynomial}, in place, over {@code rows} rows of one panel; the bits
     * of the result are then ANDed with the mask of their column.
     *
     * @param mask sixteen ints, all ones or zero
     */
    default void exponentials(
            final long block, final int rows, final float bound, final float factor, final long mask) {
        for (int row = 0; row < rows; row++) {
            for (int lane = 0; lane < CanonicalOrder.LANES; lane++) {
                final long element = block + (long) row * PANEL_ROW_BYTES + floats(lane);
                final float power = ExpPolynomial.exp2Negated((bound - RawMemory.getFloat(element)) * factor);
                RawMemory.putInt(element, Float.floatToRawIntBits(power) & RawMemory.getInt(mask + floats(lane)));
            }
        }
    }

    /** {@link #exponentials}, then sums[row][lane] += element: the row sums go on while the elements are at hand. */
    default void exponentialsAndSums(
            final long block, final int rows, final float bound, final float factor, final long mask, final long sums) {
        exponentials(block, rows, bound, factor, mask);
        addPanels(block, 0, 1, rows, sums);
    }

    /**
     * sums[row][lane] += panel[p][row][lane], p ascending: the virtual lanes of {@code rows} row sums.
     *
     * @param rows a multiple of 4
     */
    default void addPanels(final long panels, final long panelBytes, final int count, final int rows, final long sums) {
        for (int panel = 0; panel < count; panel++) {
            for (int element = 0; element < rows * CanonicalOrder.LANES; element++) {
                final long target = sums + floats(element);
                final float value = RawMemory.getFloat(panels + panel * panelBytes + floats(element));
                RawMemory.putFloat(target, RawMemory.getFloat(target) + value);
            }
        }
    }

    /** out[row] = the lanes of the row, added by the tree of {@link CanonicalOrder}, for sixteen rows. */
    default void sumLanes(final long sums, final long out, final long twoBlocksScratch) {
        for (int row = 0; row < CanonicalOrder.LANES; row++) {
            final long lanes = twoBlocksScratch + (long) row * PANEL_ROW_BYTES;
            for (int lane = 0; lane < CanonicalOrder.LANES; lane++) {
                RawMemory.putInt(
                        lanes + floats(lane), RawMemory.getInt(sums + (long) row * PANEL_ROW_BYTES + floats(lane)));
            }
            RawMemory.putFloat(out + floats(row), CanonicalOrder.sumFloats(lanes));
        }
    }

    /** The greatest element of the diagonal of a panel's first rows; none is negative. */
    default float greatestOfDiagonal(final long panel, final int rows) {
        int best = 0;
        for (int row = 0; row < rows; row++) {
            best = Math.max(best, RawMemory.getInt(panel + (long) row * (PANEL_ROW_BYTES + Float.BYTES)));
        }
        return Float.intBitsToFloat(best);
    }

    /** value = 1 / value, sixteen times. */
    default void invert(final long values) {
        for (int lane = 0; lane < CanonicalOrder.LANES; lane++) {
            RawMemory.putFloat(values + floats(lane), 1.0f / RawMemory.getFloat(values + floats(lane)));
        }
    }

    /** target[16p + lane] = fma(panel[p][row][lane], factors[row], target[16p + lane]), rows ascending. */
    default void accumulatePanels(
            final long panels,
            final long panelBytes,
            final int count,
            final int rows,
            final long factors,
            final long target) {
        for (int panel = 0; panel < count; panel++) {
            for (int lane = 0; lane < CanonicalOrder.LANES; lane++) {
                final long column = panels + panel * panelBytes + floats(lane);
                final long sumAt = target + (long) panel * PANEL_ROW_BYTES + floats(lane);
                float sum = RawMemory.getFloat(sumAt);
                for (int row = 0; row < rows; row++) {
                    final float value = RawMemory.getFloat(column + (long) row * PANEL_ROW_BYTES);
                    sum = Math.fma(value, RawMemory.getFloat(factors + floats(row)), sum);
                }
                RawMemory.putFloat(sumAt, sum);
            }
        }
    }

    /**
     * out[p][row][lane] = sum over k of x[row][k] * panel[p][k][lane], one FMA after the other from +0, k ascending.
     *
     * @param count panels, {@code depth} rows each, one after the other
     * @param out as many panels, {@code outPanelBytes} apart
     */
    default void scores(
            final long x,
            final long xStride,
            final int rows,
            final int depth,
            final long panels,
            final int count,
            final long out,
            final long outPanelBytes) {
        for (int panel = 0; panel < count; panel++) {
            for (int row = 0; row < rows; row++) {
                for (int lane = 0; lane < CanonicalOrder.LANES; lane++) {
                    final long column = panels + (long) panel * depth * PANEL_ROW_BYTES + floats(lane);
                    float sum = 0.0f;
                    for (int k = 0; k < depth; k++) {
                        sum = Math.fma(
                                RawMemory.getFloat(x + row * xStride + floats(k)),
                                RawMemory.getFloat(column + (long) k * PANEL_ROW_BYTES),
                                sum);
                    }
                    RawMemory.putFloat(out + panel * outPanelBytes + (long) row * PANEL_ROW_BYTES + floats(lane), sum);
                }
            }
        }
    }

    /**
     * sums[row][c] += the sum over k &lt; depth of panels[row][k] * values[k][c], one FMA after the other, k ascending: a chain
     * that another call takes up again. The last call of a chain has factors, and its results go to out[row][c] =
     * sums[row][c] * factors[row] instead.
     *
     * @param depth at least 1
     * @param rows a multiple of 4
     * @param columns a multiple of 16
     * @param sums rows of {@code columns} floats without gaps; taken as +0 if {@code isFresh}
     * @param factors 0 if the chain goes on
     * @param out unused if the chain goes on
     */
    default void accumulateValues(
            final long panels,
            final long panelBytes,
            final int depth,
            final int rows,
            final long values,
            final long valuesStride,
            final int columns,
            final boolean isFresh,
            final long sums,
            final long factors,
            final long out,
            final long outStride) {
        for (int row = 0; row < rows; row++) {
            final long rowAt = panels + (long) row * PANEL_ROW_BYTES;
            for (int column = 0; column < columns; column++) {
                final long sumAt = sums + floats(row * columns + column);
                float sum = isFresh ? 0.0f : RawMemory.getFloat(sumAt);
                for (int k = 0; k < depth; k++) {
                    final long element =
                            rowAt + k / CanonicalOrder.LANES * panelBytes + floats(k % CanonicalOrder.LANES);
                    final long value = values + k * valuesStride + floats(column);
                    sum = Math.fma(RawMemory.getFloat(element), RawMemory.getFloat(value), sum);
                }
                if (factors == 0) {
                    RawMemory.putFloat(sumAt, sum);
                } else {
                    final float factor = RawMemory.getFloat(factors + floats(row));
                    RawMemory.putFloat(out + row * outStride + floats(column), sum * factor);
                }
            }
        }
    }

    private static long floats(final int count) {
        return (long) count * Float.BYTES;
    }
}
