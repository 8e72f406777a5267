package io.quorate.peer.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.peer.DataDirectory;
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
        final Path demo = DemoFolder.temporary().path();
        final Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.writeString(outside.resolve("letter.txt"), "dear");
        Files.createSymbolicLink(demo.resolve("link"), outside);
        DemoFolder.remove(demo);
        assertThat(demo).doesNotExist();
        assertThat(outside.resolve("letter.txt")).exists();
    }

    @Test
    void shouldKeepOnlyInEmptyFolder() throws IOException {
        Files.writeString(folder.resolve("letter.txt"), "dear");
        assertThatThrownBy(() -> DemoFolder.requireEmpty(folder))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not empty");
    }

    @Test
    void shouldKeepWhatIsWorthKeeping() throws IOException {
        final DemoFolder demo = DemoFolder.temporary();
        Files.createDirectories(demo.path().resolve("peer-0/data"));
        Files.createDirectories(demo.path().resolve("peer-0/keys"));
        Files.writeString(demo.path().resolve("peer-0/data/driver"), "x");
        final Path key = Files.writeString(demo.path().resolve("peer-0/keys/identity.key"), "secret");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        Files.writeString(demo.path().resolve("roster.txt"), "x");
        demo.copyTo(folder.resolve("kept"));
        DemoFolder.remove(demo.path());
        assertThat(folder.resolve("kept/roster.txt")).exists();
        assertThat(folder.resolve("kept/peer-0/data")).doesNotExist();
        assertThat(folder.resolve("kept/.quorate-demo")).doesNotExist();
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(folder.resolve("kept/peer-0/keys/identity.key"))))
                .isEqualTo("rw-------");
    }

    @Test
    void shouldSweepOnlyWhatDeadDemosLeft() throws IOException {
        final Path alive = DemoFolder.temporary().path();
        final Path dead = DemoFolder.temporary().path();
        Files.writeString(dead.resolve(".quorate-demo"), "4194999\n");
        DemoFolder.sweep();
        assertThat(dead).doesNotExist();
        assertThat(alive).exists();
        DemoFolder.remove(alive);
    }

    @Test
    void shouldLeaveTheFolderToThePeerThatStillRuns() throws IOException {
        final Path demo = DemoFolder.temporary().path();
        try (DataDirectory data = DataDirectory.open(demo.resolve("peer-0/data"))) {
            DemoFolder.removeOrphaned(demo);
            assertThat(data.folder()).exists();
        }
        DemoFolder.removeOrphaned(demo);
        assertThat(demo).doesNotExist();
    }
}
