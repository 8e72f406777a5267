package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IncarnationTest {
    private static final String GROUP = "aa00";
    private static final long NOW_EPOCH_MS = 1_790_000_000_000L;

    @TempDir
    private Path folder;

    @Test
    void shouldKnowTheFirstStartFromTheLaterOnes() {
        final Incarnation first = Incarnation.next(folder, GROUP, NOW_EPOCH_MS);
        final Incarnation second = Incarnation.next(folder, GROUP, NOW_EPOCH_MS);

        assertThat(first.isFirstStart()).isTrue();
        assertThat(second.isFirstStart()).isFalse();
        assertThat(second.startCount()).isEqualTo(2);
    }

    @Test
    void shouldNumberRequestsUpwardsThoughTheWallClockGoesBack() {
        final Incarnation first = Incarnation.next(folder, GROUP, NOW_EPOCH_MS);
        final Incarnation second = Incarnation.next(folder, GROUP, 5);

        assertThat(second.firstRequestNumber()).isGreaterThan(first.firstRequestNumber() + 1_000_000_000L);
    }

    @Test
    void shouldCountEachGroupByItself() {
        Incarnation.next(folder, GROUP, NOW_EPOCH_MS);

        assertThat(Incarnation.next(folder, "bb11", NOW_EPOCH_MS).isFirstStart())
                .isTrue();
        assertThat(Incarnation.next(folder, GROUP, NOW_EPOCH_MS).isFirstStart()).isFalse();
    }

    @Test
    void shouldRefuseToStartOnADamagedFile() throws IOException {
        Incarnation.next(folder, GROUP, NOW_EPOCH_MS);
        final Path file = folder.resolve("incarnation");
        final String text = Files.readString(file);

        Files.writeString(file, "");
        assertThatThrownBy(() -> Incarnation.next(folder, GROUP, NOW_EPOCH_MS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("line 1");

        Files.writeString(file, text.replace(GROUP + " 1", GROUP + " x"));
        assertThatThrownBy(() -> Incarnation.next(folder, GROUP, NOW_EPOCH_MS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("line 2");
    }
}
