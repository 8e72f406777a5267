package io.quorate.peer.format;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Reads NumPy {@code .npy} files: format 1.0 to 3.0, little-endian float32, or float64 that is rounded to float32, in C or
 * Fortran order. Every number is finite as float32, or the file is refused. {@link NpyOutputs} writes.
 */
public final class NpyFile {
    /** More numbers than a contribution can hold. */
    static final int COUNT_MAX = 32_768;

    /** From here on float32 in C order is mapped, not copied. */
    private static final long MAPPED_BYTES_MIN = 64L << 20;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MAGNITUDE_MASK = 0x7fff_ffff;
    private static final int INFINITY_BITS = 0x7f80_0000;
    private static final int CHUNK = 1 << 14;
    private static final int BLOCK_ROWS = 16;

    private NpyFile() {}

    /**
     * The vector of a file whose shape is {@code (d,)}, {@code (1, d)} or {@code (d, 1)}.
     *
     * @throws IllegalArgumentException if the file holds anything else; says what and what is allowed
     */
    public static float[] readVector(final Path file) throws IOException {
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = open(file)) {
            final NpyHeader header = NpyHeader.read(file, channel);
            long count = header.sizes().isEmpty() ? 0 : 1;
            int vectors = 0;
            for (final long size : header.sizes()) {
                vectors += size > 1 ? 1 : 0;
                count = Math.min(count, COUNT_MAX + 1) * Math.min(size, COUNT_MAX + 1);
            }
            if (vectors > 1 || count < 1 || count > COUNT_MAX) {
                throw NpyHeader.wrong(
                        file, "shape " + header.shape() + ", allowed is one vector of 1 to " + COUNT_MAX + " numbers");
            }
            return matrix(file, channel, header, 1, (int) count, arena).rowArray(0);
        }
    }

    /**
     * The rows of a file, off the heap. A file of one dimension is one row. A large file of float32 in C order is mapped:
     * its pages are read as they are needed, and the matrix is read-only.
     *
     * @param arena owns the memory; the matrix is valid until it is closed
     * @throws IllegalArgumentException if the file holds anything else than one or two dimensions of finite floats; says what,
     *     and what is allowed
     */
    public static FloatMatrix readMatrix(final Path file, final Arena arena) throws IOException {
        try (FileChannel channel = open(file)) {
            final NpyHeader header = NpyHeader.read(file, channel);
            final int dimensions = header.sizes().size();
            if (dimensions < 1 || dimensions > 2) {
                throw NpyHeader.wrong(
                        file,
                        "shape " + header.shape() + " has " + dimensions
                                + " dimensions, allowed are 1 (a row) and 2 (rows x columns)");
            }
            final long rows = dimensions == 1 ? 1 : header.sizes().get(0);
            final long cols = header.sizes().get(dimensions - 1);
            if (rows < 1 || cols < 1 || rows > Integer.MAX_VALUE || cols > Integer.MAX_VALUE) {
                throw NpyHeader.wrong(
                        file, "shape " + header.shape() + ", each size must be within 1.." + Integer.MAX_VALUE);
            }
            return matrix(file, channel, header, (int) rows, (int) cols, arena);
        }
    }

    private static FileChannel open(final Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IllegalArgumentException(file + " is a folder, not a file");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IllegalArgumentException(file + " is a pipe or a device; save the array to a file first");
        }
        return FileChannel.open(file, StandardOpenOption.READ);
    }

    private static FloatMatrix matrix(
            final Path file,
            final FileChannel channel,
            final NpyHeader header,
            final int rows,
            final int cols,
            final Arena arena)
            throws IOException {
        final boolean wide = header.type().equals(NpyHeader.FLOAT64);
        final long count = (long) rows * cols;
        final int numberBytes = wide ? Double.BYTES : Float.BYTES;
        final long presentBytes = channel.size() - header.dataAt();
        final boolean countable = count <= Long.MAX_VALUE / Double.BYTES;
        if (!countable || presentBytes != count * numberBytes) {
            throw NpyHeader.wrong(
                    file,
                    presentBytes + " bytes of numbers where the header announces "
                            + (countable ? String.valueOf(count * numberBytes) : "far more")
                            + (countable && presentBytes > count * numberBytes
                                    ? ": something follows"
                                    : ": the file is cut off"));
        }
        final boolean transposed = header.columnsFirst() && rows > 1 && cols > 1;
        if (!wide && !transposed && presentBytes >= MAPPED_BYTES_MIN) {
            final MemorySegment mapped =
                    channel.map(FileChannel.MapMode.READ_ONLY, header.dataAt(), presentBytes, arena);
            requireFinite(file, header, rows, cols, mapped, mapped);
            return FloatMatrix.over(mapped, rows, cols);
        }
        try (Arena reading = Arena.ofConfined()) {
            final MemorySegment source =
                    channel.map(FileChannel.MapMode.READ_ONLY, header.dataAt(), presentBytes, reading);
            final MemorySegment floats = arena.allocate(count * Float.BYTES, FloatSlab.ALIGNMENT_BYTES);
            if (transposed) {
                transpose(source, wide, rows, cols, floats);
            } else if (wide) {
                for (long i = 0; i < count; i++) {
                    floats.set(FLOAT, i * Float.BYTES, (float) source.get(DOUBLE, i * Double.BYTES));
                }
            } else {
                floats.copyFrom(source);
            }
            requireFinite(file, header, rows, cols, floats, source);
            return FloatMatrix.over(floats, rows, cols);
        }
    }

    /** Column after column becomes row after row; in blocks of rows, so that each cache line is read once. */
    private static void transpose(
            final MemorySegment source,
            final boolean wide,
            final int rows,
            final int cols,
            final MemorySegment floats) {
        for (int block = 0; block < rows; block += BLOCK_ROWS) {
            final int end = Math.min(rows, block + BLOCK_ROWS);
            for (int col = 0; col < cols; col++) {
                for (int row = block; row < end; row++) {
                    final float value = (float) number(source, wide, (long) col * rows + row);
                    floats.set(FLOAT, ((long) row * cols + col) * Float.BYTES, value);
                }
            }
        }
    }

    private static double number(final MemorySegment source, final boolean wide, final long index) {
        return wide ? source.get(DOUBLE, index * Double.BYTES) : source.get(FLOAT, index * Float.BYTES);
    }

    private static void requireFinite(
            final Path file,
            final NpyHeader header,
            final int rows,
            final int cols,
            final MemorySegment floats,
            final MemorySegment source) {
        final long count = (long) rows * cols;
        for (long from = 0; from < count; from += CHUNK) {
            final int length = (int) Math.min(CHUNK, count - from);
            if (greatestMagnitude(floats, from * Float.BYTES, length) >= INFINITY_BITS) {
                long at = from;
                while (Float.isFinite(floats.get(FLOAT, at * Float.BYTES))) {
                    at++;
                }
                final long row = at / cols;
                final long col = at % cols;
                final boolean wide = header.type().equals(NpyHeader.FLOAT64);
                final boolean transposed = header.columnsFirst() && rows > 1 && cols > 1;
                final double value = number(source, wide, transposed ? col * rows + row : at);
                throw NpyHeader.wrong(
                        file,
                        (rows == 1 || cols == 1 ? "number " + at : "row " + row + ", column " + col) + " is " + value
                                + ", which is no finite float32");
            }
        }
    }

    private static int greatestMagnitude(final MemorySegment floats, final long atBytes, final int count) {
        int greatest = 0;
        for (int i = 0; i < count; i++) {
            greatest = Math.max(greatest, floats.get(INT, atBytes + (long) i * Float.BYTES) & MAGNITUDE_MASK);
        }
        return greatest;
    }
}
