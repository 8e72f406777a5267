package io.quorate.kernels;

/**
 * One call of one kernel, or of a few that belong together, on invented inputs of its own: what {@link KernelWarmup} repeats. An
 * implementation prepares inputs, results and scratch in its constructor and allocates nothing in {@link #call}.
 */
interface KernelCall extends AutoCloseable {
    /** Runs the kernels once, on the thread that warms up. */
    void call();

    /** Gives memory and threads back. */
    @Override
    default void close() {}
}
