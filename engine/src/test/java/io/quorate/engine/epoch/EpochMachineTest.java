package io.quorate.engine.epoch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.ordering.ClientTable;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.transport.auth.Roster;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class EpochMachineTest {
    private static final int INTERVAL = 8;
    private static final int WINDOW = 16;

    private final Rosters rosters = new Rosters();
    private final Roster current = rosters.roster(7, 0, 1, 2, 3);
    private final Roster next = rosters.roster(8, 0, 1, 2, 3, 4);
    private final Counter counter = new Counter();
    private Predicate<Roster> isUsable = asked -> true;
    private final EpochMachine machine = machine(current, counter);
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);

    @Test
    void shouldAcceptAStepThatAQuorumApproves() {
        assertThat(apply(3, command(next, 0, 1, 3))).isEqualTo(Verdict.ACCEPTED);
        assertThat(machine.endSequence()).isEqualTo(16);
        assertThat(Verdict.endSequence(reply, 0)).isEqualTo(16);
        assertThat(machine.next().canonicalText()).isEqualTo(next.canonicalText());
        assertThat(counter.count).as("the machine inside hears nothing of it").isZero();
    }

    @Test
    void shouldEndWhereAReplicaThatDoesNotKnowCannotGoBeyond() {
        for (long sequence = 1; sequence <= 5 * INTERVAL; sequence++) {
            // The highest stable checkpoint of a replica that has not executed the sequence.
            long low = 0;
            while (low + INTERVAL < sequence) {
                low += INTERVAL;
            }
            final long end = EpochMachine.endOf(sequence, INTERVAL, WINDOW);
            assertThat(end).isEqualTo(low + WINDOW);
            assertThat(end % INTERVAL).isZero();
            assertThat(end - sequence)
                    .as("the command is in a checkpoint before")
                    .isGreaterThanOrEqualTo(INTERVAL);
        }
    }

    @Test
    void shouldHandEverythingElseToTheMachineInside() {
        final UnsafeBuffer request = new UnsafeBuffer("anything".getBytes(StandardCharsets.US_ASCII));

        assertThat(machine.apply(1, 0, request, 0, request.capacity(), reply, 0))
                .isEqualTo(8);
        assertThat(counter.count).isEqualTo(1);
    }

    @Test
    void shouldAnswerQueriesFromTheMachineInsideAndTakeNoCommandAsOne() {
        counter.count = 7;
        final UnsafeBuffer query = new UnsafeBuffer(new byte[3]);
        assertThat(machine.read(0, query, 0, 3, reply, 0)).isEqualTo(8);
        assertThat(reply.getLong(0)).isEqualTo(7);

        final UnsafeBuffer asked = new UnsafeBuffer(command(next, 0, 1, 2));
        final int length = machine.read(0, asked, 0, asked.capacity(), reply, 0);
        assertThat(Verdict.of(reply, 0, length)).isEqualTo(Verdict.NO_QUESTION);
        assertThat(machine.next()).isNull();
    }

    @Test
    void shouldNotLetOnePeerOrALittleMoreChangeAnything() {
        assertThat(apply(3, command(next, 0))).isEqualTo(Verdict.TOO_FEW_APPROVALS);
        assertThat(apply(4, command(next, 0, 1))).isEqualTo(Verdict.TOO_FEW_APPROVALS);
        final Map<Integer, byte[]> forged = new TreeMap<>(rosters.approvals(current, next, 0));
        forged.put(1, forged.get(0));
        forged.put(2, forged.get(0));
        assertThat(apply(5, ReconfigureCommand.encode(current, next, forged)))
                .as("one signature under three names")
                .isEqualTo(Verdict.BAD_APPROVAL);
        final Map<Integer, byte[]> stranger = new TreeMap<>(rosters.approvals(current, next, 0, 1));
        stranger.put(4, ReconfigureCommand.approve(rosters.signer(4, next), current, next));
        assertThat(apply(6, ReconfigureCommand.encode(current, next, stranger)))
                .as("the newcomer has no say yet")
                .isEqualTo(Verdict.BAD_APPROVAL);
        assertThat(machine.next()).isNull();
        assertThat(machine.endSequence()).isZero();
    }

    @Test
    void shouldRefuseApprovalsForAnotherRoster() {
        final Roster other = rosters.roster(8, 0, 1, 2, 3, 9);

        assertThat(apply(3, ReconfigureCommand.encode(current, next, rosters.approvals(current, other, 0, 1, 2))))
                .isEqualTo(Verdict.BAD_APPROVAL);
    }

    @Test
    void shouldRefuseACommandOfAnEarlierEpochOrAnotherGroup() {
        final byte[] old = command(next, 0, 1, 2);
        final EpochMachine later = machine(next, new Counter());
        assertThat(apply(later, 99, old)).as("replayed in the next epoch").isEqualTo(Verdict.OTHER_GROUP);

        final Roster elsewhere = rosters.roster(7, 5, 6, 8, 9);
        final Roster theirs = rosters.roster(8, 5, 6, 8, 9, 4);
        assertThat(apply(3, ReconfigureCommand.encode(elsewhere, theirs, rosters.approvals(elsewhere, theirs))))
                .isEqualTo(Verdict.OTHER_GROUP);
    }

    @Test
    void shouldRefuseASecondStepBeforeTheEnd() {
        assertThat(apply(3, command(next, 0, 1, 2))).isEqualTo(Verdict.ACCEPTED);
        assertThat(apply(4, command(next, 0, 1, 2))).as("the same again").isEqualTo(Verdict.PENDING);
        assertThat(apply(12, command(rosters.roster(8, 0, 1, 2, 9), 0, 1, 2))).isEqualTo(Verdict.PENDING);
        assertThat(machine.endSequence()).isEqualTo(16);
        assertThat(Verdict.endSequence(reply, 0)).isEqualTo(16);
    }

    /** Else the epoch would end, and the next one could not begin. */
    @Test
    void shouldRefuseAStepToARosterThatCannotBeUsed() {
        isUsable = asked -> asked.size() != next.size();
        assertThat(apply(3, command(next, 0, 1, 2))).isEqualTo(Verdict.REFUSED_STEP);
        assertThat(machine.endSequence()).isZero();
        assertThat(apply(4, command(rosters.roster(8, 0, 1, 2, 9), 0, 1, 2))).isEqualTo(Verdict.ACCEPTED);
    }

    @Test
    void shouldRefuseRostersThatAreNoStep() {
        assertThat(apply(3, command(rosters.roster(8, 0, 1, 2), 0, 1, 2))).isEqualTo(Verdict.REFUSED_STEP);
        assertThat(apply(4, command(rosters.roster(9, 0, 1, 2, 3, 4), 0, 1, 2))).isEqualTo(Verdict.REFUSED_STEP);
        assertThat(apply(5, command(rosters.roster(8, 0, 1, 8, 9), 0, 1, 2))).isEqualTo(Verdict.REFUSED_STEP);
        assertThat(machine.next()).isNull();
    }

    @Test
    void shouldGrowToSixtyFourAndNoFurther() {
        final int[] all = new int[64];
        for (int i = 0; i < all.length; i++) {
            all[i] = i;
        }
        final Roster last = rosters.roster(8, all);
        final String text = last.canonicalText() + "peer 64 p64 10.0.0.1:50064 "
                + java.util.HexFormat.of().formatHex(rosters.identity(64).publicKey()) + "\n";

        assertThatThrownBy(() -> Roster.parse(text, "65 peers")).isInstanceOf(IllegalArgumentException.class);
        assertThat(RosterStep.between(rosters.roster(7, java.util.Arrays.copyOf(all, 63)), last)
                        .peerCountAfter())
                .isEqualTo(64);
    }

    @Test
    void shouldAnswerMalformedBytesWithAVerdict() {
        final byte[] good = command(next, 0, 1, 2);
        for (int length = 8; length < good.length; length += 7) {
            assertThat(apply(3, java.util.Arrays.copyOf(good, length))).isEqualTo(Verdict.MALFORMED);
        }
    }

    @Test
    void shouldHaveTheEndInItsSnapshotAndTakeItFromThere() {
        final ExactlyOnce whole = new ExactlyOnce(new ClientTable(4, 4), machine);
        final byte[] body = command(next, 0, 1, 2);
        final ExpandableArrayBuffer before = new ExpandableArrayBuffer();
        final int beforeLength = whole.snapshot(before, 0);
        assertThat(EpochState.lastSequence(before, 0, beforeLength)).isEqualTo(Long.MAX_VALUE);

        whole.execute(9, 1, 1, new UnsafeBuffer(body), 0, body.length, reply, 0);
        final ExpandableArrayBuffer after = new ExpandableArrayBuffer();
        final int afterLength = whole.snapshot(after, 0);
        assertThat(EpochState.lastSequence(after, 0, afterLength)).isEqualTo(24);

        final Counter inside = new Counter();
        final EpochMachine fresh = machine(current, inside);
        final ExactlyOnce other = new ExactlyOnce(new ClientTable(4, 4), fresh);
        other.restore(after, 0, afterLength);
        assertThat(fresh.endSequence()).isEqualTo(24);
        assertThat(apply(fresh, 10, body)).isEqualTo(Verdict.PENDING);
        final ExpandableArrayBuffer again = new ExpandableArrayBuffer();
        assertThat(other.snapshot(again, 0)).isEqualTo(afterLength);
        for (int i = 0; i < afterLength; i++) {
            assertThat(again.getByte(i)).isEqualTo(after.getByte(i));
        }

        other.restore(before, 0, beforeLength);
        assertThat(fresh.next()).as("a rolled back step is gone").isNull();
        assertThat(apply(fresh, 10, body)).isEqualTo(Verdict.ACCEPTED);
    }

    @Test
    void shouldRefuseAStateOfAnotherEpochAndBytesThatAreNone() {
        final ExpandableArrayBuffer state = new ExpandableArrayBuffer();
        final int length = machine.snapshot(state, 0);
        final Counter inside = new Counter();
        inside.count = 5;
        final EpochMachine later = machine(next, inside);

        assertThatThrownBy(() -> later.restore(state, 0, length)).hasMessageContaining("another epoch than 8");
        assertThatThrownBy(() -> machine.restore(state, 0, 100)).hasMessageContaining("says nothing of its epoch");
        state.putLong(40, 24, java.nio.ByteOrder.LITTLE_ENDIAN);
        assertThatThrownBy(() -> machine.restore(state, 0, length)).hasMessageContaining("bad next roster");
        assertThat(inside.count).isEqualTo(5);
    }

    private byte[] command(final Roster asked, final int... approvers) {
        return ReconfigureCommand.encode(current, asked, rosters.approvals(current, asked, approvers));
    }

    private EpochMachine machine(final Roster roster, final StateMachine inside) {
        return new EpochMachine(
                roster, rosters.verifier(roster), INTERVAL, WINDOW, asked -> isUsable.test(asked), inside);
    }

    private Verdict apply(final long sequence, final byte[] body) {
        return apply(machine, sequence, body);
    }

    private Verdict apply(final EpochMachine to, final long sequence, final byte[] body) {
        final int length = to.apply(sequence, 2, new UnsafeBuffer(body), 0, body.length, reply, 0);
        return Verdict.of(reply, 0, length);
    }
}
