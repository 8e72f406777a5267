package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Where an epoch ends, and that everybody gets there (docs/protocols/reconfiguration.md, section 3). K is 8, L is 16. */
class EpochEndTest {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Roster FOUR = roster(1, 4);
    private static final Roster FIVE = added(FOUR);

    @Test
    void shouldEndWhereTheWindowOfThoseWhoDoNotKnowEnds() {
        final TestGroup group = group(1);
        submitOneByOne(group, 2);
        ask(group, 0, 1, 2);
        group.runUntil(() -> group.count(0, PbftCounter.REQUESTS_EXECUTED) == 3, 1000 * MS);
        // The group is idle: null batches bring it to the end, and not a step further.
        group.runUntil(() -> isOver(group, 16), 2000 * MS);
        group.runFor(3000 * MS);
        assertEnded(group, 16);
        assertThat(group.count(0, PbftCounter.NULL_BATCHES_PROPOSED)).isEqualTo(13);
    }

    @Test
    void shouldKeepWhatComesTooLateForTheNextEpochAndBlameNobody() {
        final TestGroup group = group(2);
        ask(group, 0, 1, 3);
        group.runUntil(() -> isOver(group, 16), 2000 * MS);
        group.submit(1, "too late");
        group.runFor(5000 * MS);
        assertEnded(group, 16);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.register.applied).isEmpty();
            assertThat(peer.viewsEntered).as("no view change for it").isEmpty();
            assertThat(peer.replica.waitingCount()).isEqualTo(1);
        }
    }

    @Test
    void shouldEndThoughManySequencesAreUnderWay() {
        for (int seed = 0; seed < 10; seed++) {
            final TestGroup group = group(seed);
            for (int i = 0; i < 60; i++) {
                group.submit(i % 4, "r" + i);
                if (i == seed) {
                    ask(group, 0, 1, 2);
                }
                group.runFor(MS / 20);
            }
            group.runUntil(() -> ends(group) && isOver(group, end(group)), 5000 * MS);
            group.runFor(1000 * MS);
            assertEnded(group, end(group));
        }
    }

    @Test
    void shouldEndUnderAnotherPrimary() {
        final TestGroup group = group(3);
        ask(group, 1, 2, 3);
        group.runUntil(() -> group.peers[1].replica.executedSequence() >= 1, 1000 * MS);
        group.crash(0);
        group.runUntil(() -> isOver(group, 16), 30_000 * MS);
        assertThat(group.view(1)).isPositive();
        group.runFor(3000 * MS);
        assertEnded(group, 16);
    }

    @Test
    void shouldBringALaggardToTheEndThoughAllOthersAreThere() {
        final TestGroup group = group(4);
        submitOneByOne(group, 1);
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        ask(group, 0, 1, 2);
        group.runUntil(() -> isOver(group, 16, 0, 1, 2), 30_000 * MS);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> isOver(group, 16), 10_000 * MS);
        assertEnded(group, 16);
    }

    @Test
    void shouldBringThereWhoForgotEverythingWithoutAVote() {
        final TestGroup group = group(5);
        submitOneByOne(group, 1);
        ask(group, 0, 1, 2);
        group.runFor(2 * MS);
        group.crash(3);
        group.restart(3);
        group.runUntil(() -> isOver(group, 16), 30_000 * MS);
        group.runFor(3000 * MS);
        assertEnded(group, 16);
        assertThat(group.peers[3].replica.isVoting())
                .as("what it may have voted on reaches to the end")
                .isFalse();
    }

    @Test
    void shouldEndUnderLossAndRepetition() {
        for (int seed = 0; seed < 12; seed++) {
            final TestGroup group = group(100 + seed);
            group.loss = 0.15;
            group.duplicate = 0.2;
            group.delayMaxNs = 3 * MS;
            for (int i = 0; i < 20; i++) {
                group.submit(i % 4, "r" + i);
                if (i == seed) {
                    ask(group, 0, 2, 3);
                }
                group.runFor(MS);
            }
            group.runUntil(() -> ends(group) && isOver(group, end(group)), 60_000 * MS);
            group.runFor(1000 * MS);
            assertEnded(group, end(group));
        }
    }

    @Test
    void shouldGoOnAfterARefusedCommandAndAtMostToTheNextCheckpoint() {
        final TestGroup group = group(6);
        submitOneByOne(group, 1);
        final Map<Integer, byte[]> forged = new TreeMap<>(approvals(group, 2));
        forged.put(0, forged.get(2));
        forged.put(1, forged.get(2));
        ask(group, forged);
        group.runFor(3000 * MS);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.committedSequence()).isEqualTo(8);
            assertThat(peer.replica.stableSequence()).isEqualTo(8);
        }
        submitOneByOne(group, 30);
        assertThat(group.peers[0].replica.committedSequence()).isGreaterThan(30);
    }

    /** The end is in the base that is read first, and asks for null batches: what was assigned above is in entries behind it. */
    @Test
    void shouldNotAssignAnythingAnewWhileAPrimaryReadsItsJournal() {
        final TestGroup group = new TestGroup(4, 20, context -> context, FOUR, true, null, 0);
        ask(group, 0, 1, 2);
        group.runUntil(() -> group.peers[0].replica.committedSequence() == 8, 2000 * MS);
        final Set<Long> assigned = new HashSet<>();
        group.filter = (from, to, template, message) -> {
            final int body = MessageHeaderDecoder.ENCODED_LENGTH;
            if (template == PrePrepareDecoder.TEMPLATE_ID
                    && message.getLong(body + PrePrepareDecoder.sequenceEncodingOffset()) == 9) {
                assigned.add(message.getLong(body + PrePrepareDecoder.batchDigestEncodingOffset()));
            }
            return template == CheckpointDecoder.TEMPLATE_ID;
        };
        group.submit(0, "under way");
        group.runUntil(() -> group.peers[0].replica.stableSequence() == 8, 2000 * MS);
        group.crash(0);
        group.restart(0);
        group.runFor(100 * MS);
        assertThat(assigned).as("what is said of sequence 9, in both lives").hasSize(1);
    }

    @Test
    void shouldTakeNothingFromAPrimaryThatGoesBeyondTheEnd() {
        final TestGroup group = group(7);
        ask(group, 0, 1, 2);
        group.runUntil(() -> isOver(group, 16), 2000 * MS);
        group.crash(0);
        final Forger primary = new Forger(group, 0);
        final UnsafeBuffer request = new Forger(group, 3).request(3, 1, "beyond");
        primary.sayRequest(request, 1, 2, 3);
        group.runFor(2 * MS);
        final long before = group.count(1, PbftCounter.DROPPED_OUT_OF_WINDOW);
        primary.sayPrePrepare(0, 17, primary.batch(request), 1, 2, 3);
        primary.sayCommit(0, 17, primary.batch(request).digest(), 1, 2, 3);
        group.runFor(1000 * MS);
        assertThat(group.count(1, PbftCounter.DROPPED_OUT_OF_WINDOW)).isGreaterThan(before);
        assertEnded(group, 16);
    }

    /** The checks above can fail. */
    @Test
    void shouldBeSeenIfReplicasIgnoreTheEnd() {
        final TestGroup group = group(8);
        group.isEndIgnored = true;
        ask(group, 0, 1, 2);
        submitOneByOne(group, 30);
        assertThat(group.committed.keySet()).anyMatch(sequence -> sequence > 16);
    }

    private static TestGroup group(final long seed) {
        return new TestGroup(4, seed, context -> context, FOUR);
    }

    private static Map<Integer, byte[]> approvals(final TestGroup group, final int... ids) {
        final Map<Integer, byte[]> approvals = new TreeMap<>();
        for (final int id : ids) {
            approvals.put(id, ReconfigureCommand.approve(group.keys.signer(id), FOUR, FIVE));
        }
        return approvals;
    }

    /** Peer 1 submits the command with approvals of some. */
    private static void ask(final TestGroup group, final int... approvers) {
        ask(group, approvals(group, approvers));
    }

    private static void ask(final TestGroup group, final Map<Integer, byte[]> approvals) {
        final byte[] body = ReconfigureCommand.encode(FOUR, FIVE, approvals);
        group.peers[1].client.submit(new UnsafeBuffer(body), 0, body.length, group.nowNs);
    }

    private static void submitOneByOne(final TestGroup group, final int count) {
        for (int i = 0; i < count; i++) {
            group.submit(2, "s" + i);
            group.runFor(5 * MS);
        }
    }

    private static boolean isOver(final TestGroup group, final long end, final int... ids) {
        for (final TestPeer peer : group.peers) {
            final boolean isAsked = ids.length == 0 || contains(ids, peer.id);
            if (isAsked && peer.isAlive && peer.replica.stableSequence() < end) {
                return false;
            }
        }
        return true;
    }

    private static boolean contains(final int[] ids, final int id) {
        for (final int each : ids) {
            if (each == id) {
                return true;
            }
        }
        return false;
    }

    private static boolean ends(final TestGroup group) {
        return end(group) != Long.MAX_VALUE;
    }

    private static long end(final TestGroup group) {
        return group.peers[0].replica.log.endSequence();
    }

    private static void assertEnded(final TestGroup group, final long end) {
        for (final TestPeer peer : group.peers) {
            if (peer.isAlive) {
                assertThat(peer.replica.log.endSequence()).isEqualTo(end);
                assertThat(peer.replica.committedSequence()).isEqualTo(end);
                assertThat(peer.replica.stableSequence()).isEqualTo(end);
            }
        }
        assertThat(group.committed.keySet()).noneMatch(sequence -> sequence > end);
        assertThat(group.stable).containsKey(end);
        group.assertSameHistories();
    }

    private static Roster roster(final long epoch, final int peerCount) {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < peerCount; id++) {
            peers.add(peer(id));
        }
        return Roster.of(epoch, peers, Map.of());
    }

    private static Roster added(final Roster before) {
        final List<Roster.Peer> peers = new ArrayList<>(before.peers());
        peers.add(peer(before.size()));
        return Roster.of(before.epoch() + 1, peers, Map.of());
    }

    private static Roster.Peer peer(final int id) {
        return new Roster.Peer(
                id,
                "p" + id,
                "10.0.0.1",
                40_000 + id,
                PeerIdentity.generate(RANDOM).publicKey());
    }
}
