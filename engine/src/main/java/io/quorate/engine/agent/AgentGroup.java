package io.quorate.engine.agent;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.AgentTerminationException;
import org.agrona.concurrent.CompositeAgent;
import org.agrona.concurrent.IdleStrategy;

/**
 * Runs the agents of a peer: on a thread each, on one thread, or on the caller's. An error of one stops all, and all are
 * closed.
 */
public final class AgentGroup implements AutoCloseable {
    private final AgentRunner[] runners;
    private final AgentInvoker invoker;
    private final ReentrantLock turn = new ReentrantLock();

    private AgentGroup(final AgentRunner[] runners, final AgentInvoker invoker) {
        this.runners = runners;
        this.invoker = invoker;
    }

    /** Both agents on one thread that this group starts. */
    public static AgentGroup shared(
            final Agent consensus, final Agent kernel, final IdleStrategy idle, final AgentFailure failure) {
        return start(runner(new OneThread(consensus, kernel), idle, failure, new AtomicBoolean()));
    }

    /** One agent on a thread of its own. */
    public static AgentGroup alone(final Agent agent, final IdleStrategy idle, final AgentFailure failure) {
        return start(runner(agent, idle, failure, new AtomicBoolean()));
    }

    /** Each agent on a thread of its own. */
    public static AgentGroup dedicated(
            final Supplier<? extends IdleStrategy> idle, final AgentFailure failure, final Agent... agents) {
        final AtomicBoolean hasFailed = new AtomicBoolean();
        final AgentRunner[] runners = new AgentRunner[agents.length];
        for (int i = 0; i < agents.length; i++) {
            runners[i] = runner(agents[i], idle.get(), failure, hasFailed);
        }
        return start(runners);
    }

    /** Both agents on the thread that calls {@link #doWork()}. */
    public static AgentGroup invoked(final Agent consensus, final Agent kernel, final AgentFailure failure) {
        final AgentInvoker invoker = new AgentInvoker(
                failure::onFailure, null, new Stopping(new OneThread(consensus, kernel), failure, new AtomicBoolean()));
        invoker.start();
        return new AgentGroup(new AgentRunner[0], invoker);
    }

    /** True if the caller has to drive the agents. */
    public boolean isInvoked() {
        return invoker != null;
    }

    /**
     * One turn of both agents on the caller's thread; the amount of work done, for an idle strategy. None if another thread is
     * at it, or if this one is already, in a listener.
     */
    public int doWork() {
        if (invoker == null) {
            throw new IllegalStateException(
                    "doWork() drives threading mode INVOKER only; this engine runs its own threads");
        }
        if (turn.isHeldByCurrentThread() || !turn.tryLock()) {
            return 0;
        }
        try {
            return invoker.invoke();
        } finally {
            turn.unlock();
        }
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(runners);
        // Closing unmaps memory that a turn may be reading.
        turn.lock();
        try {
            CloseHelper.quietClose(invoker);
        } finally {
            turn.unlock();
        }
    }

    private static AgentGroup start(final AgentRunner... runners) {
        for (final AgentRunner runner : runners) {
            AgentRunner.startOnThread(runner, task -> {
                final Thread thread =
                        new Thread(task, "quorate-" + runner.agent().roleName());
                thread.setDaemon(true);
                return thread;
            });
        }
        return new AgentGroup(runners, null);
    }

    private static AgentRunner runner(
            final Agent agent, final IdleStrategy idle, final AgentFailure failure, final AtomicBoolean hasFailed) {
        return new AgentRunner(idle, failure::onFailure, null, new Stopping(agent, failure, hasFailed));
    }

    /** Both agents in one turn: what the kernel agent answers does not wait for the next one. */
    private static final class OneThread implements Agent {
        private final Agent consensus;
        private final Agent kernel;
        private final Agent both;

        OneThread(final Agent consensus, final Agent kernel) {
            this.consensus = consensus;
            this.kernel = kernel;
            both = new CompositeAgent(consensus, kernel);
        }

        @Override
        public String roleName() {
            return both.roleName();
        }

        @Override
        public void onStart() {
            both.onStart();
        }

        @Override
        public int doWork() throws Exception {
            final int workCount = consensus.doWork();
            final int kernelCount = kernel.doWork();
            return kernelCount == 0 ? workCount : workCount + kernelCount + consensus.doWork();
        }

        @Override
        public void onClose() {
            both.onClose();
        }
    }

    /**
     * Ends an agent at its first error, and at its neighbour's. An error handler that throws would end its thread without
     * closing it.
     */
    private static final class Stopping implements Agent {
        private final Agent agent;
        private final AgentFailure failure;
        private final AtomicBoolean hasFailed;

        Stopping(final Agent agent, final AgentFailure failure, final AtomicBoolean hasFailed) {
            this.agent = agent;
            this.failure = failure;
            this.hasFailed = hasFailed;
        }

        @Override
        public String roleName() {
            return agent.roleName();
        }

        @Override
        public void onStart() {
            agent.onStart();
        }

        @Override
        public int doWork() {
            if (hasFailed.get()) {
                throw new AgentTerminationException(true);
            }
            try {
                return agent.doWork();
            } catch (final Throwable error) {
                hasFailed.set(true);
                failure.onFailure(error);
                throw new AgentTerminationException(true);
            }
        }

        @Override
        public void onClose() {
            agent.onClose();
        }
    }

    /** Told about the error that ends the agents; must not throw. */
    @FunctionalInterface
    public interface AgentFailure {
        void onFailure(Throwable failure);
    }
}
