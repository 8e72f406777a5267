package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class CertificateCollectorTest {
    private static final long MS = 1_000_000L;
    private static final byte[] DIGEST = Digest.sha256(new byte[] {1});
    private static final byte[] OTHER = Digest.sha256(new byte[] {2});

    private final Group group = new Group(4);

    @Test
    void shouldCertifyByOneMoreThanTheLiars() {
        group.peers.get(0).collector.onRoundClosed("r", 7, DIGEST, 0);
        assertThat(group.peers.get(0).certificates).isEmpty();
        group.peers.get(1).collector.onRoundClosed("r", 7, DIGEST, 0);
        group.deliver();

        for (final Peer peer : group.peers) {
            assertThat(peer.certificates).hasSize(1);
            final Certificate certificate = peer.certificates.get(0);
            assertThat(certificate.signatures())
                    .extracting(Certificate.Signature::peerId)
                    .containsExactly(0, 1);
            assertThat(certificate.verify(group.keys.verifier(), Quorum.of(4))).isEqualTo(Certificate.Verdict.VALID);
            assertThat(certificate.sequence()).isEqualTo(7);
        }
    }

    @Test
    void shouldAskForLostVotesWithGrowingPauses() {
        group.isLossy = true;
        for (final Peer peer : group.peers) {
            peer.collector.onRoundClosed("r", 7, DIGEST, 0);
        }
        final Peer first = group.peers.get(0);
        int questions = 0;
        for (long now = 0; now < 10_000 * MS; now += MS) {
            questions += first.collector.onTick(now);
        }
        assertThat(questions).isBetween(10, 20);
        assertThat(first.certificates).isEmpty();

        group.isLossy = false;
        assertThat(first.collector.onTick(20_000 * MS)).isEqualTo(1);
        group.deliver();
        assertThat(first.certificates).hasSize(1);
        assertThat(first.collector.wantedCount()).isZero();
        assertThat(first.collector.onTick(40_000 * MS)).isZero();
    }

    @Test
    void shouldNotCountForgedVotes() {
        final Peer first = group.peers.get(0);
        first.collector.onRoundClosed("r", 7, DIGEST, 0);
        first.collector.onResultVote(2, "r", 1, 7, new UnsafeBuffer(DIGEST), new UnsafeBuffer(new byte[64]), 0);
        assertThat(first.certificates).isEmpty();
        assertThat(first.collector.forgedCount()).isEqualTo(1);

        group.vote(2, 0, "other round", 7, DIGEST, "r");
        group.vote(2, 0, "r", 8, DIGEST, "r");
        assertThat(first.certificates).isEmpty();
        group.vote(2, 0, "r", 7, DIGEST, "r");
        assertThat(first.certificates).isEmpty();
        group.vote(3, 0, "r", 7, DIGEST, "r");
        assertThat(first.certificates).hasSize(1);
    }

    @Test
    void shouldKeepAForgedVoteFromBlockingTheRealOne() {
        final Peer first = group.peers.get(0);
        first.collector.onResultVote(2, "r", 1, 7, new UnsafeBuffer(DIGEST), new UnsafeBuffer(new byte[64]), 0);
        first.collector.onRoundClosed("r", 7, DIGEST, 0);
        assertThat(first.certificates).isEmpty();
        group.vote(2, 0, "r", 7, DIGEST, "r");
        assertThat(first.certificates).hasSize(1);
    }

    @Test
    void shouldProveThatAPeerSignedTwoResults() {
        final Peer first = group.peers.get(0);
        group.vote(3, 0, "r", 7, DIGEST, "r");
        group.vote(3, 0, "r", 7, OTHER, "r");
        group.vote(3, 0, "r", 7, OTHER, "r");
        assertThat(first.events).containsExactly("conflict 3 r 7");
        assertThat(first.collector.conflictCount()).isEqualTo(1);
        group.vote(2, 0, "r", 7, OTHER, "r");
        assertThat(first.certificates).isEmpty();
    }

    @Test
    void shouldTellThatItsOwnResultIsNotTheGroups() {
        final Peer first = group.peers.get(0);
        first.collector.onRoundClosed("r", 7, OTHER, 0);
        group.vote(1, 0, "r", 7, DIGEST, "r");
        group.vote(2, 0, "r", 7, DIGEST, "r");
        assertThat(first.events).containsExactly("diverged r");

        final Peer second = group.peers.get(1);
        group.vote(2, 1, "r", 7, DIGEST, "r");
        group.vote(3, 1, "r", 7, DIGEST, "r");
        second.collector.onRoundClosed("r", 7, OTHER, 0);
        assertThat(second.events).containsExactly("diverged r");
    }

    @Test
    void shouldCertifyRoundsThatASnapshotBrought() {
        for (int peer = 1; peer < 4; peer++) {
            group.peers.get(peer).collector.onRoundClosed("r", 7, DIGEST, 0);
        }
        group.drop();
        final Peer restored = group.peers.get(0);
        restored.collector.onRoundRecovered("r", 7, DIGEST, 0);
        assertThat(restored.collector.onTick(100 * MS)).isEqualTo(1);
        group.deliver();
        assertThat(restored.certificates).hasSize(1);
        assertThat(restored.collector.certificate("r")).isEqualTo(restored.certificates.get(0));
    }

    @Test
    void shouldAnswerForRoundsThatASnapshotBrought() {
        group.peers.get(0).collector.onRoundRecovered("r", 7, DIGEST, 0);
        group.peers.get(1).collector.onRoundClosed("r", 7, DIGEST, 0);
        group.drop();
        group.peers.get(1).collector.onTick(100 * MS);
        group.deliver();
        assertThat(group.peers.get(1).certificates).hasSize(1);
    }

    @Test
    void shouldHoldOnlySoManyRounds() {
        final Peer first = group.peers.get(0);
        for (int i = 0; i < 1000; i++) {
            group.vote(3, 0, "flood-" + i, 7, DIGEST, "flood-" + i);
            first.collector.onRoundRecovered("old-" + i, i, DIGEST, 0);
        }
        assertThat(first.collector.wantedCount()).isEqualTo(CertificateCollector.RECOVERED_ROUNDS_MAX);
        first.collector.onRoundClosed("r", 2000, DIGEST, 0);
        group.vote(2, 0, "r", 2000, DIGEST, "r");
        assertThat(first.certificates).hasSize(1);
        for (int i = 0; i < 1000; i++) {
            first.collector.onRoundClosed("new-" + i, 3000 + i, DIGEST, 0);
        }
        assertThat(first.collector.wantedCount()).isEqualTo(64);
    }

    @Test
    void shouldDropWhatIsNoMessage() {
        final Peer first = group.peers.get(0);
        group.peers.get(1).collector.onRoundClosed("r", 7, DIGEST, 0);
        final byte[] good = group.inFlight.peekFirst().bytes;
        for (int length = 8; length < good.length; length++) {
            assertThat(first.adapter.onMessage(1, new UnsafeBuffer(good), 0, length, 0))
                    .isTrue();
        }
        assertThat(first.adapter.malformedCount()).isEqualTo(good.length - 8);
        assertThat(first.adapter.onMessage(1, new UnsafeBuffer(good), 0, 7, 0)).isFalse();
        group.vote(9, 0, "r", 7, DIGEST, "r");
        group.vote(-1, 0, "r", 7, DIGEST, "r");
        first.collector.onResultQuery(17, "r");
        assertThat(first.certificates).isEmpty();
    }

    private record Message(int from, int to, byte[] bytes) {}

    /** Four collectors and the messages between them. */
    private static final class Group {
        final List<Peer> peers = new ArrayList<>();
        final ArrayDeque<Message> inFlight = new ArrayDeque<>();
        final SimKeys keys;
        boolean isLossy;

        Group(final int peerCount) {
            keys = new SimKeys(peerCount, new SimRandom(1));
            for (int peer = 0; peer < peerCount; peer++) {
                peers.add(new Peer(this, peer, peerCount));
            }
        }

        void deliver() {
            while (!inFlight.isEmpty()) {
                final Message message = inFlight.poll();
                final UnsafeBuffer buffer = new UnsafeBuffer(message.bytes());
                assertThat(peers.get(message.to()).adapter.onMessage(message.from(), buffer, 0, buffer.capacity(), 0))
                        .isTrue();
            }
        }

        void drop() {
            inFlight.clear();
        }

        /** A vote of one peer for a result, whose signature is over a round of perhaps another name. */
        void vote(
                final int from,
                final int to,
                final String signedRound,
                final long sequence,
                final byte[] digest,
                final String round) {
            final UnsafeBuffer statement = new UnsafeBuffer(new byte[Certificate.STATEMENT_LENGTH]);
            final UnsafeBuffer digestBuffer = new UnsafeBuffer(digest);
            final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
            Certificate.encodeStatement(statement, 0, signedRound, 1, sequence, digestBuffer, new Digest());
            if (from >= 0 && from < peers.size()) {
                keys.signer(from)
                        .sign(
                                io.quorate.transport.auth.SigningDomain.RESULT,
                                statement,
                                0,
                                statement.capacity(),
                                signature,
                                0);
            }
            peers.get(to).collector.onResultVote(from, round, 1, sequence, digestBuffer, signature, 0);
        }
    }

    private static final class Peer implements CertificateCollector.Listener {
        final List<Certificate> certificates = new ArrayList<>();
        final List<String> events = new ArrayList<>();
        final CertificateCollector collector;
        final DecisionAdapter adapter;

        Peer(final Group group, final int id, final int peerCount) {
            final DecisionContext context = MachineRun.context(peerCount)
                    .selfId(id)
                    .epoch(1)
                    .certificateRoundsMax(64)
                    .conclude();
            final Outbox outbox = new Outbox() {
                @Override
                public boolean send(
                        final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
                    final byte[] bytes = new byte[lengthBytes];
                    message.getBytes(offset, bytes);
                    return group.isLossy || group.inFlight.add(new Message(id, peerId, bytes));
                }

                @Override
                public void flush() {}
            };
            collector = new CertificateCollector(
                    context, group.keys.signer(id), group.keys.verifier(), new DecisionPublisher(outbox), this);
            adapter = new DecisionAdapter(collector);
        }

        @Override
        public void onCertificate(final Certificate certificate) {
            certificates.add(certificate);
        }

        @Override
        public void onConflictingVotes(
                final int peerId,
                final String round,
                final long sequence,
                final String firstDigest,
                final String secondDigest) {
            assertThat(firstDigest).isNotEqualTo(secondDigest);
            events.add("conflict " + peerId + " " + round + " " + sequence);
        }

        @Override
        public void onDiverged(final Certificate certificate) {
            events.add("diverged " + certificate.round());
        }
    }
}
