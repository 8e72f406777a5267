package io.quorate.transport;

/**
 * One peer's way to the others, as the engine sees it; every call on the consensus thread, except where {@link LinkCounters}
 * says otherwise.
 */
public interface Transport extends AutoCloseable {
    Outbox outbox();

    Inbox inbox();

    FrameLimits limits();

    LinkCounters counters();

    /**
     * Keeps the links alive: handshakes, link status, lost publications. Call it once a duty cycle, before
     * {@link Outbox#flush()}.
     *
     * @return how much was done, for the idle strategy
     */
    int doWork(long nowNs);

    /** True if messages for this peer can be sealed now; says nothing about whether the peer is alive. */
    boolean isReady(int peerId);

    @Override
    void close();
}
