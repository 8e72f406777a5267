package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.OrderView;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import org.junit.jupiter.api.Test;

/** Crashes of peers with a journal at the places where a part of what belongs together is on the disk. */
class RestartTest {
    private static final long PATIENCE_NS = 5_000 * MS;

    @Test
    void shouldBeAbleToVoteForAllThatItsOwnNewViewAssigns() {
        final TestGroup group = TestGroup.durable(4, 11);
        // Peer 1 never hears of the batch in view 0; the others prepare it, and nobody commits it there.
        group.filter = (fromId, toId, templateId, message) ->
                !(templateId == PrePrepareDecoder.TEMPLATE_ID && toId == 1) && templateId != CommitDecoder.TEMPLATE_ID;
        group.submit(3, "kept");
        group.runUntil(() -> group.count(2, PbftCounter.PREPARED) > 0, PATIENCE_NS);
        final boolean[] isAnnounced = {false};
        group.filter = (fromId, toId, templateId, message) -> {
            isAnnounced[0] |= templateId == NewViewDecoder.TEMPLATE_ID && fromId == 1;
            return fromId != 0;
        };
        group.journal(1).stopAfter(VoteRecorder.NEW_VIEW);
        group.runUntil(() -> group.journal(1).isStopped(), PATIENCE_NS);
        group.crash(1);
        group.restart(1);
        assertThat(group.view(1)).isEqualTo(1);
        assertThat(group.peers[1].replica.log.slot(1).isVoted).isTrue();
        group.runUntil(() -> group.peers[3].replies.size() == 1, PATIENCE_NS);
        assertThat(group.view(3)).as("the restarted primary went on").isEqualTo(1);
        assertThat(isAnnounced[0]).isTrue();
    }

    @Test
    void shouldNotBeReadBeforeItHasWhatItHadCommittedWithoutPreparingIt() {
        final TestGroup group = TestGroup.durable(4, 12);
        // Peer 3 hears no pre-prepare: it commits on what others report, and fetches the batch.
        group.filter =
                (fromId, toId, templateId, message) -> !(templateId == PrePrepareDecoder.TEMPLATE_ID && toId == 3);
        group.submit(0, "a");
        group.runUntil(() -> group.peers[3].replica.executedSequence() == 1, PATIENCE_NS);
        assertThat(group.peers[3].replica.log.preparedMax()).isZero();
        group.crash(3);
        group.filter = (fromId, toId, templateId, message) -> toId != 3 && fromId != 3;
        group.restart(3);
        group.runFor(20 * MS);
        final OrderView order = group.peers[3].replica.order();
        assertThat(group.peers[3].replica.committedSequence()).isEqualTo(1);
        assertThat(order.newestSequence())
                .as("its state lacks a sequence out of which it had answered")
                .isEqualTo(OrderView.NOT_READABLE);
        group.filter = (fromId, toId, templateId, message) -> true;
        group.runUntil(() -> order.newestSequence() == 1, PATIENCE_NS);
    }
}
