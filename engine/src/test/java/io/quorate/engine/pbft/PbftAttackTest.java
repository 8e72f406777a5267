package io.quorate.engine.pbft;

import static io.quorate.engine.metrics.PbftCounter.BATCHES_PROPOSED;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_BAD_DIGEST;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_BAD_NEW_VIEW;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_BAD_SIGNATURE;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_BAD_VIEW_CHANGE;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_CLIENT_BUDGET;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_CONFLICTING;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_MALFORMED;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_NOT_PRIMARY;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_OUT_OF_WINDOW;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_SENDER_MISMATCH;
import static io.quorate.engine.metrics.PbftCounter.DROPPED_UNKNOWN_PEER;
import static io.quorate.engine.metrics.PbftCounter.EQUIVOCATIONS;
import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.quorum.Quorum;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import java.util.SplittableRandom;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lies that must come to nothing: the six upstream attacks, and a malicious primary, backup and client. */
class PbftAttackTest {
    private static final NewView.Claims NO_CLAIMS = new NewView.Claims(0);

    @Test
    void shouldRefuseAttack1EverybodyAsPrimaryOfOneView() {
        final TestGroup group = new TestGroup(4, 1);
        for (int id = 1; id < 4; id++) {
            final Forger usurper = new Forger(group, id);
            final UnsafeBuffer request = usurper.request(id, 1, "mine" + id);
            usurper.sayRequest(request, 0, 1, 2, 3);
            usurper.sayPrePrepare(0, 1, usurper.batch(request), others(4, id));
        }
        group.runFor(2 * MS);
        for (final TestPeer peer : group.peers) {
            assertThat(group.count(peer.id, DROPPED_NOT_PRIMARY)).isGreaterThanOrEqualTo(2);
        }
        group.runUntil(() -> group.allApplied(3), 1000 * MS);
        group.assertSameHistories();
        assertThat(group.view(1)).isZero();
    }

    @Test
    void shouldRefuseAttack2AStrangerWithGhostsAndForgedVotes() {
        final TestGroup group = new TestGroup(4, 1);
        final TestGroup elsewhere = new TestGroup(7, 1);
        final Forger stranger = new Forger(elsewhere, 6);
        final UnsafeBuffer request = stranger.request(6, 1, "ghost");
        final Batch batch = stranger.batch(request);
        final TestPeer victim = group.peers[1];
        for (int ghost = 4; ghost < 7; ghost++) {
            final int id = ghost;
            stranger.say(publisher -> publisher.prepare(0, 0, 1, batch.digest()));
            deliver(group, victim, id, new Forger(elsewhere, id), batch.digest());
        }
        assertThat(group.count(1, DROPPED_UNKNOWN_PEER)).isEqualTo(6);
        // Known senders whose messages name somebody else.
        final Forger member = new Forger(group, 3);
        for (int id = 0; id < 4; id++) {
            if (id != 1 && id != 3) {
                final UnsafeBuffer forged = capture(group, 3, batch.digest());
                final boolean isKnown = victim.adapter.onMessage(id, forged, 0, forged.capacity(), group.nowNs);
                assertThat(isKnown).isTrue();
            }
        }
        assertThat(group.count(1, DROPPED_SENDER_MISMATCH)).isEqualTo(2);
        member.sayPrePrepare(0, 1, batch, 1);
        group.runFor(2 * MS);
        assertThat(group.count(1, DROPPED_NOT_PRIMARY)).isEqualTo(1);
        assertThat(victim.replica.committedSequence()).isZero();
        assertThat(victim.register.applied).isEmpty();
    }

    private static void deliver(
            final TestGroup group, final TestPeer victim, final int ghost, final Forger voice, final Digest256 digest) {
        for (int phase = 0; phase < 2; phase++) {
            final UnsafeBuffer bytes = capture(group, 3, digest);
            victim.adapter.onMessage(ghost, bytes, 0, bytes.capacity(), group.nowNs);
        }
    }

