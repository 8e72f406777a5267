package io.quorate.engine.simulator;

import io.quorate.engine.epoch.EpochState;
import io.quorate.engine.epoch.ReconfigureCommand;
import io.quorate.engine.ordering.ExactlyOnce;
import io.quorate.engine.ordering.Execution;
import io.quorate.engine.ordering.ExecutionListener;
import io.quorate.engine.ordering.Reading;
import io.quorate.engine.ordering.StateMachine;
import io.quorate.engine.virtual.SimClock;
import io.quorate.engine.virtual.SimRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The kernel side of one peer: a bounded queue of jobs that are done some time later, in order, as the rings of production
 * would. Now and then the queue claims to be full although it is not.
 */
final class SimExecution implements Execution, Reading {
    static final int QUEUE_MAX = 32;

    private static final long DELAY_MAX_NS = 300_000;
    private static final int SLOW_PPM = SimRandom.CERTAIN_PPM / 100;
    private static final long SLOW_MAX_NS = 10_000_000;

    private final SimClock clock;
    private final SimRandom random;
    private final ExactlyOnce exactlyOnce;
    private final Gate gate;
    private final IntSupplier refusePpm;
    private final LongSupplier awakeAtNs;
    private final Consumer<Runnable> guard;
    private final Runnable work = this::work;
    private final ArrayDeque<Job> jobs = new ArrayDeque<>();
    private final UnsafeBuffer reply = new UnsafeBuffer(new byte[StateMachine.REPLY_LENGTH_MAX]);
    private int approvalsMin;
    private ExecutionListener listener;
    private Reading.Listener readListener;
    private Runnable afterwards;
    private boolean isScheduled;
    private boolean isStopped;

    private record Job(
            Kind kind, Standing standing, long sequence, int clientId, long requestNumber, UnsafeBuffer bytes) {}

    private enum Kind {
        EXECUTE,
        CONFIRM,
        CHECKPOINT,
        RESTORE,
        ROLL_BACK,
        READ
    }

    /** Keeps from the observer what a tentative sequence did until it has committed, and what was done before for ever. */
    static final class Gate implements RegisterMachine.Observer {
        private record Applied(long position, long sequence, int clientId, long commandId, long chain) {}

        private final RegisterMachine.Observer observer;
        private final List<Applied> held = new ArrayList<>();
        private Standing standing = Standing.FINAL;

        Gate(final RegisterMachine.Observer observer) {
            this.observer = observer;
        }

        @Override
        public void onApplied(
                final long position, final long sequence, final int clientId, final long commandId, final long chain) {
            switch (standing) {
                case FINAL -> observer.onApplied(position, sequence, clientId, commandId, chain);
                case TENTATIVE -> held.add(new Applied(position, sequence, clientId, commandId, chain));
                case REPEATED -> {
                    // Told the first time.
                }
            }
        }

        @Override
        public void onRestored(final long appliedCount, final long chain) {
            held.clear();
            if (standing == Standing.FINAL) {
                observer.onRestored(appliedCount, chain);
            }
        }

        private void release() {
            held.forEach(one -> observer.onApplied(one.position, one.sequence, one.clientId, one.commandId, one.chain));
            held.clear();
        }
    }

    /**
     * @param gate observes the state machine behind {@code exactlyOnce}
     * @param refusePpm chance that the queue claims to be full
     * @param awakeAtNs until when the process sleeps, if that is in the future
     * @param guard runs a turn of the peer, and bears what a liar's core may throw
     */
    SimExecution(
            final SimClock clock,
            final SimRandom random,
            final ExactlyOnce exactlyOnce,
            final Gate gate,
            final IntSupplier refusePpm,
            final LongSupplier awakeAtNs,
            final Consumer<Runnable> guard) {
        this.guard = guard;
        this.awakeAtNs = awakeAtNs;
        this.clock = clock;
        this.random = random;
        this.exactlyOnce = exactlyOnce;
        this.gate = gate;
        this.refusePpm = refusePpm;
    }

    /** Where results go, and what runs after each turn that gave some (the rest of the duty cycle). */
    void listener(
            final ExecutionListener newListener, final Reading.Listener newReadListener, final Runnable newAfterwards) {
        listener = newListener;
        readListener = newReadListener;
        afterwards = newAfterwards;
    }

    /** The state machine is one of an epoch; a command with so many approvals may end it. */
    void endingOn(final int newApprovalsMin) {
        approvalsMin = newApprovalsMin;
    }

    @Override
    public long lastSequence(final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return approvalsMin == 0 ? Long.MAX_VALUE : EpochState.lastSequence(snapshot, offset, lengthBytes);
    }

