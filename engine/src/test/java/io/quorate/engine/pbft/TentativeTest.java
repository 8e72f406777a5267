package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.ROLLBACKS;
import static io.quorate.engine.metrics.PbftCounter.TENTATIVE;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.Batch;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommittedDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Tentative execution (MIT-LCS-TR-817, 5.1.2): what runs ahead of its commit, who hears of it, and how it is taken back. */
class TentativeTest {
    private static final int STANDING = MessageHeaderDecoder.ENCODED_LENGTH + ReplyDecoder.standingEncodingOffset();

    private final TestGroup group = new TestGroup(4, 1);

    @Test
    void shouldAnswerBeforeAnythingCommits() {
        group.filter = TentativeTest::isNoCommit;
        group.submit(1, "a");
        group.runUntil(() -> group.peers[1].replies.size() == 1, 5 * MS);
        assertThat(group.committed).isEmpty();
        for (final TestPeer peer : group.peers) {
            assertThat(peer.register.applied).containsExactly("1:a");
            assertThat(peer.replica.executedSequence()).isZero();
            assertThat(peer.told).isEmpty();
        }
    }

    @Test
    void shouldBecomeFinalWithoutRunningTwice() {
        group.filter = TentativeTest::isNoCommit;
        group.submit(1, "a");
        group.runUntil(() -> group.peers[1].replies.size() == 1, 5 * MS);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[0].told.contains("final 1"), 100 * MS);
        group.runFor(50 * MS);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.register.applied).containsExactly("1:a");
            assertThat(peer.replica.executedSequence()).isEqualTo(1);
            assertThat(peer.told).containsExactly("final 1");
            assertThat(peer.replica.waitingCount()).isZero();
        }
    }

    @Test
    void shouldRunAtMostOneSequenceAhead() {
        group.filter = TentativeTest::isNoCommit;
        for (int i = 0; i < 5; i++) {
            group.submit(1, "r" + i);
            group.runFor(2 * MS);
        }
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.log.slot(2).isPrepared).isTrue();
            assertThat(peer.register.applied).containsExactly("1:r0");
        }
    }

    @Test
    void shouldNotBelieveFewerThanAQuorumOfTentativeReplies() {
        group.filter = (from, to, template, message) -> isNoCommit(from, to, template, message)
                && (template != ReplyDecoder.TEMPLATE_ID || from == 2)
                && template != ViewChangeDecoder.TEMPLATE_ID;
        group.submit(1, "a");
        group.runFor(300 * MS);
        assertThat(group.peers[1].replies).as("its own and that of one other").isEmpty();
    }

    @Test
    void shouldAskAgainAndGetFinalRepliesWhenTentativeOnesAreTooFew() {
        group.filter = (from, to, template, message) ->
                template != ReplyDecoder.TEMPLATE_ID || message.getByte(STANDING) == Replies.FINAL;
        group.submit(1, "a");
        group.runUntil(() -> group.peers[1].replies.size() == 1, 100 * MS);
        assertThat(group.count(1, TENTATIVE)).isEqualTo(1);
    }

    @Test
    void shouldAskForAQuorumOfFinalRepliesWhereClientsReadWithoutOrder() {
        final TestGroup reading = new TestGroup(4, 1, context -> context.isReading(true));
        reading.filter = (from, to, template, message) ->
                template != ReplyDecoder.TEMPLATE_ID || (from == 2 && message.getByte(STANDING) == Replies.FINAL);
        reading.submit(1, "a");
        reading.runFor(100 * MS);
        assertThat(reading.allApplied(1)).isTrue();
        assertThat(reading.peers[1].replies)
                .as("its own and that of one other: enough elsewhere")
                .isEmpty();
        reading.filter = (from, to, template, message) -> true;
        reading.runUntil(() -> reading.peers[1].replies.size() == 1, 1000 * MS);
    }

    @Test
    void shouldBeTakenBackByAViewThatPutsSomethingElseThere() {
        final TestPeer lone = runAheadAlone();
        // The three others change the view without the one that has it prepared.
        group.filter = (from, to, template, message) -> (from != 3 || template != ViewChangeDecoder.TEMPLATE_ID)
                && (to != 3 || template == NewViewDecoder.TEMPLATE_ID || template == ViewChangeDecoder.TEMPLATE_ID);
        for (int id = 0; id < 3; id++) {
            group.peers[id].replica.viewChange.start(1);
        }
        group.runUntil(() -> lone.replica.view() == 1 && lone.replica.isActive(), 200 * MS);
        group.runFor(5 * MS);
        assertThat(lone.told).containsExactly("back to 0");
        assertThat(lone.register.applied).isEmpty();
        assertThat(group.count(3, ROLLBACKS)).isEqualTo(1);
        assertThat(lone.committed).isEmpty();
        group.filter = (from, to, template, message) -> true;
        group.submit(2, "b");
        group.runUntil(() -> group.allApplied(2), 2000 * MS);
        group.runFor(100 * MS);
        group.assertSameHistories();
        assertThat(group.peers[1].replies).hasSize(1);
    }

    @Test
    void shouldNotBeAnsweredAsWhatPreparesInItsPlaceWhileTheViewIsEntered() {
        final TestPeer lone = runAheadAlone();
        final int[] tentative = new int[1];
        // The null batch comes to the sequence, and its prepares are here before the view is.
        final Batch empty = new Forger(group, 0).batch();
        final NewView.Claims claims = new NewView.Claims(1);
        claims.set(0, 1, 1, empty.digest());
        final NewView.Claims none = new NewView.Claims(0);
        final Forger primary = new Forger(group, 2);
        final NewView.Vote[] set = {
            new Forger(group, 0).vote(2, claims, claims),
            new Forger(group, 1).vote(2, claims, claims),
            primary.vote(2, none, none)
        };
        group.filter = (from, to, template, message) -> {
            tentative[0] += from == 3 && template == ReplyDecoder.TEMPLATE_ID ? 1 : 0;
            return to == 3 && from != 3;
        };
        group.delayMaxNs = group.delayMinNs;
        for (int id = 0; id < 2; id++) {
            new Forger(group, id).sayPrepare(2, 1, empty.digest(), 3);
            new Forger(group, id).sayViewChange(set[id], 3);
        }
        primary.sayViewChange(set[2], 3);
        primary.sayNewView(2, set, 3);
        group.runUntil(() -> lone.replica.view() == 2 && lone.replica.isActive(), 5 * MS);
        assertThat(lone.replica.log.slot(1).isPrepared).isTrue();
        group.runFor(5 * MS);
        assertThat(tentative[0])
                .as("replies of view 2 to what was applied in view 0")
                .isZero();
        assertThat(lone.told).containsExactly("back to 0");
    }

    @Test
    void shouldStayIfTheNewViewKeepsIt() {
        group.filter = TentativeTest::isNoCommit;
        group.submit(1, "a");
        group.runUntil(() -> group.allApplied(1), 5 * MS);
        for (final TestPeer peer : group.peers) {
            peer.replica.viewChange.start(1);
        }
        group.runUntil(() -> group.view(0) == 1 && group.peers[0].replica.isActive(), 100 * MS);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[0].replica.executedSequence() == 1, 200 * MS);
        group.runFor(50 * MS);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.told).containsExactly("final 1");
            assertThat(peer.register.applied).containsExactly("1:a");
            assertThat(group.count(peer.id, ROLLBACKS)).isZero();
        }
    }

    @Test
    void shouldStopRatherThanAnswerInANewViewWhatItDidNotApply() {
        final TestPeer lone = runAheadAlone();
        final Applier applier = lone.replica.applier;
        final LogSlot slot = lone.replica.log.slot(1);
        lone.replica.moveTo(1, true);
        final Batch other = new Forger(group, 0).batch();
        slot.accept(other.digest(), other);
        slot.isCommitSent = true;
        assertThatThrownBy(applier::feed)
                .isInstanceOf(Invariant.Broken.class)
                .hasMessageContaining("what is answered again in a new view is what was applied");
    }

    @Test
    void shouldForgetTheStateOfTheStartOnceThereIsACheckpoint() {
        submitMany(4);
        assertThat(group.peers[0].replica.applier.holdsOrigin()).isTrue();
        submitMany(20);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.stableSequence()).isPositive();
            assertThat(peer.replica.applier.holdsOrigin()).isFalse();
        }
    }

    @Test
    void shouldBeTakenBackWhenSomethingElseIsReportedAsCommitted() {
        final TestPeer lone = runAheadAlone();
        group.filter = (from, to, template, message) -> to == 3;
        final Batch empty = new Forger(group, 0).batch();
        for (int id = 0; id < 2; id++) {
            new Forger(group, id).say(publisher -> publisher.committed(3, 1, empty.digest()), 3);
        }
        group.runFor(5 * MS);
        new Forger(group, 0).say(publisher -> publisher.batch(3, 1, empty), 3);
        group.runFor(5 * MS);
        assertThat(lone.told).containsExactly("back to 0");
        assertThat(lone.register.applied).isEmpty();
        assertThat(lone.replica.executedSequence()).isEqualTo(1);
    }

    @Test
    void shouldComeBackWithEverythingThatHadCommittedSinceTheCheckpoint() {
        for (int i = 0; i < 12; i++) {
            group.submit(1, "r" + i);
            group.runFor(2 * MS);
        }
        group.runUntil(() -> group.peers[3].replica.stableSequence() == 8, 200 * MS);
        final TestPeer lone = group.peers[3];
        final long executed = lone.replica.executedSequence();
        assertThat(executed).isGreaterThan(8);
        group.filter = (from, to, template, message) -> isNoCommit(from, to, template, message)
                && (template != PrepareDecoder.TEMPLATE_ID || to == 3)
                && template != CommittedDecoder.TEMPLATE_ID;
        group.submit(1, "ahead");
        group.runUntil(() -> lone.register.applied.size() == 13, 5 * MS);
        group.filter = (from, to, template, message) -> (from != 3 || template != ViewChangeDecoder.TEMPLATE_ID)
                && (to != 3 || template == NewViewDecoder.TEMPLATE_ID || template == ViewChangeDecoder.TEMPLATE_ID);
        for (int id = 0; id < 3; id++) {
            group.peers[id].replica.viewChange.start(1);
        }
        group.runUntil(() -> lone.told.contains("back to 8"), 200 * MS);
        group.runFor(5 * MS);
        assertThat(lone.register.applied).hasSize(12).doesNotHaveDuplicates();
        assertThat(lone.replica.executedSequence()).isEqualTo(executed);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(13), 2000 * MS);
        group.runFor(100 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldGiveTheKeptReplyAfterStateTransfer() {
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        final long last = submitMany(20);
        group.runUntil(() -> group.peers[1].replies.containsKey(last), 500 * MS);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[3].replica.executedSequence() >= 16, 2000 * MS);
        final UnsafeBuffer[] answer = new UnsafeBuffer[1];
        group.filter = (from, to, template, message) -> {
            if (from == 3 && template == ReplyDecoder.TEMPLATE_ID) {
                answer[0] = message;
            }
            return true;
        };
        final long kept = last - 6;
        final Forger client = new Forger(group, 1);
        client.sayRequest(client.request(1, kept, "r" + (kept - group.peers[1].context.firstRequestNumber())), 3);
        group.runFor(5 * MS);
        assertThat(answer[0]).as("peer 3 never executed it, and answers").isNotNull();
    }

    private long submitMany(final int count) {
        long last = 0;
        for (int i = 0; i < count; i++) {
            last = group.submit(1, "r" + i);
            group.runFor(2 * MS);
        }
        return last;
    }

    /** Request "1:a" prepares at peer 3 alone. */
    private TestPeer runAheadAlone() {
        group.filter = (from, to, template, message) ->
                isNoCommit(from, to, template, message) && (template != PrepareDecoder.TEMPLATE_ID || to == 3);
        group.submit(1, "a");
        final TestPeer lone = group.peers[3];
        group.runUntil(() -> lone.register.applied.size() == 1, 5 * MS);
        for (int id = 0; id < 3; id++) {
            assertThat(group.peers[id].register.applied).isEmpty();
        }
        return lone;
    }

    private static boolean isNoCommit(final int from, final int to, final int template, final UnsafeBuffer message) {
        return template != CommitDecoder.TEMPLATE_ID;
    }
}
