package io.quorate.engine.epoch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Roster;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** From the closing state of an epoch to the proof of the next (docs/protocols/reconfiguration.md, section 4). */
class HandoverTest {
    private static final int CLIENT_WINDOW = 4;
    private static final int PAGE_LENGTH = 256;

    private final Rosters rosters = new Rosters();
    private final Roster five = rosters.roster(7, 0, 1, 2, 3, 4);
    private final Roster without1 = rosters.roster(8, 0, 4, 2, 3);
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);

    @Test
    void shouldCarryStateAndClientsToTheirNewIds() {
        final OpeningState opening = opening(five, without1);
        final Counter counter = new Counter();
        final EpochMachine machine = machine(without1, counter);
        final ExactlyOnce whole = new ExactlyOnce(new ClientTable(4, CLIENT_WINDOW), machine);
        whole.restore(opening.snapshot(), 0, opening.lengthBytes());

        assertThat(opening.sequence()).isEqualTo(16);
        assertThat(machine.endSequence()).as("the step is done").isZero();
        assertThat(counter.count).isEqualTo(5);
        // Each client had submitted its number 10 once; the answer was the count at that time.
        for (int id = 0; id < 4; id++) {
            final int oldId = opening.step().oldIdOf(id);
            assertThat(execute(whole, id, 10)).isEqualTo(8);
            assertThat(reply.getLong(0)).as("client %d was %d", id, oldId).isEqualTo(oldId + 1);
        }
        assertThat(counter.count).as("nothing ran again").isEqualTo(5);
    }

    @Test
    void shouldGiveANewcomerAnEmptyRow() {
        final Roster replaced = rosters.roster(8, 0, 1, 9, 3, 4);
        final OpeningState opening = opening(five, replaced);
        final Counter counter = new Counter();
        final ExactlyOnce whole = new ExactlyOnce(new ClientTable(5, CLIENT_WINDOW), machine(replaced, counter));
        whole.restore(opening.snapshot(), 0, opening.lengthBytes());

        execute(whole, 2, 10);
        assertThat(counter.count).as("its number 10 is its own").isEqualTo(6);
        execute(whole, 3, 10);
        assertThat(counter.count).isEqualTo(6);
    }

    @Test
    void shouldOpenFromTheClosingStateOfThatEpochOnly() {
        final ExactlyOnce whole = new ExactlyOnce(new ClientTable(5, CLIENT_WINDOW), machine(five, new Counter()));
        final ExpandableArrayBuffer endless = new ExpandableArrayBuffer();
        final int endlessLength = whole.snapshot(endless, 0);
        assertThatThrownBy(() -> OpeningState.of(
                        five, CLIENT_WINDOW, any -> StateMachine.Carrier.UNCHANGED, endless, 0, endlessLength))
                .hasMessageContaining("do not close epoch 7");

        final ExpandableArrayBuffer closing = new ExpandableArrayBuffer();
        final int length = closing(five, without1, closing);
        assertThatThrownBy(() -> OpeningState.of(
                        rosters.roster(7, 0, 1, 2, 3, 5),
                        CLIENT_WINDOW,
                        next -> StateMachine.Carrier.UNCHANGED,
                        closing,
                        0,
                        length))
                .hasMessageContaining("do not close epoch 7");
        final OpeningState opening =
                OpeningState.of(five, CLIENT_WINDOW, any -> StateMachine.Carrier.UNCHANGED, closing, 0, length);
        assertThatThrownBy(() -> OpeningState.of(
                        without1,
                        CLIENT_WINDOW,
                        next -> StateMachine.Carrier.UNCHANGED,
                        opening.snapshot(),
                        0,
                        opening.lengthBytes()))
                .hasMessageContaining("do not close epoch 8");
    }

    @Test
    void shouldBeProvenByAQuorumAndNoLess() {
        final HandoverVotes votes = votes(opening(five, without1));
        final Handover own = handover(opening(five, without1));
        assertThat(votes.onHandover(0, own, own.sign(rosters.signer(0, five)))).isTrue();
        assertThat(votes.onHandover(0, own, own.sign(rosters.signer(0, five))))
                .as("twice")
                .isFalse();
        assertThat(votes.onHandover(1, own, own.sign(rosters.signer(0, five))))
                .as("for another")
                .isFalse();
        assertThat(votes.onHandover(2, own, own.sign(rosters.signer(2, five)))).isTrue();
        assertThat(votes.onHandover(3, own, own.sign(rosters.signer(3, five)))).isTrue();
        final Handover other = handover(opening(five, rosters.roster(8, 0, 1, 2, 3)));
        assertThat(votes.onHandover(4, other, other.sign(rosters.signer(4, five))))
                .as("another end")
                .isFalse();
        assertThat(votes.onHandover(5, own, own.sign(rosters.signer(5, five))))
                .as("a stranger")
                .isFalse();
        assertThat(votes.certificate()).as("n = 5 needs 4").isNull();

        assertThat(votes.onHandover(1, own, own.sign(rosters.signer(1, five))))
                .as("who leaves signs too")
                .isTrue();
        final byte[] proof = votes.certificate().encode();
        final HandoverCertificate read = verified(five, proof);
        assertThat(read.handover()).isEqualTo(own);
        assertThat(read.next().groupId()).isEqualTo(without1.groupId());
        assertThat(verified(without1, proof))
                .as("not by the keys of another epoch")
                .isNull();
    }

    @Test
    void shouldRefuseFewSignaturesRepeatedOnesAndWhateverBitsAreFlipped() {
        final byte[] proof = proof(five, without1, 0, 1, 2, 3);
        assertThat(verified(five, proof)).isNotNull();
        assertThat(verified(five, unproven(five, without1, 0, 1, 2))).isNull();
        for (int length = 0; length < proof.length; length += 3) {
            assertThat(verified(five, Arrays.copyOf(proof, length))).isNull();
        }
        final byte[] twice = proof.clone();
        System.arraycopy(twice, Handover.LENGTH + 4, twice, Handover.LENGTH + 4 + 66, 66);
        assertThat(verified(five, twice)).isNull();
        final SplittableRandom random = new SplittableRandom(3);
        for (int turn = 0; turn < 200; turn++) {
            final byte[] flipped = proof.clone();
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
            assertThat(verified(five, flipped)).isNull();
        }
    }

    @Test
    void shouldFollowAChainAndNeverGoBackOrSkip() {
        final Roster nine = rosters.roster(9, 0, 4, 2, 3, 6);
        final byte[] first = proof(five, without1, 0, 2, 3, 4);
        // In epoch 8 the peer with number 4 has the id 1; keys are by number.
        final OpeningState opening = openingAt(without1, nine, 24);
        final Handover handover = handover(opening);
        final HandoverVotes votes = new HandoverVotes(without1, rosters.verifier(without1), opening, handover);
        votes.onHandover(0, handover, handover.sign(rosters.signer(0, without1)));
        votes.onHandover(1, handover, handover.sign(rosters.signer(4, without1)));
        votes.onHandover(2, handover, handover.sign(rosters.signer(2, without1)));
        final byte[] second = votes.certificate().encode();

        final EpochChain chain = new EpochChain(five, rosters::verifier);
        assertThat(follow(chain, second)).as("skips an epoch").isFalse();
        assertThat(follow(chain, first)).isTrue();
        assertThat(follow(chain, first)).as("again").isFalse();
        assertThat(follow(chain, proof(five, rosters.roster(8, 0, 1, 2, 3), 0, 1, 2, 3)))
                .as("another successor of an epoch that is over, by all of its keys")
                .isFalse();
        assertThat(follow(chain, second)).isTrue();
        assertThat(chain.newest().groupId()).isEqualTo(nine.groupId());
        assertThat(chain.last().handover().sequence()).isEqualTo(opening.sequence());
    }

    private static boolean follow(final EpochChain chain, final byte[] proof) {
        return chain.follow(new UnsafeBuffer(proof), 0, proof.length);
    }

    private HandoverCertificate verified(final Roster current, final byte[] proof) {
        return HandoverCertificate.verified(
                current, rosters.verifier(current), new UnsafeBuffer(proof), 0, proof.length);
    }

    private HandoverVotes votes(final OpeningState opening) {
        return new HandoverVotes(five, rosters.verifier(five), opening, handover(opening));
    }

    private byte[] proof(final Roster current, final Roster next, final int... signers) {
        final OpeningState opening = opening(current, next);
        final Handover handover = handover(opening);
        final HandoverVotes votes = new HandoverVotes(current, rosters.verifier(current), opening, handover);
        for (final int signer : signers) {
            votes.onHandover(signer, handover, handover.sign(rosters.signer(signer, current)));
        }
        return votes.certificate().encode();
    }

    /** As {@link #proof}, with whatever signatures there are. */
    private byte[] unproven(final Roster current, final Roster next, final int... signers) {
        final Handover handover = handover(opening(current, next));
        final Map<Integer, byte[]> signatures = new TreeMap<>();
        for (final int signer : signers) {
            signatures.put(signer, handover.sign(rosters.signer(signer, current)));
        }
        return new HandoverCertificate(handover, next, signatures).encode();
    }

    private static Handover handover(final OpeningState opening) {
        final Digest256 digest = opening.stateDigest(new Digest(), PAGE_LENGTH);
        final Handover handover = Handover.of(opening, digest);
        assertThat(handover.stateDigest()).isEqualTo(digest);
        assertThat(handover.sequence()).isEqualTo(opening.sequence());
        return handover;
    }

    private OpeningState opening(final Roster current, final Roster next) {
        return openingAt(current, next, 6);
    }

    private OpeningState openingAt(final Roster current, final Roster next, final long sequence) {
        final ExpandableArrayBuffer closing = new ExpandableArrayBuffer();
        final int length = closing(current, next, closing, sequence);
        return OpeningState.of(current, CLIENT_WINDOW, any -> StateMachine.Carrier.UNCHANGED, closing, 0, length);
    }

    private int closing(final Roster current, final Roster next, final ExpandableArrayBuffer closing) {
        return closing(current, next, closing, 6);
    }

    /** Every client has run a request with number 10; then client 0's command is accepted at a sequence. */
    private int closing(
            final Roster current, final Roster next, final ExpandableArrayBuffer closing, final long sequence) {
        final EpochMachine machine = machine(current, new Counter());
        final ExactlyOnce whole = new ExactlyOnce(new ClientTable(current.size(), CLIENT_WINDOW), machine);
        for (int id = 0; id < current.size(); id++) {
            execute(whole, id, 10);
        }
        final byte[] body = ReconfigureCommand.encode(current, next, approvals(current, next));
        final int length = whole.execute(sequence, 0, 11, new UnsafeBuffer(body), 0, body.length, reply, 0);
        assertThat(Verdict.of(reply, 0, length)).isEqualTo(Verdict.ACCEPTED);
        return whole.snapshot(closing, 0);
    }

    /** Of everybody, whatever number the peer has whose id it is. */
    private Map<Integer, byte[]> approvals(final Roster current, final Roster next) {
        final Map<Integer, byte[]> approvals = new TreeMap<>();
        for (final Roster.Peer peer : current.peers()) {
            final int number = Integer.parseInt(peer.name().substring(1));
            approvals.put(peer.id(), ReconfigureCommand.approve(rosters.signer(number, current), current, next));
        }
        return approvals;
    }

    private EpochMachine machine(final Roster roster, final StateMachine inner) {
        return new EpochMachine(roster, rosters.verifier(roster), 8, 16, next -> true, inner);
    }

    private int execute(final ExactlyOnce whole, final int clientId, final long number) {
        return whole.execute(1, clientId, number, new UnsafeBuffer(new byte[2]), 0, 2, reply, 0);
    }
}
