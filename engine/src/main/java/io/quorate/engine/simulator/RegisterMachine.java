package io.quorate.engine.simulator;

import io.quorate.engine.ordering.StateMachine;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The state machine that the simulator orders requests for: eight registers, a count of what was applied and a hash chain
 * over all of it. The count and the chain are part of the snapshot, so wherever a peer's state came from, two numbers say
 * which history it stands for.
 */
public final class RegisterMachine implements StateMachine {
    /** Shortest command: id, register, value; whatever follows is padding that the chain covers too. */
    public static final int COMMAND_LENGTH_MIN = 3 * Long.BYTES;

    /** A reply: position in the order, what the register held before, the chain afterwards. */
    public static final int REPLY_LENGTH = 3 * Long.BYTES;

    private static final int REGISTERS = 8;
    private static final int SNAPSHOT_LENGTH = (2 + REGISTERS) * Long.BYTES;
    private static final long CHAIN_START = 0x51AB_2C0D_77E1_9B35L;

    private final Observer observer;
    private final long[] registers = new long[REGISTERS];
    private long appliedCount;
    private long chain = CHAIN_START;

    /** Told of everything that moves the state; called in the middle of the call that moved it. */
    interface Observer {
        void onApplied(long position, long sequence, int clientId, long commandId, long chain);

        void onRestored(long appliedCount, long chain);
    }

    RegisterMachine(final Observer observer) {
        this.observer = observer;
    }

    /** Writes a command that sets a register; returns its length in bytes. */
    static int encode(
            final MutableDirectBuffer destination, final long commandId, final SimRandom random, final int padding) {
        destination.putLong(0, commandId);
        destination.putLong(Long.BYTES, random.nextInt(REGISTERS));
        destination.putLong(2 * Long.BYTES, random.nextLong());
        for (int index = 0; index < padding; index++) {
            destination.putByte(COMMAND_LENGTH_MIN + index, (byte) (commandId + index));
        }
        return COMMAND_LENGTH_MIN + padding;
    }

    static long position(final DirectBuffer reply, final int offset) {
        return reply.getLong(offset);
    }

    static long chain(final DirectBuffer reply, final int offset) {
        return reply.getLong(offset + 2 * Long.BYTES);
    }

    @Override
    public int apply(
            final long sequence,
            final int clientId,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer reply,
            final int replyOffset) {
        long before = -1;
        long commandId = -1;
        if (lengthBytes >= COMMAND_LENGTH_MIN) {
            commandId = request.getLong(offset);
            final int register = (int) Math.floorMod(request.getLong(offset + Long.BYTES), (long) REGISTERS);
            before = registers[register];
            registers[register] = request.getLong(offset + 2 * Long.BYTES);
        }
        final long position = appliedCount++;
        chain = Trace.hash(SimRandom.mix(chain ^ sequence) + clientId, request, offset, lengthBytes);
        observer.onApplied(position, sequence, clientId, commandId, chain);
        reply.putLong(replyOffset, position);
        reply.putLong(replyOffset + Long.BYTES, before);
        reply.putLong(replyOffset + 2 * Long.BYTES, chain);
        return REPLY_LENGTH;
    }

    @Override
    public int snapshot(final MutableDirectBuffer destination, final int offset) {
        destination.putLong(offset, appliedCount);
        destination.putLong(offset + Long.BYTES, chain);
        for (int register = 0; register < REGISTERS; register++) {
            destination.putLong(offset + (2 + register) * Long.BYTES, registers[register]);
        }
        return SNAPSHOT_LENGTH;
    }

    @Override
    public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        if (lengthBytes != SNAPSHOT_LENGTH) {
            throw new IllegalArgumentException(
                    "a register snapshot has " + SNAPSHOT_LENGTH + " bytes, given " + lengthBytes);
        }
        appliedCount = snapshot.getLong(offset);
        chain = snapshot.getLong(offset + Long.BYTES);
        Arrays.setAll(registers, register -> snapshot.getLong(offset + (2 + register) * Long.BYTES));
        observer.onRestored(appliedCount, chain);
    }
}
