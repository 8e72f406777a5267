package io.quorate.peer.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What stands before the numbers of a {@code .npy} file: magic, version, and a Python dictionary with the keys descr,
 * fortran_order and shape, no more and no fewer. Format: numpy.lib.format, "Format Version 1.0" to "3.0".
 *
 * @param type the numbers, {@code <f4} or {@code <f8}
 * @param columnsFirst Fortran order: the first index runs fastest
 * @param sizes the shape; one number of rows and columns or more, each at least 0
 * @param shape the shape as it stands in the file, for messages
 * @param dataAt where the numbers begin, in bytes
 */
record NpyHeader(String type, boolean columnsFirst, List<Long> sizes, String shape, long dataAt) {
    static final String FLOAT32 = "<f4";
    static final String FLOAT64 = "<f8";

    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int VERSION_BYTES = 2;
    private static final int LENGTH_1_BYTES = 2;
    private static final int LENGTH_2_BYTES = 4;
    private static final int HEADER_LENGTH_MAX = 1 << 16;
    private static final int ALIGNMENT_BYTES = 64;
    private static final Pattern ENTRY = Pattern.compile(
            "\\s*(?:'(\\w+)'|\"(\\w+)\")\\s*:\\s*('[^']*'|\"[^\"]*\"|\\w+|\\([^()]*\\)|\\[.*])\\s*(,|(?=}))",
            Pattern.DOTALL);
    private static final Pattern SIZE = Pattern.compile("\\s*(\\d{1,18})L?\\s*");

    /**
     * Reads the header at the start of a file.
     *
     * @throws IllegalArgumentException if it is none, or announces numbers of another type; says what is allowed
     */
    static NpyHeader read(final Path file, final FileChannel channel) throws IOException {
        final ByteBuffer bytes = ByteBuffer.allocate((int)
                        Math.min(channel.size(), MAGIC.length + VERSION_BYTES + LENGTH_2_BYTES + HEADER_LENGTH_MAX))
                .order(ByteOrder.LITTLE_ENDIAN);
        while (bytes.hasRemaining() && channel.read(bytes, bytes.position()) >= 0) {
            continue;
        }
        bytes.flip();
        requireMagic(file, bytes);
        final int lengthBytes = length(file, bytes);
        final byte[] text = new byte[lengthBytes];
        bytes.get(text);
        return parse(file, new String(text, StandardCharsets.UTF_8), bytes.position());
    }

    /** The header of a new file: format 1.0, float32, rows one after the other; filled up so that the numbers are aligned. */
    static byte[] write(final String shape) {
        final int before = MAGIC.length + VERSION_BYTES + LENGTH_1_BYTES;
        final String dictionary = "{'descr': '" + FLOAT32 + "', 'fortran_order': False, 'shape': " + shape + ", }";
        final int whole = (before + dictionary.length() + 1 + ALIGNMENT_BYTES - 1) & -ALIGNMENT_BYTES;
        final String text = dictionary + " ".repeat(whole - before - dictionary.length() - 1) + "\n";
        return ByteBuffer.allocate(whole)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(MAGIC)
                .put((byte) 1)
                .put((byte) 0)
                .putShort((short) text.length())
                .put(text.getBytes(StandardCharsets.US_ASCII))
                .array();
    }

    private static void requireMagic(final Path file, final ByteBuffer bytes) {
        for (int i = 0; i < MAGIC.length; i++) {
            if (i >= bytes.limit() || bytes.get(i) != MAGIC[i]) {
                final boolean archive = bytes.limit() > 1 && bytes.get(0) == 'P' && bytes.get(1) == 'K';
                throw wrong(
                        file,
                        archive
                                ? "an archive (.npz?): save each array alone with numpy.save"
                                : "no .npy file: it does not start with \\x93NUMPY");
            }
        }
        bytes.position(MAGIC.length);
    }

