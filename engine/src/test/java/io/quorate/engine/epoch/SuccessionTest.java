package io.quorate.engine.epoch;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.transfer.PagedSnapshot;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.HandoverCertificateDecoder;
import io.quorate.transport.codecs.HandoverDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** The way from an epoch to the next, in messages (docs/protocols/reconfiguration.md, section 4). n = 4, q = 3. */
class SuccessionTest {
    private static final long MS = 1_000_000;
    private static final int CLIENT_WINDOW = 4;
    private static final int PAGE_LENGTH = 256;
    private static final Succession.Settings SETTINGS = new Succession.Settings(
            CLIENT_WINDOW, PAGE_LENGTH, next -> StateMachine.Carrier.UNCHANGED, 10 * MS, 80 * MS, 8, MS);

    private final Rosters rosters = new Rosters();
    private final Roster four = rosters.roster(3, 0, 1, 2, 3);
    private final Roster five = rosters.roster(4, 0, 1, 2, 3, 4);
    private final PagedSnapshot closing = closing(five);
    private final ArrayDeque<Sent> sent = new ArrayDeque<>();
    private final List<Succession> peers = new ArrayList<>();
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private long nowNs;

    private record Sent(int from, int to, UnsafeBuffer message) {}

    SuccessionTest() {
        for (int id = 0; id < 4; id++) {
            peers.add(new Succession(
                    four, id, rosters.signer(id, four), rosters.verifier(four), publisher(id, 4), SETTINGS, null));
        }
    }

    @Test
    void shouldEndForEverybodyOnceAQuorumHasClosed() {
        peers.get(0).close(closing, nowNs);
        peers.get(1).close(closing, nowNs);
        deliver();
        assertThat(peers).noneMatch(Succession::isEnded);
        // Peer 2 heard the others before it had closed; they say it again.
        peers.get(2).close(closing, nowNs);
        deliver();
        assertThat(peers.get(0).isEnded()).isTrue();
        assertThat(peers.get(2).isEnded()).isFalse();
        tick(10 * MS);
        // Peers 0 and 1 are past the epoch: whatever is said in it, they show the proof.
        peers.get(0).onLateMessage(2, nowNs);
        deliver();
        assertThat(peers.get(2).isEnded()).isTrue();
        assertThat(peers.get(2).opening()).isNotNull();
    }

    @Test
    void shouldShowTheProofToWhoNeverClosed() {
        end(0, 1, 2);
        peers.get(0).onLateMessage(3, nowNs);
        deliver();
        assertThat(peers.get(3).isEnded()).isTrue();
        assertThat(peers.get(3).isClosed()).isFalse();
        assertThat(peers.get(3).opening()).as("it has to fetch the state").isNull();
        assertThat(peers.get(3).certificate().next().groupId()).isEqualTo(five.groupId());
    }

    /** It may be the only one of the signers that is left. */
    @Test
    void shouldTakeTheStateThoughTheProofWasFaster() {
        end(0, 1, 2);
        peers.get(0).onLateMessage(3, nowNs);
        deliver();
        assertThat(peers.get(3).isEnded()).isTrue();
        peers.get(3).close(closing, nowNs);
        assertThat(peers.get(3).opening()).isNotNull();
        assertThat(sent).as("nobody needs its word any more").isEmpty();
    }

    @Test
    void shouldAnswerAPeerAtMostOnceAPause() {
        end(0, 1, 2);
        for (int i = 0; i < 10; i++) {
            peers.get(0).onLateMessage(3, nowNs);
            nowNs += MS;
        }
        assertThat(sent).hasSize(1);
        peers.get(0).onLateMessage(0, nowNs);
        peers.get(3).onLateMessage(2, nowNs);
        assertThat(sent).as("nobody tells itself, or what it does not know").hasSize(1);
        nowNs += 10 * MS;
        peers.get(0).onLateMessage(3, nowNs);
        assertThat(sent).hasSize(2);
    }

    @Test
    void shouldSayTheOwnHandoverAgainWithGrowingPausesUntilItIsCertified() {
        peers.get(0).close(closing, nowNs);
        sent.clear();
        int said = 0;
        for (int i = 0; i < 400; i++) {
            tick(MS);
            said += sent.size();
            sent.clear();
        }
        // At 10, 30, 70, 150, 230, 310 and 390 ms, to three peers each.
        assertThat(said).isEqualTo(7 * 3);
        end(1, 2, 3);
        peers.get(1).onLateMessage(0, nowNs);
        deliver();
        sent.clear();
        tick(1000 * MS);
        assertThat(sent).isEmpty();
    }

    @Test
    void shouldCountNobodyTwiceAndNothingForged() {
        peers.get(0).close(closing, nowNs);
        sent.clear();
        peers.get(1).close(closing, nowNs);
        final Sent handover =
                sent.stream().filter(each -> each.to == 0).findFirst().orElseThrow();
        sent.clear();
        for (int i = 0; i < 3; i++) {
            give(handover);
            // Peer 2 offers peer 1's signature as its own.
            give(new Sent(2, 0, handover.message));
        }
        assertThat(peers.get(0).isEnded()).isFalse();
        peers.get(2).close(closing, nowNs);
        deliver();
        assertThat(peers.get(0).isEnded()).isTrue();
    }

