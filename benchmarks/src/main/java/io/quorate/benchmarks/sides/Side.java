package io.quorate.benchmarks.sides;

/**
 * One of the systems that {@code bench compare} measures, alone in its process. One thread, its benchmark's main thread, calls all
 * methods.
 */
public interface Side extends AutoCloseable {
    /** Bytes of a request's body, the same on every side. */
    int REQUEST_BYTES = 32;

    /**
     * Sends one request and works until its reply has been accepted, as this side's protocol demands.
     *
     * @throws IllegalStateException if there is no reply in time, or a wrong one
     */
    void request();

    /** Keeps connections alive while another side is measured; called about a hundred times a second. */
    void rest();

    /** What is measured, in one line. */
    String description();

    @Override
    void close();
}
