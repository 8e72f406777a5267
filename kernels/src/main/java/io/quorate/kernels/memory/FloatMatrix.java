package io.quorate.kernels.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A rows x cols view of float32 off the heap, row-major, in the byte order of the machine (little-endian on every CPU that
 * the project supports). Rows start {@code stride} floats apart, stride &gt;= cols; the floats between them are never touched. The
 * memory may lie at any address: nothing has to be aligned.
 *
 * <p>The matrix owns nothing: it is valid as long as the segment under it. Accessors check their bounds; kernels take the
 * address once a call and then run unchecked, so they ask for it by {@link #address()} and {@link #addressForWriting()},
 * which refuse memory that is closed, confined to another thread, or read-only. A kernel keeps its matrices alive until it
 * returns; whoever closes the memory under one from another thread meanwhile crashes the process.
 */
public final class FloatMatrix {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

    /** The greatest stride, in floats: what the kernels add to an address within a tile must fit an int. */
    public static final int STRIDE_MAX = 1 << 26;

    private final MemorySegment segment;
    private final int rows;
    private final int cols;
    private final int stride;

    private FloatMatrix(final MemorySegment segment, final int rows, final int cols, final int stride) {
        this.segment = segment;
        this.rows = rows;
        this.cols = cols;
        this.stride = stride;
    }

    /** A new matrix without gaps, all zero, with memory of its own that the garbage collector gives back. */
    public static FloatMatrix allocate(final int rows, final int cols) {
        requireShape(rows, cols, cols);
        final long lengthBytes = FloatSlab.roundedUpBytes((long) rows * cols);
        return over(Arena.ofAuto().allocate(lengthBytes, FloatSlab.ALIGNMENT_BYTES), rows, cols);
    }

    /** The first rows x cols floats of a segment, without gaps. */
    public static FloatMatrix over(final MemorySegment segment, final int rows, final int cols) {
        return over(segment, rows, cols, cols);
    }

    /**
     * A view of the start of a segment.
     *
     * @throws IllegalArgumentException if a dimension is below 1, the stride is below cols or above {@value #STRIDE_MAX}, the segment lies on the heap, or
     *     it is too short for the last row
     */
    public static FloatMatrix over(final MemorySegment segment, final int rows, final int cols, final int stride) {
        requireShape(rows, cols, stride);
        if (!segment.isNative()) {
            throw new IllegalArgumentException(
                    "a matrix lies off the heap, given a heap segment: copy it with setRow or copyFrom");
        }
        final long lengthBytes = spanBytes(rows, cols, stride);
        if (segment.byteSize() < lengthBytes) {
            throw new IllegalArgumentException("a matrix of " + rows + " x " + cols + " with stride " + stride
                    + " needs " + lengthBytes + " bytes, given a segment of " + segment.byteSize());
        }
        return new FloatMatrix(segment.asSlice(0, lengthBytes), rows, cols, stride);
    }

    private static void requireShape(final int rows, final int cols, final int stride) {
        if (rows < 1 || cols < 1) {
            throw new IllegalArgumentException(
                    "a matrix has at least one row and one column, given " + rows + " x " + cols);
        }
        if (stride < cols || stride > STRIDE_MAX) {
            throw new IllegalArgumentException("the stride must be at least " + cols + " columns and at most "
                    + STRIDE_MAX + " floats, given " + stride);
        }
    }

    private static long spanBytes(final int rows, final int cols, final int stride) {
        return ((long) (rows - 1) * stride + cols) * Float.BYTES;
    }

    public int rows() {
        return rows;
    }

    public int cols() {
        return cols;
    }

    public int stride() {
        return stride;
    }

    public long strideBytes() {
        return (long) stride * Float.BYTES;
    }

    /** From the first float of the first row to the last float of the last one. */
    public long lengthBytes() {
        return segment.byteSize();
    }

    public float get(final int row, final int col) {
        return segment.get(FLOAT, offsetBytes(row, col));
    }

    public void set(final int row, final int col, final float value) {
        segment.set(FLOAT, offsetBytes(row, col), value);
    }

    /** The floats of one row, as a view. */
    public MemorySegment row(final int row) {
        return segment.asSlice(offsetBytes(row, 0), (long) cols * Float.BYTES);
    }

    /** Rows {@code row} to {@code row + rows - 1} and columns {@code col} to {@code col + cols - 1}, as a view. */
    public FloatMatrix slice(final int row, final int rows, final int col, final int cols) {
        Objects.checkFromIndexSize(row, rows, this.rows);
        Objects.checkFromIndexSize(col, cols, this.cols);
        requireShape(rows, cols, stride);
        return new FloatMatrix(
                segment.asSlice(offsetBytes(row, col), spanBytes(rows, cols, stride)), rows, cols, stride);
    }

    /** Copies {@code cols} floats out of {@code source}, from {@code offset} on, into a row. */
    public void setRow(final int row, final float[] source, final int offset) {
        MemorySegment.copy(source, offset, segment, FLOAT, offsetBytes(row, 0), cols);
    }

    /**
     * Copies an array of exactly {@code cols} floats into a row.
     *
     * @throws IllegalArgumentException if the array has another length
     */
    public void setRow(final int row, final float... source) {
        if (source.length != cols) {
            throw new IllegalArgumentException("a row has " + cols + " floats, given " + source.length);
        }
        setRow(row, source, 0);
    }

    /** Copies {@code cols} floats out of a segment of any kind, from {@code offsetBytes} on, into a row. */
    public void setRow(final int row, final MemorySegment source, final long offsetBytes) {
        MemorySegment.copy(source, offsetBytes, segment, offsetBytes(row, 0), (long) cols * Float.BYTES);
    }

    /** Copies a row into {@code target}, from {@code offset} on. */
    public void getRow(final int row, final float[] target, final int offset) {
        MemorySegment.copy(segment, FLOAT, offsetBytes(row, 0), target, offset, cols);
    }

    /** A row as a new array. */
    public float[] rowArray(final int row) {
        final float[] values = new float[cols];
        getRow(row, values, 0);
        return values;
    }

    /** Copies a row into a segment of any kind, from {@code offsetBytes} on. */
    public void getRow(final int row, final MemorySegment target, final long offsetBytes) {
        MemorySegment.copy(segment, offsetBytes(row, 0), target, offsetBytes, (long) cols * Float.BYTES);
    }

    /** Copies rows * cols floats, row after row without gaps, out of {@code source} from {@code offset} on. */
    public void copyFrom(final float[] source, final int offset) {
        Objects.checkFromIndexSize(offset, Math.multiplyExact(rows, cols), source.length);
        for (int row = 0; row < rows; row++) {
            setRow(row, source, offset + row * cols);
        }
    }

    /** Copies rows * cols floats, row after row without gaps, into {@code target} from {@code offset} on. */
    public void copyTo(final float[] target, final int offset) {
        Objects.checkFromIndexSize(offset, Math.multiplyExact(rows, cols), target.length);
        for (int row = 0; row < rows; row++) {
            getRow(row, target, offset + row * cols);
        }
    }

    /**
     * Copies a matrix of the same shape; the strides may differ.
     *
     * @throws IllegalArgumentException if the shapes differ
     */
    public void copyFrom(final FloatMatrix source) {
        if (source.rows != rows || source.cols != cols) {
            throw new IllegalArgumentException(
                    "the matrix is " + rows + " x " + cols + ", given one of " + source.rows + " x " + source.cols);
        }
        for (int row = 0; row < rows; row++) {
            setRow(row, source.segment, source.offsetBytes(row, 0));
        }
    }

    public void fill(final float value) {
        for (int row = 0; row < rows; row++) {
            for (int col = 0; col < cols; col++) {
                segment.set(FLOAT, offsetBytes(row, col), value);
            }
        }
    }

    /**
     * The address of the first float, for kernels that read.
     *
     * @throws IllegalStateException if the memory is closed or confined to another thread
     */
    public long address() {
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("the memory of the matrix has been closed");
        }
        if (!segment.isAccessibleBy(Thread.currentThread())) {
            throw new IllegalStateException("the memory of the matrix is confined to another thread");
        }
        return segment.address();
    }

    /**
     * The address of the first float, for kernels that write.
     *
     * @throws IllegalStateException as {@link #address()}
     * @throws IllegalArgumentException if the memory is read-only
     */
    public long addressForWriting() {
        if (segment.isReadOnly()) {
            throw new IllegalArgumentException(
                    "the result needs memory that can be written, given a read-only segment");
        }
        return address();
    }

    /**
     * True if the two share a float. Views side by side in rows of one larger matrix do not overlap; where the strides
     * differ, any common stretch of memory counts.
     */
    public boolean overlaps(final FloatMatrix other) {
        final long first = segment.address();
        final long second = other.segment.address();
        if (first + lengthBytes() <= second || second + other.lengthBytes() <= first) {
            return false;
        }
        final long strideBytes = strideBytes();
        if (stride != other.stride || rows == 1 || other.rows == 1) {
            return true;
        }
        final long shift = Math.floorMod(second - first, strideBytes);
        return shift < (long) cols * Float.BYTES || shift + (long) other.cols * Float.BYTES > strideBytes;
    }

    private long offsetBytes(final int row, final int col) {
        Objects.checkIndex(row, rows);
        Objects.checkIndex(col, cols);
        return ((long) row * stride + col) * Float.BYTES;
    }
}
