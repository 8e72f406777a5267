package io.quorate.peer.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.kernels.memory.FloatMatrix;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Matrices out of and into files. */
class NpyMatrixTest {
    private static final long SEED = Long.getLong("seed", 20_261_122L);

    @TempDir
    private Path folder;

    private float[][] read(final byte[] bytes) throws IOException {
        final Path file = Files.write(folder.resolve("x.npy"), bytes);
        try (Arena arena = Arena.ofConfined()) {
            final FloatMatrix matrix = NpyFile.readMatrix(file, arena);
            final float[][] rows = new float[matrix.rows()][];
            Arrays.setAll(rows, matrix::rowArray);
            return rows;
        }
    }

    @Test
    void shouldReadEveryVersionTypeAndOrder() throws IOException {
        for (int major = 1; major <= 3; major++) {
            for (final String type : new String[] {"<f4", "<f8"}) {
                assertThat(read(NpyBytes.file(major, type, false, "(2, 3)", 1, 2, 3, 4, 5, -6.5)))
                        .isDeepEqualTo(new float[][] {{1, 2, 3}, {4, 5, -6.5f}});
                assertThat(read(NpyBytes.file(major, type, true, "(2, 3)", 1, 4, 2, 5, 3, -6.5)))
                        .isDeepEqualTo(new float[][] {{1, 2, 3}, {4, 5, -6.5f}});
                assertThat(read(NpyBytes.file(major, type, true, "(3,)", 1, 2, 3)))
                        .isDeepEqualTo(new float[][] {{1, 2, 3}});
                assertThat(read(NpyBytes.file(major, type, false, "(3L, 1L)", 1, 2, 3)))
                        .isDeepEqualTo(new float[][] {{1}, {2}, {3}});
            }
        }
    }

    @Test
    void shouldTransposeShapesThatAreNoWholeBlocks() throws IOException {
        final double[] numbers = new double[37 * 5];
        Arrays.setAll(numbers, i -> i);
        final float[][] rows = read(NpyBytes.file(1, "<f8", true, "(37, 5)", numbers));
        for (int row = 0; row < 37; row++) {
            for (int col = 0; col < 5; col++) {
                assertThat(rows[row][col]).isEqualTo(col * 37 + row);
            }
        }
    }

    @Test
    void shouldReadTheSameDictionaryInAnyOrderAndQuotes() throws IOException {
        final byte[] header = NpyBytes.header(1, "{\"shape\":(1,2),'fortran_order':False , \"descr\" : \"<f4\"}");
        final byte[] file = ByteBuffer.allocate(header.length + 8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(header)
                .putFloat(8)
                .putFloat(9)
                .array();
        assertThat(read(file)).isDeepEqualTo(new float[][] {{8, 9}});
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "'>f4'            | False | (2, 2)    | type '>f4', allowed are '<f4' and '<f8'",
                "'<i4'            | False | (2, 2)    | type '<i4'",
                "'!O'             | False | (2, 2)    | numbers of type",
                "[('a', '<f4')]   | False | (2, 2)    | type with fields",
                "'<f4'            | Maybe | (2, 2)    | names no plain",
                "'<f4'            | False | (1, 2, 2) | has 3 dimensions, allowed are 1 (a row) and 2",
                "'<f4'            | False | ()        | has 0 dimensions",
                "'<f4'            | False | (0, 4)    | each size must be within 1..",
                "'<f4'            | False | (4, 0)    | each size must be within 1..",
                "'<f4'            | False | (-2, -2)  | no list of sizes",
                "'<f4'            | False | (2, x)    | no list of sizes",
                "'<f4'            | False | 4         | no list of sizes",
                "'<f4'            | False | (3000000000, 1)                     | each size must be within 1..",
                "'<f4'            | False | (2000000000, 2000000000)            | announces far more",
                "'<f4'            | False | (999999999999999999999, 2)          | no list of sizes",
                "'<f4'            | False | (2, 3)    | 16 bytes of numbers where the header announces 24: the file is cut off",
                "'<f4'            | False | (2,)      | 16 bytes of numbers where the header announces 8: something follows",
                "'<f4', 'x': 1    | False | (2, 2)    | an entry 'x'",
                "'<f4', 'descr': '<f8' | False | (2, 2) | stands there twice"
            })
    void shouldRefuseAndSayWhatIsAllowed(
            final String type, final String order, final String shape, final String message) {
        final String dictionary = "{'descr': " + type + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
        final byte[] header = NpyBytes.header(1, dictionary.replace("!", "|"));
        assertThatThrownBy(() -> read(Arrays.copyOf(header, header.length + 16)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(folder.resolve("x.npy") + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void shouldNameThePlaceOfWhatIsNoFiniteFloat32() {
        assertThatThrownBy(() -> read(NpyBytes.file(1, "<f8", false, "(2, 2)", 1, 2, 3.5e38, 4)))
                .hasMessageContaining("row 1, column 0 is 3.5E38, which is no finite float32");
        assertThatThrownBy(() -> read(NpyBytes.file(1, "<f8", true, "(2, 3)", 1, 2, 3, -1e39, 5, 6)))
                .hasMessageContaining("row 1, column 1 is -1.0E39");
        assertThatThrownBy(() -> read(NpyBytes.file(1, "<f4", false, "(2, 2)", 1, 2, 3, Double.NaN)))
                .hasMessageContaining("row 1, column 1 is NaN");
        assertThatThrownBy(() -> read(NpyBytes.file(1, "<f4", false, "(2,)", 1, Double.NEGATIVE_INFINITY)))
                .hasMessageContaining("number 1 is -Infinity");
    }

    @Test
    void shouldMapALargeFile() throws IOException {
        final int rows = (64 << 20) / Float.BYTES / 1024;
        final byte[] header =
                NpyBytes.header(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (" + rows + ", 1024)}");
        final Path file = Files.write(folder.resolve("large.npy"), header);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(header.length + (64L << 20));
            sparse.seek(sparse.length() - 4);
            sparse.writeInt(Integer.reverseBytes(Float.floatToRawIntBits(2.5f)));
        }
        try (Arena arena = Arena.ofConfined()) {
            final FloatMatrix matrix = NpyFile.readMatrix(file, arena);
            assertThat(matrix.rows()).isEqualTo(rows);
            assertThat(matrix.get(rows - 1, 1023)).isEqualTo(2.5f);
            assertThatThrownBy(matrix::addressForWriting).hasMessageContaining("read-only");
        }
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.seek(sparse.length() - 4);
            sparse.writeInt(Integer.reverseBytes(Float.floatToRawIntBits(Float.NaN)));
        }
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> NpyFile.readMatrix(file, arena))
                    .hasMessageContaining("row " + (rows - 1) + ", column 1023 is NaN");
        }
    }

