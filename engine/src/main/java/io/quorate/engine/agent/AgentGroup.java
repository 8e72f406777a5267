package io.quorate.engine.agent;

import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentInvoker;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.CompositeAgent;
import org.agrona.concurrent.IdleStrategy;

/** Runs the consensus and the kernel agent: on a thread each, on one thread, or on the caller's. */
public final class AgentGroup implements AutoCloseable {
    private final AgentRunner[] runners;
    private final AgentInvoker invoker;

    private AgentGroup(final AgentRunner[] runners, final AgentInvoker invoker) {
        this.runners = runners;
        this.invoker = invoker;
    }

    /** Both agents on one thread that this group starts. */
    public static AgentGroup shared(
            final Agent consensus, final Agent kernel, final IdleStrategy idle, final AgentFailure failure) {
        return start(runner(new CompositeAgent(consensus, kernel), idle, failure));
    }

    /** Each agent on a thread of its own. */
    public static AgentGroup dedicated(
            final Agent consensus,
            final IdleStrategy consensusIdle,
            final Agent kernel,
            final IdleStrategy kernelIdle,
            final AgentFailure failure) {
        return start(runner(consensus, consensusIdle, failure), runner(kernel, kernelIdle, failure));
    }

    /** Both agents on the thread that calls {@link #doWork()}. */
    public static AgentGroup invoked(final Agent consensus, final Agent kernel, final AgentFailure failure) {
        final AgentInvoker invoker = new AgentInvoker(failure::onFailure, null, new CompositeAgent(consensus, kernel));
        invoker.start();
        return new AgentGroup(new AgentRunner[0], invoker);
    }

    /** True if the caller has to drive the agents. */
    public boolean isInvoked() {
        return invoker != null;
    }

    /** One turn of both agents on the caller's thread; the amount of work done, for an idle strategy. */
    public int doWork() {
        if (invoker == null) {
            throw new IllegalStateException(
                    "doWork() drives threading mode INVOKER only; this engine runs its own threads");
        }
        return invoker.invoke();
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(runners);
        CloseHelper.quietClose(invoker);
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

    private static AgentRunner runner(final Agent agent, final IdleStrategy idle, final AgentFailure failure) {
        return new AgentRunner(idle, failure::onFailure, null, agent);
    }

    /** Told about an exception in an agent's turn; throw {@code AgentTerminationException} in it to stop the agent. */
    @FunctionalInterface
    public interface AgentFailure {
        void onFailure(Throwable failure);
    }
}
