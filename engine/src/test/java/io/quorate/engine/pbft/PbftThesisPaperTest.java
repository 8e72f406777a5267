package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.COMMITTED;
import static io.quorate.engine.metrics.PbftCounter.PREPARED;
import static io.quorate.engine.metrics.PbftCounter.RETRANSMISSIONS;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.RecoveryAnswerDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.RequestDecoder;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/**
 * Statements of Castro's thesis, MIT-LCS-TR-817, one a test, by section: what it adds to the paper of {@link PbftPaperTest}, or
 * says more closely. Tentative execution (5.1.2) has {@link TentativeTest}, the choice of a new view (3.2.4) {@link NewViewTest}.
 */
class PbftThesisPaperTest {
    private final TestGroup group = new TestGroup(4, 1);

    /** Section 2.3.2: a client that gets no reply sends its request again, and to all. */
    @Test
    void section232AClientAsksAgainUntilItIsAnswered() {
        group.filter = (from, to, template, message) -> template != RequestDecoder.TEMPLATE_ID;
        group.submit(3, "a");
        group.runFor(60 * MS);
        final int asked = group.sentByTemplate[RequestDecoder.TEMPLATE_ID];
        assertThat(asked).as("three receivers, more than once").isGreaterThanOrEqualTo(6);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[3].replies.size() == 1, 1000 * MS);
    }

    /** Section 2.3.2: a request that comes again is executed once. */
    @Test
    void section232ARequestIsExecutedOnceHoweverOftenItComes() {
        group.duplicate = 1;
        for (int i = 0; i < 5; i++) {
            group.submit(2, "r" + i);
            group.runFor(5 * MS);
        }
        group.runUntil(() -> group.allApplied(5), 1000 * MS);
        group.runFor(200 * MS);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.register.applied).hasSize(5).doesNotHaveDuplicates();
        }
    }

    /** Section 2.3.3: committed-local is prepared and a quorum of commits, the own one included. */
    @Test
    void section233CommittedNeedsAQuorumOfCommitsForOneDigest() {
        group.crash(0);
        group.crash(2);
        group.crash(3);
        final Forger primary = new Forger(group, 0);
        final Batch empty = primary.batch();
        final Batch other = primary.batch(primary.request(0, 1, "other"));
        primary.sayPrePrepare(0, 1, empty, 1);
        new Forger(group, 2).sayPrepare(0, 1, empty.digest(), 1);
        primary.sayCommit(0, 1, empty.digest(), 1);
        new Forger(group, 3).sayCommit(0, 1, other.digest(), 1);
        group.runFor(2 * MS);
        assertThat(group.count(1, PREPARED)).isEqualTo(1);
        assertThat(group.count(1, COMMITTED))
                .as("its own, the primary's, and one for another digest")
                .isZero();
        new Forger(group, 2).sayCommit(0, 1, empty.digest(), 1);
        group.runFor(2 * MS);
        assertThat(group.count(1, COMMITTED)).isEqualTo(1);
    }

    /** Section 2.3.4: a checkpoint is proven by equal digests only. */
    @Test
    void section234ADifferentDigestProvesNothing() {
        group.filter = (from, to, template, message) ->
                to != 1 || from == 0 || (template != 25 && template != 26 && template != 28);
        for (int i = 0; i < 8; i++) {
            group.submit(1, "r" + i);
            group.runFor(3 * MS);
        }
        assertThat(group.peers[1].replica.executedSequence()).isEqualTo(8);
        group.filter = (from, to, template, message) -> from == 3 && to == 1;
        new Forger(group, 3).sayCheckpoint(8, new Forger(group, 3).batch().digest(), 1);
        group.runFor(2 * MS);
        assertThat(group.peers[1].replica.stableSequence())
                .as("its own, the primary's, and one of another state")
                .isZero();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[1].replica.stableSequence() == 8, 1000 * MS);
    }

    /** Section 3.2.4: a view change says in P what prepared, and in Q what was voted for, without the prepares themselves. */
    @Test
    void section324AViewChangeSpeaksOfPAndQ() {
        group.filter = (from, to, template, message) -> template != CommitDecoder.TEMPLATE_ID
                && (template != PrePrepareDecoder.TEMPLATE_ID || to == 1 || message.getLong(8 + 64 + 8) == 1);
        group.submit(1, "prepared at 1");
        group.submit(1, "only voted for at 2");
        group.runFor(4 * MS);
        group.peers[1].replica.viewChange.start(1);
        final NewView.Vote own = group.peers[1].replica.viewChange.own();
        assertThat(own.prepared().count()).isEqualTo(1);
        assertThat(own.prepared().sequence(0)).isEqualTo(1);
        assertThat(own.prepared().view(0)).isZero();
        assertThat(own.prePrepared().count()).isEqualTo(2);
        assertThat(own.prePrepared().sequence(1)).isEqualTo(2);
    }

    /** Section 3.2.4: what prepared in one view is claimed again in the next, though nothing prepared there. */
    @Test
    void section324PAndQOutliveViewsInWhichNothingHappens() {
        group.filter = (from, to, template, message) ->
                template != CommitDecoder.TEMPLATE_ID && template != NewViewDecoder.TEMPLATE_ID;
        group.submit(1, "a");
        group.runFor(4 * MS);
        final TestPeer peer = group.peers[2];
        for (int view = 1; view <= 3; view++) {
            peer.replica.viewChange.start(view);
            assertThat(peer.replica.viewChange.own().prepared().view(0)).isZero();
            assertThat(peer.replica.viewChange.own().prePrepared().count()).isEqualTo(1);
        }
    }

    /** Section 3.2.4, condition A3: the new primary has the bodies of what it assigns before it announces the view. */
    @Test
    void section324ANewPrimaryFetchesWhatItAssigns() {
        // The next primary hears neither of the request nor of its batch.
        group.filter = (from, to, template, message) -> template != CommitDecoder.TEMPLATE_ID
                && (to != 1 || (template != RequestDecoder.TEMPLATE_ID && template != PrePrepareDecoder.TEMPLATE_ID));
        group.submit(2, "a");
        group.runFor(4 * MS);
        assertThat(group.count(2, PREPARED)).isEqualTo(1);
        for (int id = 1; id < 4; id++) {
            group.peers[id].replica.viewChange.start(1);
        }
        group.crash(0);
        group.runFor(20 * MS);
        assertThat(group.sentByTemplate[NewViewDecoder.TEMPLATE_ID])
                .as("not while it lacks the body")
                .isZero();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(1), 2000 * MS);
        assertThat(group.peers[1].register.applied).containsExactly("2:a");
    }

    /** Section 3.2.5: Q is bounded, and a replica keeps in it whatever a correct one may have voted for. */
    @Test
    void section325QHasRoomForAllThatCorrectReplicasVoteFor() {
        for (int peerCount = 1; peerCount <= 40; peerCount++) {
            final int digestsMax = new PbftContext()
                    .peerCount(peerCount)
                    .selfId(0)
                    .random(new SplittableRandom(1))
                    .conclude()
                    .prePreparedMax();
            final LogSlot slot = new LogSlot(peerCount, digestsMax, new LogSlot.Lacking(new LogSlot[1]), 0);
            int fresh = 0;
            while (!slot.isCrowded()) {
                slot.rememberPrePrepared(fresh, digest(fresh), null);
                fresh++;
            }
            assertThat(fresh).isPositive();
            // What the others voted for afresh comes by new views, and null.
            for (int other = fresh; other <= peerCount * fresh; other++) {
                slot.rememberPrePrepared(other, digest(other), null);
            }
            assertThat(slot.prePreparedCount()).isEqualTo(peerCount * fresh + 1);
            for (int other = 0; other <= peerCount * fresh; other++) {
                assertThat(slot.prePreparedDigest(other).isEqual(digest(other))).isTrue();
            }
        }
    }

    private static Digest256 digest(final int content) {
        final UnsafeBuffer bytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
        bytes.putInt(0, content);
        return new Digest256().set(bytes, 0);
    }

    /** Section 3.2.5: the bound costs no progress: a sequence that saw too many batches gets the null batch. */
    @Test
    void section325ASequenceThatSawTooManyBatchesGetsNull() {
        group.filter = (from, to, template, message) -> template != PrepareDecoder.TEMPLATE_ID;
        for (int view = 1; view <= 8; view++) {
            // One request more, so another batch in each view.
            group.submit(1, "r" + view);
            group.runFor(2 * MS);
            for (final TestPeer peer : group.peers) {
                if (peer.replica.view() < view) {
                    peer.replica.viewChange.start(view);
                }
            }
            group.runFor(30 * MS);
        }
        for (final TestPeer peer : group.peers) {
            final LogSlot slot = peer.replica.log.slot(1);
            assertThat(slot.prePreparedCount()).as("three, and null").isEqualTo(4);
            assertThat(slot.digest.isEqual(peer.replica.viewChange.nullDigest)).isTrue();
        }
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(8), 5000 * MS);
        group.assertSameHistories();
        assertThat(group.committed.get(1L)).isEqualTo(group.peers[0].replica.viewChange.nullDigest.toString());
    }

    /** Section 4.3.2: a replica that recovers estimates how far it may have spoken from what a quorum of others attests. */
    @Test
    void section432TheEstimateNeedsAQuorumOfOthers() {
        for (int i = 0; i < 12; i++) {
            group.submit(1, "r" + i);
            group.runFor(3 * MS);
        }
        group.crash(2);
        group.filter = (from, to, template, message) -> template != RecoveryAnswerDecoder.TEMPLATE_ID || from != 3;
        group.restart(2);
        group.runFor(300 * MS);
        assertThat(group.peers[2].replica.recoverySequence())
                .as("two others are no quorum of others")
                .isZero();
        assertThat(group.peers[2].replica.isVoting()).isFalse();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[2].replica.recoverySequence() > 0, 1000 * MS);
        assertThat(group.peers[2].replica.recoverySequence())
                .as("the highest stable checkpoint, and two windows")
                .isGreaterThanOrEqualTo(8 + 2 * 16);
    }

    /** Section 4.3.2: until then it sends nothing that others would count. */
    @Test
    void section432ARecoveringReplicaHasNoVote() {
        for (int i = 0; i < 12; i++) {
            group.submit(1, "r" + i);
            group.runFor(3 * MS);
        }
        group.crash(2);
        group.restart(2);
        final int[] votes = {0};
        group.filter = (from, to, template, message) -> {
            final boolean isVote =
                    template == 21 || template == 22 || template == 23 || template == 25 || template == 27;
            votes[0] += from == 2 && isVote && !group.peers[2].replica.isVoting() ? 1 : 0;
            return true;
        };
        group.submit(1, "goes on without it");
        group.runUntil(() -> group.peers[2].replica.isVoting(), 10_000 * MS);
        assertThat(votes[0]).isZero();
        group.runUntil(() -> group.allApplied(13), 2000 * MS);
        group.assertSameHistories();
    }

    /** Section 5.1.1: a replica need not send what its digest says as well; here every reply is short, and in full. */
    @Test
    void section511NoReplicaIsTheOnlyOneThatAnswersInFull() {
        assertThat(StateMachine.REPLY_LENGTH_MAX)
                .as("a digest and its signer's frame are not much less")
                .isLessThanOrEqualTo(8 * Digest256.LENGTH);
        for (int silent = 0; silent < 4; silent++) {
            final TestGroup fresh = new TestGroup(4, 1);
            final int mute = silent;
            final int client = (silent + 1) % 4;
            fresh.filter = (from, to, template, message) ->
                    from != mute || to != client || template != ReplyDecoder.TEMPLATE_ID;
            fresh.submit(client, "a");
            fresh.runUntil(() -> fresh.peers[client].replies.size() == 1, 4 * MS);
            assertThat(fresh.count(client, RETRANSMISSIONS))
                    .as("whichever reply is missing, nobody is asked again")
                    .isZero();
        }
    }

    /** Section 5.1.1: the result must be the one that enough replicas vouch for, byte for byte. */
    @Test
    void section511RepliesThatDifferDoNotAddUp() {
        group.filter = (from, to, template, message) -> {
            if (template == ReplyDecoder.TEMPLATE_ID && to == 3) {
                message.putByte(message.capacity() - 1, (byte) from);
            }
            return true;
        };
        group.submit(3, "a");
        group.runFor(100 * MS);
        assertThat(group.allApplied(1)).isTrue();
        assertThat(group.peers[3].replies).isEmpty();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[3].replies.size() == 1, 1000 * MS);
        assertThat(group.peers[3].replies.values()).containsExactly("ok1");
    }
}
