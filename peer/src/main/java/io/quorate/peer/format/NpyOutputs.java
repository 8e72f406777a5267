package io.quorate.peer.format;

import io.quorate.kernels.memory.FloatMatrix;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * The {@code .npy} files that one command writes: format 1.0, float32, C order. Each is written under another name beside
 * its place, and {@link #commit} moves all of them there, so that no file is ever half there, a file that was there before
 * is replaced whole, and an output may be one of the inputs.
 *
 * <pre>
 *   try (NpyOutputs outputs = NpyOutputs.at(file)) {      // before the work: refuses what can never be written
 *       ...
 *       outputs.write(file, matrix);
 *       outputs.commit();
 *   }
 * </pre>
 */
public final class NpyOutputs implements AutoCloseable {
    private static final int BUFFER_BYTES = 1 << 20;

    /** As the caller names it -> where it will be. */
    private final Map<Path, Path> places = new LinkedHashMap<>();

    /** Where it will be -> where it is until then. */
    private final Map<Path, Path> written = new LinkedHashMap<>();

    private NpyOutputs() {}

    /**
     * Outputs at these places; null stands for one that is not wanted.
     *
     * @throws IllegalArgumentException if one is a folder, a pipe or a device, its folder is not there, or two are the same file
     */
    public static NpyOutputs at(final Path... files) throws IOException {
        final NpyOutputs outputs = new NpyOutputs();
        for (final Path file : files) {
            if (file != null) {
                final Path place = place(file);
                if (outputs.places.containsValue(place)) {
                    throw new IllegalArgumentException(file + " is named for two outputs");
                }
                outputs.places.put(file, place);
            }
        }
        return outputs;
    }

    /** Links are followed: what they point to is replaced, not the link. */
    private static Path place(final Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IllegalArgumentException(file + " is a folder, not a file");
        }
        if (Files.exists(file)) {
            if (!Files.isRegularFile(file)) {
                throw new IllegalArgumentException(file + " is a pipe or a device; name a file");
            }
            return file.toRealPath();
        }
        if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new IllegalArgumentException(file + " is a link that leads nowhere");
        }
        final Path folder = file.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) {
            throw new IllegalArgumentException(file + " cannot be written: there is no folder " + folder);
        }
        return folder.toRealPath().resolve(file.getFileName());
    }

    /** A file of shape (rows, columns). */
    public void write(final Path file, final FloatMatrix matrix) throws IOException {
        write(file, "(" + matrix.rows() + ", " + matrix.cols() + ")", matrix);
    }

    /** A file of shape (length,). */
    public void write(final Path file, final float[] vector) throws IOException {
        final FloatMatrix row = FloatMatrix.allocate(1, vector.length);
        row.setRow(0, vector);
        write(file, "(" + vector.length + ",)", row);
    }

    private void write(final Path file, final String shape, final FloatMatrix matrix) throws IOException {
        final Path place = places.get(file);
        if (place == null || written.containsKey(place)) {
            throw new IllegalStateException(file + " was not announced, or was written before");
        }
        final Path draft = place.resolveSibling("." + place.getFileName() + "." + UUID.randomUUID() + ".part");
        written.put(place, draft);
        try (FileChannel channel = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
            buffer.put(NpyHeader.write(shape));
            final MemorySegment room = MemorySegment.ofBuffer(buffer.duplicate().clear());
            final long rowBytes = (long) matrix.cols() * Float.BYTES;
            for (int row = 0; row < matrix.rows(); row++) {
                final MemorySegment floats = matrix.row(row);
                long at = 0;
                while (at < rowBytes) {
                    final int length = (int) Math.min(buffer.remaining(), rowBytes - at);
                    MemorySegment.copy(floats, at, room, buffer.position(), length);
                    buffer.position(buffer.position() + length);
                    at += length;
                    if (!buffer.hasRemaining()) {
                        flush(buffer, channel);
                    }
                }
            }
            flush(buffer, channel);
        }
    }

    private static void flush(final ByteBuffer buffer, final FileChannel channel) throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }

    /** Moves what was written to its place. */
    public void commit() throws IOException {
        for (final Map.Entry<Path, Path> output : written.entrySet()) {
            Files.move(output.getValue(), output.getKey(), StandardCopyOption.ATOMIC_MOVE);
        }
        written.clear();
    }

    /** Removes what was written and not committed. */
    @Override
    public void close() throws IOException {
        for (final Path draft : written.values()) {
            Files.deleteIfExists(draft);
        }
        written.clear();
    }
}
