package io.quorate.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.LinkCounter;
import org.junit.jupiter.api.Test;

/** Links that open when they are used and close when they are not. */
class LinksOnDemandIT {
    private static final long IDLE_NS = 300_000_000;

    @Test
    void shouldOpenALinkOnFirstUseAndCloseItWhenIdle() {
        try (AeronPeers group = AeronPeers.onDemand(4, IDLE_NS)) {
            for (int i = 0; i < 200; i++) {
                group.runOnce();
            }
            assertThat(total(group, LinkCounter.HELLOS_SENT)).isZero();
            group.deliver(0, 1, "first");
            group.deliver(1, 0, "answer");
            assertThat(group.peers.get(0).transport.isReady(1)).isTrue();
            assertThat(group.peers.get(2).transport.isReady(3)).isFalse();
            assertThat(total(group, LinkCounter.SESSIONS_OPENED)).isEqualTo(2);
            group.runUntil("the link rests", () -> !group.peers.get(0).transport.isReady(1));
            group.deliver(0, 1, "again");
            assertThat(total(group, LinkCounter.SESSIONS_OPENED))
                    .as("the session outlives the stream")
                    .isEqualTo(2);
        }
    }

    @Test
    void shouldReachAPeerThatHasRestartedSinceTheLinkRested() {
        try (AeronPeers group = AeronPeers.onDemand(2, IDLE_NS)) {
            group.deliver(0, 1, "first");
            group.deliver(1, 0, "answer");
            group.runUntil("the link rests", () -> !group.peers.get(0).transport.isReady(1));
            group.stop(1);
            group.restart(1);
            group.deliver(1, 0, "I am new");
            group.runUntil(
                    "a new session",
                    () -> group.peers.get(0).transport.counters().get(1, LinkCounter.SESSIONS_OPENED) == 2);
            group.deliver(0, 1, "welcome");
        }
    }

    private static long total(final AeronPeers group, final LinkCounter counter) {
        long sum = 0;
        for (final AeronPeers.Peer peer : group.peers) {
            sum += peer.transport.counters().total(counter);
        }
        return sum;
    }
}
