package io.quorate.benchmarks.compare;

/** One way to compute the attention of a {@link Workload}, with its inputs and outputs in place: ready to be timed. */
public interface Contender extends AutoCloseable {
    /** One whole attention call. */
    void call();

    /** Copies one row of the last call's output, all heads side by side. */
    void outputRow(int row, float[] target);

    @Override
    void close();
}
