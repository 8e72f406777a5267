package io.quorate.benchmarks.sides;

import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.IdleStrategy;

/**
 * The idle strategy of all threads of a side: yields while the side is measured, and sleeps while another one is, so that three
 * sides can be up at once without a share in each other's times. One object serves all threads.
 */
public final class Gate implements IdleStrategy {
    private static final long REST_NS = 10_000_000;

    private volatile boolean isOpen = true;

    public void open() {
        isOpen = true;
    }

    public void shut() {
        isOpen = false;
    }

    @Override
    public void idle(final int workCount) {
        if (workCount <= 0) {
            idle();
        }
    }

    @Override
    public void idle() {
        if (isOpen) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(REST_NS);
        }
    }

    @Override
    public void reset() {}
}
