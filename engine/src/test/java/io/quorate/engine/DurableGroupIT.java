package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.metrics.EngineStatus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A group with journals on real archives: all of it stops and goes on; one whose journal is gone must earn its vote. */
class DurableGroupIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Map<String, String> SMALL =
            Map.of("dimension", "8", "heads", "2", "round-deadline-ms", "5000");

    @TempDir
    Path folder;

    @Test
    void shouldGoOnAfterAllPeersStoppedAtOnce() throws Exception {
        try (LocalGroup group = new LocalGroup(
                folder, 4, SMALL, context -> context.memoryOnly(false).warmUpMax(Duration.ZERO))) {
            final List<CertifiedDecision> before = group.decide("before", this::near, id -> "yes");
            assertThat(before.get(0).decision().isAgreed()).isTrue();
            final EngineStatus written = group.engine(1).status(PATIENCE);
            assertThat(written.journal().found()).isEqualTo("empty");
            assertThat(written.journal().state()).isEqualTo("writes");
            assertThat(written.journal().records()).isPositive();
            assertThat(written.journal().forced()).isPositive();
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(
                            folder.resolve("peer-0").resolve("journal"))))
                    .isEqualTo("rwx------");
            final long sequence = written.committedSequence();
            for (int id = 0; id < 4; id++) {
                group.stop(id);
            }
            for (int id = 0; id < 4; id++) {
                group.start(id);
                final EngineStatus status = group.engine(id).status(PATIENCE);
                assertThat(status.isVoting()).isTrue();
                assertThat(status.journal().found()).startsWith("intact up to number ");
                assertThat(status.committedSequence()).isPositive();
            }
            final List<CertifiedDecision> after = group.decide("after", this::near, id -> "yes");
            assertThat(after.get(0).decision().isAgreed()).isTrue();
            assertThat(after.get(0).decision().sequence()).isGreaterThan(sequence - 1);
            assertThat(group.engine(2).status(PATIENCE).rounds())
                    .extracting(EngineStatus.ClosedRound::round)
                    .contains("before", "after");
        }
    }

    private float[] near(final int id) {
        return new float[] {1, 2, 3, 4, 5, 6, 7, 8 + id * 0.01f};
    }
}