    @Test
    void shouldAnswerAnyDamagedHeaderByAMatrixOrOneSentence() throws IOException {
        final SplittableRandom random = new SplittableRandom(SEED);
        final byte[] sound = NpyBytes.file(1, "<f4", false, "(2, 3)", 1, 2, 3, 4, 5, 6);
        int refused = 0;
        for (int round = 0; round < 3_000; round++) {
            final byte[] damaged =
                    Arrays.copyOf(sound, random.nextInt(3) > 0 ? sound.length : random.nextInt(sound.length));
            final int hits = 1 + random.nextInt(4);
            for (int hit = 0; hit < hits && damaged.length > 0; hit++) {
                final String likely = "{}()[]'\":,0123456789L<f84TrueFals \n\\\u0000\u00ff";
                damaged[random.nextInt(damaged.length)] = (byte) likely.charAt(random.nextInt(likely.length()));
            }
            try {
                assertThat(read(damaged)).isNotEmpty();
            } catch (final IllegalArgumentException e) {
                refused++;
                assertThat(e.getMessage()).as("round %d, seed %d", round, SEED).contains("x.npy: ");
            }
        }
        assertThat(refused).isBetween(1_000, 2_999);
    }

    @Test
    void shouldWriteWhatNumpyReadsAndReplaceWhole() throws IOException {
        final Path file = Files.writeString(folder.resolve("out.npy"), "before");
        final FloatMatrix matrix = FloatMatrix.allocate(3, 300_001).slice(0, 3, 0, 300_000);
        matrix.set(2, 299_999, 7);
        matrix.set(1, 0, -1);
        try (NpyOutputs outputs = NpyOutputs.at(file, null)) {
            outputs.write(file, matrix);
            assertThat(file).hasContent("before");
            outputs.commit();
        }
        final float[] numbers = NpyBytes.load(file, "(3, 300000)");
        assertThat(numbers).hasSize(900_000);
        assertThat(numbers[899_999]).isEqualTo(7);
        assertThat(numbers[300_000]).isEqualTo(-1);
        try (NpyOutputs outputs = NpyOutputs.at(file)) {
            outputs.write(file, new float[] {1, 2});
        }
        assertThat(NpyBytes.load(file, "(3, 300000)")).isEqualTo(numbers);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void shouldFollowLinksAndRefuseWhatIsNoFile() throws IOException {
        final Path file = Files.writeString(folder.resolve("out.npy"), "before");
        final Path link = Files.createSymbolicLink(folder.resolve("link.npy"), file);
        try (NpyOutputs outputs = NpyOutputs.at(link)) {
            outputs.write(link, new float[] {4});
            outputs.commit();
        }
        assertThat(link).isSymbolicLink();
        assertThat(NpyBytes.load(file, "(1,)")).containsExactly(4);
        assertThatThrownBy(() -> NpyOutputs.at(file, link)).hasMessageContaining("named for two outputs");
        assertThatThrownBy(() -> NpyOutputs.at(folder)).hasMessageContaining("is a folder");
        assertThatThrownBy(() -> NpyOutputs.at(folder.resolve("none/x.npy")))
                .hasMessageContaining("there is no folder");
        final Path device = Path.of("/dev/null");
        if (Files.exists(device)) {
            assertThatThrownBy(() -> NpyOutputs.at(device)).hasMessageContaining("a pipe or a device");
        }
    }
}
