package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.Grouping;
import io.quorate.engine.coordination.PeerOutput;
import java.util.Arrays;
import java.util.Random;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Whatever a malicious client orders, the reply is one byte and replicas stay equal. */
class HostileBytesTest {
    private static final int COMMANDS = 60_000;

    @Test
    void shouldReplyToAnyBytesAndNeverThrow() {
        final long seed = Long.getLong("seed", 20261122L);
        final Random random = new Random(seed);
        final int[] outcomes = new int[ContributionOutcome.values().length];
        try (MachineRun first = near();
                MachineRun second = near()) {
            for (int i = 0; i < COMMANDS; i++) {
                final byte[] command = hostile(random);
                final int client = random.nextInt(6) - 1;
                final UnsafeBuffer buffer = new UnsafeBuffer(command);
                final ContributionOutcome outcome = first.apply(client, buffer, command.length);
                assertThat(second.apply(client, buffer, command.length))
                        .as("seed %d", seed)
                        .isEqualTo(outcome);
                outcomes[outcome.ordinal()]++;
            }
            assertThat(second.snapshot()).as("seed %d", seed).isEqualTo(first.snapshot());
            assertThat(first.decisions).isEqualTo(second.decisions).isNotEmpty();
            assertThat(first.machine.openRoundCount()).isLessThanOrEqualTo(4 * 2);
            assertThat(first.machine.closedRoundCount()).isLessThanOrEqualTo(16);
        }
        for (final ContributionOutcome outcome : ContributionOutcome.values()) {
            assertThat(outcomes[outcome.ordinal()])
                    .as("%s with seed %d", outcome, seed)
                    .isPositive();
        }
    }

    private static MachineRun near() {
        return new MachineRun(new DecisionContext()
                .coordinator(MachineRun.settings(4, 8, 2)
                        .grouping(Grouping.Rule.NEAR)
                        .contentLengthMax(40)
                        .conclude())
                .roundsPerPeerMax(2)
                .closedRoundsMax(16)
                .conclude());
    }

    /** Noise, or a command that is right, or one that was right before it was bent. */
    private static byte[] hostile(final Random random) {
        if (random.nextInt(10) == 0) {
            final byte[] noise = new byte[random.nextInt(200)];
            random.nextBytes(noise);
            return noise;
        }
        final byte[] command = random.nextInt(4) == 0 ? deadline(random) : contribution(random);
        switch (random.nextInt(6)) {
            case 0:
                return Arrays.copyOf(command, random.nextInt(command.length + 9));
            case 1:
                command[random.nextInt(command.length)] ^= (byte) (1 << random.nextInt(8));
                return command;
            case 2:
                new UnsafeBuffer(command).putInt(8 + random.nextInt(command.length - 11), random.nextInt());
                return command;
            default:
                return command;
        }
    }

    private static byte[] contribution(final Random random) {
        final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        final float[] vector = random.nextInt(20) == 0
                ? new float[6 + random.nextInt(3)]
                : MachineRun.vector(random.nextInt(3)).clone();
        if (vector.length == 8 && random.nextInt(20) == 0) {
            vector[random.nextInt(8)] = Float.intBitsToFloat(random.nextInt());
        }
        final String[] contents = {"", "\u001c\u001d", "yes", "ye\u0301s", "n\u00f6", "\ud83d\ude00", "x".repeat(41)};
        final int length =
                PeerOutput.encode(buffer, 0, round(random), "t", contents[random.nextInt(contents.length)], vector);
        return copy(buffer, length);
    }

    private static byte[] deadline(final Random random) {
        final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        return copy(buffer, DeadlineCommand.encode(buffer, 0, round(random)));
    }

    private static String round(final Random random) {
        return "round-" + random.nextInt(40);
    }

    private static byte[] copy(final ExpandableArrayBuffer buffer, final int length) {
        final byte[] bytes = new byte[length];
        buffer.getBytes(0, bytes);
        return bytes;
    }
}
