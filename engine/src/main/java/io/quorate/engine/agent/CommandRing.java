package io.quorate.engine.agent;

import org.agrona.BitUtil;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;

/**
 * The way from the embedder's threads to the consensus agent. A contribution is encoded straight into the ring: claim, write
 * at the returned index, commit.
 */
public final class CommandRing {
    static final int CONTRIBUTE = 1;
    static final int STATUS = 2;

    /** Where the body of a CONTRIBUTE command starts, after its ticket. */
    static final int BODY_OFFSET = BitUtil.SIZE_OF_LONG;

    private final ManyToOneRingBuffer ring;

    /** @param capacityBytes power of two, at least eight times the longest request */
    public CommandRing(final int capacityBytes) {
        ring = new ManyToOneRingBuffer(JobRing.allocate(capacityBytes));
    }

    /**
     * Claims room for a contribution.
     *
     * @return index at which the body is to be written into {@link #buffer()}, or -1 if the ring is full
     */
    public int claimContribution(final long ticket, final int bodyLengthBytes) {
        final int index = ring.tryClaim(CONTRIBUTE, BODY_OFFSET + bodyLengthBytes);
        if (index < 0) {
            return -1;
        }
        ring.buffer().putLong(index, ticket);
        return index + BODY_OFFSET;
    }

    public AtomicBuffer buffer() {
        return ring.buffer();
    }

    /** Makes a claimed contribution visible to the agent. */
    public void commit(final int bodyIndex) {
        ring.commit(bodyIndex - BODY_OFFSET);
    }

    /** Gives a claim back whose body could not be written. */
    public void abort(final int bodyIndex) {
        ring.abort(bodyIndex - BODY_OFFSET);
    }

    /** Asks the agent for its status; false if the ring is full. */
    public boolean requestStatus() {
        final int index = ring.tryClaim(STATUS, BODY_OFFSET);
        if (index < 0) {
            return false;
        }
        ring.buffer().putLong(index, 0);
        ring.commit(index);
        return true;
    }

    /** Consumer side: hands commands to {@code handler}, which may answer ABORT to get the same command again later. */
    int drain(final ControlledMessageHandler handler, final int commandCountMax) {
        return ring.controlledRead(handler, commandCountMax);
    }
}
