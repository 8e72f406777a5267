package io.quorate.engine.pbft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A peer asked for the next view alone, since it was slow when the others were not, and the group went on without it for many
 * checkpoints. When the primary dies, the next view needs this peer, whose view change speaks of a window that is long over.
 */
class LoneAskerTest {
    private static final long MS = 1_000_000;
    private static final int REQUESTS = 200;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldNotHoldUpTheNextView(final int askerId) {
        final TestGroup group = new TestGroup(4, askerId);
        final int clientId = askerId == 3 ? 2 : 3;
        group.submit(clientId, "first");
        group.runUntil(() -> group.allApplied(1), 1_000 * MS);
        group.peers[askerId].replica.viewChange.start(1);
        for (int i = 1; i < REQUESTS; i++) {
            final int answered = i + 1;
            group.submit(clientId, "r" + i);
            group.runUntil(() -> group.peers[clientId].replies.size() == answered, 10_000 * MS);
        }
        assertThat(group.peers[askerId].replica.log.low())
                .as("it follows")
                .isGreaterThan(group.peers[askerId].replica.viewChange.own().baseSequence());
        assertThat(views(group)).as("and waits").containsExactly(0L, 0L, 0L, 1L);
        group.crash(0);
        group.submit(clientId, "after");
        group.runUntil(() -> group.peers[clientId].replies.size() == REQUESTS + 1, 60_000 * MS);
        for (int id = 1; id < 4; id++) {
            assertThat(group.peers[id].replica.view()).as("peer %d", id).isEqualTo(1);
        }
        group.runUntil(() -> group.peers[askerId].replica.committedSequence() > REQUESTS, 10_000 * MS);
        group.assertSameHistories();
    }

    private static List<Long> views(final TestGroup group) {
        final List<Long> views = new ArrayList<>();
        for (final TestPeer peer : group.peers) {
            views.add(peer.replica.view());
        }
        views.sort(null);
        return views;
    }
}
