package io.quorate.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The same bits on every CPU: what {@link KernelDigests} lists, against the committed table. */
class KernelDigestsTest {
    private static final String TABLE = "kernel-digests.txt";
    private static final Path SOURCE = Path.of("src/test/resources/io/quorate/kernels", TABLE);
    private static final boolean IS_WRITING =
            System.getProperty("quorate.digests", "").equals("write");

    @Test
    void shouldGiveTheCommittedBitsByTheDefinitionAndAtEveryWidth() {
        final Map<String, String> table = new LinkedHashMap<>();
        KernelDigests.all()
                .forEach((name, named) -> table.put(name, KernelDigests.digest(named, PrimitivesProvider.scalar())));
        if (IS_WRITING) {
            write(table);
        }
        final Map<String, String> committed = IS_WRITING ? table : read();
        assertThat(table).as("the scalar definition").containsExactlyEntriesOf(committed);
        for (final Primitives primitives : PrimitivesProvider.all()) {
            KernelDigests.all()
                    .forEach((name, named) -> assertThat(KernelDigests.digest(named, primitives))
                            .as("%s, %s at %d bits", name, primitives.name(), primitives.bits())
                            .isEqualTo(committed.get(name)));
        }
    }

    @Test
    void shouldTellResultsApartThatDifferInOneBit() {
        final String zero = KernelDigests.digest((primitives, bits) -> bits.add(0.0f), null);
        assertThat(KernelDigests.digest((primitives, bits) -> bits.add(-0.0f), null))
                .isNotEqualTo(zero);
    }

    private static Map<String, String> read() {
        final Map<String, String> table = new LinkedHashMap<>();
        try (InputStream in = KernelDigestsTest.class.getResourceAsStream(TABLE)) {
            for (final String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                final int at = line.lastIndexOf(' ');
                table.put(line.substring(0, at).trim(), line.substring(at + 1));
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return table;
    }

    private static void write(final Map<String, String> table) {
        final StringBuilder text = new StringBuilder();
        table.forEach((name, digest) -> text.append(String.format("%-40s %s%n", name, digest)));
        try {
            Files.writeString(SOURCE, text.toString().replace(System.lineSeparator(), "\n"));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
