package io.quorate.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DriverSettingsTest {
    @TempDir
    Path folder;

    @Test
    void shouldReadTheDriversOwnNames() throws IOException {
        final DriverSettings settings = read("aeron.mtu.length=8k\naeron.socket.so_rcvbuf=2m\n"
                + "aeron.rcv.initial.window.length=1m\naeron.image.liveness.timeout=5s\n# a comment\n");
        assertThat(settings.mtuLength()).isEqualTo(8192);
        assertThat(settings.socketReceiveLength()).isEqualTo(2 * 1024 * 1024);
        assertThat(settings.initialWindowLength()).isEqualTo(1024 * 1024);
        assertThat(settings.imageLivenessNs()).isEqualTo(5_000_000_000L);
        assertThat(settings.termLength()).isEqualTo(DriverSettings.defaults().termLength());
        assertThat(read("")).isEqualTo(DriverSettings.defaults());
    }

    @Test
    void shouldReadTheShippedProfile() throws IOException {
        final Path shipped = Path.of("..", "native-profiles", "aeron-lan.properties");
        assertThat(DriverSettings.read(shipped).termLength())
                .isEqualTo(DriverSettings.defaults().termLength());
    }

    @ParameterizedTest
    @CsvSource({
        "aeron.mtu.length=100, from 1024 to 8192",
        "aeron.mtu.length=1409, multiple of 32",
        "aeron.mtu.length=big, must be a length",
        "aeron.mtu.length=9g, must be a length",
        "aeron.term.buffer.length=1m, power of two",
        "aeron.term.buffer.length=3m, power of two",
        "aeron.rcv.initial.window.length=1m, to aeron.socket.so_rcvbuf",
        "aeron.socket.so_sndbuf=100, at least",
        "aeron.client.liveness.timeout=1s, at least 2s",
        "aeron.client.liveness.timeout=soon, must be a time",
        "aeron.mtu=1408, unknown setting aeron.mtu",
    })
    void shouldNameTheFileAndWhatIsAllowed(final String line, final String message) {
        assertThatThrownBy(() -> read(line))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lan.properties")
                .hasMessageContaining(message);
    }

    private DriverSettings read(final String text) throws IOException {
        final Path file = folder.resolve("lan.properties");
        Files.writeString(file, text);
        return DriverSettings.read(file);
    }
}
