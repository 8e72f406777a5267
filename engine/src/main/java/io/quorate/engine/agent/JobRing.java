package io.quorate.engine.agent;

import io.quorate.engine.epoch.EpochState;
import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.ordering.Execution;
import io.quorate.engine.ordering.Reading;
import java.nio.ByteBuffer;
import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * The way from the consensus agent to the kernel agent: committed requests, checkpoint marks and snapshots to restore, in
 * order. One producer thread, one consumer thread.
 *
 * <p>Requests are copied into the ring once. Snapshots are rare and may be larger than the ring, so they go beside it as
 * objects, each announced by a mark in the ring that keeps its place in the order.
 */
public final class JobRing implements Execution, Reading {
    static final int EXECUTE = 1;
    static final int CHECKPOINT = 2;
    static final int RESTORE = 3;
    static final int EXECUTE_TENTATIVELY = 4;
    static final int EXECUTE_AGAIN = 5;
    static final int CONFIRM = 6;
    static final int ROLL_BACK = 7;
    static final int READ = 8;

    static final int SEQUENCE_OFFSET = 0;
    static final int REQUEST_NUMBER_OFFSET = SEQUENCE_OFFSET + BitUtil.SIZE_OF_LONG;
    static final int CLIENT_ID_OFFSET = REQUEST_NUMBER_OFFSET + BitUtil.SIZE_OF_LONG;
    static final int BODY_OFFSET = CLIENT_ID_OFFSET + BitUtil.SIZE_OF_LONG;

    private static final int SNAPSHOTS_WAITING_MAX = 4;

    private final OneToOneRingBuffer ring;
    private final int approvalsMin;
    private final OneToOneConcurrentArrayQueue<DirectBuffer> snapshots =
            new OneToOneConcurrentArrayQueue<>(SNAPSHOTS_WAITING_MAX);

    /**
     * @param capacityBytes power of two, at least eight times the longest request
     * @param approvalsMin with how many a command can end the epoch: the group's quorum
     */
    public JobRing(final int capacityBytes, final int approvalsMin) {
        ring = new OneToOneRingBuffer(allocate(capacityBytes));
        this.approvalsMin = approvalsMin;
    }

    @Override
    public boolean execute(
            final long sequence,
            final Standing standing,
            final int clientId,
            final long requestNumber,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes) {
        return put(typeOf(standing), sequence, clientId, requestNumber, request, offset, lengthBytes);
    }

    @Override
    public boolean read(
            final long ticket, final int clientId, final DirectBuffer query, final int offset, final int lengthBytes) {
        return put(READ, ticket, clientId, 0, query, offset, lengthBytes);
    }

    private boolean put(
            final int type,
            final long sequence,
            final int clientId,
            final long requestNumber,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes) {
        final int index = ring.tryClaim(type, BODY_OFFSET + lengthBytes);
        if (index < 0) {
            return false;
        }
        ring.buffer().putLong(index + SEQUENCE_OFFSET, sequence);
        ring.buffer().putLong(index + REQUEST_NUMBER_OFFSET, requestNumber);
        ring.buffer().putLong(index + CLIENT_ID_OFFSET, clientId);
        ring.buffer().putBytes(index + BODY_OFFSET, request, offset, lengthBytes);
        ring.commit(index);
        return true;
    }

    private static int typeOf(final Standing standing) {
        return switch (standing) {
            case FINAL -> EXECUTE;
            case TENTATIVE -> EXECUTE_TENTATIVELY;
            case REPEATED -> EXECUTE_AGAIN;
        };
    }

    @Override
    public boolean confirm(final long sequence) {
        return mark(CONFIRM, sequence);
    }

    @Override
    public boolean checkpoint(final long sequence) {
        return mark(CHECKPOINT, sequence);
    }

    private boolean mark(final int type, final long sequence) {
        final int index = ring.tryClaim(type, BODY_OFFSET);
        if (index < 0) {
            return false;
        }
        ring.buffer().putLong(index + SEQUENCE_OFFSET, sequence);
        ring.commit(index);
        return true;
    }

    @Override
    public boolean restore(final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return replace(RESTORE, sequence, snapshot, offset, lengthBytes);
    }

    @Override
    public boolean rollBack(final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return replace(ROLL_BACK, sequence, snapshot, offset, lengthBytes);
    }

    private boolean replace(
            final int type, final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        if (snapshots.size() == SNAPSHOTS_WAITING_MAX) {
            return false;
        }
        final int index = ring.tryClaim(type, BODY_OFFSET);
        if (index < 0) {
            return false;
        }
        final byte[] copy = new byte[lengthBytes];
        snapshot.getBytes(offset, copy);
        snapshots.offer(new UnsafeBuffer(copy));
        ring.buffer().putLong(index + SEQUENCE_OFFSET, sequence);
        // The consumer sees the mark only now, so its snapshot is always there before it.
        ring.commit(index);
        return true;
    }

    @Override
    public long lastSequence(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return EpochState.lastSequence(snapshot, offset, lengthBytes);
    }

    @Override
    public boolean mayEndEpoch(final DirectBuffer request, final int offset, final int lengthBytes) {
        return ReconfigureCommand.isPlausible(request, offset, lengthBytes, approvalsMin);
    }

    /** Consumer side: hands jobs to {@code handler}, which may answer ABORT to get the same job again later. */
    int drain(final ControlledMessageHandler handler, final int jobCountMax) {
        return ring.controlledRead(handler, jobCountMax);
    }

    /** Consumer side: the snapshot that belongs to the RESTORE or ROLL_BACK mark at hand. */
    DirectBuffer takeSnapshot() {
        return snapshots.poll();
    }

    static UnsafeBuffer allocate(final int capacityBytes) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(capacityBytes + RingBufferDescriptor.TRAILER_LENGTH));
    }
}
