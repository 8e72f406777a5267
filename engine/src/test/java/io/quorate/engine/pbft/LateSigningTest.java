package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.codecs.TaggedRequestDecoder;
import org.junit.jupiter.api.Test;

/** When a client whose requests carry tags signs: what stays unanswered, and what follows only if that happens again. */
class LateSigningTest {
    private static final int CLIENT = 1;
    private static final long PAUSE_NS = 100 * MS;

    private final SimKeys keys = new SimKeys(4, new SimRandom(1));
    private final TestGroup group =
            new TestGroup(4, 1, context -> context.authenticator(keys.authenticator(context.selfId())));
    private int tagged;

    @Test
    void shouldGoOnWithTagsAfterAPause() {
        group.filter = (from, to, template, message) -> false;
        group.submit(CLIENT, "a");
        group.runFor(PAUSE_NS);
        group.filter = this::countTagged;
        group.runUntil(() -> group.allApplied(1), 2_000 * MS);
        tagged = 0;
        group.submit(CLIENT, "b");
        group.runUntil(() -> group.allApplied(2), 2_000 * MS);
        assertThat(tagged).isPositive();
        group.assertSameHistories();
    }

    @Test
    void shouldSignAtOnceWhereTagsAreInVainAgainAndAgain() {
        group.filter = (from, to, template, message) -> template != TaggedRequestDecoder.TEMPLATE_ID;
        for (int count = 1; count <= 2; count++) {
            group.submit(CLIENT, "r" + count);
            final int applied = count;
            group.runUntil(() -> group.allApplied(applied), 2_000 * MS);
        }
        group.filter = this::countTagged;
        group.submit(CLIENT, "at once");
        group.runUntil(() -> group.allApplied(3), 2_000 * MS);
        assertThat(tagged).isZero();
        group.assertSameHistories();
    }

    private boolean countTagged(final int from, final int to, final int template, final Object message) {
        tagged += template == TaggedRequestDecoder.TEMPLATE_ID ? 1 : 0;
        return true;
    }
}
