package io.quorate.engine.faults;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Four processes under load while one thing after the other goes wrong; the short form of {@link LongFaultsIT}. */
@Timeout(240)
class ProcessFaultsIT {
    @TempDir
    Path folder;

    @Test
    void shouldLoseDoubleAndForgeNothingWhateverHappensToProcessesAndTheirPath() throws Exception {
        try (FaultGroup group = new FaultGroup(folder, true, 17)) {
            group.start();

            final int primary = group.primary();
            group.kill(primary);
            group.awaitProgress();
            group.start(primary);

            final int next = group.primary();
            group.stop(next);
            group.awaitProgress();
            group.resume(next);

            final int third = group.primary();
            group.path.cut(third, (third + 1) % FaultGroup.PEERS);
            group.path.lose(20);
            group.path.attack(100);
            group.awaitProgress();
            group.judge();
        }
    }
}
