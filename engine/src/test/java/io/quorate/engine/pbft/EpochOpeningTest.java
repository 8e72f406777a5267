package io.quorate.engine.pbft;

import static io.quorate.engine.pbft.TestGroup.MS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.epoch.EpochMachine;
import io.quorate.engine.metrics.PbftCounter;
import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.OrderView;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.PeerIdentity;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.SnapshotPageDecoder;
import io.quorate.transport.codecs.StableCheckpointDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** How replicas begin in an epoch that is not the first (docs/protocols/reconfiguration.md, section 4). K is 8, L is 16, c is 48. */
class EpochOpeningTest {
    private static final long C = 48;
    private static final long ALL = 0b1111;
    private static final Roster SECOND = roster();
    private static final TestGroup.OpeningBytes OPENING = opening("0:before", "3:before");

    @Test
    void shouldOrderAboveTheLastSequenceOfTheEpochBefore() {
        final TestGroup group = group(1, ALL);
        group.submit(1, "first");
        group.runUntil(() -> group.peers[3].replica.committedSequence() > C, 1000 * MS);
        group.runUntil(() -> group.allApplied(3), 1000 * MS);
        assertThat(group.committed.keySet()).containsExactly(C + 1);
        assertHistories(group, "0:before", "3:before", "1:first");
        for (int i = 0; i < 40; i++) {
            group.submit(i % 4, "r" + i);
            group.runFor(5 * MS);
        }
        group.runUntil(() -> group.allApplied(43), 1000 * MS);
        assertThat(group.stable.keySet()).allMatch(sequence -> sequence >= C);
        assertThat(group.stable).containsKeys(C, C + 8, C + 16);
        for (final TestPeer peer : group.peers) {
            assertThat(peer.replica.isOpen()).isTrue();
            assertThat(peer.replica.view()).isZero();
        }
        group.assertSameHistories();
    }

