package io.quorate.engine.agent;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.Test;

class AgentGroupTest {
    private final List<Throwable> failures = new ArrayList<>();
    private final Probe consensus = new Probe();
    private final Probe kernels = new Probe();

    @Test
    void shouldCloseBothAgentsWhenOneFails() {
        final AgentGroup group = AgentGroup.invoked(consensus, kernels, failures::add);
        final IllegalStateException error = new IllegalStateException("broken");
        kernels.task = () -> {
            throw error;
        };

        assertThat(group.doWork()).isZero();
        assertThat(group.doWork()).isZero();

        assertThat(failures).containsExactly(error);
        assertThat(consensus.turnCount).isEqualTo(1);
        assertThat(consensus.closeCount).isEqualTo(1);
        assertThat(kernels.closeCount).isEqualTo(1);
        group.close();
        assertThat(kernels.closeCount).isEqualTo(1);
    }

    @Test
    void shouldNotEnterATurnFromWithinATurn() {
        final AgentGroup group = AgentGroup.invoked(consensus, kernels, failures::add);
        kernels.task = () -> assertThat(group.doWork()).isZero();

        // The kernel agent did something, so the consensus agent looks at it in the same turn.
        assertThat(group.doWork()).isEqualTo(3);

        assertThat(failures).isEmpty();
        assertThat(kernels.turnCount).isEqualTo(1);
        group.close();
    }

    private static final class Probe implements Agent {
        private Runnable task = () -> {};
        private int turnCount;
        private int closeCount;

        @Override
        public int doWork() {
            turnCount++;
            task.run();
            return 1;
        }

        @Override
        public void onClose() {
            closeCount++;
        }

        @Override
        public String roleName() {
            return "probe";
        }
    }
}
