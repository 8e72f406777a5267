package io.quorate.peer.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyFileTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldReadEveryFormatVersion(final int major) throws IOException {
        assertThat(NpyFile.readVector(npy(major, "<f4", "(3,)", floats(1f, -2.5f, Float.MIN_VALUE))))
                .containsExactly(1f, -2.5f, Float.MIN_VALUE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(2,)", "(1, 2)", "(2, 1)", "(1, 2, 1)", "(2)"})
    void shouldReadAnyShapeThatIsOneVector(final String shape) throws IOException {
        assertThat(NpyFile.readVector(npy(1, "<f4", shape, floats(3f, 4f)))).containsExactly(3f, 4f);
    }

    @Test
    void shouldReadSingleNumber() throws IOException {
        assertThat(NpyFile.readVector(npy(1, "<f4", "(1,)", floats(7f)))).containsExactly(7f);
    }

    @Test
    void shouldRoundDoubles() throws IOException {
        final ByteBuffer data = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        data.putDouble(0.1).putDouble(-3);
        assertThat(NpyFile.readVector(npy(1, "<f8", "(2,)", data.array()))).containsExactly(0.1f, -3f);
    }

    @Test
    void shouldReadWhatNumpyWrites() throws IOException {
        // numpy.save("x.npy", numpy.array([1, 2], dtype="<f4")), NumPy 1.26
        final byte[] header = ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }" + " ".repeat(60) + "\n")
                .getBytes(StandardCharsets.US_ASCII);
        assertThat(header).hasSize(118);
        final ByteBuffer file = ByteBuffer.allocate(128 + 8).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0})
                .putShort((short) 118)
                .put(header);
        file.putFloat(1).putFloat(2);
        assertThat(NpyFile.readVector(Files.write(folder.resolve("x.npy"), file.array())))
                .containsExactly(1f, 2f);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ">f4 | (2,)    | type '>f4'",
                "<i8 | (2,)    | type '<i8'",
                "<f2 | (2,)    | type '<f2'",
                "<f4 | (2, 2)  | shape (2, 2)",
                "<f4 | ()      | shape ()",
                "<f4 | (0,)    | shape (0,)",
                "<f4 | (-2,)   | shape (-2,)",
                "<f4 | (40000,)| shape (40000,)",
                "<f4 | (3,)    | announces 12",
                "<f4 | (1,)    | announces 4",
            })
    void shouldRefuseAndSayWhy(final String type, final String shape, final String why) throws IOException {
        final Path file = npy(1, type, shape, floats(1f, 2f));
        assertThatThrownBy(() -> NpyFile.readVector(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(why);
    }

    @Test
    void shouldRefuseWhatIsNotFinite() throws IOException {
        final Path nan = npy(1, "<f4", "(2,)", floats(1f, Float.NaN));
        assertThatThrownBy(() -> NpyFile.readVector(nan)).hasMessageContaining("number 1 is NaN");
        final byte[] large = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(1e300)
                .array();
        final Path tooLarge = npy(1, "<f8", "(1,)", large);
        assertThatThrownBy(() -> NpyFile.readVector(tooLarge)).hasMessageContaining("number 0 is 1.0E300");
    }

    @Test
    void shouldRefuseOtherFiles() throws IOException {
        final Path text = Files.writeString(folder.resolve("x.npy"), "1, 2, 3");
        assertThatThrownBy(() -> NpyFile.readVector(text)).hasMessageContaining("no .npy file");
        final Path empty = Files.write(folder.resolve("empty.npy"), new byte[0]);
        assertThatThrownBy(() -> NpyFile.readVector(empty)).hasMessageContaining("no .npy file");
        final Path future = npy(4, "<f4", "(1,)", floats(1f));
        assertThatThrownBy(() -> NpyFile.readVector(future)).hasMessageContaining("format 4.0");
        assertThatThrownBy(() -> NpyFile.readVector(folder.resolve("nowhere.npy")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void shouldRefuseEveryCutFile() throws IOException {
        final byte[] whole = Files.readAllBytes(npy(2, "<f4", "(2,)", floats(1f, 2f)));
        for (int length = 0; length < whole.length; length++) {
            final Path cut = Files.write(folder.resolve("cut.npy"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> NpyFile.readVector(cut)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private Path npy(final int major, final String type, final String shape, final byte[] data) throws IOException {
        final String dictionary = "{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n";
        final byte[] header = dictionary.getBytes(StandardCharsets.UTF_8);
        final ByteBuffer file =
                ByteBuffer.allocate(12 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) major, 0});
        if (major == 1) {
            file.putShort((short) header.length);
        } else {
            file.putInt(header.length);
        }
        file.put(header).put(data);
        return Files.write(folder.resolve("vector.npy"), Arrays.copyOf(file.array(), file.position()));
    }

    private static byte[] floats(final float... values) {
        final ByteBuffer bytes =
                ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (final float value : values) {
            bytes.putFloat(value);
        }
        return bytes.array();
    }
}
