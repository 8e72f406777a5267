package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.COMMITTED;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_OLD_VIEW;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_OUT_OF_WINDOW;
import static io.quorate.engine.metrics.PbftCounter.PREPARED;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Batch;
import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.RequestDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Statements of Castro and Liskov, Practical Byzantine Fault Tolerance, OSDI 1999, one a test, by section. */
class PbftPaperTest {
    /** Section 4: the primary of view v is the replica with id v mod |R|. */
    @Test
    void section4ThePrimaryFollowsFromTheView() {
        final TestGroup group = new TestGroup(4, 1, context -> context.viewChangeTimeoutNs(50 * MS));
        group.submit(2, "a");
        group.runUntil(() -> group.allApplied(1), 500 * MS);
        group.crash(0);
        group.submit(2, "b");
        group.runUntil(() -> group.allApplied(2), 2000 * MS);
        final long view = group.view(2);
        assertThat(group.peers[2].replica.primaryId()).isEqualTo((int) (view % 4));
    }

    /** Section 4.1: the client waits for f+1 replies with the same result. */
    @Test
    void section41TheClientBelievesAWeakQuorumOfEqualReplies() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) ->
                template != ReplyDecoder.TEMPLATE_ID && (template != RequestDecoder.TEMPLATE_ID || from != to);
        group.submit(3, "a");
        group.runFor(20 * MS);
        assertThat(group.peers[3].replies)
                .as("its own replica's reply is one of two")
                .isEmpty();
        group.filter = (from, to, template, message) -> template != ReplyDecoder.TEMPLATE_ID || from == 1;
        group.runUntil(() -> group.peers[3].replies.size() == 1, 1000 * MS);
    }

    /** Section 4.1: a replica that processed the request already sends the reply again. */
    @Test
    void section41ARepeatedRequestGetsTheKeptReply() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) -> template != ReplyDecoder.TEMPLATE_ID;
        group.submit(3, "a");
        group.runFor(50 * MS);
        assertThat(group.allApplied(1)).isTrue();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.peers[3].replies.size() == 1, 1000 * MS);
        assertThat(group.peers[0].register.applied).hasSize(1);
    }

    /** Section 4.2: backups do not accept a pre-prepare of another view, above the high watermark, or for a taken slot. */
    @Test
    void section42APrePrepareIsAcceptedInItsViewAndWindowOnly() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final Batch empty = primary.batch();
        primary.sayPrePrepare(4, 1, empty, 1);
        primary.sayPrePrepare(0, 17, empty, 1);
        primary.sayPrePrepare(0, 0, empty, 1);
        group.runFor(2 * MS);
        assertThat(group.sentByTemplate[PrepareDecoder.TEMPLATE_ID]).isZero();
        assertThat(group.count(1, DROPPED_OUT_OF_WINDOW)).isEqualTo(2);
        primary.sayPrePrepare(0, 16, empty, 1);
        group.runFor(2 * MS);
        assertThat(group.sentByTemplate[PrepareDecoder.TEMPLATE_ID]).isEqualTo(3);
    }

    /** Section 4.2: prepared is a pre-prepare and 2f (here q-1) matching prepares from different backups. */
    @Test
    void section42PreparedNeedsPreparesOfDifferentBackups() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(0);
        group.crash(2);
        group.crash(3);
        final Forger primary = new Forger(group, 0);
        final Batch empty = primary.batch();
        primary.sayPrePrepare(0, 1, empty, 1);
        primary.sayPrepare(0, 1, empty.digest(), 1);
        primary.sayPrepare(0, 1, empty.digest(), 1);
        group.runFor(2 * MS);
        assertThat(group.count(1, PREPARED))
                .as("the primary's own prepare counts nothing")
                .isZero();
        final Forger backup = new Forger(group, 2);
        backup.sayPrepare(0, 1, empty.digest(), 1);
        group.runFor(2 * MS);
        assertThat(group.count(1, PREPARED)).isEqualTo(1);
    }

    /** Section 4.2: votes may come before what they vote on. */
    @Test
    void section42PreparesAndCommitsMayArriveFirst() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(0);
        group.crash(2);
        group.crash(3);
        final Batch empty = new Forger(group, 0).batch();
        new Forger(group, 2).sayCommit(0, 1, empty.digest(), 1);
        new Forger(group, 3).sayCommit(0, 1, empty.digest(), 1);
        new Forger(group, 2).sayPrepare(0, 1, empty.digest(), 1);
        group.runFor(2 * MS);
        assertThat(group.count(1, COMMITTED)).isZero();
        new Forger(group, 0).sayPrePrepare(0, 1, empty, 1);
        group.runFor(2 * MS);
        assertThat(group.count(1, COMMITTED)).isEqualTo(1);
    }

    /** Section 4.2: requests execute in order of sequence, whatever the order in which they commit. */
    @Test
    void section42ExecutionIsInOrderThoughCommitsAreNot() {
        final TestGroup group = new TestGroup(4, 1, context -> context.viewChangeTimeoutNs(900 * MS));
        group.filter = (from, to, template, message) ->
                template != PrePrepareDecoder.TEMPLATE_ID || message.getLong(8 + 64 + 8) != 1;
        for (int i = 0; i < 5; i++) {
            group.submit(1, "r" + i);
        }
        group.runFor(50 * MS);
        assertThat(group.peers[1].register.applied).isEmpty();
        assertThat(group.count(1, COMMITTED)).isPositive();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(5), 500 * MS);
        group.assertSameHistories();
    }

    /** Section 4.3: a checkpoint needs a quorum of equal digests; then everything below it is dropped. */
    @Test
    void section43ACheckpointIsStableOnAQuorumAndMovesTheWindow() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) -> template != CheckpointDecoder.TEMPLATE_ID && template != 26;
        for (int i = 0; i < 16; i++) {
            group.submit(1, "r" + i);
            group.runFor(3 * MS);
        }
        assertThat(group.peers[1].replica.executedSequence()).isEqualTo(16);
        assertThat(group.peers[1].replica.stableSequence()).isZero();
        group.submit(1, "stopped at the high watermark");
        group.runFor(50 * MS);
        assertThat(group.peers[1].replica.executedSequence()).isEqualTo(16);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(17), 1000 * MS);
        group.runUntil(() -> group.peers[1].replica.stableSequence() == 16, 1000 * MS);
        new Forger(group, 2).sayPrepare(0, 16, new Forger(group, 2).batch().digest(), 1);
        final long before = group.count(1, DROPPED_OUT_OF_WINDOW);
        group.runFor(2 * MS);
        assertThat(group.count(1, DROPPED_OUT_OF_WINDOW)).isGreaterThan(before);
    }

    /** Section 4.4: after its view change a replica accepts no pre-prepare, prepare or commit of the view it left. */
    @Test
    void section44AReplicaThatLeftAViewVotesNoMoreInIt() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter =
                (from, to, template, message) -> from == 1 && to == 1 || template == ViewChangeDecoder.TEMPLATE_ID;
        group.submit(1, "nobody hears");
        group.runFor(150 * MS);
        assertThat(group.peers[1].replica.isActive()).isFalse();
        final int prepares = group.sentByTemplate[PrepareDecoder.TEMPLATE_ID];
        group.filter = (from, to, template, message) -> from == 0 && to == 1;
        final Forger primary = new Forger(group, 0);
        primary.sayPrePrepare(0, 1, primary.batch(), 1);
        primary.sayCommit(0, 1, primary.batch().digest(), 1);
        group.runFor(3 * MS);
        assertThat(group.sentByTemplate[PrepareDecoder.TEMPLATE_ID]).isEqualTo(prepares);
        assertThat(group.count(1, DROPPED_OLD_VIEW)).isGreaterThanOrEqualTo(2);
    }

    /** Section 4.4: a request that prepared at a correct replica in one view keeps its sequence in the next. */
    @Test
    void section44WhatPreparedIsProposedAgainAtItsSequence() {
        final TestGroup group = new TestGroup(4, 1);
        group.delayMinNs = group.delayMaxNs;
        group.filter = (from, to, template, message) -> template != CommitDecoder.TEMPLATE_ID;
        for (int i = 0; i < 3; i++) {
            group.submit(1, "r" + i);
        }
        group.runFor(10 * MS);
        assertThat(group.count(2, PREPARED)).isEqualTo(3);
        assertThat(group.count(2, COMMITTED)).isZero();
        group.crash(0);
        group.runUntil(() -> group.view(1) > 0 && group.view(2) > 0 && group.view(3) > 0, 1000 * MS);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(3), 2000 * MS);
        group.runFor(100 * MS);
        assertThat(group.peers[1].register.applied).containsExactly("1:r0", "1:r1", "1:r2");
        assertThat(group.view(1)).isPositive();
        assertThat(group.peers[1].replica.committedSequence())
                .as("no sequence spent twice")
                .isEqualTo(3);
    }

    /** Section 4.4: a gap below a prepared sequence is filled with a null request. */
    @Test
    void section44AGapIsFilledWithNull() {
        final TestGroup group = new TestGroup(4, 1);
        group.delayMinNs = group.delayMaxNs;
        group.filter = (from, to, template, message) -> template != CommitDecoder.TEMPLATE_ID
                && (template != PrePrepareDecoder.TEMPLATE_ID || message.getLong(8 + 64 + 8) != 1);
        group.submit(1, "lost at 1");
        group.submit(1, "prepared at 2");
        group.runFor(10 * MS);
        group.crash(0);
        group.runUntil(() -> group.view(1) > 0 && group.view(2) > 0 && group.view(3) > 0, 1000 * MS);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(2), 2000 * MS);
        assertThat(group.peers[1].register.applied).containsExactly("1:prepared at 2", "1:lost at 1");
        assertThat(group.committed.get(1L))
                .isEqualTo(new Forger(group, 1).batch().digest().toString());
    }

    /** Section 4.5.2: f+1 view changes for higher views make a replica join, though its timer has not run out. */
    @Test
    void section452AReplicaJoinsAWeakQuorum() {
        final TestGroup group = new TestGroup(4, 1);
        final NewView.Claims none = new NewView.Claims(0);
        new Forger(group, 2).sayViewChange(new Forger(group, 2).vote(5, none, none), 1);
        group.runFor(2 * MS);
        assertThat(group.view(1)).isZero();
        new Forger(group, 3).sayViewChange(new Forger(group, 3).vote(7, none, none), 1);
        group.runFor(2 * MS);
        assertThat(group.view(1)).as("the smallest of the two").isEqualTo(5);
    }

    /** Section 4.5.2: a lone replica that gave up its view does not run ahead through views. */
    @Test
    void section452ALoneReplicaWaitsForAQuorumBeforeItAsksForTheNextView() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        group.submit(3, "alone");
        group.runFor(5000 * MS);
        assertThat(group.view(3)).isEqualTo(1);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(1), 5000 * MS);
    }

    /** Section 4.5.2: the timeout doubles from one view change to the next; here up to a cap. */
    @Test
    void section452TheTimeoutDoublesUpToACap() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) -> template != NewViewDecoder.TEMPLATE_ID;
        group.submit(2, "a");
        group.crash(0);
        final List<Long> starts = new ArrayList<>();
        long view = 0;
        final long untilNs = group.nowNs + 8000 * MS;
        while (group.nowNs < untilNs) {
            group.runFor(MS);
            if (group.view(2) > view) {
                view = group.view(2);
                starts.add(group.nowNs / MS);
            }
        }
        // 80 views without doubling, 6 without the cap.
        assertThat(starts.size()).as("views in 8 s: " + starts).isBetween(8, 16);
    }

    /** Section 4.4, end: a replica that lacks a checkpoint gets it from one that certified it, and checks it against the digest. */
    @Test
    void section44AFetchedStateIsCheckedAgainstTheCertificate() {
        final TestGroup group = new TestGroup(4, 1);
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        for (int i = 0; i < 60; i++) {
            group.submit(1, "a long enough text to need some pages " + i);
            group.runFor(2 * MS);
        }
        final int[] spoiled = {0};
        group.filter = (from, to, template, message) -> {
            if (template == 36 && from == 0 && to == 3) {
                spoiled[0]++;
                final UnsafeBuffer page = message;
                page.putByte(page.capacity() - 1, (byte) 'x');
            }
            return true;
        };
        group.runUntil(() -> group.allApplied(60), 5000 * MS);
        assertThat(spoiled[0]).isPositive();
        assertThat(group.count(3, io.quorate.engine.metrics.PbftCounter.DROPPED_BAD_DIGEST))
                .isPositive();
        group.assertSameHistories();
    }
}
