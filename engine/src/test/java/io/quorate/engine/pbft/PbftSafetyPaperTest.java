package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.COMMITTED;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_BAD_NEW_VIEW;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_INACTIVE_VIEW;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_OUT_OF_WINDOW;
import static io.quorate.engine.metrics.PbftCounter.PREPARED;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommittedDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The steps of the safety argument of Castro and Liskov, OSDI 1999, section 4.5.1, one a test: what each step says of the
 * replicas is looked up in the replicas. {@link TestGroup} checks all along that one digest commits at a sequence.
 */
class PbftSafetyPaperTest {
    /** Section 4.5.1: if a request prepares at a replica in a view and sequence, no other prepares there at any other one. */
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 10})
    void section451OneDigestPreparesInAViewAtASequence(final int peerCount) {
        // However the primary splits the backups.
        for (int split = 1; split < peerCount; split++) {
            final TestGroup group = new TestGroup(peerCount, split);
            group.crash(0);
            final Forger primary = new Forger(group, 0);
            final UnsafeBuffer request = primary.request(0, 1, "a");
            final Batch one = primary.batch(request);
            final Batch other = primary.batch();
            for (int id = 1; id < peerCount; id++) {
                primary.sayRequest(request, id);
                primary.sayPrePrepare(0, 1, id < split ? one : other, id);
            }
            group.runFor(3 * MS);
            final List<String> prepared = new ArrayList<>();
            for (int id = 1; id < peerCount; id++) {
                if (group.count(id, PREPARED) > 0) {
                    prepared.add(group.peers[id].replica.log.slot(1).digest.toString());
                }
            }
            assertThat(prepared.stream().distinct().count())
                    .as("peers below %d were told another batch", split)
                    .isLessThanOrEqualTo(1);
        }
    }

    /** Section 4.5.1: so two replicas agree on what commits locally in one view. */
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 10})
    void section451OneDigestCommitsInAView(final int peerCount) {
        final int quorum = Quorum.of(peerCount).quorum();
        final TestGroup group = new TestGroup(peerCount, 1);
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer request = primary.request(0, 1, "a");
        final Batch one = primary.batch(request);
        final Batch other = primary.batch();
        // Just enough backups hear one story for it to commit; the primary commits both.
        for (int id = 1; id < peerCount; id++) {
            primary.sayRequest(request, id);
            primary.sayPrePrepare(0, 1, id < quorum ? one : other, id);
            primary.sayCommit(0, 1, (id < quorum ? one : other).digest(), id);
        }
        group.runFor(3 * MS);
        for (int id = 1; id < quorum; id++) {
            assertThat(group.peers[id].committed.get(1L)).isEqualTo(one.digest().toString());
        }
        for (int id = quorum; id < peerCount; id++) {
            assertThat(group.peers[id].committed)
                    .doesNotContainValue(other.digest().toString());
        }
    }

    /** Section 4.5.1: where a request commits locally, at least f+1 correct replicas have it prepared. */
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 10})
    void section451WhatCommitsHasPreparedAtAWeakQuorumOfCorrectReplicas(final int peerCount) {
        final Quorum quorum = Quorum.of(peerCount);
        final TestGroup group = new TestGroup(peerCount, 3);
        group.submit(1, "a");
        final boolean[] isFirst = {true};
        group.runUntil(
                () -> {
                    if (isFirst[0] && committedCount(group) > 0) {
                        isFirst[0] = false;
                        assertThat(preparedCount(group))
                                .as("when the first commits; f of these may lie")
                                .isGreaterThanOrEqualTo(quorum.faultyMax() + quorum.oneCorrect());
                    }
                    return group.allApplied(1) && committedCount(group) == peerCount;
                },
                1000 * MS);
        assertThat(isFirst[0]).isFalse();
    }

    private static int committedCount(final TestGroup group) {
        int count = 0;
        for (final TestPeer peer : group.peers) {
            count += group.count(peer.id, COMMITTED) > 0 ? 1 : 0;
        }
        return count;
    }

    private static int preparedCount(final TestGroup group) {
        int count = 0;
        for (final TestPeer peer : group.peers) {
            count += group.count(peer.id, PREPARED) > 0 ? 1 : 0;
        }
        return count;
    }

    /** Section 4.5.1: no replica accepts a pre-prepare of a later view before it has the new view for it. */
    @Test
    void section451APrePrepareOfALaterViewIsRefusedBeforeItsNewView() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(1);
        final Forger next = new Forger(group, 1);
        next.sayPrePrepare(1, 1, next.batch(), 0, 2, 3);
        group.runFor(2 * MS);
        for (final int id : new int[] {0, 2, 3}) {
            assertThat(group.count(id, DROPPED_INACTIVE_VIEW)).isEqualTo(1);
            assertThat(group.peers[id].replica.log.slot(1).isAccepted).isFalse();
        }
        assertThat(group.sentByTemplate[PrepareDecoder.TEMPLATE_ID]).isZero();
        // Nor while it waits for that view.
        group.filter = (from, to, template, message) -> from == 1;
        group.peers[2].replica.viewChange.start(1);
        next.sayPrePrepare(1, 1, next.batch(), 2);
        group.runFor(2 * MS);
        assertThat(group.count(2, DROPPED_INACTIVE_VIEW)).isEqualTo(2);
        assertThat(group.peers[2].replica.log.slot(1).isAccepted).isFalse();
    }

    /** Section 4.5.1: a new view has the view changes of a quorum, or it is none. */
    @Test
    void section451ANewViewOfFewerThanAQuorumIsRefused() {
        final TestGroup group = new TestGroup(7, 1);
        final NewView.Claims none = new NewView.Claims(0);
        final NewView.Vote[] votes = new NewView.Vote[4];
        for (int id = 1; id <= 4; id++) {
            votes[id - 1] = new Forger(group, id).vote(1, none, none);
        }
        group.crash(1);
        new Forger(group, 1).sayNewView(1, votes, 0, 2, 3);
        group.runFor(2 * MS);
        for (final int id : new int[] {0, 2, 3}) {
            assertThat(group.count(id, DROPPED_BAD_NEW_VIEW)).isEqualTo(1);
            assertThat(group.view(id)).isZero();
        }
    }

    /** Section 4.5.1: that quorum has a correct replica in common with those that prepared, which hands the request on. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void section451WhatOneReplicaCommittedKeepsItsSequenceWithoutThatReplica(final int only) {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) ->
                template != CommittedDecoder.TEMPLATE_ID && (template != CommitDecoder.TEMPLATE_ID || to == only);
        group.submit((only + 1) % 4, "a");
        group.runUntil(() -> group.peers[only].committed.size() == 1, 20 * MS);
        assertThat(committedCount(group)).isEqualTo(1);
        group.crash(only);
        group.filter = (from, to, template, message) -> true;
        for (final TestPeer peer : group.peers) {
            if (peer.isAlive && peer.replica.view() == 0) {
                // The view whose primary is not the one that is gone.
                peer.replica.viewChange.start(only == 1 ? 2 : 1);
            }
        }
        group.submit((only + 2) % 4, "b");
        group.runUntil(() -> group.allApplied(2), 5000 * MS);
        final String first = group.peers[only].committed.get(1L);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.committed).containsEntry(1L, first);
            assertThat(peer.register.applied).startsWith((only + 1) % 4 + ":a");
        }
    }

    /** Section 4.5.1: or a view change names a checkpoint above it; then no message at or below that is accepted in the view. */
    @Test
    void section451NothingBelowTheCheckpointOfANewViewIsAccepted() {
        final TestGroup group = new TestGroup(4, 1);
        // The last one is told of no checkpoint, so its own window still holds the sequences below.
        group.filter = (from, to, template, message) ->
                to != 3 || from == 3 || (template != CheckpointDecoder.TEMPLATE_ID && template != 26);
        for (int i = 0; i < 8; i++) {
            group.submit(1, "r" + i);
            group.runFor(3 * MS);
        }
        group.runUntil(() -> group.peers[1].replica.stableSequence() == 8, 100 * MS);
        for (final TestPeer peer : group.peers) {
            peer.replica.viewChange.start(1);
        }
        group.runUntil(() -> group.view(3) == 1 && group.peers[3].replica.isActive(), 100 * MS);
        group.crash(1);
        final Forger primary = new Forger(group, 1);
        final int[] votes = {0};
        group.filter = (from, to, template, message) -> {
            final int body = MessageHeaderDecoder.ENCODED_LENGTH;
            votes[0] += template == PrepareDecoder.TEMPLATE_ID
                            && message.getLong(body + PrepareDecoder.viewEncodingOffset()) == 1
                            && message.getLong(body + PrepareDecoder.sequenceEncodingOffset()) <= 8
                    ? 1
                    : 0;
            return template == PrePrepareDecoder.TEMPLATE_ID || template == PrepareDecoder.TEMPLATE_ID;
        };
        final long before = group.count(0, DROPPED_OUT_OF_WINDOW) + group.count(3, DROPPED_OUT_OF_WINDOW);
        primary.sayPrePrepare(1, 5, primary.batch(), 0, 2, 3);
        primary.sayPrePrepare(1, 8, primary.batch(), 0, 2, 3);
        group.runFor(3 * MS);
        assertThat(group.count(0, DROPPED_OUT_OF_WINDOW) + group.count(3, DROPPED_OUT_OF_WINDOW))
                .isEqualTo(before + 4);
        assertThat(votes[0]).isZero();
    }
}