    /** The length of the dictionary, which has been read in full. */
    private static int length(final Path file, final ByteBuffer bytes) {
        if (bytes.remaining() < VERSION_BYTES + LENGTH_2_BYTES) {
            throw wrong(file, "it ends inside the header");
        }
        final int major = bytes.get() & 0xff;
        final int minor = bytes.get() & 0xff;
        if (major < 1 || major > 3 || minor != 0) {
            throw wrong(file, "format " + major + "." + minor + ", allowed are 1.0, 2.0 and 3.0");
        }
        final long lengthBytes =
                major == 1 ? Short.toUnsignedInt(bytes.getShort()) : Integer.toUnsignedLong(bytes.getInt());
        if (lengthBytes > HEADER_LENGTH_MAX) {
            throw wrong(file, "a header of " + lengthBytes + " bytes, allowed are up to " + HEADER_LENGTH_MAX);
        }
        if (lengthBytes > bytes.remaining()) {
            throw wrong(file, "it ends inside the header");
        }
        return (int) lengthBytes;
    }

    private static NpyHeader parse(final Path file, final String text, final long dataAt) {
        final String dictionary = text.strip();
        String type = null;
        String order = null;
        String shape = null;
        if (dictionary.startsWith("{") && dictionary.endsWith("}")) {
            final Matcher entry = ENTRY.matcher(dictionary).region(1, dictionary.length());
            while (entry.lookingAt()) {
                final String key = entry.group(1) == null ? entry.group(2) : entry.group(1);
                final String value = entry.group(3);
                if (key.equals("descr") && type == null) {
                    type = value;
                } else if (key.equals("fortran_order") && order == null) {
                    order = value;
                } else if (key.equals("shape") && shape == null) {
                    shape = value;
                } else {
                    throw wrong(file, "the header has an entry '" + key + "' that is unknown or stands there twice");
                }
                entry.region(entry.end(), dictionary.length());
            }
            if (!dictionary
                    .substring(entry.regionStart(), dictionary.length() - 1)
                    .isBlank()) {
                throw wrong(file, "the header is no dictionary of 'descr', 'fortran_order' and 'shape'");
            }
        }
        if (type == null || shape == null || !("True".equals(order) || "False".equals(order))) {
            throw wrong(file, "the header names no plain 'descr', 'fortran_order' and 'shape'");
        }
        return new NpyHeader(type(file, type), "True".equals(order), sizes(file, shape), shape, dataAt);
    }

    private static String type(final Path file, final String literal) {
        final boolean quoted = literal.startsWith("'") || literal.startsWith("\"");
        final String type = quoted ? literal.substring(1, literal.length() - 1) : literal;
        if (!quoted || !(type.equals(FLOAT32) || type.equals(FLOAT64))) {
            throw wrong(
                    file,
                    "numbers of type " + (quoted ? "'" + type + "'" : "with fields")
                            + ", allowed are '<f4' and '<f8' (little-endian floats): save array.astype('<f4')");
        }
        return type;
    }

    private static List<Long> sizes(final Path file, final String literal) {
        final List<Long> sizes = new ArrayList<>();
        final boolean tuple = literal.startsWith("(");
        final String inside = tuple ? literal.substring(1, literal.length() - 1) : "?";
        if (!inside.isBlank()) {
            final String[] parts = inside.split(",", -1);
            for (int i = 0; i < parts.length; i++) {
                if (i > 0 && i == parts.length - 1 && parts[i].isBlank()) {
                    break;
                }
                final Matcher size = SIZE.matcher(parts[i]);
                if (!size.matches()) {
                    throw wrong(file, "shape " + literal + " is no list of sizes");
                }
                sizes.add(Long.parseLong(size.group(1)));
            }
        }
        return List.copyOf(sizes);
    }

    static IllegalArgumentException wrong(final Path file, final String what) {
        return new IllegalArgumentException(file + ": " + what);
    }
}
