package io.quorate.engine.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Four processes under load, one kind of fault a test, each peer in each role; minutes, so in profile {@code exhaustive} only. */
@Tag("exhaustive")
@Timeout(600)
class LongFaultsIT {
    /** Longer than an image and a client of the media driver live without a sign. */
    private static final long BEYOND_EVERY_TIMEOUT_MS = 15_000;

    private static final String[] SMALL_DISK = {
        "unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=96m none DATA && exec \"$@\"", "sh"
    };

    @TempDir
    Path folder;

    @Test
    void shouldSurviveTheKillOfEachPeerInEachRole() throws Exception {
        try (FaultGroup group = new FaultGroup(folder, true, 21)) {
            group.start();
            for (int id = 0; id < FaultGroup.PEERS; id++) {
                // As a backup, or as whatever it is now; then the primary of the moment.
                group.kill(id);
                group.awaitProgress();
                group.start(id);
                final int primary = group.primary();
                group.kill(primary);
                group.awaitProgress();
                group.start(primary);
                group.awaitVotes();
            }
            group.judge();
        }
    }

    @Test
    void shouldRememberEverythingAfterAllWereKilledAtOnce() throws Exception {
        try (FaultGroup group = new FaultGroup(folder, true, 22)) {
            group.start();
            for (int time = 0; time < 5; time++) {
                group.pass(300);
                group.kill(0, 1, 2, 3);
                for (int id = 0; id < FaultGroup.PEERS; id++) {
                    group.launch(id);
                }
                for (int id = 0; id < FaultGroup.PEERS; id++) {
                    group.awaitUp(id);
                }
                group.awaitProgress();
            }
            group.judge();
        }
    }

    @Test
    void shouldTakeBackAPrimaryThatWasStoppedBeyondEveryTimeout() throws Exception {
        try (FaultGroup group = new FaultGroup(folder, true, 23)) {
            group.start();
            final int primary = group.primary();
            group.stop(primary);
            group.awaitProgress();
            group.pass(BEYOND_EVERY_TIMEOUT_MS);
            group.resume(primary);
            group.awaitProgress();
            group.judge();
        }
    }

    @Test
    void shouldGoOnAtFivePercentLoss() throws Exception {
        try (FaultGroup group = new FaultGroup(folder, false, 24)) {
            group.start();
            for (final int perMille : new int[] {10, 50}) {
                group.path.lose(perMille);
                for (int time = 0; time < 20; time++) {
                    group.awaitProgress();
                    group.pass(200);
                }
            }
            group.judge();
        }
    }

    @Test
    void shouldGoOnWhenAnyWayIsCutInOneDirection() throws Exception {
        try (FaultGroup group = new FaultGroup(folder, false, 25)) {
            group.start();
            for (int from = 0; from < FaultGroup.PEERS; from++) {
                for (int to = 0; to < FaultGroup.PEERS; to++) {
                    if (from != to) {
                        group.path.cut(from, to);
                        group.awaitProgress();
                        group.pass(700);
                        group.awaitProgress();
                        group.path.heal();
                    }
                }
            }
            group.judge();
        }
    }

    @Test
    void shouldGoOnUnderForgedReplayedCutAndOversizeDatagrams() throws Exception {
        try (FaultGroup group = new FaultGroup(folder, false, 26)) {
            group.start();
            final long droppedBefore = group.status(0).dropped();
            for (final int perMille : new int[] {100, 500, 900}) {
                group.path.attack(perMille);
                for (int time = 0; time < 10; time++) {
                    group.awaitProgress();
                    group.pass(200);
                }
            }
            assertThat(group.path.attackCount()).isGreaterThan(1000);
            assertThat(group.status(0).dropped()).isGreaterThan(droppedBefore);
            group.judge();
        }
    }

    @Test
    void shouldStandAFullDiskAndGoOnWhenThereIsRoom() throws Exception {
        assumeTrue(mayMount(), "this user may not mount a small file system in a namespace");
        try (FaultGroup group = new FaultGroup(folder, true, 27, SMALL_DISK)) {
            group.start();
            for (final int id : new int[] {2, group.primary()}) {
                group.fill(id);
                group.awaitProgress();
                group.pass(3000);
                group.awaitProgress();
                group.free(id);
                group.awaitProgress();
            }
            group.judge();
        }
    }

    private static boolean mayMount() throws Exception {
        final Process probe = new ProcessBuilder("unshare", "-rm", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt")
                .redirectErrorStream(true)
                .start();
        return probe.waitFor() == 0;
    }
}
