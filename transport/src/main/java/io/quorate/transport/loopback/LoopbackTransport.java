package io.quorate.transport.loopback;

import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.Inbox;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.Outbox;
import io.quorate.transport.Transport;
import java.util.ArrayList;
import java.util.List;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.ManyToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * Peers of one process, for tests and for embedders that keep a whole group in one program. One Agrona ring a receiver; no MAC: a
 * process is one trust domain. Each endpoint belongs to its peer's thread; endpoints of different peers may run on different threads.
 */
public final class LoopbackTransport implements Transport {
    /** As long as over the network, so that nothing works here that does not work there. */
    public static final FrameLimits LIMITS = new FrameLimits(256 * 1024, 256 * 1024 - 72);

    private static final int RING_LENGTH_MIN = 8 * 256 * 1024;

    private final int localId;
    private final List<ManyToOneRingBuffer> rings;
    private final LinkCounters counters;
    private final Inbox inbox = this::poll;
    private final Outbox outbox = new LoopbackOutbox();
    private final MessageHandler ringHandler = this::onRingMessage;
    private FrameHandler handler;
    private volatile boolean closed;

    private LoopbackTransport(final int localId, final List<ManyToOneRingBuffer> rings) {
        this.localId = localId;
        this.rings = rings;
        counters = new LinkCounters(rings.size());
    }

    /**
     * The endpoints of a whole group, by peer id.
     *
     * @param ringLength bytes each peer's ring can hold, a power of two from 2 MiB
     */
    public static List<LoopbackTransport> group(final int peers, final int ringLength) {
        if (peers < 1 || ringLength < RING_LENGTH_MIN || !BitUtil.isPowerOfTwo(ringLength)) {
            throw new IllegalArgumentException("given " + peers + " peers and rings of " + ringLength
                    + " bytes; allowed are 1 or more peers and a power of two from " + RING_LENGTH_MIN);
        }
        final List<ManyToOneRingBuffer> rings = new ArrayList<>();
        final List<LoopbackTransport> endpoints = new ArrayList<>();
        for (int id = 0; id < peers; id++) {
            rings.add(new ManyToOneRingBuffer(new UnsafeBuffer(BufferUtil.allocateDirectAligned(
                    ringLength + RingBufferDescriptor.TRAILER_LENGTH, BitUtil.CACHE_LINE_LENGTH))));
        }
        for (int id = 0; id < peers; id++) {
            endpoints.add(new LoopbackTransport(id, rings));
        }
        return endpoints;
    }

    @Override
    public Outbox outbox() {
        return outbox;
    }

    @Override
    public Inbox inbox() {
        return inbox;
    }

    @Override
    public FrameLimits limits() {
        return LIMITS;
    }

    @Override
    public LinkCounters counters() {
        return counters;
    }

    @Override
    public int doWork(final long nowNs) {
        return 0;
    }

    @Override
    public boolean isReady(final int peerId) {
        return !closed && peerId != localId && peerId >= 0 && peerId < rings.size();
    }

    @Override
    public void close() {
        closed = true;
    }

    private int poll(final FrameHandler frameHandler, final int frameCountMax) {
        if (closed) {
            return 0;
        }
        handler = frameHandler;
        return rings.get(localId).read(ringHandler, frameCountMax);
    }

    private void onRingMessage(final int typeId, final MutableDirectBuffer buffer, final int index, final int length) {
        final int senderId = typeId - 1;
        counters.increment(senderId, LinkCounter.FRAMES_RECEIVED);
        counters.increment(senderId, LinkCounter.MESSAGES_RECEIVED);
        counters.add(senderId, LinkCounter.BYTES_RECEIVED, length);
        handler.onMessage(senderId, buffer, index, length);
    }

    /** Writes into the receivers' rings at once. */
    private final class LoopbackOutbox implements Outbox {
        @Override
        public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
            if (peerId < 0 || peerId >= rings.size() || peerId == localId) {
                throw new IllegalArgumentException("peer " + peerId + " is not another peer of this group: 0.."
                        + (rings.size() - 1) + " without " + localId);
            }
            if (lengthBytes < 1 || lengthBytes > LIMITS.messageLengthMax()) {
                throw new IllegalArgumentException(
                        "message has " + lengthBytes + " bytes, must be 1 to " + LIMITS.messageLengthMax());
            }
            if (closed || !rings.get(peerId).write(localId + 1, message, offset, lengthBytes)) {
                counters.increment(peerId, LinkCounter.MESSAGES_REFUSED);
                return false;
            }
            counters.increment(peerId, LinkCounter.FRAMES_SENT);
            counters.increment(peerId, LinkCounter.MESSAGES_SENT);
            counters.add(peerId, LinkCounter.BYTES_SENT, lengthBytes);
            return true;
        }

        @Override
        public void flush() {
            // Every message has gone already.
        }
    }
}
