package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.coordination.ContributionOutcome;
import java.util.Arrays;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class RoundSnapshotTest {
    private static final int PEERS = 4;
    private static final int SEEDS = 25;
    private static final int COMMANDS = 300;

    @Test
    void shouldGoOnFromASnapshotAsIfNothingHadHappened() {
        for (int seed = 0; seed < SEEDS; seed++) {
            try (MachineRun whole = small();
                    MachineRun restored = small()) {
                final Random commands = new Random(seed);
                final int cut = 1 + commands.nextInt(COMMANDS - 1);
                for (int i = 0; i < cut; i++) {
                    step(whole, commands.nextLong());
                }
                final byte[] snapshot = whole.snapshot();
                step(restored, 7);
                restored.restore(snapshot);
                restored.at(whole.sequence());
                assertThat(restored.snapshot()).as("seed %d", seed).isEqualTo(snapshot);
                final int before = whole.decisions.size();
                restored.decisions.clear();
                for (int i = cut; i < COMMANDS; i++) {
                    final long command = commands.nextLong();
                    assertThat(step(restored, command)).as("seed %d", seed).isEqualTo(step(whole, command));
                }
                assertThat(restored.decisions).isEqualTo(whole.decisions.subList(before, whole.decisions.size()));
                assertThat(restored.snapshot()).as("seed %d", seed).isEqualTo(whole.snapshot());
                assertThat(whole.decisions).isNotEmpty();
            }
        }
    }

    @Test
    void shouldTellListenersWhatTheSnapshotHolds() {
        try (MachineRun whole = small();
                MachineRun restored = small()) {
            for (int peer = 0; peer < PEERS; peer++) {
                whole.contribute(peer, "done", "yes");
            }
            whole.contribute(1, "open", "yes");
            restored.restore(whole.snapshot());
            assertThat(restored.events).containsExactly("restored", "opened open 5", "recovered done 4 agreed");
            assertThat(restored.machine.digestOf("done"))
                    .isEqualTo(whole.lastDecision().digest());
        }
    }

    @Test
    void shouldKeepItsStateWhenASnapshotIsRefused() {
        try (MachineRun whole = small();
                MachineRun other = small()) {
            final Random commands = new Random(3);
            for (int i = 0; i < 120; i++) {
                step(whole, commands.nextLong());
            }
            final byte[] snapshot = whole.snapshot();
            step(other, 5);
            final byte[] before = other.snapshot();
            for (int length = 0; length < snapshot.length; length++) {
                refuse(other, Arrays.copyOf(snapshot, length));
            }
            refuse(other, Arrays.copyOf(snapshot, snapshot.length + 1));
            int accepted = 0;
            for (int i = 0; i < snapshot.length; i++) {
                final byte[] changed = snapshot.clone();
                changed[i] ^= (byte) (1 << commands.nextInt(8));
                try {
                    RoundSnapshot.decode(context(), new UnsafeBuffer(changed), 0, changed.length)
                            .close();
                    accepted++;
                } catch (final IllegalArgumentException expected) {
                    assertThat(expected).hasMessageContaining("refused");
                }
            }
            assertThat(accepted).isLessThan(snapshot.length);
            assertThat(other.snapshot()).isEqualTo(before);
        }
    }

    @Test
    void shouldRefuseASnapshotOfAnotherGroup() {
        try (MachineRun seven = new MachineRun(MachineRun.context(7).conclude());
                MachineRun four = small()) {
            seven.contribute(0, "r", "x");
            assertThatThrownBy(() -> four.restore(seven.snapshot()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("7 peers")
                    .hasMessageContaining("the group has 4");
        }
    }

    private static void refuse(final MachineRun run, final byte[] snapshot) {
        assertThatThrownBy(() -> run.restore(snapshot)).isInstanceOf(IllegalArgumentException.class);
    }

    private static MachineRun small() {
        return new MachineRun(context());
    }

    private static DecisionContext context() {
        return MachineRun.context(PEERS).roundsPerPeerMax(2).closedRoundsMax(5).conclude();
    }

    /** One random command: mostly contributions to few rounds, some repeated, some contradicting, some deadlines. */
    private static ContributionOutcome step(final MachineRun run, final long seed) {
        final Random random = new Random(seed);
        final int peer = random.nextInt(PEERS);
        final String round = "round-" + random.nextInt(9);
        if (random.nextInt(10) < 3) {
            return run.deadline(peer, round);
        }
        return run.contribute(peer, round, "answer " + random.nextInt(2), MachineRun.vector(random.nextInt(3)));
    }
}
