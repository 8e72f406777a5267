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
    void shouldNotCountAStartThatFailedBeforeItWasKept() {
        Incarnation.next(folder, GROUP, NOW_EPOCH_MS);

        assertThat(Incarnation.next(folder, GROUP, NOW_EPOCH_MS).isFirstStart()).isTrue();
    }

    @Test
    void shouldKnowTheFirstStartFromTheLaterOnes() {
        final Incarnation first = start(GROUP, NOW_EPOCH_MS);
        final Incarnation second = start(GROUP, NOW_EPOCH_MS);

        assertThat(first.isFirstStart()).isTrue();
        assertThat(second.isFirstStart()).isFalse();
        assertThat(second.startCount()).isEqualTo(2);
    }

    @Test
    void shouldNumberRequestsUpwardsThoughTheWallClockGoesBack() {
        final Incarnation first = start(GROUP, NOW_EPOCH_MS);
        final Incarnation second = start(GROUP, 5);

        assertThat(second.firstRequestNumber()).isGreaterThan(first.firstRequestNumber() + 1_000_000_000L);
    }

    @Test
    void shouldCountEachGroupByItself() {
        start(GROUP, NOW_EPOCH_MS);

        assertThat(start("bb11", NOW_EPOCH_MS).isFirstStart()).isTrue();
        assertThat(start(GROUP, NOW_EPOCH_MS).isFirstStart()).isFalse();
    }

    @Test
    void shouldRefuseToStartOnADamagedFile() throws IOException {
        start(GROUP, NOW_EPOCH_MS);
        final Path file = folder.resolve("incarnation");
        final String text = Files.readString(file);

        Files.writeString(file, "");
        assertThatThrownBy(() -> start(GROUP, NOW_EPOCH_MS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("line 1");

        Files.writeString(file, text.replace(GROUP + " 1", GROUP + " x"));
        assertThatThrownBy(() -> start(GROUP, NOW_EPOCH_MS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("line 2");
    }

    private Incarnation start(final String group, final long nowEpochMs) {
        final Incarnation incarnation = Incarnation.next(folder, group, nowEpochMs);
        incarnation.keep(folder, group);
        return incarnation;
    }
}