    /** A prepare of a member, as bytes. */
    private static UnsafeBuffer capture(final TestGroup group, final int id, final Digest256 digest) {
        final UnsafeBuffer[] caught = new UnsafeBuffer[1];
        final TestGroup.Filter before = group.filter;
        group.filter = (from, to, template, message) -> {
            caught[0] = message;
            return false;
        };
        new Forger(group, id).sayPrepare(0, 1, digest, (id + 1) % 4);
        group.filter = before;
        return caught[0];
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 10})
    void shouldRefuseAttack3ASecondPrePrepareForASlot(final int peerCount) {
        final TestGroup group = new TestGroup(peerCount, 1);
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final Forger client = new Forger(group, peerCount - 1);
        final UnsafeBuffer a = client.request(peerCount - 1, 1, "a");
        final UnsafeBuffer b = client.request(peerCount - 1, 2, "b");
        primary.sayRequest(a, others(peerCount, 0));
        primary.sayRequest(b, others(peerCount, 0));
        group.runFor(2 * MS);
        for (int id = 1; id < peerCount; id++) {
            primary.sayPrePrepare(0, 1, primary.batch(id % 2 == 0 ? a : b), id);
            group.runFor(2 * MS);
            primary.sayPrePrepare(0, 1, primary.batch(id % 2 == 0 ? b : a), id);
            group.runFor(2 * MS);
            assertThat(group.peers[id].evidence).hasSize(1);
            assertThat(group.count(id, DROPPED_CONFLICTING)).isPositive();
            assertThat(group.count(id, EQUIVOCATIONS)).isEqualTo(1);
        }
        group.runUntil(() -> group.allApplied(2), 5000 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldRefuseAttack3PreparesForAnotherDigest() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(2);
        group.crash(3);
        group.submit(1, "real");
        group.runFor(5 * MS);
        final Batch other = new Forger(group, 2).batch(new Forger(group, 2).request(2, 1, "other"));
        new Forger(group, 2).sayPrepare(0, 1, other.digest(), 0, 1);
        new Forger(group, 3).sayPrepare(0, 1, other.digest(), 0, 1);
        new Forger(group, 2).sayCommit(0, 1, other.digest(), 0, 1);
        new Forger(group, 3).sayCommit(0, 1, other.digest(), 0, 1);
        group.runFor(20 * MS);
        assertThat(group.count(0, io.quorate.engine.metrics.PbftCounter.PREPARED))
                .isZero();
        assertThat(group.peers[1].replica.committedSequence()).isZero();
    }

    @Test
    void shouldRefuseAttack4ManyCommitsForOneSlot() {
        final TestGroup group =
                new TestGroup(7, 1, context -> context.retransmitNs(500 * MS).retransmitMaxNs(500 * MS));
        group.submit(1, "once");
        group.runUntil(() -> group.allApplied(1), 1000 * MS);
        group.runFor(20 * MS);
        assertThat(group.sentByTemplate[CommitDecoder.TEMPLATE_ID])
                .as("one a replica and receiver")
                .isEqualTo(7 * 6);
        assertThat(group.sentByTemplate[PrepareDecoder.TEMPLATE_ID]).isEqualTo(6 * 6);
        for (final TestPeer peer : group.peers) {
            assertThat(group.count(peer.id, io.quorate.engine.metrics.PbftCounter.COMMITTED))
                    .isEqualTo(1);
        }
    }

    @Test
    void shouldRefuseAttack5AViewChangeOfAFew() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger liar = new Forger(group, 3);
        final NewView.Vote own = liar.vote(3, NO_CLAIMS, NO_CLAIMS);
        liar.sayViewChange(own, 0, 1, 2);
        liar.sayNewView(3, new NewView.Vote[] {own}, 0, 1, 2);
        group.runFor(50 * MS);
        for (int id = 0; id < 3; id++) {
            assertThat(group.view(id)).isZero();
            assertThat(group.count(id, DROPPED_BAD_NEW_VIEW)).isEqualTo(1);
        }
        group.submit(1, "still here");
        group.runUntil(() -> group.allApplied(1), 100 * MS);
    }

    @Test
    void shouldRefuseAttack6StringsThatCollideIn32Bits() {
        assertThat("Aa").hasSameHashCodeAs("BB");
        final TestGroup group = new TestGroup(4, 1);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer a = primary.request(0, 1, "Aa");
        final UnsafeBuffer b = primary.request(0, 1, "BB");
        assertThat(primary.digestOf(a)).isNotEqualTo(primary.digestOf(b));
        assertThat(primary.batch(a).digest()).isNotEqualTo(primary.batch(b).digest());
    }

    @Test
    void shouldKeepOneOfTwoBodiesThatAClientSignsUnderOneNumber() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger client = new Forger(group, 3);
        client.sayRequest(client.request(3, 1, "first"), 0, 1);
        client.sayRequest(client.request(3, 1, "second"), 2);
        group.runUntil(() -> group.allApplied(1), 1000 * MS);
        group.runFor(1500 * MS);
        group.assertSameHistories();
        assertThat(group.peers[0].register.applied).hasSize(1);
        assertThat(group.peers[2].replica.waitingCount()).isZero();
    }

    @Test
    void shouldOrderOnlySomeonesOwnSignedRequests() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger liar = new Forger(group, 3);
        liar.sayRequest(liar.request(1, 1, "in the name of another"), 0, 1, 2);
        group.runFor(20 * MS);
        assertThat(group.count(0, DROPPED_BAD_SIGNATURE)).isEqualTo(1);
        assertThat(group.count(0, BATCHES_PROPOSED)).isZero();
    }

    @Test
    void shouldNotLetAClientFillTheStore() {
        final TestGroup group = new TestGroup(4, 1, context -> context.clientWindow(4));
        group.crash(0);
        final Forger client = new Forger(group, 3);
        for (int i = 1; i <= 100; i++) {
            client.sayRequest(client.request(3, i, "flood" + i), 1);
        }
        group.runFor(20 * MS);
        assertThat(group.peers[1].replica.waitingCount()).isLessThanOrEqualTo(8);
        assertThat(group.count(1, DROPPED_CLIENT_BUDGET)).isEqualTo(92);
        group.submit(1, "another client");
        group.runUntil(() -> group.peers[1].replies.size() == 1, 5000 * MS);
    }

    @Test
    void shouldOrderARequestThatReachedOnlyBackups() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger client = new Forger(group, 3);
        client.sayRequest(client.request(3, 1, "not for the primary"), 1);
        group.runUntil(() -> group.allApplied(1), 1000 * MS);
        assertThat(group.view(1)).isZero();
    }

    @Test
    void shouldReplaceAPrimaryThatStarvesOneClient() {
        final TestGroup group = new TestGroup(4, 1);
        // The primary never hears of client 2, but serves client 1 well.
        group.filter = (from, to, template, message) ->
                !(to == 0 && template == 20 && message.getShort(8 + 64, java.nio.ByteOrder.LITTLE_ENDIAN) == 2);
        group.submit(2, "starved");
        for (int i = 0; i < 200 && group.view(1) == 0; i++) {
            group.submit(1, "served" + i);
            group.runFor(5 * MS);
        }
        group.runUntil(() -> group.peers[2].replies.size() == 1, 2000 * MS);
        assertThat(group.view(1)).isPositive();
    }

    @Test
    void shouldRefuseAbsurdViewsAndSequencesWithoutMemory() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger liar = new Forger(group, 3);
        final Digest256 digest = liar.batch().digest();
        for (final long absurd : new long[] {Long.MAX_VALUE, Long.MIN_VALUE, -1, 1L << 61}) {
            liar.sayPrepare(absurd, 1, digest, 0, 1, 2);
            liar.sayCommit(absurd, 1, digest, 0, 1, 2);
            liar.sayPrepare(0, absurd, digest, 0, 1, 2);
            liar.sayCommit(0, absurd, digest, 0, 1, 2);
            liar.sayPrePrepare(absurd, absurd, liar.batch(), 0, 1, 2);
            liar.sayViewChange(liar.vote(absurd, NO_CLAIMS, NO_CLAIMS), 0, 1, 2);
            liar.sayNewView(absurd, new NewView.Vote[0], 0, 1, 2);
            liar.say(publisher -> publisher.status(true, true, true, absurd, absurd, absurd, absurd, absurd), 0, 1, 2);
            liar.say(publisher -> publisher.committed(0, absurd, digest), 0, 1, 2);
            liar.say(publisher -> publisher.fetchBatch(0, absurd, digest), 0, 1, 2);
            liar.say(publisher -> publisher.fetchSnapshot(0, absurd, 1, -1), 0, 1, 2);
            liar.say(
                    publisher -> publisher.snapshotPage(0, absurd, 0, -1, -1, new UnsafeBuffer(new byte[4]), 0, 4),
                    0,
                    1,
                    2);
            group.runFor(30 * MS);
        }
        assertThat(group.count(0, DROPPED_OUT_OF_WINDOW)).isPositive();
        group.submit(1, "unimpressed");
        group.runUntil(() -> group.allApplied(1), 1000 * MS);
        assertThat(group.view(1)).isZero();
    }

    @Test
    void shouldRefuseViewChangesThatContradictThemselves() {
        final TestGroup group = new TestGroup(4, 1);
        final Forger liar = new Forger(group, 3);
        final Digest256 digest = liar.batch().digest();
        liar.sayViewChange(liar.vote(1, claims(digest, 1, 1), NO_CLAIMS), 0);
        liar.sayViewChange(liar.vote(2, claims(digest, 17, 0), NO_CLAIMS), 0);
        liar.sayViewChange(liar.vote(3, claims(digest, 0, 0), NO_CLAIMS), 0);
        liar.sayViewChange(liar.vote(4, claims(digest, 2, 0, 1, 0), NO_CLAIMS), 0);
        liar.sayViewChange(liar.vote(5, NO_CLAIMS, claims(digest, 3, 0, 2, 0)), 0);
        group.runFor(5 * MS);
        assertThat(group.count(0, DROPPED_BAD_VIEW_CHANGE)).isEqualTo(5);
    }

    @Test
    void shouldKeepWhatCommittedAlthoughALiarClaimsAnotherPreparedInAHigherView() {
        final TestGroup group = new TestGroup(4, 1);
        group.submit(1, "committed");
        group.runUntil(() -> group.allApplied(1), 1000 * MS);
        group.crash(0);
        group.crash(3);
        final Forger liar = new Forger(group, 3);
        final Digest256 other = liar.batch(liar.request(3, 1, "other")).digest();
        for (int view = 1; view < 6; view++) {
            liar.sayViewChange(liar.vote(view, claims(other, 1, view - 1), claims(other, 1, view - 1)), 1, 2);
        }
        group.submit(1, "next");
        group.runFor(2000 * MS);
        assertThat(group.peers[1].register.applied).startsWith("1:committed");
        // Only two correct peers are left, so the liar can stop them, but not turn them.
        group.restart(3);
        group.runFor(500 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldLeaveAPrimaryWhoseNewViewDoesNotFollow() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(1);
        group.crash(0);
        group.submit(2, "hold on");
        group.runFor(110 * MS);
        assertThat(group.view(2)).isEqualTo(1);
        final Forger primary = new Forger(group, 1);
        primary.sayNewView(1, new NewView.Vote[] {primary.vote(1, NO_CLAIMS, NO_CLAIMS)}, 2, 3);
        group.runFor(5 * MS);
        assertThat(group.view(2)).isEqualTo(2);
        assertThat(group.view(3)).isEqualTo(2);
    }

    @Test
    void shouldRefuseABatchThatIsNotWhatItsDigestSays() {
        final TestGroup group = new TestGroup(4, 1);
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer request = primary.request(0, 1, "a");
        primary.sayRequest(request, 1, 2, 3);
        final Batch batch = primary.batch(request);
        final TestGroup.Filter before = group.filter;
        group.filter = (from, to, template, message) -> {
            if (template == 21) {
                message.putByte(message.capacity() - 1, (byte) (message.getByte(message.capacity() - 1) ^ 1));
            }
            return true;
        };
        primary.sayPrePrepare(0, 1, batch, 1);
        group.filter = before;
        group.runFor(5 * MS);
        assertThat(group.count(1, DROPPED_BAD_DIGEST)).isEqualTo(1);
    }

    @Test
    void shouldSurviveAnyBytesOfAPeerWithAKey() {
        final TestGroup group = new TestGroup(4, 1);
        final SplittableRandom random = new SplittableRandom(5);
        final java.util.List<UnsafeBuffer> seen = new java.util.ArrayList<>();
        group.filter = (from, to, template, message) -> {
            if (seen.size() < 3000) {
                seen.add(message);
            }
            return true;
        };
        group.loss = 0.1;
        for (int i = 0; i < 60; i++) {
            group.submit(1, "r" + i);
            group.runFor(5 * MS);
        }
        group.crash(0);
        group.submit(1, "view change");
        group.runFor(500 * MS);
        group.restart(0);
        group.runFor(2000 * MS);
        final int recorded = seen.size();
        for (int i = 0; i < 60_000; i++) {
            final UnsafeBuffer original = seen.get(random.nextInt(recorded));
            final byte[] bytes = new byte
                    [Math.max(8, random.nextInt(3) == 0 ? random.nextInt(original.capacity()) : original.capacity())];
            original.getBytes(0, bytes, 0, Math.min(bytes.length, original.capacity()));
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                final int at = random.nextInt(3) == 0
                        ? random.nextInt(bytes.length)
                        : 8 + random.nextInt(bytes.length - 7) - 1;
                bytes[at] ^= (byte) (1 << random.nextInt(8));
            }
            final UnsafeBuffer mutant = new UnsafeBuffer(bytes);
            group.peers[2].adapter.onMessage(3, mutant, 0, mutant.capacity(), group.nowNs);
        }
        assertThat(group.count(2, DROPPED_MALFORMED)).isPositive();
        final int applied = group.peers[1].register.applied.size();
        group.loss = 0;
        group.submit(1, "alive");
        group.runUntil(() -> group.allApplied(applied + 1), 10_000 * MS);
        group.assertSameHistories();
    }

    @Test
    void shouldBeSeenByTheCheckerWhenTheQuorumIsOneTooSmall() {
        boolean isSeen = false;
        for (long seed = 0; seed < 50 && !isSeen; seed++) {
            isSeen = isTornBy(Quorum.of(3), seed);
            assertThat(isTornBy(Quorum.of(4), seed)).as("the real quorum holds").isFalse();
        }
        assertThat(isSeen).isTrue();
    }

    /** An equivocating primary that also votes for both sides. */
    private static boolean isTornBy(final Quorum quorum, final long seed) {
        final TestGroup group = new TestGroup(4, seed, context -> context.quorum(quorum));
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer a = primary.request(0, 1, "a");
        final UnsafeBuffer b = primary.request(0, 2, "b");
        primary.sayRequest(a, 1, 2, 3);
        primary.sayRequest(b, 1, 2, 3);
        group.runFor(2 * MS);
        primary.sayPrePrepare(0, 1, primary.batch(a), 1);
        primary.sayPrePrepare(0, 1, primary.batch(b), 2, 3);
        primary.sayCommit(0, 1, primary.batch(a).digest(), 1);
        primary.sayCommit(0, 1, primary.batch(b).digest(), 2, 3);
        try {
            group.runFor(1000 * MS);
            return false;
        } catch (final AssertionError | IllegalStateException torn) {
            return true;
        }
    }

    private static NewView.Claims claims(final Digest256 digest, final long... sequencesAndViews) {
        final NewView.Claims claims = new NewView.Claims(sequencesAndViews.length / 2);
        for (int i = 0; i < claims.count(); i++) {
            claims.set(i, sequencesAndViews[2 * i], sequencesAndViews[2 * i + 1], digest);
        }
        return claims;
    }

    private static int[] others(final int peerCount, final int id) {
        return java.util.stream.IntStream.range(0, peerCount)
                .filter(i -> i != id)
                .toArray();
    }

    static int templateOf(final UnsafeBuffer message) {
        return new MessageHeaderDecoder().wrap(message, 0).templateId();
    }
}
