package io.quorate.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
    @TempDir
    private Path folder;

    @Test
    void shouldMakePrivateFolder() throws IOException {
        try (DataDirectory data = DataDirectory.open(folder.resolve("a/b"))) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(data.folder())))
                    .isEqualTo("rwx------");
        }
    }

    @Test
    void shouldClosePermissionsOfEmptyFolder() throws IOException {
        final Path open = Files.createDirectory(folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        DataDirectory.open(open).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(open)))
                .isEqualTo("rwx------");
    }

    @Test
    void shouldHaveOneHolderAtATime() throws IOException {
        final Path path = folder.resolve("data");
        assertThat(DataDirectory.isHeld(path)).isFalse();
        try (DataDirectory data = DataDirectory.open(path)) {
            assertThat(DataDirectory.isHeld(data.folder())).isTrue();
            assertThatThrownBy(() -> DataDirectory.open(path))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("in use by another peer process, pid "
                            + ProcessHandle.current().pid());
        }
        assertThat(DataDirectory.isHeld(path)).isFalse();
        DataDirectory.open(path).close();
    }

    @Test
    void shouldRefuseForeignFolder() throws IOException {
        Files.writeString(folder.resolve("letter.txt"), "dear");
        final var before = Files.getPosixFilePermissions(folder);
        assertThatThrownBy(() -> DataDirectory.open(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("holds other files");
        assertThat(Files.getPosixFilePermissions(folder)).isEqualTo(before);
        assertThatThrownBy(() -> DataDirectory.open(folder.resolve("letter.txt")))
                .isInstanceOf(NotDirectoryException.class);
    }
}
