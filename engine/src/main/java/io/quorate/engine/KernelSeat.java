package io.quorate.engine;

import java.util.concurrent.atomic.AtomicReference;
import org.agrona.concurrent.Agent;

/**
 * The kernel side of a peer through its epochs: drives the agent of the current one, and changes to the next between two turns. On
 * the kernel thread; {@link #follow} on the consensus thread.
 */
final class KernelSeat implements Agent {
    private final AtomicReference<Agent> next = new AtomicReference<>();
    private Agent current;

    /** The agent of the next epoch; what the one before still has to do is of no use to anybody. */
    void follow(final Agent agent) {
        close(next.getAndSet(agent));
    }

    @Override
    public String roleName() {
        return "kernels";
    }

    @Override
    public int doWork() throws Exception {
        if (next.get() != null) {
            close(current);
            current = next.getAndSet(null);
        }
        return current == null ? 0 : current.doWork();
    }

    @Override
    public void onClose() {
        close(current);
        close(next.getAndSet(null));
        current = null;
    }

    private static void close(final Agent agent) {
        if (agent != null) {
            agent.onClose();
        }
    }
}
