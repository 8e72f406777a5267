package io.quorate.engine.journal;

import io.quorate.transport.Outbox;
import java.util.ArrayDeque;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * An outbox that holds a message back until the journal entries that it vouches for are durable; then it goes on to the real
 * outbox, in order. Bounded: a message that finds the queue full is dropped, as under back-pressure, and the protocol sends it
 * again. On the consensus thread; never blocks; allocates nothing once its buffers have grown.
 */
public final class DurableGate implements Outbox {
    private static final int BUFFER_LENGTH_MIN = 256;

    private static final class Held {
        private final UnsafeBuffer buffer = new UnsafeBuffer(new byte[BUFFER_LENGTH_MIN]);
        private int peerId;
        private int lengthBytes;
        private long number;
    }

    private final Journal journal;
    private final Outbox outbox;
    private final int lengthMax;
    private final ArrayDeque<Held> waiting = new ArrayDeque<>();
    private final ArrayDeque<Held> pool = new ArrayDeque<>();
    private long vouchedNumber;
    private int heldLength;
    private long heldCount;
    private long droppedCount;

    /** @param lengthMax bytes that may wait in all */
    public DurableGate(final Journal journal, final Outbox outbox, final int lengthMax) {
        this.journal = journal;
        this.outbox = outbox;
        this.lengthMax = lengthMax;
    }

    /** What is sent from now on vouches for all entries up to this number. */
    public void vouch(final long number) {
        vouchedNumber = Math.max(vouchedNumber, number);
    }

    @Override
    public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
        if (waiting.isEmpty() && journal.durableNumber() >= vouchedNumber) {
            return outbox.send(peerId, message, offset, lengthBytes);
        }
        if (heldLength + lengthBytes > lengthMax) {
            droppedCount++;
            return false;
        }
        final Held pooled = pool.pollFirst();
        final Held held = pooled == null ? new Held() : pooled;
        if (held.buffer.capacity() < lengthBytes) {
            held.buffer.wrap(new byte[Integer.highestOneBit(lengthBytes - 1) << 1]);
        }
        held.buffer.putBytes(0, message, offset, lengthBytes);
        held.peerId = peerId;
        held.lengthBytes = lengthBytes;
        held.number = vouchedNumber;
        waiting.addLast(held);
        heldLength += lengthBytes;
        heldCount++;
        return true;
    }

    /** What had to wait for the journal waits for nothing else. */
    @Override
    public boolean sendLater(
            final int peerId, final DirectBuffer message, final int offset, final int lengthBytes, final long holdNs) {
        if (waiting.isEmpty() && journal.durableNumber() >= vouchedNumber) {
            return outbox.sendLater(peerId, message, offset, lengthBytes, holdNs);
        }
        return send(peerId, message, offset, lengthBytes);
    }

    /** Lets go what may go; returns how many messages. */
    public int release() {
        final long durable = journal.durableNumber();
        int count = 0;
        while (!waiting.isEmpty() && waiting.peekFirst().number <= durable) {
            final Held held = waiting.pollFirst();
            heldLength -= held.lengthBytes;
            outbox.send(held.peerId, held.buffer, 0, held.lengthBytes);
            pool.addFirst(held);
            count++;
        }
        return count;
    }

    @Override
    public void flush() {
        release();
        outbox.flush();
    }

    /** Messages that wait now. */
    public int waitingCount() {
        return waiting.size();
    }

    /** Messages that had to wait so far. */
    public long heldCount() {
        return heldCount;
    }

    /** Messages that were dropped because too many waited. */
    public long droppedCount() {
        return droppedCount;
    }
}
