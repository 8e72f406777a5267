package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.agrona.IoUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The group's setting {@code sealing}: whether who sees the frames can read what is in them. */
@Timeout(120)
class SealedLinksIT {
    private static final String SECRET = "what only the peers may read";

    @ParameterizedTest
    @ValueSource(strings = {"mac", "aes-gcm"})
    void shouldShowAnAnswerToWhoReadsTheMemoryOfTheLinksOnlyIfItIsNotEncrypted(final String sealing) throws Exception {
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        try (EmbeddedDriver driver = EmbeddedDriver.launch(
                        folder.resolve("driver"), EmbeddedDriver.Threading.SHARED, DriverSettings.defaults());
                LocalGroup group =
                        new LocalGroup(folder, 4, settings(sealing), context -> context.trustDomain(driver))) {
            assertThat(group.decide("a round", id -> new float[] {1, 2, 3, 4, 5, 6, 7, 8}, id -> SECRET))
                    .hasSize(4);
            assertThat(isAnywhereIn(folder.resolve("driver"))).isEqualTo(sealing.equals("mac"));
        } finally {
            IoUtil.delete(folder.toFile(), false);
        }
    }

    @Test
    void shouldDecideOverUdpAndAfterARestart() throws Exception {
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        try (LocalGroup group = new LocalGroup(folder, 4, settings("aes-gcm"), context -> context)) {
            assertThat(group.decide("first", id -> new float[] {1, 2, 3, 4, 5, 6, 7, 8}, id -> SECRET))
                    .hasSize(4);
            group.stop(2);
            assertThat(group.decide("second", id -> new float[] {1, 2, 3, 4, 5, 6, 7, 8}, id -> SECRET))
                    .hasSize(3);
            group.start(2);
            assertThat(group.decide("third", id -> new float[] {1, 2, 3, 4, 5, 6, 7, 8}, id -> SECRET))
                    .hasSize(4);
        } finally {
            IoUtil.delete(folder.toFile(), false);
        }
    }

    @Test
    void shouldRefuseAnUnknownSealing() throws IOException {
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        try {
            assertThatThrownBy(() -> new LocalGroup(folder, 4, settings("none"), context -> context))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("sealing")
                    .hasMessageContaining("one of mac, aes-gcm")
                    .hasMessageContaining("none");
        } finally {
            IoUtil.delete(folder.toFile(), false);
        }
    }

    private static Map<String, String> settings(final String sealing) {
        return Map.of("dimension", "8", "heads", "2", "round-deadline-ms", "5000", "sealing", sealing);
    }

    private static boolean isAnywhereIn(final Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (final Path file : files.filter(Files::isRegularFile).toList()) {
                // One char a byte, whatever it is.
                if (Files.readString(file, StandardCharsets.ISO_8859_1).contains(SECRET)) {
                    return true;
                }
            }
        }
        return false;
    }
}
