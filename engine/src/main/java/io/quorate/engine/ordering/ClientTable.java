package io.quorate.engine.ordering;

import static io.quorate.engine.ordering.StateMachine.REPLY_LENGTH_MAX;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What makes requests run exactly once: per client a window of its highest request numbers, each applied one with its reply
 * (Castro and Liskov, OSDI 1999, 4.1 keep one reply; a window lets a client have several requests in flight).
 *
 * <p>A number below the window is stale: it is never applied, whether it was before or not. A correct client never has more
 * numbers outstanding than the window holds, so none of its requests goes stale. Part of the snapshot. Deterministic;
 * allocates at construction only.
 */
public final class ClientTable {
    /** What the table knows of a request number. */
    public enum Status {
        FRESH,
        APPLIED,
        STALE
    }

    /** Higher request numbers are stale, so that arithmetic on them has room. */
    public static final long NUMBER_MAX = 1L << 60;

    private static final int ENTRY_LENGTH = 8 + 8 + 4;

    private final int clientCount;
    private final int windowLength;
    private final long[] highest;
    private final long[] numbers;
    private final long[] sequences;
    private final int[] replyLengths;
    private final UnsafeBuffer replies;

    /** @throws IllegalArgumentException if a count is not positive */
    public ClientTable(final int clientCount, final int windowLength) {
        if (clientCount < 1 || windowLength < 1) {
            throw new IllegalArgumentException(
                    "a client table needs at least 1 client and a window of at least 1, given " + clientCount + " and "
                            + windowLength);
        }
        this.clientCount = clientCount;
        this.windowLength = windowLength;
        highest = new long[clientCount];
        numbers = new long[clientCount * windowLength];
        sequences = new long[clientCount * windowLength];
        replyLengths = new int[clientCount * windowLength];
        replies = new UnsafeBuffer(new byte[clientCount * windowLength * REPLY_LENGTH_MAX]);
    }

    public int clientCount() {
        return clientCount;
    }

    public int windowLength() {
        return windowLength;
    }

    /** Request numbers run from 1 to {@link #NUMBER_MAX}; any other is stale. */
    public Status status(final int clientId, final long requestNumber) {
        if (requestNumber < 1 || requestNumber > NUMBER_MAX || requestNumber <= highest[clientId] - windowLength) {
            return Status.STALE;
        }
        return numbers[cell(clientId, requestNumber)] == requestNumber ? Status.APPLIED : Status.FRESH;
    }

    /** Keeps the reply to a fresh request. */
    public void record(
            final int clientId,
            final long requestNumber,
            final long sequence,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        if (status(clientId, requestNumber) != Status.FRESH || lengthBytes > REPLY_LENGTH_MAX) {
            throw new IllegalStateException("request " + requestNumber + " of client " + clientId
                    + " is not fresh, or its reply of " + lengthBytes + " bytes is too long");
        }
        final int cell = cell(clientId, requestNumber);
        numbers[cell] = requestNumber;
        sequences[cell] = sequence;
        replyLengths[cell] = lengthBytes;
        replies.putBytes(cell * REPLY_LENGTH_MAX, reply, offset, lengthBytes);
        highest[clientId] = Math.max(highest[clientId], requestNumber);
    }

    /** Buffer of all replies; see {@link #replyOffset(int, long)}. */
    public DirectBuffer replies() {
        return replies;
    }

    public int replyOffset(final int clientId, final long requestNumber) {
        return cell(clientId, requestNumber) * REPLY_LENGTH_MAX;
    }

    public int replyLength(final int clientId, final long requestNumber) {
        return replyLengths[cell(clientId, requestNumber)];
    }

    /** Sequence at which the request was applied. */
    public long sequence(final int clientId, final long requestNumber) {
        return sequences[cell(clientId, requestNumber)];
    }

    public long highest(final int clientId) {
        return highest[clientId];
    }

    /**
     * Replaces what this table knows of a client by what another one knows, there perhaps under another id.
     *
     * @throws IllegalArgumentException if the other table has another window
     */
    public void carry(final ClientTable from, final int fromId, final int toId) {
        if (from.windowLength != windowLength) {
            throw new IllegalArgumentException(
                    "a window of " + windowLength + " cannot take over one of " + from.windowLength);
        }
        highest[toId] = from.highest[fromId];
        System.arraycopy(from.numbers, fromId * windowLength, numbers, toId * windowLength, windowLength);
        System.arraycopy(from.sequences, fromId * windowLength, sequences, toId * windowLength, windowLength);
        System.arraycopy(from.replyLengths, fromId * windowLength, replyLengths, toId * windowLength, windowLength);
        final int rowLength = windowLength * REPLY_LENGTH_MAX;
        replies.putBytes(toId * rowLength, from.replies, fromId * rowLength, rowLength);
    }