    @Test
    void shouldFetchTheStateAndThenVote() {
        // Three of four are needed: two that have the state cannot go on alone.
        final TestGroup group = group(2, 0b0011);
        group.filter = (from, to, template, message) -> template != SnapshotPageDecoder.TEMPLATE_ID;
        group.submit(0, "waits");
        group.runFor(50 * MS);
        for (int id = 2; id < 4; id++) {
            assertThat(group.peers[id].replica.isOpen()).isFalse();
            assertThat(group.peers[id].replica.hasVote()).isTrue();
            assertThat(group.peers[id].replica.isVoting()).isFalse();
            assertThat(group.peers[id].replica.order().newestSequence()).isEqualTo(OrderView.NOT_READABLE);
        }
        assertThat(group.committed).isEmpty();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(3), 10_000 * MS);
        assertHistories(group, "0:before", "3:before", "0:waits");
        assertThat(group.count(2, PbftCounter.STATE_TRANSFERS_DONE)).isEqualTo(1);
    }

    @Test
    void shouldLeaveAPrimaryThatLacksTheState() {
        final TestGroup group = group(3, 0b1110);
        group.filter = (from, to, template, message) -> !(to == 0 && template == SnapshotPageDecoder.TEMPLATE_ID);
        group.submit(1, "first");
        group.runUntil(() -> group.peers[1].register.applied.size() == 3, 10_000 * MS);
        assertThat(group.view(1)).isPositive();
        assertThat(group.peers[0].replica.isOpen()).isFalse();
        group.filter = (from, to, template, message) -> true;
        group.submit(2, "second");
        group.runUntil(() -> group.allApplied(4), 10_000 * MS);
        assertThat(group.peers[0].replica.isVoting()).isTrue();
        group.assertSameHistories();
    }

    @Test
    void shouldReachALaterStateIfTheOthersHaveGoneOn() {
        final TestGroup group = group(4, 0b0111);
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        for (int i = 0; i < 60; i++) {
            group.submit(i % 3, "r" + i);
            group.runFor(5 * MS);
        }
        assertThat(group.peers[0].replica.stableSequence()).isGreaterThanOrEqualTo(C + 48);
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(62), 10_000 * MS);
        group.assertSameHistories();
        assertThat(group.peers[3].replica.isVoting()).isTrue();
    }

    @Test
    void shouldChangeViewsFromTheOpeningOn() {
        final TestGroup group = group(5, ALL);
        group.runFor(MS);
        group.crash(0);
        group.submit(1, "first");
        group.runUntil(() -> group.allApplied(3), 10_000 * MS);
        assertThat(group.view(1)).isEqualTo(1);
        assertThat(group.peers[1].replica.viewChange.baseSequence()).isEqualTo(C);
        assertThat(group.committed.keySet()).allMatch(sequence -> sequence > C);
    }

    @Test
    void shouldTakeNoOtherBaseWithoutSignatures() {
        final TestGroup group = group(6, ALL);
        group.runFor(5 * MS);
        final Checkpoints checkpoints = group.peers[0].replica.checkpoints;
        final Checkpoints.Certificate certificate = new Checkpoints.Certificate(4);
        assertThat(checkpoints.onCertificate(certificate.begin(C, OPENING.stateDigest())))
                .isTrue();
        assertThat(checkpoints.onCertificate(certificate.begin(0, new Digest256())))
                .as("the start of the first epoch")
                .isFalse();
        assertThat(checkpoints.onCertificate(certificate.begin(C, new Digest256())))
                .as("another state")
                .isFalse();
        assertThat(checkpoints.onCertificate(certificate.begin(C - 8, OPENING.stateDigest())))
                .as("before the epoch")
                .isFalse();
        assertThat(checkpoints.onCertificate(certificate.begin(C + 8, OPENING.stateDigest())))
                .as("above, without signatures")
                .isFalse();
    }

    /** The base of a view change of the epoch before is none here, whoever signed it. */
    @Test
    void shouldRefuseAViewChangeWithTheBaseOfAnotherEpoch() {
        final TestGroup group = group(7, ALL);
        group.runFor(5 * MS);
        final NewView.Vote honest = new ViewStatements(group.peers[1].replica).ownVote(1);
        final UnsafeBuffer statement = honest.statement();
        statement.putLong(ViewChangeDecoder.baseSequenceEncodingOffset(), 0L);
        final NewView.Vote vote =
                new NewView.Vote(1, 1, new Checkpoints.Certificate(4), 0, 0, statement, 0, statement.capacity());
        group.keys
                .signer(1)
                .sign(
                        SigningDomain.VIEW_CHANGE,
                        vote.statement(),
                        64,
                        vote.statement().capacity() - 64,
                        vote.statement(),
                        0);
        final long before = group.count(0, PbftCounter.DROPPED_BAD_CERTIFICATE);
        group.peers[0].replica.viewChange.onViewChange(vote);
        assertThat(group.count(0, PbftCounter.DROPPED_BAD_CERTIFICATE)).isEqualTo(before + 1);
    }

    @Test
    void shouldGiveAVoteBackInsideTheEpoch() {
        final TestGroup group = group(8, ALL);
        group.submit(1, "first");
        group.runUntil(() -> group.allApplied(3), 1000 * MS);
        group.crash(2);
        group.restart(2);
        group.runUntil(() -> group.peers[2].replica.recoverySequence() > 0, 1000 * MS);
        assertThat(group.peers[2].replica.recoverySequence()).isGreaterThanOrEqualTo(C + 32);
        assertThat(group.peers[2].replica.isVoting()).isFalse();
        group.runUntil(() -> group.peers[2].replica.isVoting(), 30_000 * MS);
        assertThat(group.peers[2].replica.stableSequence()).isGreaterThanOrEqualTo(C + 32);
        group.assertSameHistories();
    }

    @Test
    void shouldBeginAgainFromItsJournalEvenIfAllCrash() {
        final TestGroup group = durable(9, ALL);
        group.submit(1, "first");
        group.runUntil(() -> group.allApplied(3), 1000 * MS);
        for (int id = 0; id < 4; id++) {
            group.crash(id);
        }
        for (int id = 0; id < 4; id++) {
            group.restart(id);
            assertThat(group.peers[id].replica.isVoting())
                    .as("the journal has state and vote")
                    .isTrue();
        }
        group.submit(2, "second");
        group.runUntil(() -> group.allApplied(4), 10_000 * MS);
        assertHistories(group, "0:before", "3:before", "1:first", "2:second");
    }

    @Test
    void shouldWriteNothingBeforeItHasTheState() {
        final TestGroup group = durable(10, 0b0111);
        group.filter = (from, to, template, message) -> from != 3 && to != 3;
        group.submit(1, "first");
        group.runUntil(() -> group.peers[0].register.applied.size() == 3, 1000 * MS);
        assertThat(group.journal(3).number()).isZero();
        group.filter = (from, to, template, message) -> true;
        group.runUntil(() -> group.allApplied(3), 10_000 * MS);
        assertThat(group.journal(3).number()).isPositive();
        group.crash(3);
        group.restart(3);
        assertThat(group.peers[3].replica.isVoting()).isTrue();
        assertThat(group.peers[3].replica.stableSequence()).isGreaterThanOrEqualTo(C);
    }

    @Test
    void shouldRefuseABeginThatIsNoCheckpointOrComesLate() {
        final TestGroup group = group(11, ALL);
        assertThatThrownBy(() -> group.peers[0].replica.open(C, OPENING.stateDigest()))
                .hasMessageContaining("once");
        final TestGroup first = new TestGroup(4, 12);
        assertThatThrownBy(() -> first.peers[0].replica.open(C + 1, OPENING.stateDigest()))
                .hasMessageContaining("checkpoint");
    }

    @Test
    void shouldTakeWhatItsClientWaitedForIntoTheNextEpoch() {
        final TestGroup before = new TestGroup(4, 13);
        before.filter = (from, to, template, message) -> false;
        final long waiting = before.submit(1, "waits");
        final TestGroup group = group(13, ALL);
        final TestPeer peer = group.peers[1];
        peer.client.adopt(before.peers[1].client, group.nowNs);
        assertThat(peer.client.outstandingCount()).isEqualTo(1);
        group.runUntil(() -> peer.replies.containsKey(waiting), 1000 * MS);
        assertThat(peer.replies).containsEntry(waiting, "ok3");
        assertHistories(group, "0:before", "3:before", "1:waits");
        assertThat(group.submit(1, "next")).isEqualTo(waiting + 1);
    }

    @Test
    void shouldShowWhoLagsWhereTheEpochBegins() {
        final TestGroup group = group(14, 0b0111);
        final int[] shown = new int[1];
        group.filter = (from, to, template, message) -> {
            shown[0] += to == 3 && template == StableCheckpointDecoder.TEMPLATE_ID ? 1 : 0;
            return template != SnapshotPageDecoder.TEMPLATE_ID;
        };
        group.runFor(200 * MS);
        assertThat(shown[0]).isPositive();
        assertThat(group.count(3, PbftCounter.DROPPED_MALFORMED)).isZero();
        assertThat(group.count(3, PbftCounter.DROPPED_BAD_CERTIFICATE)).isZero();
    }

    private static TestGroup group(final long seed, final long holders) {
        return new TestGroup(4, seed, context -> context, SECOND, false, OPENING, holders);
    }

    private static TestGroup durable(final long seed, final long holders) {
        return new TestGroup(4, seed, context -> context, SECOND, true, OPENING, holders);
    }

    private static void assertHistories(final TestGroup group, final String... expected) {
        for (final TestPeer peer : group.peers) {
            if (peer.isAlive) {
                assertThat(peer.register.applied).containsExactly(expected);
            }
        }
    }

    private static TestGroup.OpeningBytes opening(final String... applied) {
        final TestPeer.Register register = new TestPeer.Register();
        register.applied.addAll(List.of(applied));
        final StateMachine machine = new EpochMachine(SECOND, new SymbolicKeys(), 8, 16, next -> true, register);
        final ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer();
        final int length = new ExactlyOnce(new ClientTable(4, 64), machine).snapshot(snapshot, 0);
        final Digest256 digest = PagedSnapshot.of(new Digest(), 256, C, snapshot, 0, length, null)
                .stateDigest();
        return new TestGroup.OpeningBytes(C, digest, snapshot, length);
    }

    private static Roster roster() {
        final List<Roster.Peer> peers = new ArrayList<>();
        for (int id = 0; id < 4; id++) {
            peers.add(new Roster.Peer(
                    id,
                    "p" + id,
                    "10.0.0.1",
                    40_000 + id,
                    PeerIdentity.generate(new SecureRandom()).publicKey()));
        }
        return Roster.of(2, peers, Map.of());
    }
}
