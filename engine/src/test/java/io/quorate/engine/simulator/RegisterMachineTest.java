package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.virtual.SimRandom;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class RegisterMachineTest {
    private final SimRandom random = new SimRandom(1);
    private final UnsafeBuffer command = new UnsafeBuffer(new byte[256]);
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[256]);
    private final UnsafeBuffer otherReply = new UnsafeBuffer(new byte[256]);
    private final RegisterMachine machine = new RegisterMachine(new Silent());
    private final RegisterMachine twin = new RegisterMachine(new Silent());

    @Test
    void shouldAnswerEquallyForEqualHistories() {
        for (int index = 0; index < 20; index++) {
            apply(machine, twin, index);
            assertThat(reply).isEqualTo(otherReply);
            assertThat(RegisterMachine.position(reply, 0)).isEqualTo(index);
        }
    }

    @Test
    void shouldRemarkWhenOnlyTheOrderDiffers() {
        final int length = RegisterMachine.encode(command, 1, random, 0);
        machine.apply(1, 0, command, 0, length, reply, 0);
        twin.apply(1, 1, command, 0, length, otherReply, 0);
        assertThat(RegisterMachine.chain(reply, 0)).isNotEqualTo(RegisterMachine.chain(otherReply, 0));
    }

    @Test
    void shouldGoOnFromASnapshot() {
        apply(machine, machine, 0);
        apply(machine, machine, 1);
        final ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer();
        final int length = machine.snapshot(snapshot, 5);
        twin.restore(snapshot, 5, length);
        apply(machine, twin, 2);
        assertThat(reply).isEqualTo(otherReply);
        assertThatThrownBy(() -> twin.restore(snapshot, 5, length - 1)).hasMessageContaining("bytes");
    }

    private void apply(final RegisterMachine one, final RegisterMachine other, final int index) {
        final int length = RegisterMachine.encode(command, index, random, index);
        assertThat(one.apply(index + 1, index % 4, command, 0, length, reply, 0))
                .isEqualTo(RegisterMachine.REPLY_LENGTH);
        if (other != one) {
            other.apply(index + 1, index % 4, command, 0, length, otherReply, 0);
        }
    }

    private static final class Silent implements RegisterMachine.Observer {
        @Override
        public void onApplied(
                final long position, final long sequence, final int clientId, final long commandId, final long chain) {}

        @Override
        public void onRestored(final long appliedCount, final long chain) {}
    }
}