    @Test
    void shouldStopCheckingWhatALiarMakesUp() {
        final byte[] proof = proof();
        final int count = 200;
        final int[] checks = new int[1];
        final Succession counted = new Succession(
                four,
                3,
                rosters.signer(3, four),
                (peerId, domain, content, offset, length, signature, signatureOffset) -> {
                    checks[0]++;
                    return rosters.verifier(four)
                            .verify(peerId, domain, content, offset, length, signature, signatureOffset);
                },
                publisher(3, 4),
                SETTINGS,
                null);
        final byte[] forged = proof.clone();
        forged[Handover.LENGTH + 4 + 2] ^= 1;
        for (int i = 0; i < count; i++) {
            counted.onCertificate(1, new UnsafeBuffer(forged), 0, forged.length, nowNs);
        }
        assertThat(checks[0]).isLessThanOrEqualTo(8);
        assertThat(counted.isEnded()).isFalse();
        counted.onCertificate(2, new UnsafeBuffer(proof), 0, proof.length, nowNs);
        assertThat(counted.isEnded()).as("who made nothing up is heard").isTrue();
    }

    @Test
    void shouldBearAnyBytes() {
        final SplittableRandom random = new SplittableRandom(7);
        peers.get(0).close(closing, nowNs);
        peers.get(1).close(closing, nowNs);
        final byte[] proof = proof();
        final EpochAdapter adapter = new EpochAdapter(peers.get(3));
        for (int turn = 0; turn < 2000; turn++) {
            final byte[] bytes = Arrays.copyOf(proof, random.nextInt(proof.length));
            final UnsafeBuffer message = new UnsafeBuffer(new byte[8 + bytes.length]);
            message.putShort(0, (short) random.nextInt(256));
            message.putShort(2, (short) (48 + random.nextInt(8)));
            message.putShort(4, (short) MessageHeaderDecoder.SCHEMA_ID);
            message.putBytes(8, bytes);
            for (int flips = random.nextInt(4); flips > 0; flips--) {
                final int at = random.nextInt(message.capacity());
                message.putByte(at, (byte) (message.getByte(at) ^ 1 << random.nextInt(8)));
            }
            nowNs += MS;
            adapter.onMessage(random.nextInt(4), message, 0, message.capacity(), nowNs);
        }
        assertThat(peers.get(3).isEnded()).isFalse();
    }

    @Test
    void shouldTellANewcomerWhatOpenedTheEpochItJoins() {
        end(0, 1, 2);
        final Joining joining = new Joining(four, rosters.verifier(four), five, 4, publisher(4, 5), SETTINGS);
        final Succession next = new Succession(
                five,
                0,
                rosters.signer(0, five),
                rosters.verifier(five),
                publisher(0, 5),
                SETTINGS,
                peers.get(0).certificate());
        joining.onTick(nowNs);
        assertThat(sent).hasSize(4);
        final EpochAdapter ofNext = new EpochAdapter(next);
        final Sent asked =
                sent.stream().filter(each -> each.to == 0).findFirst().orElseThrow();
        sent.clear();
        assertThat(ofNext.onMessage(4, asked.message, 0, asked.message.capacity(), nowNs))
                .isTrue();
        final Sent answer = sent.poll();
        assertThat(answer.to).isEqualTo(4);
        assertThat(new EpochAdapter(joining).onMessage(0, answer.message, 0, answer.message.capacity(), nowNs))
                .isTrue();
        assertThat(joining.certificate().handover())
                .isEqualTo(peers.get(0).certificate().handover());
        // The same answer at a peer that is in the epoch says nothing of its end, and costs nobody anything.
        ofNext.onMessage(1, answer.message, 0, answer.message.capacity(), nowNs);
        assertThat(next.isEnded()).isFalse();
        joining.onTick(nowNs + 1000 * MS);
        assertThat(sent).isEmpty();
    }

    @Test
    void shouldJoinNoOtherEpochThanTheOneMeant() {
        end(0, 1, 2);
        final Roster other = rosters.roster(4, 0, 1, 2, 9);
        final Joining joining = new Joining(four, rosters.verifier(four), other, 3, publisher(3, 4), SETTINGS);
        final byte[] proof = peers.get(0).certificate().encode();
        joining.onCertificate(0, new UnsafeBuffer(proof), 0, proof.length, nowNs);
        assertThat(joining.certificate()).isNull();
    }

