package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommittedDecoder;
import org.junit.jupiter.api.Test;

/**
 * A primary that tells one backup nothing and another one not the end: the client has its answer, one correct replica has committed, and
 * nobody waits for anything that a timer watches. Found by the simulator: standard faults, seed 20266349.
 */
class LaggardsTest {
    private static final int PRIMARY = 0;
    private static final int CLIENT = 3;

    private final SimKeys keys = new SimKeys(4, new SimRandom(1));
    private final TestGroup group =
            new TestGroup(4, 1, context -> context.authenticator(keys.authenticator(context.selfId())));

    @Test
    void shouldLeaveAPrimaryThatKeepsOthersBehind() {
        group.filter = (from, to, template, message) -> from != PRIMARY
                || (to != 1
                        && (to != 2
                                || (template != CommitDecoder.TEMPLATE_ID
                                        && template != CommittedDecoder.TEMPLATE_ID)));
        group.submit(CLIENT, "a");
        group.runUntil(() -> group.peers[CLIENT].replica.committedSequence() == 1, 100 * MS);
        assertThat(group.peers[1].replica.committedSequence()).isZero();
        assertThat(group.peers[2].replica.committedSequence()).isZero();
        group.runUntil(() -> group.allApplied(1), 60_000 * MS);
        assertThat(group.peers[CLIENT].replica.view()).isPositive();
        group.assertSameHistories();
    }
}
