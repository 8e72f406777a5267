package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CoordinatorAllocationTest {
    private static final int CALLS = 1000;

    /** The compiler has come to rest long before; until then vectors are objects. */
    private static final int WARM_UP_MAX = 200;

    @ParameterizedTest
    @EnumSource(Coordinator.Mode.class)
    void shouldAllocateNothingOnceItRuns(final Coordinator.Mode mode) {
        for (final Grouping.Rule rule : Grouping.Rule.values()) {
            final CoordinatorContext context =
                    Rounds.context(7, 384).mode(mode).grouping(rule).conclude();
            final String[] contents = {"a b c", "a b c", "a b c", "x y z", "a b", "ab", "d"};
            final float[][] vectors = Rounds.around(new Random(1), 7, 384, 0.5f);
            try (Round round = Rounds.of(context, contents, vectors);
                    Coordinator coordinator = new Coordinator(context)) {
                long least = Long.MAX_VALUE;
                for (int i = 0; i < WARM_UP_MAX && least >= CALLS; i++) {
                    least = Math.min(least, allocatedBytes(coordinator, round));
                }
                assertThat(least).as("bytes in %d calls", CALLS).isLessThan(CALLS);
            }
        }
    }

    /** Less than a byte a call: what is left is the measurement's own. */
    private static long allocatedBytes(final Coordinator coordinator, final Round round) {
        final com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        final long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < CALLS; i++) {
            coordinator.coordinate(round);
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }
}
