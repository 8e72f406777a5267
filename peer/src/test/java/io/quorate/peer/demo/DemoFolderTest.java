package io.quorate.peer.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoFolderTest {
    @TempDir
    private Path folder;

    @Test
    void shouldBePrivateAndRemovable() throws IOException {
        final Path path = DemoFolder.temporary().path();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rwx------");
        Files.createDirectories(path.resolve("peer-0/data"));
        Files.writeString(path.resolve("peer-0/data/file"), "x");
        DemoFolder.remove(path);
        assertThat(path).doesNotExist();
    }

    @Test
    void shouldNeverRemoveOtherFolders() throws IOException {
        Files.writeString(folder.resolve("letter.txt"), "dear");
        DemoFolder.remove(folder);
        assertThat(folder.resolve("letter.txt")).exists();
        DemoFolder.remove(folder.resolve("nowhere"));
    }

    @Test
    void shouldNotFollowLinksOutOfTheFolder() throws IOException {
        final Path kept = DemoFolder.kept(folder.resolve("demo")).path();
        final Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("letter.txt"), "dear");
        Files.createSymbolicLink(kept.resolve("link"), outside);
        DemoFolder.remove(kept);
        assertThat(kept).doesNotExist();
        assertThat(outside.resolve("letter.txt")).exists();
    }

    @Test
    void shouldKeepOnlyInEmptyFolder() throws IOException {
        Files.writeString(folder.resolve("letter.txt"), "dear");
        assertThatThrownBy(() -> DemoFolder.kept(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not empty");
    }
}
