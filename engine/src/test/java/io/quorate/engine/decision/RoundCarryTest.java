package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.coordination.ContributionOutcome;
import java.util.Arrays;
import java.util.Random;
import java.util.function.IntUnaryOperator;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Rounds go over into an epoch with other peers (docs/protocols/reconfiguration.md, section 4). */
class RoundCarryTest {
    /** Of five, peer 1 is taken away; the last one fills the gap. */
    private static final IntUnaryOperator WITHOUT_1 = newId -> newId == 1 ? 4 : newId;

    /** A fifth one joins four. */
    private static final IntUnaryOperator WITH_4 = newId -> newId == 4 ? -1 : newId;

    @Test
    void shouldLetAnOpenRoundGoOnUnderNewIds() {
        try (MachineRun before = MachineRun.of(5);
                MachineRun after = MachineRun.of(4);
                MachineRun straight = MachineRun.of(4)) {
            before.contribute(4, "r", "yes", MachineRun.vector(40));
            before.contribute(1, "r", "no", MachineRun.vector(10));
            before.contribute(0, "r", "yes", MachineRun.vector(0));
            after.restore(carry(before, 5, 4, WITHOUT_1));
            assertThat(after.events).containsExactly("restored", "opened r 1");

            assertThat(after.contribute(0, "r", "yes", MachineRun.vector(0))).isEqualTo(ContributionOutcome.DUPLICATE);
            after.contribute(2, "r", "yes", MachineRun.vector(20));
            after.contribute(3, "r", "yes", MachineRun.vector(30));
            assertThat(after.decisions).hasSize(1);

            // As if the four had spoken among themselves from the beginning.
            straight.contribute(1, "r", "yes", MachineRun.vector(40));
            straight.contribute(0, "r", "yes", MachineRun.vector(0));
            straight.contribute(2, "r", "yes", MachineRun.vector(20));
            straight.contribute(3, "r", "yes", MachineRun.vector(30));
            assertThat(after.lastDecision().fused())
                    .isEqualTo(straight.lastDecision().fused());
            assertThat(after.lastDecision().verdict())
                    .isEqualTo(straight.lastDecision().verdict());
        }
    }

    @Test
    void shouldWaitForANewcomerToo() {
        try (MachineRun before = MachineRun.of(4);
                MachineRun after = MachineRun.of(5)) {
            for (int peer = 0; peer < 3; peer++) {
                before.contribute(peer, "r", "yes");
            }
            after.restore(carry(before, 4, 5, WITH_4));
            after.contribute(3, "r", "yes");
            assertThat(after.decisions).isEmpty();
            after.contribute(4, "r", "yes");
            assertThat(after.decisions).hasSize(1);
        }
    }

    @Test
    void shouldAskForAnEndAnew() {
        try (MachineRun before = MachineRun.of(5);
                MachineRun after = MachineRun.of(4)) {
            before.contribute(0, "r", "yes");
            for (int peer = 0; peer < 3; peer++) {
                before.deadline(peer, "r");
            }
            after.restore(carry(before, 5, 4, WITHOUT_1));
            after.deadline(0, "r");
            after.deadline(2, "r");
            assertThat(after.decisions).isEmpty();
            after.deadline(3, "r");
            assertThat(after.decisions).hasSize(1);
        }
    }

    @Test
    void shouldRememberConflictsAndClosedRounds() {
        try (MachineRun before = MachineRun.of(5);
                MachineRun after = MachineRun.of(4)) {
            for (int peer = 0; peer < 5; peer++) {
                before.contribute(peer, "done", "yes");
            }
            before.contribute(4, "r", "yes");
            assertThat(before.contribute(4, "r", "no")).isEqualTo(ContributionOutcome.CONFLICT);
            after.restore(carry(before, 5, 4, WITHOUT_1));
            assertThat(after.machine.digestOf("done"))
                    .isEqualTo(before.lastDecision().digest());
            for (final int peer : new int[] {0, 2, 3}) {
                after.contribute(peer, "r", "yes");
            }
            assertThat(after.lastDecision().conflicts()).hasSize(1);
        }
    }

