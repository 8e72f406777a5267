package io.quorate.engine.agent;

import java.util.concurrent.atomic.AtomicBoolean;
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
    static final int QUERY = 2;
    static final int RECONFIGURE = 3;

    static final int TICKET_OFFSET = 0;
    static final int START_OFFSET = TICKET_OFFSET + BitUtil.SIZE_OF_LONG;

    /** Where the body of a CONTRIBUTE command starts, after its ticket and the time at which it was made. */
    static final int BODY_OFFSET = START_OFFSET + BitUtil.SIZE_OF_LONG;

    private final ManyToOneRingBuffer ring;
    private final AtomicBoolean isStatusRequested = new AtomicBoolean();

    /** @param capacityBytes power of two, at least eight times the longest request */
    public CommandRing(final int capacityBytes) {
        ring = new ManyToOneRingBuffer(JobRing.allocate(capacityBytes));
    }

    /**
     * Claims room for a contribution.
     *
     * @param startNs when the embedder made it, monotonic
     * @return index at which the body is to be written into {@link #buffer()}, or -1 if the ring is full
     */
    public int claimContribution(final long ticket, final long startNs, final int bodyLengthBytes) {
        return claim(CONTRIBUTE, ticket, startNs, bodyLengthBytes);
    }

    /** Claims room for a query of the group's state; otherwise as {@link #claimContribution}. */
    public int claimQuery(final long ticket, final long startNs, final int bodyLengthBytes) {
        return claim(QUERY, ticket, startNs, bodyLengthBytes);
    }

    /** Claims room for a command that asks for another roster; otherwise as {@link #claimContribution}. */
    public int claimStep(final long ticket, final long startNs, final int bodyLengthBytes) {
        return claim(RECONFIGURE, ticket, startNs, bodyLengthBytes);
    }

    private int claim(final int type, final long ticket, final long startNs, final int bodyLengthBytes) {
        final int index = ring.tryClaim(type, BODY_OFFSET + bodyLengthBytes);
        if (index < 0) {
            return -1;
        }
        ring.buffer().putLong(index + TICKET_OFFSET, ticket);
        ring.buffer().putLong(index + START_OFFSET, startNs);
        return index + BODY_OFFSET;
    }

    public AtomicBuffer buffer() {
        return ring.buffer();
    }

    /** Makes a claimed command visible to the agent. */
    public void commit(final int bodyIndex) {
        ring.commit(bodyIndex - BODY_OFFSET);
    }

    /** Gives a claim back whose body could not be written. */
    public void abort(final int bodyIndex) {
        ring.abort(bodyIndex - BODY_OFFSET);
    }

    /** Asks the agent for its status: beside the ring, for a stalled group, where contributions wait, must answer too. */
    public void requestStatus() {
        isStatusRequested.set(true);
    }

    /** Consumer side: true once for requests made since the last call. */
    public boolean takeStatusRequest() {
        return isStatusRequested.get() && isStatusRequested.getAndSet(false);
    }

    /** Consumer side: hands commands to {@code handler}, which may answer ABORT to get the same command again later. */
    int drain(final ControlledMessageHandler handler, final int commandCountMax) {
        return ring.controlledRead(handler, commandCountMax);
    }
}
