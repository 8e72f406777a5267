package io.quorate.kernels.similarity;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.CanonicalOrder;
import io.quorate.kernels.simd.Primitives;
import java.lang.ref.Reference;

/**
 * Rows of length one, and cosines. Norms and dot products are summed in float64 in {@link CanonicalOrder}, where no square of
 * a float32 overflows or underflows; a row multiplied by a power of two (as long as no component loses bits) therefore has the
 * same unit row, bit for bit. Holds scratch: one instance a thread. Calls allocate nothing.
 */
public final class UnitRows implements AutoCloseable {
    private final Primitives primitives;
    private final FloatSlab lanes = FloatSlab.allocate(CanonicalOrder.LANES_BYTES / Float.BYTES);

    public UnitRows(final Primitives primitives) {
        this.primitives = primitives;
    }

    /**
     * The Euclidean norm of a row.
     *
     * @throws IllegalArgumentException if the row holds NaN or infinity
     */
    public double norm(final FloatMatrix matrix, final int row) {
        return Math.sqrt(squaredNorm(matrix, row));
    }

    /**
     * out_i = x_i / |x_i|, each component within one unit in the last place; {@code out} may be {@code rows} itself.
     *
     * @throws IllegalArgumentException if the shapes differ, the matrices overlap without being the same, or a row is zero or
     *     not finite; rows before that one have been written then
     */
    public void normalize(final FloatMatrix rows, final FloatMatrix out) {
        normalize(rows, out, null);
    }

    /**
     * As {@link #normalize(FloatMatrix, FloatMatrix)}, and keeps what {@link #cosine(FloatMatrix, int, int, double[])} needs.
     *
     * @param squaredNorms receives |x_i|^2, as long as there are rows; may be null
     */
    public void normalize(final FloatMatrix rows, final FloatMatrix out, final double[] squaredNorms) {
        if (out.rows() != rows.rows() || out.cols() != rows.cols()) {
            throw new IllegalArgumentException("the unit rows must be " + rows.rows() + " x " + rows.cols() + ", given "
                    + out.rows() + " x " + out.cols());
        }
        final long target = out.addressForWriting();
        final boolean isSame = target == rows.address() && out.stride() == rows.stride();
        if (!isSame && out.overlaps(rows)) {
            throw new IllegalArgumentException(
                    "the unit rows must be the given rows themselves or lie apart from them");
        }
        for (int row = 0; row < rows.rows(); row++) {
            final double squaredNorm = directedSquare(rows, row);
            if (squaredNorms != null) {
                squaredNorms[row] = squaredNorm;
            }
            final double norm = Math.sqrt(squaredNorm);
            primitives.scaleInDouble(rowAddress(rows, row), 1.0 / norm, target + row * out.strideBytes(), rows.cols());
        }
        Reference.reachabilityFence(rows);
        Reference.reachabilityFence(out);
    }

    /** Sum of the products of two rows, in float64; of unit rows it is their cosine. */
    public double dot(final FloatMatrix left, final int leftRow, final FloatMatrix right, final int rightRow) {
        if (left.cols() != right.cols()) {
            throw new IllegalArgumentException(
                    "rows must be equally long, given " + left.cols() + " and " + right.cols() + " floats");
        }
        final double dot =
                primitives.dot(rowAddress(left, leftRow), rowAddress(right, rightRow), left.cols(), lanesAddress());
        Reference.reachabilityFence(left);
        Reference.reachabilityFence(right);
        return dot;
    }

    /**
     * The cosine of two rows of any length, within [-1, 1]; exactly 1 for a row and itself.
     *
     * @throws IllegalArgumentException if a row is zero or not finite
     */
    public double cosine(final FloatMatrix left, final int leftRow, final FloatMatrix right, final int rightRow) {
        final double leftSquare = directedSquare(left, leftRow);
        final double rightSquare = directedSquare(right, rightRow);
        return cosine(dot(left, leftRow, right, rightRow), leftSquare, rightSquare);
    }

    /**
     * The cosine of two rows whose squared norms are known; the same bits as without them.
     *
     * @param squaredNorms of the rows, as {@link #normalize(FloatMatrix, FloatMatrix, double[])} gave them
     */
    public double cosine(final FloatMatrix rows, final int leftRow, final int rightRow, final double[] squaredNorms) {
        return cosine(dot(rows, leftRow, rows, rightRow), squaredNorms[leftRow], squaredNorms[rightRow]);
    }

    private static double cosine(final double dot, final double leftSquare, final double rightSquare) {
        return Math.max(-1.0, Math.min(1.0, dot / Math.sqrt(leftSquare * rightSquare)));
    }

    private double directedSquare(final FloatMatrix matrix, final int row) {
        final double squaredNorm = squaredNorm(matrix, row);
        if (squaredNorm == 0.0) {
            throw new IllegalArgumentException("row " + row + " is the zero vector, which has no direction");
        }
        return squaredNorm;
    }

    private double squaredNorm(final FloatMatrix matrix, final int row) {
        final long address = rowAddress(matrix, row);
        final double squaredNorm = primitives.dot(address, address, matrix.cols(), lanesAddress());
        Reference.reachabilityFence(matrix);
        if (!(squaredNorm <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("row " + row + " holds NaN or infinity");
        }
        return squaredNorm;
    }

    public long lengthBytes() {
        return lanes.lengthBytes();
    }

    @Override
    public void close() {
        lanes.close();
    }

    private long lanesAddress() {
        if (!lanes.segment().scope().isAlive()) {
            throw new IllegalStateException("the scratch has been closed");
        }
        return lanes.segment().address();
    }

    private static long rowAddress(final FloatMatrix matrix, final int row) {
        if (row < 0 || row >= matrix.rows()) {
            throw new IndexOutOfBoundsException("the matrix has " + matrix.rows() + " rows, given row " + row);
        }
        return matrix.address() + row * matrix.strideBytes();
    }
}
