package io.quorate.engine.agent;

import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;

/**
 * The way back from the kernel agent to the consensus agent: replies, checkpoints, restored marks and round events, in order.
 * One producer thread, one consumer thread.
 *
 * <p>The kernel agent asks {@link #hasRoom()} before it takes a job, so no result can find the ring full.
 */
public final class ResultRing {
    static final int REPLY = 1;
    static final int CHECKPOINT = 2;
    static final int RESTORED = 3;
    static final int EVENT = 4;
    static final int ROLLED_BACK = 5;
    static final int READ = 6;

    static final int SEQUENCE_OFFSET = 0;
    static final int REQUEST_NUMBER_OFFSET = SEQUENCE_OFFSET + BitUtil.SIZE_OF_LONG;
    static final int CLIENT_ID_OFFSET = REQUEST_NUMBER_OFFSET + BitUtil.SIZE_OF_LONG;
    static final int BODY_OFFSET = CLIENT_ID_OFFSET + BitUtil.SIZE_OF_LONG;

    /** Objects that one job can cause at the most, with a margin: a checkpoint, a round opened, a round closed. */
    private static final int OBJECTS_A_JOB = 8;

    private static final int OBJECTS_WAITING_MAX = 1024;
    private static final int ROOM_FOR_A_JOB_BYTES = 4096;

    private final OneToOneRingBuffer ring;
    private final OneToOneConcurrentArrayQueue<Object> objects =
            new OneToOneConcurrentArrayQueue<>(OBJECTS_WAITING_MAX);

    /** @param capacityBytes power of two */
    public ResultRing(final int capacityBytes) {
        ring = new OneToOneRingBuffer(JobRing.allocate(capacityBytes));
    }

    /** True if everything that one more job can cause fits. */
    boolean hasRoom() {
        return ring.capacity() - ring.size() > ROOM_FOR_A_JOB_BYTES && objects.remainingCapacity() > OBJECTS_A_JOB;
    }

    void reply(
            final long sequence,
            final int clientId,
            final long requestNumber,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        put(REPLY, sequence, clientId, requestNumber, reply, offset, lengthBytes);
    }

    void read(final long ticket, final DirectBuffer answer, final int offset, final int lengthBytes) {
        put(READ, ticket, 0, 0, answer, offset, lengthBytes);
    }

    private void put(
            final int type,
            final long sequence,
            final int clientId,
            final long requestNumber,
            final DirectBuffer reply,
            final int offset,
            final int lengthBytes) {
        final int index = claim(type, BODY_OFFSET + lengthBytes);
        ring.buffer().putLong(index + SEQUENCE_OFFSET, sequence);
        ring.buffer().putLong(index + REQUEST_NUMBER_OFFSET, requestNumber);
        ring.buffer().putLong(index + CLIENT_ID_OFFSET, clientId);
        ring.buffer().putBytes(index + BODY_OFFSET, reply, offset, lengthBytes);
        ring.commit(index);
    }

    void checkpoint(final long sequence, final DirectBuffer snapshot) {
        mark(CHECKPOINT, sequence, 0, snapshot);
    }

    void restored(final long sequence, final boolean accepted) {
        mark(RESTORED, sequence, accepted ? 1 : 0, null);
    }

    void rolledBack(final long sequence) {
        mark(ROLLED_BACK, sequence, 0, null);
    }

    /** A round event; the object is immutable. */
    void event(final Object event) {
        mark(EVENT, 0, 0, event);
    }

    /** Consumer side. */
    int drain(final MessageHandler handler, final int resultCountMax) {
        return ring.read(handler, resultCountMax);
    }

    /** Consumer side: the object that belongs to the mark at hand. */
    Object takeObject() {
        return objects.poll();
    }

    private void mark(final int type, final long sequence, final long flag, final Object object) {
        final int index = claim(type, BODY_OFFSET);
        if (object != null && !objects.offer(object)) {
            throw new IllegalStateException("a job caused more results than it announced room for");
        }
        ring.buffer().putLong(index + SEQUENCE_OFFSET, sequence);
        ring.buffer().putLong(index + REQUEST_NUMBER_OFFSET, flag);
        ring.commit(index);
    }

    private int claim(final int type, final int lengthBytes) {
        final int index = ring.tryClaim(type, lengthBytes);
        if (index < 0) {
            throw new IllegalStateException("a job caused more results than it announced room for");
        }
        return index;
    }
}
