package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.Topology;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RoundWarmupTest {
    @ParameterizedTest
    @EnumSource(Coordinator.Mode.class)
    void shouldBecomeQuietInEveryMode(final Coordinator.Mode mode) {
        final CoordinatorContext group =
                new CoordinatorContext().peerCount(4).dimension(384).mode(mode).conclude();
        assertThat(RoundWarmup.run(group, Duration.ofSeconds(30).toNanos())).isTrue();
    }

    @Test
    void shouldNotNeedTheGroupsOwnSizeOrGraph() {
        final CoordinatorContext group = new CoordinatorContext()
                .peerCount(200)
                .dimension(2048)
                .heads(2)
                .mode(Coordinator.Mode.GOSSIP)
                .gossipRounds(1000)
                .faultTolerance(0)
                .topology(ring(200))
                .conclude();
        assertThat(RoundWarmup.run(group, Duration.ofSeconds(30).toNanos())).isTrue();
    }

    @Test
    void shouldDoNothingWithoutTime() {
        assertThat(RoundWarmup.run(null, 0)).isFalse();
    }

    private static Topology ring(final int peers) {
        final StringBuilder text = new StringBuilder();
        for (int peer = 0; peer < peers; peer++) {
            text.append(peer).append('-').append((peer + 1) % peers).append(' ');
        }
        return Topology.parse(peers, text.toString());
    }
}
