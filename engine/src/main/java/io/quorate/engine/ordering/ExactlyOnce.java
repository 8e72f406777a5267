package io.quorate.engine.ordering;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * A state machine behind a client table: each request is applied once, a repeated one gets the reply of its first time. The
 * snapshot holds both. Runs where the state machine runs, on the kernel thread.
 *
 * <p>Snapshot: {@code length of the table (uint32) | client table | zeros up to a multiple of 4096 | state machine}. The zeros
 * keep the state machine's bytes where they are while the table changes its length, so that pages which are compared by place
 * stay equal.
 */
public final class ExactlyOnce {
    /** The request is below the client's window; nothing was applied and there is no reply. */
    public static final int STALE = -1;

    private static final int ALIGNMENT = 4096;

    private final ClientTable clients;
    private final StateMachine machine;
    private long replySequence;

    public ExactlyOnce(final ClientTable clients, final StateMachine machine) {
        this.clients = clients;
        this.machine = machine;
    }

    /**
     * Applies a request, or finds the reply of the first time.
     *
     * @return length in bytes of the reply written at {@code replyOffset}, or {@link #STALE}
     */
    public int execute(
            final long sequence,
            final int clientId,
            final long requestNumber,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer reply,
            final int replyOffset) {
        switch (clients.status(clientId, requestNumber)) {
            case STALE:
                return STALE;
            case APPLIED:
                replySequence = clients.sequence(clientId, requestNumber);
                final int kept = clients.replyLength(clientId, requestNumber);
                reply.putBytes(replyOffset, clients.replies(), clients.replyOffset(clientId, requestNumber), kept);
                return kept;
            default:
                final int length = machine.apply(sequence, clientId, request, offset, lengthBytes, reply, replyOffset);
                clients.record(clientId, requestNumber, sequence, reply, replyOffset, length);
                replySequence = sequence;
                return length;
        }
    }

    /** Answers a query; changes nothing. Returns the length in bytes of the answer written at {@code answerOffset}. */
    public int read(
            final int clientId,
            final DirectBuffer query,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer answer,
            final int answerOffset) {
        return machine.read(clientId, query, offset, lengthBytes, answer, answerOffset);
    }

    /** Sequence at which the request of the last {@link #execute} was applied. */
    public long replySequence() {
        return replySequence;
    }

    /** Writes the snapshot into an expandable buffer; returns its length in bytes. */
    public int snapshot(final MutableDirectBuffer destination, final int offset) {
        final int machineAt = writeTable(clients, destination, offset);
        return machineAt + machine.snapshot(destination, offset + machineAt);
    }

    /** Writes what a snapshot has in front of the state machine's bytes; returns its length in bytes. */
    public static int writeTable(final ClientTable clients, final MutableDirectBuffer destination, final int offset) {
        final int table = clients.snapshot(destination, offset + 4);
        destination.putInt(offset, table, LITTLE_ENDIAN);
        final int machineAt = align(4 + table);
        destination.setMemory(offset + 4 + table, machineAt - 4 - table, (byte) 0);
        return machineAt;
    }

    /**
     * Replaces table and state machine by a snapshot.
     *
     * @throws IllegalArgumentException if the bytes are no snapshot; nothing is then changed
     */
    public void restore(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final int table = tableLength(snapshot, offset, lengthBytes);
        final int machineAt = machineOffset(snapshot, offset, lengthBytes);
        clients.check(snapshot, offset + 4, table);
        machine.restore(snapshot, offset + machineAt, lengthBytes - machineAt);
        clients.restore(snapshot, offset + 4, table);
    }

    private static int align(final int length) {
        return (length + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /**
     * Where the state machine's bytes begin, counted from {@code offset}.
     *
     * @throws IllegalArgumentException if the bytes are no snapshot
     */
    public static int machineOffset(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final int machineAt = align(4 + tableLength(snapshot, offset, lengthBytes));
        if (machineAt > lengthBytes) {
            throw new IllegalArgumentException("a snapshot of " + lengthBytes + " bytes ends before its state machine");
        }
        return machineAt;
    }

    /** Length in bytes of the client table that stands at {@code offset + 4} of a snapshot. */
    public static int tableLength(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final int table = lengthBytes < 4 ? -1 : snapshot.getInt(offset, LITTLE_ENDIAN);
        if (table < 0 || table > lengthBytes - 4) {
            throw new IllegalArgumentException(
                    "a snapshot of " + lengthBytes + " bytes cannot hold a table of " + table);
        }
        return table;
    }
}
