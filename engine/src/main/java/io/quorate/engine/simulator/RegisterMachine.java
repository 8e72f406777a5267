package io.quorate.engine.simulator;

import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
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

    /** A query: its id, and the register asked for. Shorter than any command. */
    public static final int QUERY_LENGTH = 2 * Long.BYTES;

    /** An answer: the position of the command that set the register last, -1 if none did; and what it holds. */
    public static final int ANSWER_LENGTH = 2 * Long.BYTES;

    private static final int REGISTERS = 8;
    private static final int SNAPSHOT_LENGTH = (2 + 2 * REGISTERS) * Long.BYTES;
    private static final long CHAIN_START = 0x51AB_2C0D_77E1_9B35L;

    private final Observer observer;
    private final long[] registers = new long[REGISTERS];
    private final long[] setAt = new long[REGISTERS];
    private long appliedCount;
    private long chain = CHAIN_START;

    /** Told of everything that moves the state; called in the middle of the call that moved it. */
    interface Observer {
        void onApplied(long position, long sequence, int clientId, long commandId, long chain);

        void onRestored(long appliedCount, long chain);
    }

    RegisterMachine(final Observer observer) {
        this.observer = observer;
        Arrays.fill(setAt, -1);
    }

    /** Writes a query for a register; returns its length in bytes. */
    static int encodeQuery(final MutableDirectBuffer destination, final long queryId, final int register) {
        destination.putLong(0, queryId);
        destination.putLong(Long.BYTES, register);
        return QUERY_LENGTH;
    }

    static int drawRegister(final SimRandom random) {
        return random.nextInt(REGISTERS);
    }

    /** The register that a command or a query names. */
    static int register(final DirectBuffer request, final int offset) {
        return (int) Math.floorMod(request.getLong(offset + Long.BYTES), (long) REGISTERS);
    }

    /** The value that a command writes. */
    static long value(final DirectBuffer command, final int offset) {
        return command.getLong(offset + 2 * Long.BYTES);
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
        final long commandId = lengthBytes >= QUERY_LENGTH ? request.getLong(offset) : -1;
        final long position = appliedCount++;
        if (lengthBytes >= COMMAND_LENGTH_MIN) {
            final int register = register(request, offset);
            before = registers[register];
            registers[register] = value(request, offset);
            setAt[register] = position;
        }
        chain = Trace.hash(SimRandom.mix(chain ^ sequence) + clientId, request, offset, lengthBytes);
        observer.onApplied(position, sequence, clientId, commandId, chain);
        if (lengthBytes == QUERY_LENGTH) {
            return read(clientId, request, offset, lengthBytes, reply, replyOffset);
        }
        reply.putLong(replyOffset, position);
        reply.putLong(replyOffset + Long.BYTES, before);
        reply.putLong(replyOffset + 2 * Long.BYTES, chain);
        return REPLY_LENGTH;
    }

    @Override
    public int read(
            final int clientId,
            final DirectBuffer query,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer answer,
            final int answerOffset) {
        final int register = lengthBytes == QUERY_LENGTH ? register(query, offset) : 0;
        answer.putLong(answerOffset, setAt[register]);
        answer.putLong(answerOffset + Long.BYTES, registers[register]);
        return ANSWER_LENGTH;
    }

    @Override
    public int snapshot(final MutableDirectBuffer destination, final int offset) {
        destination.putLong(offset, appliedCount);
        destination.putLong(offset + Long.BYTES, chain);
        for (int register = 0; register < REGISTERS; register++) {
            destination.putLong(offset + (2 + register) * Long.BYTES, registers[register]);
            destination.putLong(offset + (2 + REGISTERS + register) * Long.BYTES, setAt[register]);
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
        Arrays.setAll(setAt, register -> snapshot.getLong(offset + (2 + REGISTERS + register) * Long.BYTES));
        observer.onRestored(appliedCount, chain);
    }
}