    @Test
    void shouldDropOnlyWhatNobodyWaitsFor() {
        try (MachineRun before = MachineRun.of(5);
                MachineRun after = MachineRun.of(4)) {
            before.contribute(1, "alone", "yes");
            before.contribute(1, "together", "yes");
            before.contribute(3, "together", "yes");
            after.restore(carry(before, 5, 4, WITHOUT_1));
            assertThat(after.events).containsExactly("restored", "opened together 2");
        }
    }

    @Test
    void shouldFindAPlaceForTheRoundsOfWhoIsGone() {
        final DecisionContext five = narrow(5);
        final DecisionContext four = narrow(4);
        try (MachineRun before = new MachineRun(five);
                MachineRun after = new MachineRun(four)) {
            // Two rounds a peer: peers 1 and 3 have opened two each, peer 3 contributes to those of peer 1.
            for (final String round : new String[] {"a", "b"}) {
                before.contribute(1, round, "yes");
                before.contribute(3, round, "yes");
            }
            before.contribute(3, "c", "yes");
            before.contribute(3, "d", "yes");
            after.restore(carry(before, five, four, WITHOUT_1));
            assertThat(after.events)
                    .containsExactly("restored", "opened a 1", "opened b 3", "opened c 5", "opened d 6");
            assertThat(after.contribute(3, "e", "yes")).isEqualTo(ContributionOutcome.ROUNDS_EXHAUSTED);
            assertThat(after.contribute(2, "f", "yes")).isEqualTo(ContributionOutcome.ACCEPTED);
        }
    }

    @Test
    void shouldMakeAStateThatIsCanonicalOfAnyState() {
        for (int seed = 0; seed < 20; seed++) {
            final DecisionContext five = narrow(5);
            final DecisionContext four = narrow(4);
            try (MachineRun before = new MachineRun(five);
                    MachineRun after = new MachineRun(four)) {
                final Random random = new Random(seed);
                for (int i = 0; i < 200; i++) {
                    final String round = "r" + random.nextInt(30);
                    final int peer = random.nextInt(5);
                    if (random.nextInt(3) == 0) {
                        before.deadline(peer, round);
                    } else {
                        before.contribute(peer, round, random.nextInt(4) == 0 ? "no" : "yes");
                    }
                }
                final byte[] carried = carry(before, five, four, WITHOUT_1);
                after.restore(carried);
                assertThat(after.snapshot()).isEqualTo(carried);
                assertThat(carry(before, five, four, WITHOUT_1)).isEqualTo(carried);
            }
        }
    }

    @Test
    void shouldRefuseWhatIsNoState() {
        try (MachineRun before = MachineRun.of(5)) {
            before.contribute(1, "r", "yes");
            final byte[] state = before.snapshot();
            final byte[] cut = Arrays.copyOf(state, state.length - 1);
            assertThatThrownBy(() -> carry(cut, context(5), context(4), WITHOUT_1))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> carry(state, context(4), context(4), WITHOUT_1))
                    .hasMessageContaining("5 peers");
        }
    }

    private static DecisionContext context(final int peers) {
        return MachineRun.context(peers).conclude();
    }

    private static DecisionContext narrow(final int peers) {
        return MachineRun.context(peers).roundsPerPeerMax(2).conclude();
    }

    private static byte[] carry(
            final MachineRun run, final int peersBefore, final int peersAfter, final IntUnaryOperator oldIdOf) {
        return carry(run, context(peersBefore), context(peersAfter), oldIdOf);
    }

    private static byte[] carry(
            final MachineRun run,
            final DecisionContext before,
            final DecisionContext after,
            final IntUnaryOperator oldIdOf) {
        return carry(run.snapshot(), before, after, oldIdOf);
    }

    private static byte[] carry(
            final byte[] state,
            final DecisionContext before,
            final DecisionContext after,
            final IntUnaryOperator oldIdOf) {
        final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        final int length = DecisionMachine.carrier(before, after)
                .carryState(new UnsafeBuffer(state), 0, state.length, oldIdOf, buffer, 3);
        final byte[] carried = new byte[length];
        buffer.getBytes(3, carried);
        return carried;
    }
}