    @Override
    public boolean mayEndEpoch(final DirectBuffer request, final int offset, final int lengthBytes) {
        return approvalsMin > 0 && ReconfigureCommand.isPlausible(request, offset, lengthBytes, approvalsMin);
    }

    /** The peer crashed, or its epoch is over: nothing comes back any more. */
    void stop() {
        isStopped = true;
        jobs.clear();
    }

    @Override
    public boolean execute(
            final long sequence,
            final Standing standing,
            final int clientId,
            final long requestNumber,
            final DirectBuffer request,
            final int offset,
            final int lengthBytes) {
        return enqueue(
                new Job(Kind.EXECUTE, standing, sequence, clientId, requestNumber, copy(request, offset, lengthBytes)));
    }

    @Override
    public boolean confirm(final long sequence) {
        return enqueue(new Job(Kind.CONFIRM, Standing.FINAL, sequence, -1, 0, null));
    }

    @Override
    public boolean checkpoint(final long sequence) {
        return enqueue(new Job(Kind.CHECKPOINT, Standing.FINAL, sequence, -1, 0, null));
    }

    @Override
    public boolean restore(final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return enqueue(new Job(Kind.RESTORE, Standing.FINAL, sequence, -1, 0, copy(snapshot, offset, lengthBytes)));
    }

    @Override
    public boolean rollBack(final long sequence, final DirectBuffer snapshot, final int offset, final int lengthBytes) {
        return enqueue(
                new Job(Kind.ROLL_BACK, Standing.REPEATED, sequence, -1, 0, copy(snapshot, offset, lengthBytes)));
    }

    @Override
    public boolean read(
            final long ticket, final int clientId, final DirectBuffer query, final int offset, final int lengthBytes) {
        return enqueue(new Job(Kind.READ, Standing.FINAL, ticket, clientId, 0, copy(query, offset, lengthBytes)));
    }

    private boolean enqueue(final Job job) {
        if (jobs.size() >= QUEUE_MAX || random.chance(refusePpm.getAsInt())) {
            return false;
        }
        jobs.addLast(job);
        schedule();
        return true;
    }

    private void schedule() {
        if (!isScheduled) {
            isScheduled = true;
            final long slowNs = random.chance(SLOW_PPM) ? random.nextLong(SLOW_MAX_NS) : 0;
            final long sleepNs = Math.max(0, awakeAtNs.getAsLong() - clock.nowNs());
            clock.schedule(sleepNs + random.nextLong(DELAY_MAX_NS) + slowNs, this::turn);
        }
    }

    private void turn() {
        isScheduled = false;
        if (isStopped) {
            return;
        }
        if (clock.nowNs() < awakeAtNs.getAsLong()) {
            schedule();
            return;
        }
        guard.accept(work);
    }

    private void work() {
        for (int count = 1 + random.nextInt(8); count > 0 && !jobs.isEmpty() && !isStopped; count--) {
            perform(jobs.pollFirst());
        }
        if (!jobs.isEmpty()) {
            schedule();
        }
        afterwards.run();
    }

    private void perform(final Job job) {
        gate.standing = job.standing;
        switch (job.kind) {
            case EXECUTE -> {
                final int length = exactlyOnce.execute(
                        job.sequence, job.clientId, job.requestNumber, job.bytes, 0, job.bytes.capacity(), reply, 0);
                if (length != ExactlyOnce.STALE && job.standing != Standing.REPEATED) {
                    listener.onReply(exactlyOnce.replySequence(), job.clientId, job.requestNumber, reply, 0, length);
                }
            }
            case READ -> {
                final int length = exactlyOnce.read(job.clientId, job.bytes, 0, job.bytes.capacity(), reply, 0);
                readListener.onRead(job.sequence, reply, 0, length);
            }
            case CONFIRM -> gate.release();
            case ROLL_BACK -> {
                exactlyOnce.restore(job.bytes, 0, job.bytes.capacity());
                listener.onRolledBack(job.sequence);
            }
            case CHECKPOINT -> {
                final ExpandableArrayBuffer snapshot = new ExpandableArrayBuffer();
                listener.onCheckpoint(job.sequence, snapshot, 0, exactlyOnce.snapshot(snapshot, 0));
            }
            case RESTORE -> {
                boolean accepted = true;
                try {
                    exactlyOnce.restore(job.bytes, 0, job.bytes.capacity());
                } catch (final IllegalArgumentException refused) {
                    accepted = false;
                }
                listener.onRestored(job.sequence, accepted);
            }
        }
    }

    private static UnsafeBuffer copy(final DirectBuffer bytes, final int offset, final int lengthBytes) {
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[lengthBytes]);
        bytes.getBytes(offset, copy, 0, lengthBytes);
        return copy;
    }
}
