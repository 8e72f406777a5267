package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.BATCHES_PROPOSED;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How a primary batches (OSDI 1999, 4.2; MIT-LCS-TR-817, 5.1.4): at once while few sequences are under way, together when many are. */
class BatchingTest {
    private static final int IN_FLIGHT = 4;

    private final TestGroup group = new TestGroup(4, 1, context -> context.inFlightMax(IN_FLIGHT));

    @Test
    void shouldProposeALoneRequestInTheCallThatBringsIt() {
        group.submit(0, "a");
        assertThat(group.count(0, BATCHES_PROPOSED)).isEqualTo(1);
    }

    @Test
    void shouldProposeTogetherWhatArrivesInOneTurn() {
        group.peers[0].replica.beginTurn();
        for (int i = 0; i < 5; i++) {
            group.submit(0, "r" + i);
        }
        assertThat(group.count(0, BATCHES_PROPOSED)).isZero();
        group.peers[0].replica.onTick(group.nowNs);
        assertThat(group.count(0, BATCHES_PROPOSED)).isEqualTo(1);
        assertThat(group.peers[0].replica.log.slot(1).batch.count()).isEqualTo(5);
        group.runUntil(() -> group.allApplied(5), 200 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldGatherAsMuchAsIsUnderWayAndAllWhenTheWindowIsFull() {
        group.filter = (from, to, template, message) -> template != PrepareDecoder.TEMPLATE_ID;
        for (int i = 0; i < 8 + 3; i++) {
            group.submit(0, "r" + i);
            group.runFor(MS / 10);
        }
        assertThat(group.count(0, BATCHES_PROPOSED)).isEqualTo(IN_FLIGHT);
        assertThat(counts(IN_FLIGHT))
                .as("as many as are under way; the first two are alone")
                .containsExactly(1, 1, 2, 4);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(11), 200 * MS);
        assertThat(group.count(0, BATCHES_PROPOSED))
                .as("what gathered went into one batch")
                .isEqualTo(IN_FLIGHT + 1);
        group.runFor(20 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldNotGatherForLongerThanHalfARoundTrip() {
        group.filter = (from, to, template, message) -> template != PrepareDecoder.TEMPLATE_ID;
        for (int i = 0; i < 3; i++) {
            group.submit(0, "r" + i);
        }
        assertThat(counts(2)).containsExactly(1, 1);
        final long halfNs = group.peers[0].replica.roundTrips.pauseNs() / 4;
        group.runFor(halfNs / 2);
        assertThat(group.count(0, BATCHES_PROPOSED)).isEqualTo(2);
        group.runFor(halfNs + MS);
        assertThat(counts(3)).containsExactly(1, 1, 1);
    }

    private List<Integer> counts(final int slots) {
        return IntStream.rangeClosed(1, slots)
                .map(sequence -> group.peers[0].replica.log.slot(sequence).batch.count())
                .boxed()
                .toList();
    }

    @Test
    void shouldHaveSeveralSequencesUnderWayAtOnce() {
        group.filter = (from, to, template, message) -> template != CommitDecoder.TEMPLATE_ID;
        for (int i = 0; i < IN_FLIGHT; i++) {
            group.submit(1, "r" + i);
            group.runFor(MS);
        }
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.committedSequence()).isZero();
            for (int sequence = 1; sequence <= IN_FLIGHT; sequence++) {
                assertThat(peer.replica.log.slot(sequence).isPrepared).isTrue();
            }
        }
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(IN_FLIGHT), 200 * MS);
        group.runFor(20 * MS);
        group.assertSameHistories();
    }
}
