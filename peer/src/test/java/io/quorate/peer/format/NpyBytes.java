package io.quorate.peer.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/** Makes and reads {@code .npy} files by hand, so that tests do not rest on the code they test. */
public final class NpyBytes {
    private static final int START_1 = 10;
    private static final int START_2 = 12;

    private NpyBytes() {}

    public static byte[] header(final int major, final String dictionary) {
        final byte[] text = (dictionary + "\n").getBytes(StandardCharsets.UTF_8);
        final ByteBuffer bytes = ByteBuffer.allocate((major == 1 ? START_1 : START_2) + text.length)
                .order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) major, 0});
        if (major == 1) {
            bytes.putShort((short) text.length);
        } else {
            bytes.putInt(text.length);
        }
        return bytes.put(text).array();
    }

    public static byte[] file(
            final int major,
            final String type,
            final boolean columnsFirst,
            final String shape,
            final double... numbers) {
        final byte[] header = header(
                major,
                "{'descr': '" + type + "', 'fortran_order': " + (columnsFirst ? "True" : "False") + ", 'shape': "
                        + shape + ", }");
        final int width = type.endsWith("8") ? Double.BYTES : Float.BYTES;
        final ByteBuffer bytes = ByteBuffer.allocate(header.length + width * numbers.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(header);
        for (final double number : numbers) {
            if (width == Double.BYTES) {
                bytes.putDouble(number);
            } else {
                bytes.putFloat((float) number);
            }
        }
        return bytes.array();
    }

    /** A float32 file of rows. */
    public static Path save(final Path file, final float[]... rows) throws IOException {
        final double[] numbers = new double[rows.length * rows[0].length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = rows[i / rows[0].length][i % rows[0].length];
        }
        return Files.write(file, file(1, "<f4", false, "(" + rows.length + ", " + rows[0].length + ")", numbers));
    }

    /** The float32 numbers of a file of format 1.0 that must have this shape, as Python writes it. */
    public static float[] load(final Path file, final String shape) throws IOException {
        final byte[] all = Files.readAllBytes(file);
        final ByteBuffer bytes = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
        final int length = Short.toUnsignedInt(bytes.getShort(START_1 - 2));
        final String text = new String(Arrays.copyOfRange(all, START_1, START_1 + length), StandardCharsets.US_ASCII);
        final String expected =
                String.format(Locale.ROOT, "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }", shape);
        if (all[6] != 1 || !text.startsWith(expected) || !text.endsWith("\n") || (START_1 + length) % 64 != 0) {
            throw new AssertionError("expected " + expected + ", given " + text);
        }
        final float[] numbers = new float[(all.length - START_1 - length) / Float.BYTES];
        bytes.position(START_1 + length)
                .slice()
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(numbers);
        return numbers;
    }
}
