package io.quorate.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Samples;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDriverIT {
    @TempDir
    Path folder;

    @Test
    void shouldKeepItsDirectoryPrivateAndRemoveIt() throws IOException {
        final Path directory = folder.resolve("driver");
        try (EmbeddedDriver driver = launch(directory)) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(driver.directory())))
                    .isEqualTo("rwx------");
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldLeaveADirectoryThatItDidNotMake() throws IOException {
        final Path directory = Files.createDirectory(
                folder.resolve("mine"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.writeString(directory.resolve("other"), "not the driver's");
        launch(directory).close();
        assertThat(directory).isDirectoryContaining("glob:**/other");
        try (var files = Files.list(directory)) {
            assertThat(files).hasSize(1);
        }
    }

    @Test
    void shouldRefuseADirectoryThatOthersCanReach() throws IOException {
        final Path open = Files.createDirectory(folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-x---"));
        assertThatThrownBy(() -> launch(open))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("rwxr-x---")
                .hasMessageContaining("chmod 700");
        final Path link = Files.createSymbolicLink(folder.resolve("link"), open);
        assertThatThrownBy(() -> launch(link)).hasMessageContaining("links are not followed");
        final Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> launch(file)).hasMessageContaining("is not a directory");
    }

    @Test
    void shouldRefuseADirectoryInUse() throws IOException {
        final Path directory = folder.resolve("driver");
        final EmbeddedDriver first = launch(directory);
        assertThatThrownBy(() -> launch(directory))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("a running driver holds");
        first.close();
        launch(directory).close();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void shouldStartAtOnceWhereAnotherProcessWasKilled() throws IOException, InterruptedException {
        final Path directory = folder.resolve("driver");
        final Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        directory.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertThat((char) other.getInputStream().read()).isEqualTo('r');
            assertThatThrownBy(() -> launch(directory)).hasMessageContaining("a running driver holds");
        } finally {
            other.destroyForcibly();
        }
        assertThat(other.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(directory.resolve("driver")).isDirectory();
        launch(directory).close();
        assertThat(directory).doesNotExist();
    }

    @Test
    void shouldSayWhatIsMissingOrWrong() {
        final var identities = Samples.identities(3);
        final var roster = Samples.roster(identities.subList(0, 2), 1);
        assertThatThrownBy(() -> new AeronTransportContext().conclude()).hasMessageContaining("needs: roster");
        assertThatThrownBy(() -> new AeronTransportContext().roster(roster).conclude())
                .hasMessageContaining("needs: identity");
        try (EmbeddedDriver driver = launch(folder.resolve("driver"))) {
            assertThatThrownBy(() -> new AeronTransportContext()
                            .roster(roster)
                            .identity(identities.get(2))
                            .driver(driver)
                            .conclude())
                    .hasMessageContaining(identities.get(2).fingerprint())
                    .hasMessageContaining("is not in the roster")
                    .hasMessageContaining("peer0 " + identities.get(0).fingerprint());
            final var elsewhere = Roster.of(
                    1,
                    List.of(
                            roster.peer(0),
                            new Roster.Peer(
                                    1,
                                    "far",
                                    "no-such-host.invalid",
                                    1,
                                    identities.get(1).publicKey())),
                    Map.of());
            assertThatThrownBy(() -> new AeronTransportContext()
                            .roster(elsewhere)
                            .identity(identities.get(0))
                            .driver(driver)
                            .conclude())
                    .hasMessageContaining("peer 1 (far): the host \"no-such-host.invalid\" has no address");
            final AeronTransportContext context = new AeronTransportContext()
                    .roster(roster)
                    .identity(identities.get(0))
                    .driver(driver)
                    .conclude();
            assertThatThrownBy(() -> context.incarnation(5)).isInstanceOf(IllegalStateException.class);
        }
    }

    private static EmbeddedDriver launch(final Path directory) {
        return EmbeddedDriver.launch(directory, EmbeddedDriver.Threading.SHARED, DriverSettings.defaults());
    }

    /** A process that holds a driver until it is killed. */
    static final class Holder {
        private Holder() {}

        public static void main(final String[] arguments) throws IOException {
            launch(Path.of(arguments[0]));
            System.out.print("ready");
            System.out.flush();
            System.in.read();
        }
    }
}
