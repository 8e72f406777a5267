package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.SLOW_PRIMARIES_LEFT;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.StatusDecoder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A primary that orders everything within the time that is borne, but late, against peers that are late for other reasons. */
class SlowPrimaryTest {
    private static final int REQUESTS = 60;

    private final TestGroup group = new TestGroup(4, 3);
    private int submitted;

    /** One request after the other, of a client that is not the primary; returns how long each took. */
    private List<Long> run(final int clientId) {
        final List<Long> took = new ArrayList<>();
        for (int i = 0; i < REQUESTS; i++) {
            final int answered = group.peers[clientId].replies.size() + 1;
            final long beganNs = group.nowNs;
            group.submit(clientId, "r" + submitted++);
            group.runUntil(() -> group.peers[clientId].replies.size() == answered, 5_000 * MS);
            took.add(group.nowNs - beganNs);
        }
        group.runFor(200 * MS);
        group.assertSameHistories();
        return took;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldLeaveAPrimaryThatSaysEverythingLate(final int clientId) {
        group.heldBackNs[0] = 45 * MS;
        final List<Long> took = run(clientId);
        assertThat(took.getFirst()).isGreaterThan(45 * MS);
        assertThat(took.getLast()).isLessThan(5 * MS);
        for (int id = 1; id < 4; id++) {
            assertThat(group.view(id)).as("peer %d", id).isEqualTo(1);
        }
    }

    @Test
    void shouldLeaveAPrimaryThatHoldsBackItsProposals() {
        group.filter = (from, to, template, message) -> {
            group.heldBackNs[0] = from == 0 && template == PrePrepareDecoder.TEMPLATE_ID ? 45 * MS : 0;
            return true;
        };
        assertThat(run(2).getLast()).isLessThan(5 * MS);
        assertThat(group.view(1)).isEqualTo(1);
        assertThat(group.count(1, SLOW_PRIMARIES_LEFT) + group.count(2, SLOW_PRIMARIES_LEFT))
                .isPositive();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void shouldNotTakeASlowBackupForASlowPrimary(final int slowId) {
        group.heldBackNs[slowId] = 45 * MS;
        run(slowId == 3 ? 2 : 3);
        assertThat(group.view(0)).isZero();
    }

    /** A primary that finds itself slow does not leave alone: with one backup silent, that would stop the group. */
    @Test
    void shouldNotLeaveAsPrimaryBecauseTwoBackupsFindItSlow() {
        group.delayMinNs = 18 * MS;
        group.delayMaxNs = 20 * MS;
        group.filter = (from, to, template, message) -> {
            if (template == StatusDecoder.TEMPLATE_ID && from == 3) {
                final int flagsAt = MessageHeaderEncoder.ENCODED_LENGTH + StatusDecoder.flagsEncodingOffset();
                message.putByte(flagsAt, (byte) (message.getByte(flagsAt) & ~PbftPublisher.FLAG_SLOW));
            }
            return true;
        };
        run(1);
        assertThat(group.view(0)).isZero();
        assertThat(group.count(0, SLOW_PRIMARIES_LEFT)).isZero();
    }

    /** Every primary is as slow as the network: after a few trials the group believes it. */
    @Test
    void shouldSettleWhereEveryoneIsSlow() {
        group.delayMinNs = 18 * MS;
        group.delayMaxNs = 20 * MS;
        run(3);
        final long settled = group.view(1);
        assertThat(settled).isBetween(1L, 3L);
        run(3);
        run(3);
        assertThat(group.view(1)).isEqualTo(settled);
    }
}
