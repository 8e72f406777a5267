package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecisionRunTest {
    private static final int WARM_UP_MAX = 60;

    @Test
    void shouldDecideOneRequestAtATime() {
        final DecisionRun run = new DecisionRun(4, 1, 8, 16);
        run.decide(500);
        assertThat(run.decisionCount()).isGreaterThanOrEqualTo(500);
        // Each decision has one request; some are decided whose replies are still under way.
        assertThat(run.answeredCount()).isBetween(run.decisionCount() - 64, run.decisionCount() + 64);
    }

    @Test
    void shouldDecideWithMorePeers() {
        final DecisionRun run = new DecisionRun(7, 16, 32, 64);
        run.decide(200);
        assertThat(run.answeredCount()).isGreaterThan(run.decisionCount());
    }

    /** A round of the whole pattern: requests, pre-prepares, prepares, commits, replies, through codecs and stores. */
    @ParameterizedTest
    @CsvSource({"1,16", "16,32"})
    void shouldAllocateNothingAMessage(final int requestsPerDecision, final int clientWindow) {
        final int interval = 512;
        final DecisionRun run = new DecisionRun(4, requestsPerDecision, clientWindow, interval);
        run.decide(3L * interval);
        long least = Long.MAX_VALUE;
        long messages = 0;
        for (int turn = 0; turn < WARM_UP_MAX && least > 0; turn++) {
            // Between two checkpoints: a checkpoint is no message, and its record is an object.
            run.decide(interval - run.decisionCount() % interval + interval / 4);
            final long before = run.messageCount();
            least = Math.min(least, allocatedBytes(run, interval / 2));
            messages = run.messageCount() - before;
        }
        assertThat(messages).isGreaterThan(29L * interval / 4);
        assertThat(least).as("bytes in %d messages", messages).isZero();
    }

    private static long allocatedBytes(final DecisionRun run, final long decisions) {
        final com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long before = threads.getCurrentThreadAllocatedBytes();
        run.decide(decisions);
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
