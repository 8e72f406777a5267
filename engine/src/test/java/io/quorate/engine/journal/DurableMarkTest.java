package io.quorate.engine.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DurableMarkTest {
    private static final long OWNER = 77;

    @TempDir
    Path folder;

    @Test
    void shouldTellTheHighestNumberWritten() throws IOException {
        final Path file = folder.resolve("mark");
        assertThat(DurableMark.isMissing(file)).isTrue();
        write(file, 4, 5, 9);
        assertThat(DurableMark.isMissing(file)).isFalse();
        assertThat(DurableMark.read(file, OWNER)).isEqualTo(9);
        assertThat(DurableMark.read(file, OWNER + 1)).isEqualTo(DurableMark.UNREADABLE);
    }

    @Test
    void shouldSayZeroFromTheStart() throws IOException {
        final Path file = folder.resolve("mark");
        write(file);
        assertThat(DurableMark.read(file, OWNER)).isZero();
    }

    @Test
    void shouldKeepTheMarkBeforeWhateverIsTorn() throws IOException {
        for (int count = 0; count < 4; count++) {
            final Path file = folder.resolve("mark-" + count);
            write(file, 1, 2, 3);
            for (int i = 0; i < count; i++) {
                // Once more for each parity.
                write(file, 10 + i);
            }
            final byte[] before = Files.readAllBytes(file);
            final long markBefore = DurableMark.read(file, OWNER);
            write(file, 20);
            final byte[] torn = Files.readAllBytes(file);
            assertThat(torn).hasSameSizeAs(before);
            for (int i = 0; i < torn.length; i++) {
                torn[i] = torn[i] == before[i] ? torn[i] : (byte) ~torn[i];
            }
            assertThat(Arrays.equals(torn, before)).isFalse();
            Files.write(file, torn);
            assertThat(DurableMark.read(file, OWNER))
                    .as("after a torn write at start %d", count)
                    .isEqualTo(markBefore);
        }
    }

    private static void write(final Path file, final long... numbers) throws IOException {
        try (DurableMark mark = DurableMark.open(file, OWNER)) {
            for (final long number : numbers) {
                mark.write(number);
            }
        }
    }
}
