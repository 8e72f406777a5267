package io.quorate.kernels.parallel;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed number of threads that do one piece of work together: the caller's own and {@code threads - 1} daemon workers. The
 * kernels split their work by worker index in a way that no bit of the result depends on how many workers there are.
 *
 * <p>Between calls a worker spins, then yields, for some hundred microseconds, and then parks, so calls that follow closely start
 * at once and an idle team burns nothing. More workers than free cores make every call wait for the operating system.
 *
 * <p>Owned by whoever computes; one call at a time. A call allocates nothing.
 */
public final class KernelTeam implements AutoCloseable {
    /** More than this on one memory bus only queue up. */
    public static final int THREADS_MAX = 256;

    /** Pauses before a thread begins to yield: a few microseconds. */
    private static final int SPINS = 200;

    /**
     * Spins and yields before a thread parks: some hundred microseconds. Where the operating system has put both sides on one
     * core, a yield lets the other one run at once; a pause would keep it waiting, and parking costs it a wake-up a call.
     */
    private static final int WAITS = SPINS + 400;

    private final Worker[] workers;
    private final Throwable[] failures;
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicBoolean isBusy = new AtomicBoolean();

    /** Written before the ticket is, read after it was. */
    private Task task;

    private Thread caller;
    private volatile int ticket;
    private volatile boolean isCallerParked;
    private volatile boolean isClosed;

    /** One piece of work, split by worker. Must leave the combination of the parts to the caller, or to memory of its own. */
    @FunctionalInterface
    public interface Task {
        /** @param worker 0 to threads - 1, each once a call; 0 on the calling thread */
        void run(int worker);
    }

    /**
     * Starts the workers.
     *
     * @param threads 1 to {@link #THREADS_MAX}, the caller's included
     */
    @SuppressWarnings(
            "ThreadStartInConstructor") // The class is final, and a worker reads only what is set before it starts.
    public KernelTeam(final int threads) {
        if (threads < 1 || threads > THREADS_MAX) {
            throw new IllegalArgumentException("a team has 1 to " + THREADS_MAX + " threads, given " + threads);
        }
        workers = new Worker[threads - 1];
        failures = new Throwable[threads];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
        }
        boolean isComplete = false;
        try {
            for (final Worker worker : workers) {
                worker.thread.start();
            }
            isComplete = true;
        } finally {
            if (!isComplete) {
                // The system gave fewer threads than asked for: those that started must not wait for ever.
                close();
            }
        }
    }

    public int threads() {
        return workers.length + 1;
    }

    /**
     * Runs the task once for each worker and returns when all are done. What the workers wrote is then visible to the caller.
     *
     * @throws IllegalStateException if the team is closed or in the middle of a call
     * @throws RuntimeException the failure of the lowest worker that failed, or Error, after all are done
     */
    public void run(final Task work) {
        if (!isBusy.compareAndSet(false, true)) {
            throw new IllegalStateException("the team is in the middle of a call; it takes one at a time");
        }
        try {
            if (isClosed) {
                throw new IllegalStateException("the team has been closed");
            }
            start(work);
            attempt(work, 0);
            awaitWorkers();
            rethrow();
        } finally {
            task = null;
            caller = null;
            isBusy.set(false);
        }
    }

    /** Ends the workers; a second call has no effect. Waits until they are gone. */
    @Override
    public void close() {
        if (!isBusy.compareAndSet(false, true)) {
            throw new IllegalStateException("the team is in the middle of a call and cannot be closed");
        }
        isClosed = true;
        boolean isInterrupted = false;
        for (final Worker worker : workers) {
            LockSupport.unpark(worker.thread);
            isInterrupted |= join(worker.thread);
        }
        isBusy.set(false);
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void start(final Task work) {
        task = work;
        caller = Thread.currentThread();
        unfinished.set(workers.length);
        final int next = ticket + 1;
        ticket = next;
        for (final Worker worker : workers) {
            if (worker.isParked) {
                LockSupport.unpark(worker.thread);
            }
        }
    }

    private void awaitWorkers() {
        for (int wait = 0; unfinished.get() > 0 && wait < WAITS; wait++) {
            pause(wait);
        }
        if (unfinished.get() > 0) {
            isCallerParked = true;
            while (unfinished.get() > 0) {
                LockSupport.park(this);
                Thread.onSpinWait();
            }
            isCallerParked = false;
        }
    }

    private static void pause(final int waited) {
        if (waited < SPINS) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }

    /** The failure of the lowest worker; all are forgotten. */
    private void rethrow() {
        Throwable first = null;
        for (int i = failures.length - 1; i >= 0; i--) {
            first = failures[i] == null ? first : failures[i];
            failures[i] = null;
        }
        if (first instanceof Error error) {
            throw error;
        }
        if (first instanceof RuntimeException exception) {
            throw exception;
        }
        if (first != null) {
            throw new IllegalStateException("a worker failed", first);
        }
    }

    private void attempt(final Task work, final int worker) {
        try {
            work.run(worker);
        } catch (final Throwable e) {
            failures[worker] = e;
        }
    }

    private static boolean join(final Thread thread) {
        boolean isInterrupted = false;
        while (true) {
            try {
                thread.join();
                return isInterrupted;
            } catch (final InterruptedException e) {
                isInterrupted = true;
            }
        }
    }

    private final class Worker implements Runnable {
        private final int index;
        private final Thread thread;
        private volatile boolean isParked;

        Worker(final int index) {
            this.index = index;
            thread = new Thread(this, "quorate-kernel-" + index);
            thread.setDaemon(true);
        }

        @Override
        public void run() {
            int seen = 0;
            while (awaitTicket(seen)) {
                seen++;
                final Thread waiting = caller;
                attempt(task, index);
                if (unfinished.decrementAndGet() == 0 && isCallerParked) {
                    LockSupport.unpark(waiting);
                }
            }
        }

        /** Returns true when there is work, false when the team is closed. */
        private boolean awaitTicket(final int seen) {
            for (int wait = 0; ticket == seen && !isClosed && wait < WAITS; wait++) {
                pause(wait);
            }
            if (ticket == seen && !isClosed) {
                isParked = true;
                while (ticket == seen && !isClosed) {
                    LockSupport.park(KernelTeam.this);
                }
                isParked = false;
            }
            return ticket != seen;
        }
    }
}
