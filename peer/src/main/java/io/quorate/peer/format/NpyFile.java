package io.quorate.peer.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads one vector from a NumPy {@code .npy} file: format 1.0 to 3.0, little-endian float32, or float64 that is rounded to
 * float32. Format: numpy.lib.format, "Format Version 1.0" and later.
 */
public final class NpyFile {
    /** More numbers than a contribution can hold. */
    static final int COUNT_MAX = 32_768;

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int HEADER_LENGTH_MAX = 65_536;
    private static final long FILE_LENGTH_MAX = 16L + HEADER_LENGTH_MAX + 8L * COUNT_MAX;
    private static final Pattern DESCRIPTION = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
    private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([^)]*)\\)");

    private NpyFile() {}

    /**
     * The vector of a file whose shape is {@code (d,)}, {@code (1, d)} or {@code (d, 1)}.
     *
     * @throws IllegalArgumentException if the file holds anything else; says what and what is allowed
     */
    public static float[] readVector(final Path file) throws IOException {
        if (Files.size(file) > FILE_LENGTH_MAX) {
            throw wrong(file, Files.size(file) + " bytes long, at most " + COUNT_MAX + " numbers are allowed");
        }
        return parse(file, ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN));
    }

    private static float[] parse(final Path file, final ByteBuffer bytes) {
        final String header = header(file, bytes);
        final Matcher description = DESCRIPTION.matcher(header);
        final Matcher shape = SHAPE.matcher(header);
        if (!description.find() || !shape.find()) {
            throw wrong(file, "the header names no plain 'descr' and 'shape'");
        }
        final String type = description.group(1);
        if (!"<f4".equals(type) && !"<f8".equals(type)) {
            throw wrong(file, "numbers of type '" + type + "', allowed are '<f4' and '<f8' (little-endian floats)");
        }
        final int count = count(file, shape.group(1));
        final int lengthBytes = ("<f4".equals(type) ? Float.BYTES : Double.BYTES) * count;
        if (bytes.remaining() != lengthBytes) {
            throw wrong(file, bytes.remaining() + " bytes of numbers where the header announces " + lengthBytes);
        }
        final float[] vector = new float[count];
        for (int i = 0; i < count; i++) {
            final double value = "<f4".equals(type) ? bytes.getFloat() : bytes.getDouble();
            vector[i] = (float) value;
            if (!Float.isFinite(vector[i])) {
                throw wrong(file, "number " + i + " is " + value + ", which is no finite float32");
            }
        }
        return vector;
    }

    private static String header(final Path file, final ByteBuffer bytes) {
        for (final byte expected : MAGIC) {
            if (!bytes.hasRemaining() || bytes.get() != expected) {
                throw wrong(file, "no .npy file: it does not start with \\x93NUMPY");
            }
        }
        if (bytes.remaining() < 2 + Integer.BYTES) {
            throw wrong(file, "it ends inside the header");
        }
        final int major = bytes.get();
        final int minor = bytes.get();
        if (major < 1 || major > 3 || minor != 0) {
            throw wrong(file, "format " + major + "." + minor + ", allowed are 1.0, 2.0 and 3.0");
        }
        final long lengthBytes =
                major == 1 ? Short.toUnsignedInt(bytes.getShort()) : Integer.toUnsignedLong(bytes.getInt());
        if (lengthBytes > bytes.remaining()) {
            throw wrong(file, "it ends inside the header");
        }
        final byte[] header = new byte[(int) lengthBytes];
        bytes.get(header);
        return new String(header, StandardCharsets.UTF_8);
    }

    /** The length of a vector: all sizes of the shape are 1 but one. */
    private static int count(final Path file, final String shape) {
        long count = 1;
        int vectors = 0;
        int sizes = 0;
        for (final String part : shape.split(",")) {
            final String size = part.strip();
            if (size.isEmpty()) {
                continue;
            }
            if (!size.matches("[0-9]{1,9}")) {
                throw wrong(file, "shape (" + shape + ")");
            }
            sizes++;
            count *= Long.parseLong(size);
            vectors += Long.parseLong(size) > 1 ? 1 : 0;
            if (vectors > 1 || count > COUNT_MAX) {
                throw wrong(file, "shape (" + shape + "), allowed is one vector of 1 to " + COUNT_MAX + " numbers");
            }
        }
        if (sizes == 0 || count == 0) {
            throw wrong(file, "shape (" + shape + "), allowed is one vector of 1 to " + COUNT_MAX + " numbers");
        }
        return (int) count;
    }

    private static IllegalArgumentException wrong(final Path file, final String what) {
        return new IllegalArgumentException(file + ": " + what);
    }
}
