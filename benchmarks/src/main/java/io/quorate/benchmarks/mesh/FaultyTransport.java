package io.quorate.benchmarks.mesh;

import io.quorate.transport.FrameLimits;
import io.quorate.transport.Inbox;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.Outbox;
import io.quorate.transport.Transport;
import java.util.SplittableRandom;
import org.agrona.DirectBuffer;

/** A transport that loses what {@link Faults} says before it is packed; all else is the real one's. The member's thread. */
final class FaultyTransport implements Transport {
    private final Transport real;
    private final Outbox outbox;

    FaultyTransport(final int selfId, final Transport real, final Faults faults) {
        this.real = real;
        final SplittableRandom random = new SplittableRandom(selfId);
        outbox = new Outbox() {
            @Override
            public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
                final int ppm = faults.loss(selfId, peerId);
                // What is lost on the way was sent, as far as the sender knows.
                return (ppm > 0 && random.nextInt(Faults.ALL) < ppm)
                        || real.outbox().send(peerId, message, offset, lengthBytes);
            }

            @Override
            public void flush() {
                real.outbox().flush();
            }
        };
    }

    @Override
    public Outbox outbox() {
        return outbox;
    }

    @Override
    public Inbox inbox() {
        return real.inbox();
    }

    @Override
    public FrameLimits limits() {
        return real.limits();
    }

    @Override
    public LinkCounters counters() {
        return real.counters();
    }

    @Override
    public int doWork(final long nowNs) {
        return real.doWork(nowNs);
    }

    @Override
    public boolean isReady(final int peerId) {
        return real.isReady(peerId);
    }

    @Override
    public void close() {
        real.close();
    }
}