    /** Writes the canonical encoding: clients by id, numbers rising; returns its length in bytes. */
    public int snapshot(final MutableDirectBuffer destination, final int offset) {
        int position = offset;
        destination.putInt(position, clientCount, LITTLE_ENDIAN);
        destination.putInt(position + 4, windowLength, LITTLE_ENDIAN);
        position += 8;
        for (int client = 0; client < clientCount; client++) {
            final int countPosition = position + 8;
            destination.putLong(position, highest[client], LITTLE_ENDIAN);
            position += 12;
            int count = 0;
            for (long number = Math.max(1, highest[client] - windowLength + 1); number <= highest[client]; number++) {
                if (status(client, number) == Status.APPLIED) {
                    position = writeEntry(destination, position, cell(client, number));
                    count++;
                }
            }
            destination.putInt(countPosition, count, LITTLE_ENDIAN);
        }
        return position - offset;
    }

    private int writeEntry(final MutableDirectBuffer destination, final int position, final int cell) {
        destination.putLong(position, numbers[cell], LITTLE_ENDIAN);
        destination.putLong(position + 8, sequences[cell], LITTLE_ENDIAN);
        destination.putInt(position + 16, replyLengths[cell], LITTLE_ENDIAN);
        destination.putBytes(position + ENTRY_LENGTH, replies, cell * REPLY_LENGTH_MAX, replyLengths[cell]);
        return position + ENTRY_LENGTH + replyLengths[cell];
    }

    /**
     * Replaces the table.
     *
     * @return length in bytes of the encoding
     * @throws IllegalArgumentException if the bytes are no table of this shape; the table is then unchanged
     */
    public int restore(final DirectBuffer source, final int offset, final int lengthBytes) {
        final int end = offset + lengthBytes;
        walk(source, offset, end, false);
        Arrays.fill(numbers, 0);
        return walk(source, offset, end, true) - offset;
    }

    /** As {@link #restore}, but changes nothing. */
    void check(final DirectBuffer source, final int offset, final int lengthBytes) {
        walk(source, offset, offset + lengthBytes, false);
    }

    private int walk(final DirectBuffer source, final int offset, final int end, final boolean isStored) {
        require(end - offset >= 8, "shorter than its head");
        require(
                source.getInt(offset, LITTLE_ENDIAN) == clientCount
                        && source.getInt(offset + 4, LITTLE_ENDIAN) == windowLength,
                "of another shape");
        int position = offset + 8;
        for (int client = 0; client < clientCount; client++) {
            require(end - position >= 12, "cut short");
            final long clientHighest = source.getLong(position, LITTLE_ENDIAN);
            final int count = source.getInt(position + 8, LITTLE_ENDIAN);
            position += 12;
            require(
                    clientHighest >= 0 && clientHighest <= NUMBER_MAX && count >= 0 && count <= windowLength,
                    "of impossible counts");
            if (isStored) {
                highest[client] = clientHighest;
            }
            for (int i = 0; i < count; i++) {
                position = walkEntry(source, position, end, client, clientHighest, isStored);
            }
        }
        return position;
    }

    private int walkEntry(
            final DirectBuffer source,
            final int position,
            final int end,
            final int client,
            final long clientHighest,
            final boolean isStored) {
        require(end - position >= ENTRY_LENGTH, "cut short");
        final long number = source.getLong(position, LITTLE_ENDIAN);
        final int length = source.getInt(position + 16, LITTLE_ENDIAN);
        require(
                number >= 1 && number <= clientHighest && number > clientHighest - windowLength,
                "of a number out of window");
        require(length >= 0 && length <= REPLY_LENGTH_MAX && length <= end - position - ENTRY_LENGTH, "cut short");
        if (isStored) {
            final int cell = cell(client, number);
            numbers[cell] = number;
            sequences[cell] = source.getLong(position + 8, LITTLE_ENDIAN);
            replyLengths[cell] = length;
            replies.putBytes(cell * REPLY_LENGTH_MAX, source, position + ENTRY_LENGTH, length);
        }
        return position + ENTRY_LENGTH + length;
    }

    private static void require(final boolean condition, final String what) {
        if (!condition) {
            throw new IllegalArgumentException("the bytes are a client table " + what);
        }
    }

    private int cell(final int clientId, final long requestNumber) {
        return clientId * windowLength + (int) (requestNumber % windowLength);
    }
}