    @Test
    void shouldSendWhatTheSchemaSays() {
        end(0, 1, 2);
        peers.get(0).onLateMessage(3, nowNs);
        final UnsafeBuffer message = sent.getLast().message;
        header.wrap(message, 0);
        final HandoverCertificateDecoder decoder = new HandoverCertificateDecoder();
        decoder.wrapAndApplyHeader(message, 0, header);
        final HandoverCertificate certificate = peers.get(0).certificate();
        assertThat(decoder.sequence()).isEqualTo(certificate.handover().sequence());
        int signers = 0;
        for (final HandoverCertificateDecoder.SignersDecoder signer : decoder.signers()) {
            assertThat(signer.replicaId()).isEqualTo(signers++);
        }
        assertThat(signers).isEqualTo(3);
        final byte[] text = new byte[decoder.nextRosterLength()];
        decoder.getNextRoster(text, 0, text.length);
        assertThat(new String(text, java.nio.charset.StandardCharsets.US_ASCII)).isEqualTo(five.canonicalText());
    }

    private void end(final int... ids) {
        for (final int id : ids) {
            peers.get(id).close(closing, nowNs);
        }
        for (int turn = 0; turn < 3; turn++) {
            deliver();
            tick(20 * MS);
            for (final int id : ids) {
                for (final int other : ids) {
                    peers.get(id).onLateMessage(other, nowNs);
                }
            }
        }
        deliver();
        for (final int id : ids) {
            assertThat(peers.get(id).isEnded()).isTrue();
        }
        nowNs += 1000 * MS;
    }

    private byte[] proof() {
        final OpeningState opening = OpeningState.of(
                four,
                CLIENT_WINDOW,
                next -> StateMachine.Carrier.UNCHANGED,
                closing.buffer(),
                closing.offset(),
                closing.lengthBytes());
        final Digest256 digest = opening.stateDigest(new Digest(), PAGE_LENGTH);
        final Handover handover = Handover.of(opening, digest);
        final HandoverVotes votes = new HandoverVotes(four, rosters.verifier(four), opening, handover);
        for (int id = 0; id < 3; id++) {
            votes.onHandover(id, handover, handover.sign(rosters.signer(id, four)));
        }
        return votes.certificate().encode();
    }

    private void tick(final long durationNs) {
        nowNs += durationNs;
        peers.forEach(peer -> peer.onTick(nowNs));
    }

    private void deliver() {
        while (!sent.isEmpty()) {
            give(sent.poll());
        }
    }

    private void give(final Sent each) {
        header.wrap(each.message, 0);
        assertThat(header.templateId()).isIn(HandoverDecoder.TEMPLATE_ID, HandoverCertificateDecoder.TEMPLATE_ID);
        new EpochAdapter(peers.get(each.to)).onMessage(each.from, each.message, 0, each.message.capacity(), nowNs);
    }

    private EpochPublisher publisher(final int selfId, final int peerCount) {
        final Outbox outbox = new Outbox() {
            @Override
            public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
                final UnsafeBuffer copy = new UnsafeBuffer(new byte[lengthBytes]);
                copy.putBytes(0, message, offset, lengthBytes);
                sent.add(new Sent(selfId, to, copy));
                return true;
            }

            @Override
            public void flush() {}
        };
        return new EpochPublisher(outbox, outbox, selfId, peerCount);
    }

    /** The state after 16 sequences, of which the sixth asked for another roster. */
    private PagedSnapshot closing(final Roster next) {
        final EpochMachine machine =
                new EpochMachine(four, rosters.verifier(four), 8, 16, asked -> true, new Counter());
        final ExactlyOnce whole = new ExactlyOnce(new ClientTable(4, CLIENT_WINDOW), machine);
        final byte[] body = ReconfigureCommand.encode(four, next, rosters.approvals(four, next, 0, 1, 2));
        final UnsafeBuffer reply = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);
        final int length = whole.execute(6, 0, 1, new UnsafeBuffer(body), 0, body.length, reply, 0);
        assertThat(Verdict.of(reply, 0, length)).isEqualTo(Verdict.ACCEPTED);
        final ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer();
        final int lengthBytes = whole.snapshot(snapshot, 0);
        return PagedSnapshot.of(new Digest(), PAGE_LENGTH, 16, snapshot, 0, lengthBytes, null);
    }

    /** Signers of an epoch sign nothing of another. */
    @Test
    void shouldTakeNoHandoverSignedInAnotherEpoch() {
        peers.get(0).close(closing, nowNs);
        peers.get(1).close(closing, nowNs);
        deliver();
        final OpeningState opening = OpeningState.of(
                four,
                CLIENT_WINDOW,
                next -> StateMachine.Carrier.UNCHANGED,
                closing.buffer(),
                closing.offset(),
                closing.lengthBytes());
        final Handover handover = Handover.of(opening, opening.stateDigest(new Digest(), PAGE_LENGTH));
        final Signer ofNext = rosters.signer(2, five);
        peers.get(0).onHandover(2, handover, handover.sign(ofNext), nowNs);
        assertThat(peers.get(0).isEnded()).isFalse();
        peers.get(0).onHandover(2, handover, handover.sign(rosters.signer(2, four)), nowNs);
        assertThat(peers.get(0).isEnded()).isTrue();
    }
}
