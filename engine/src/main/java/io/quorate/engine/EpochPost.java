package io.quorate.engine;

import io.quorate.engine.epoch.EpochAdapter;
import io.quorate.engine.epoch.Joining;
import io.quorate.engine.epoch.Succession;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Transport;
import org.agrona.DirectBuffer;

/**
 * The links of an epoch in which this peer has no replica: one that is over here, where whoever still speaks is shown what follows,
 * or one that it has not seen open yet. Driven by the {@link Relay}, on the consensus thread.
 */
final class EpochPost implements AutoCloseable {
    private static final int FRAMES_A_TURN = 16;

    private final Transport transport;
    private final EpochAdapter adapter;
    private final Late onLate;
    private final Tick onTick;
    private final FrameHandler onMessage = this::onMessage;
    private long nowNs;

    /** A peer spoke, whatever it said. */
    @FunctionalInterface
    private interface Late {
        void onLateMessage(int senderId, long nowNs);
    }

    /** Time passes. */
    @FunctionalInterface
    private interface Tick {
        void onTick(long nowNs);
    }

    private EpochPost(
            final Transport transport, final EpochAdapter.Handler handler, final Late onLate, final Tick onTick) {
        this.transport = transport;
        adapter = new EpochAdapter(handler);
        this.onLate = onLate;
        this.onTick = onTick;
    }

    static EpochPost ofPast(final Transport transport, final Succession ended) {
        return new EpochPost(transport, ended, ended::onLateMessage, nowNs -> {});
    }

    static EpochPost ofNewcomer(final Transport transport, final Joining joining) {
        return new EpochPost(transport, joining, (senderId, nowNs) -> {}, joining::onTick);
    }

    int doWork(final long newNowNs) {
        nowNs = newNowNs;
        final int workCount = transport.doWork(nowNs) + transport.inbox().poll(onMessage, FRAMES_A_TURN);
        onTick.onTick(nowNs);
        transport.outbox().flush();
        return workCount;
    }

    private void onMessage(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        adapter.onMessage(senderId, buffer, offset, lengthBytes, nowNs);
        onLate.onLateMessage(senderId, nowNs);
    }

    /** Closes the links. */
    @Override
    public void close() {
        transport.close();
    }
}
