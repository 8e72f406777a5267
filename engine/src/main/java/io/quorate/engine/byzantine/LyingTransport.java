package io.quorate.engine.byzantine;

import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.Inbox;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.Outbox;
import io.quorate.transport.Transport;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.random.RandomGenerator;
import org.agrona.DirectBuffer;

/**
 * The links of a live peer that lies: for drills and benchmarks, where a group is to show what a liar costs it. Everything that the
 * peer's correct core says goes through a {@link ByzantinePeer}. Consensus thread only, like any transport.
 */
public final class LyingTransport implements Transport, Outbox {
    private record Deed(long dueNs, long number, Runnable action) {}

    private final Transport inner;
    private final ByzantinePeer liar;
    private final int peerCount;
    private final long timeoutNs;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final PriorityQueue<Deed> deeds =
            new PriorityQueue<>(Comparator.comparingLong(Deed::dueNs).thenComparingLong(Deed::number));
    private long deedCount;
    private boolean isPrimary;
    private long nowNs;

    /**
     * @param inner the peer's links; closed with this
     * @param peerCount of the group; the next peers hear the other story, and the first of them is the client that is censored
     * @param signer with the peer's own key
     * @param timeoutNs after how long the others leave a primary
     */
    public LyingTransport(
            final Transport inner,
            final Strategy strategy,
            final int selfId,
            final int peerCount,
            final Signer signer,
            final RandomGenerator random,
            final long timeoutNs) {
        this.inner = inner;
        this.peerCount = peerCount;
        this.timeoutNs = timeoutNs;
        long otherHalf = 0;
        for (int i = 1; i <= (peerCount - 1) / 2; i++) {
            otherHalf |= 1L << (selfId + i) % peerCount;
        }
        liar = new ByzantinePeer(
                selfId,
                strategy,
                inner.outbox(),
                signer,
                random,
                new LiveScene(),
                new Plot(otherHalf, (selfId + 1) % peerCount),
                inner.limits().messageLengthMax());
    }

    @Override
    public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
        header.wrap(message, offset);
        final int template = header.templateId();
        if (template == PrePrepareDecoder.TEMPLATE_ID || template == NewViewDecoder.TEMPLATE_ID) {
            isPrimary = true;
        } else if (template == PrepareDecoder.TEMPLATE_ID) {
            isPrimary = false;
        }
        return liar.send(to, message, offset, lengthBytes);
    }

    @Override
    public void flush() {
        liar.flush();
    }

    @Override
    public Outbox outbox() {
        return this;
    }

    @Override
    public Inbox inbox() {
        return (handler, limit) -> inner.inbox().poll(heard(handler), limit);
    }

    private FrameHandler heard(final FrameHandler handler) {
        return (senderId, buffer, offset, lengthBytes) -> {
            if (liar.isHeard(senderId, buffer, offset, lengthBytes)) {
                handler.onMessage(senderId, buffer, offset, lengthBytes);
            }
        };
    }

    @Override
    public FrameLimits limits() {
        return inner.limits();
    }

    @Override
    public LinkCounters counters() {
        return inner.counters();
    }

    @Override
    public int doWork(final long newNowNs) {
        nowNs = newNowNs;
        int workCount = inner.doWork(nowNs);
        while (!deeds.isEmpty() && nowNs - deeds.peek().dueNs() >= 0) {
            deeds.poll().action().run();
            workCount++;
        }
        return workCount;
    }

    @Override
    public boolean isReady(final int peerId) {
        return inner.isReady(peerId);
    }

    @Override
    public void close() {
        inner.close();
    }

    private final class LiveScene implements Scene {
        @Override
        public boolean isLying() {
            return true;
        }

        @Override
        public int peerCount() {
            return peerCount;
        }

        @Override
        public boolean isPrimary() {
            return isPrimary;
        }

        @Override
        public long timeoutNs() {
            return timeoutNs;
        }

        @Override
        public void later(final long delayNs, final Runnable action) {
            deeds.add(new Deed(nowNs + delayNs, deedCount++, action));
        }

        /** The own links put the own name on every frame. */
        @Override
        public void forge(final int asPeerId, final int receiverId, final int lengthBytes) {}

        @Override
        public void lied(final int receiverId) {}
    }
}
