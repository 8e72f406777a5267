package io.quorate.benchmarks.compare;

/**
 * A kernel that takes part in {@code bench kernels}: one of ours, or a peer library. Peers are found by
 * {@link java.util.ServiceLoader}; they are there only if Maven's profile {@code compare} was built.
 */
public interface ContenderSource {
    /** The name in the table, on the command line and in JSON. */
    String name();

    /** One sentence for below the table: what runs, in which version, with which settings. May load the library. */
    String description();

    /** True if it computes Q = K = unit rows, as the coordinator does, instead of three separate matrices. */
    default boolean isSymmetric() {
        return false;
    }

    /** Whether it takes part when nobody asked for it by name. A call of the slow ones takes seconds at large n. */
    default boolean isDefault(final int n) {
        return true;
    }

    /** @throws IllegalStateException if the library refuses */
    Contender open(Workload workload, int threads);
}
