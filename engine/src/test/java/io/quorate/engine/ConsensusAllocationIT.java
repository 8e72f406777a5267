package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.quorate.transport.aeron.DriverSettings;
import io.quorate.transport.aeron.EmbeddedDriver;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.agrona.IoUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What the consensus threads of a running group allocate while requests are ordered, over real links: nothing between checkpoints and
 * audits, for which a primary signs (112 bytes). A window is short, so that some hold neither.
 */
@Timeout(240)
class ConsensusAllocationIT {
    private static final int WINDOW = 10;
    private static final int WINDOWS_MAX = 1_000;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void shouldAllocateNothingOnTheConsensusThreadOfAPeerThatOrders() throws Exception {
        final Path folder = Files.createTempDirectory(EmbeddedDriver.memoryFolder(), "quorate-test-");
        try (EmbeddedDriver driver = EmbeddedDriver.launch(
                        folder.resolve("driver"), EmbeddedDriver.Threading.SHARED, DriverSettings.defaults());
                LocalGroup group = new LocalGroup(
                        folder,
                        4,
                        Map.of("dimension", "8", "heads", "2", "checkpoint-interval", "128", "membership", "off"),
                        context -> context.trustDomain(driver).threadingMode(ThreadingMode.DEDICATED))) {
            final long[] threads = consensusThreads();
            assertThat(threads).hasSize(4);
            final long[] least = new long[threads.length];
            Arrays.fill(least, Long.MAX_VALUE);
            for (int window = 0; window < WINDOWS_MAX && !isDone(least); window++) {
                final long[] before = THREADS.getThreadAllocatedBytes(threads);
                for (int i = 0; i < WINDOW; i++) {
                    group.engine(1).roundStatus("nobody asks but us", Duration.ofSeconds(20));
                }
                final long[] after = THREADS.getThreadAllocatedBytes(threads);
                for (int i = 0; i < threads.length; i++) {
                    least[i] = Math.min(least[i], after[i] - before[i]);
                }
            }
            // The fourth is the asking peer's, which makes an object of each answer.
            assertThat(sorted(least)).as("bytes in %d requests", WINDOW).startsWith(0, 0, 0);
            assertThat(sorted(least)[3]).as("the asking peer").isBetween(1L, 400L * WINDOW);
        } finally {
            IoUtil.delete(folder.toFile(), false);
        }
    }

    private static boolean isDone(final long[] least) {
        return sorted(least)[2] == 0;
    }

    private static long[] sorted(final long[] values) {
        return Arrays.stream(values).sorted().toArray();
    }

    private static long[] consensusThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("consensus"))
                .mapToLong(Thread::threadId)
                .toArray();
    }
}
