package io.quorate.house;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.aeron.DriverSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The settings that tests, benchmarks and the launcher share can be read, and each line of them is explained. */
class NativeProfilesTest {
    private static final Path FOLDER = folder();

    private static Path folder() {
        Path candidate = Path.of("").toAbsolutePath();
        while (!Files.exists(candidate.resolve("native-profiles"))) {
            candidate = candidate.getParent();
        }
        return candidate.resolve("native-profiles");
    }

    /** Lines that set something, of every file but the README. */
    private static List<String> settings() throws IOException {
        final List<String> settings = new ArrayList<>();
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (final Path file : files.sorted().toList()) {
                if (!file.getFileName().toString().equals("README.md")) {
                    Files.readAllLines(file).stream()
                            .filter(line -> !line.isBlank() && !line.startsWith("#"))
                            .forEach(settings::add);
                }
            }
        }
        return settings;
    }

    @Test
    void shouldSayWhatEveryLineBuys() throws IOException {
        final String readme = Files.readString(FOLDER.resolve("README.md"));
        assertThat(settings())
                .hasSizeGreaterThan(15)
                .allSatisfy(line -> assertThat(readme)
                        .as("native-profiles/README.md explains %s", line)
                        .contains("`" + line.strip() + "`"));
    }

    @Test
    void shouldGiveTheDriverSettingsThatItKnows() throws IOException {
        final DriverSettings settings = DriverSettings.read(FOLDER.resolve("aeron-lan.properties"));
        assertThat(settings.socketReceiveLength())
                .isGreaterThan(DriverSettings.defaults().socketReceiveLength());
        final String kernel = Files.readString(FOLDER.resolve("linux-sysctl.conf"));
        assertThat(kernel)
                .contains("net.core.rmem_max = " + settings.socketReceiveLength())
                .contains("net.core.wmem_max = " + settings.socketSendLength());
    }

    @Test
    void shouldNameEachCpuProfileByItself() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            for (final Path file : files.toList()) {
                final String name = file.getFileName().toString();
                if (name.endsWith(".args") && !name.equals("base.args")) {
                    assertThat(Files.readAllLines(file))
                            .contains("-Dquorate.native.profile=" + name.substring(0, name.length() - 5));
                }
            }
        }
    }
}
