package io.quorate.engine.epoch;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.transport.auth.Roster;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * What a state says of its epoch, at the head of the machine's bytes in a snapshot: {@code magic (8) | group id (32) | last sequence
 * of the epoch (int64; 0 while it has no end) | length (uint32) | canonical text of the next roster | zeros up to a multiple of
 * 4096}. The zeros keep the bytes behind it in their pages.
 */
public final class EpochState {
    /** "QREPOCH1". */
    static final long MAGIC = 0x3148434F50455251L;

    private static final int ALIGNMENT = 4096;
    private static final int GROUP_OFFSET = 8;
    private static final int END_OFFSET = GROUP_OFFSET + Roster.GROUP_ID_LENGTH;
    private static final int LENGTH_OFFSET = END_OFFSET + 8;
    private static final int TEXT_OFFSET = LENGTH_OFFSET + 4;

    private EpochState() {}

    /** Writes it; {@code next} is null while the epoch has no end. Returns its length in bytes. */
    static int write(
            final MutableDirectBuffer destination,
            final int offset,
            final byte[] groupId,
            final long endSequence,
            final String next) {
        final byte[] text = next == null ? new byte[0] : next.getBytes(StandardCharsets.US_ASCII);
        destination.putLong(offset, MAGIC, LITTLE_ENDIAN);
        destination.putBytes(offset + GROUP_OFFSET, groupId);
        destination.putLong(offset + END_OFFSET, endSequence, LITTLE_ENDIAN);
        destination.putInt(offset + LENGTH_OFFSET, text.length, LITTLE_ENDIAN);
        destination.putBytes(offset + TEXT_OFFSET, text);
        final int length = align(TEXT_OFFSET + text.length);
        destination.setMemory(offset + TEXT_OFFSET + text.length, length - TEXT_OFFSET - text.length, (byte) 0);
        return length;
    }

    private static int align(final int length) {
        return (length + ALIGNMENT - 1) & -ALIGNMENT;
    }

    /**
     * Length in bytes, the zeros included.
     *
     * @throws IllegalArgumentException if the bytes do not begin with a state of an epoch
     */
    static int length(final DirectBuffer machine, final int offset, final int lengthBytes) {
        final boolean isHeaded = lengthBytes >= TEXT_OFFSET && machine.getLong(offset, LITTLE_ENDIAN) == MAGIC;
        final int text = isHeaded ? machine.getInt(offset + LENGTH_OFFSET, LITTLE_ENDIAN) : -1;
        if (text < 0 || text > lengthBytes - TEXT_OFFSET || align(TEXT_OFFSET + text) > lengthBytes) {
            throw new IllegalArgumentException("a state of " + lengthBytes + " bytes says nothing of its epoch");
        }
        return align(TEXT_OFFSET + text);
    }

    static boolean isOf(final DirectBuffer machine, final int offset, final byte[] groupId) {
        for (int i = 0; i < groupId.length; i++) {
            if (machine.getByte(offset + GROUP_OFFSET + i) != groupId[i]) {
                return false;
            }
        }
        return true;
    }

    /** 0 while the epoch has no end. */
    static long endSequence(final DirectBuffer machine, final int offset) {
        return machine.getLong(offset + END_OFFSET, LITTLE_ENDIAN);
    }

    /** Canonical text of the next roster; empty while the epoch has no end. */
    static String nextText(final DirectBuffer machine, final int offset) {
        final byte[] text = new byte[machine.getInt(offset + LENGTH_OFFSET, LITTLE_ENDIAN)];
        machine.getBytes(offset + TEXT_OFFSET, text);
        return new String(text, StandardCharsets.US_ASCII);
    }

    /**
     * The last sequence that a whole snapshot (client table and machine) lets its epoch order; {@link Long#MAX_VALUE} while it has
     * no end.
     *
     * @throws IllegalArgumentException if the bytes are no snapshot with a state of an epoch
     */
    public static long lastSequence(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        final int machineAt = ExactlyOnce.machineOffset(snapshot, offset, lengthBytes);
        length(snapshot, offset + machineAt, lengthBytes - machineAt);
        final long end = endSequence(snapshot, offset + machineAt);
        return end == 0 ? Long.MAX_VALUE : end;
    }
}
