package io.quorate.engine.decision;

import static io.quorate.engine.coordination.ContributionOutcome.ACCEPTED;
import static io.quorate.engine.coordination.ContributionOutcome.COMMAND_MALFORMED;
import static io.quorate.engine.coordination.ContributionOutcome.CONFLICT;
import static io.quorate.engine.coordination.ContributionOutcome.CONTENT_NOT_TEXT;
import static io.quorate.engine.coordination.ContributionOutcome.CONTENT_TOO_LONG;
import static io.quorate.engine.coordination.ContributionOutcome.DEADLINE_COUNTED;
import static io.quorate.engine.coordination.ContributionOutcome.DIMENSION_WRONG;
import static io.quorate.engine.coordination.ContributionOutcome.DUPLICATE;
import static io.quorate.engine.coordination.ContributionOutcome.NOT_FINITE;
import static io.quorate.engine.coordination.ContributionOutcome.ROUNDS_EXHAUSTED;
import static io.quorate.engine.coordination.ContributionOutcome.ROUND_CLOSED;
import static io.quorate.engine.coordination.ContributionOutcome.ROUND_NAME_REFUSED;
import static io.quorate.engine.coordination.ContributionOutcome.ROUND_UNKNOWN;
import static io.quorate.engine.coordination.ContributionOutcome.SENDER_UNKNOWN;
import static io.quorate.engine.coordination.ContributionOutcome.TYPE_REFUSED;
import static io.quorate.engine.coordination.ContributionOutcome.ZERO_VECTOR;
import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.ordering.StateMachine;
import java.util.Arrays;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DecisionMachineTest {
    private final MachineRun run = MachineRun.of(4);

    @AfterEach
    void close() {
        run.close();
    }

    @Test
    void shouldDecideWhenEveryMemberHasContributed() {
        assertThat(run.contribute(2, "r", "yes")).isEqualTo(ACCEPTED);
        assertThat(run.contribute(0, "r", "yes")).isEqualTo(ACCEPTED);
        assertThat(run.contribute(3, "r", "no")).isEqualTo(ACCEPTED);
        assertThat(run.decisions).isEmpty();
        assertThat(run.contribute(1, "r", "yes")).isEqualTo(ACCEPTED);

        final Decision decision = run.lastDecision();
        assertThat(decision.isAgreed()).isTrue();
        assertThat(decision.verdict().consensus()).isEqualTo("yes");
        assertThat(decision.support()).containsExactly(0, 1, 2);
        assertThat(decision.sequence()).isEqualTo(4);
        assertThat(decision.reason()).isEqualTo("3 of 4 peers gave the same answer, quorum is 3");
        assertThat(run.events).containsExactly("opened r 1", "closed r 4");
        assertThat(run.machine.digestOf("r")).isEqualTo(decision.digest());
    }

    @Test
    void shouldTellWhatIsKnownOfARound() {
        assertThat(status("r").standing()).isEqualTo(RoundStatus.Standing.UNKNOWN);
        run.contribute(0, "r", "yes");
        assertThat(status("r")).isEqualTo(new RoundStatus(RoundStatus.Standing.OPEN, 1, null));
        run.contribute(1, "r", "yes");
        run.contribute(2, "r", "yes");
        run.contribute(3, "r", "yes");
        assertThat(status("r").standing()).isEqualTo(RoundStatus.Standing.AGREED);
        assertThat(status("r").version()).isEqualTo(4);
        assertThat(status("r").digest()).isEqualTo(run.lastDecision().digest());
        assertThat(status("other").standing()).isEqualTo(RoundStatus.Standing.UNKNOWN);
        assertThat(status("other").version())
                .as("a round has closed since it was asked for first")
                .isEqualTo(1);
    }

    @Test
    void shouldAnswerAnOrderedQueryAsARead() {
        run.contribute(0, "r", "yes");
        final ExpandableArrayBuffer query = new ExpandableArrayBuffer();
        final UnsafeBuffer answer = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);
        final int length = DecisionMachine.encodeQuery(query, 0, "r");
        final byte[] before = run.snapshot();
        final int answerLength = run.machine.apply(2, 1, query, 0, length, answer, 7);
        assertThat(RoundStatus.decode(answer, 7, answerLength)).isEqualTo(status("r"));
        assertThat(run.snapshot()).as("nothing changed").isEqualTo(before);
    }

    @Test
    void shouldRefuseBytesThatAreNoQuery() {
        final ExpandableArrayBuffer query = new ExpandableArrayBuffer();
        final UnsafeBuffer answer = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);
        final int length = DecisionMachine.encodeQuery(query, 0, "r");
        for (int shorter = 0; shorter < length; shorter++) {
            assertThat(run.machine.read(0, query, 0, shorter, answer, 0)).isEqualTo(1);
            assertThat(answer.getByte(0)).isEqualTo(COMMAND_MALFORMED.code());
        }
    }

    private RoundStatus status(final String round) {
        final ExpandableArrayBuffer query = new ExpandableArrayBuffer();
        final UnsafeBuffer answer = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);
        final int length = DecisionMachine.encodeQuery(query, 3, round);
        return RoundStatus.decode(answer, 0, run.machine.read(1, query, 3, length, answer, 0));
    }

    @Test
    void shouldDecideByDeadlineOfQuorumDistinctMembers() {
        run.contribute(0, "r", "yes");
        run.contribute(1, "r", "yes");
        run.contribute(2, "r", "yes");
        assertThat(run.deadline(0, "r")).isEqualTo(DEADLINE_COUNTED);
        assertThat(run.deadline(0, "r")).isEqualTo(DEADLINE_COUNTED);
        assertThat(run.deadline(1, "r")).isEqualTo(DEADLINE_COUNTED);
        assertThat(run.decisions).isEmpty();
        assertThat(run.deadline(3, "r")).isEqualTo(DEADLINE_COUNTED);

        assertThat(run.lastDecision().isAgreed()).isTrue();
        assertThat(run.lastDecision().contributors()).hasSize(3);
        assertThat(run.lastDecision().verdict().agreement()).isEqualTo(0.75);
    }

    @Test
    void shouldHaveNoQuorumWhenTooFewContributed() {
        run.contribute(0, "r", "yes");
        run.contribute(1, "r", "yes");
        run.deadline(0, "r");
        run.deadline(1, "r");
        run.deadline(2, "r");

        assertThat(run.lastDecision().isAgreed()).isFalse();
        assertThat(run.lastDecision().verdict().consensus()).isNull();
        assertThat(run.lastDecision().verdict().consensusPeer()).isEqualTo(Decision.NO_PEER);
        assertThat(run.lastDecision().support()).containsExactly(0, 1);
        assertThat(run.lastDecision().reason())
                .isEqualTo("only 2 of 4 peers contributed before the deadline, quorum is 3");
    }

    @Test
    void shouldSayThatARoundIsClosed() {
        for (int peer = 0; peer < 4; peer++) {
            run.contribute(peer, "r", "yes");
        }
        assertThat(run.contribute(1, "r", "yes")).isEqualTo(ROUND_CLOSED);
        assertThat(run.deadline(1, "r")).isEqualTo(ROUND_CLOSED);
        assertThat(run.deadline(1, "other")).isEqualTo(ROUND_UNKNOWN);
        assertThat(run.decisions).hasSize(1);
    }

    @Test
    void shouldCountTheFirstContributionAndKeepTheSecondAsEvidence() {
        assertThat(run.contribute(1, "r", "yes")).isEqualTo(ACCEPTED);
        assertThat(run.contribute(1, "r", "yes")).isEqualTo(DUPLICATE);
        assertThat(run.contribute(1, "r", "no")).isEqualTo(CONFLICT);
        assertThat(run.contribute(1, "r", "yes", MachineRun.vector(9))).isEqualTo(CONFLICT);
        for (final int peer : new int[] {0, 2, 3}) {
            run.contribute(peer, "r", "yes");
        }

        final Decision decision = run.lastDecision();
        assertThat(decision.support()).containsExactly(0, 1, 2, 3);
        assertThat(decision.conflicts()).hasSize(1);
        assertThat(decision.conflicts().get(0).peerId()).isEqualTo(1);
        assertThat(decision.conflicts().get(0).count()).isEqualTo(2);
        assertThat(decision.conflicts().get(0).firstDigest())
                .hasSize(64)
                .isNotEqualTo(decision.contributors().get(1).outputDigest());
        assertThat(run.machine.conflictTotal()).isEqualTo(2);
    }

    @Test
    void shouldLetNoPeerOpenRoundsAtTheCostOfOthers() {
        final int allowed = MachineRun.context(4).conclude().roundsPerPeerMax();
        for (int i = 0; i < allowed; i++) {
            assertThat(run.contribute(3, "flood-" + i, "x")).isEqualTo(ACCEPTED);
        }
        assertThat(run.contribute(3, "flood-more", "x")).isEqualTo(ROUNDS_EXHAUSTED);
        assertThat(run.contribute(0, "mine", "x")).isEqualTo(ACCEPTED);
        assertThat(run.contribute(3, "mine", "x")).isEqualTo(ACCEPTED);
        for (int peer = 0; peer < 3; peer++) {
            run.deadline(peer, "flood-0");
        }
        assertThat(run.contribute(3, "flood-more", "x")).isEqualTo(ACCEPTED);
        assertThat(run.machine.openRoundCount()).isEqualTo(allowed + 1);
    }

    @Test
    void shouldRememberOnlySoManyClosedRounds() {
        try (MachineRun small =
                new MachineRun(MachineRun.context(1).closedRoundsMax(3).conclude())) {
            for (int i = 0; i < 10; i++) {
                assertThat(small.contribute(0, "r" + i, "x")).isEqualTo(ACCEPTED);
            }
            assertThat(small.machine.closedRoundCount()).isEqualTo(3);
            assertThat(small.machine.closedTotal()).isEqualTo(10);
            assertThat(small.contribute(0, "r9", "x")).isEqualTo(ROUND_CLOSED);
            assertThat(small.contribute(0, "r0", "x")).isEqualTo(ACCEPTED);
        }
    }

    @Test
    void shouldRefuseAtTheDoorWithTheReason() {
        assertThat(run.contribute(4, "r", "x")).isEqualTo(SENDER_UNKNOWN);
        assertThat(run.contribute(-1, "r", "x")).isEqualTo(SENDER_UNKNOWN);
        assertThat(run.contribute(0, "", "x")).isEqualTo(ROUND_NAME_REFUSED);
        assertThat(run.contribute(0, "n".repeat(65), "x")).isEqualTo(ROUND_NAME_REFUSED);
        assertThat(run.contribute(0, "é".repeat(32), "x")).isEqualTo(ACCEPTED);
        assertThat(run.contribute(0, "a\nb", "x")).isEqualTo(ROUND_NAME_REFUSED);
        assertThat(run.contribute(0, "r", "x".repeat(16 * 1024 + 1))).isEqualTo(CONTENT_TOO_LONG);
        assertThat(run.contribute(0, "r", "x", new float[7])).isEqualTo(DIMENSION_WRONG);
        assertThat(run.contribute(0, "r", "x", new float[8])).isEqualTo(ZERO_VECTOR);
        assertThat(run.contribute(0, "r", "x", withComponent(Float.NaN))).isEqualTo(NOT_FINITE);
        assertThat(run.contribute(0, "r", "x", withComponent(Float.NEGATIVE_INFINITY)))
                .isEqualTo(NOT_FINITE);
        assertThat(run.machine.openRoundCount()).isEqualTo(1);
        assertThat(run.deadline(0, "")).isEqualTo(ROUND_NAME_REFUSED);
    }

    @Test
    void shouldRefuseTextsThatAreNoText() {
        final ExpandableArrayBuffer command = new ExpandableArrayBuffer();
        final int length = PeerOutput.encode(command, 0, "round", "type", "content", MachineRun.vector(1));
        final byte[] good = new byte[length];
        command.getBytes(0, good);
        assertThat(applyChanged(good, indexOf(good, "round"))).isEqualTo(ROUND_NAME_REFUSED);
        assertThat(applyChanged(good, indexOf(good, "type"))).isEqualTo(TYPE_REFUSED);
        assertThat(applyChanged(good, indexOf(good, "content"))).isEqualTo(CONTENT_NOT_TEXT);
        assertThat(applyChanged(good, 2)).isEqualTo(COMMAND_MALFORMED);
        assertThat(run.apply(0, new UnsafeBuffer(good), length - 1)).isEqualTo(COMMAND_MALFORMED);
        assertThat(run.apply(0, new UnsafeBuffer(Arrays.copyOf(good, length + 1)), length + 1))
                .isEqualTo(COMMAND_MALFORMED);
        assertThat(run.apply(0, new UnsafeBuffer(good), 0)).isEqualTo(COMMAND_MALFORMED);
        assertThat(run.apply(0, new UnsafeBuffer(good), length)).isEqualTo(ACCEPTED);
    }

    @Test
    void shouldNotDependOnTheOrderOfArrival() {
        try (MachineRun other = MachineRun.of(4)) {
            for (int peer = 0; peer < 4; peer++) {
                run.contribute(peer, "r", "yes");
                other.contribute(3 - peer, "r", "yes");
            }
            assertThat(other.lastDecision().digest())
                    .isEqualTo(run.lastDecision().digest());
        }
    }

    private ContributionOutcome applyChanged(final byte[] good, final int index) {
        final byte[] changed = good.clone();
        changed[index] = (byte) 0xC3;
        return run.apply(0, new UnsafeBuffer(changed), changed.length);
    }

    private static int indexOf(final byte[] bytes, final String word) {
        return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf(word);
    }

    private static float[] withComponent(final float component) {
        final float[] vector = MachineRun.vector(1);
        vector[5] = component;
        return vector;
    }
}
