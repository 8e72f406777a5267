package io.quorate.benchmarks.sides;

import java.time.Duration;

/** Ends a loop that waits for what never comes. */
final class Deadline {
    private static final long PATIENCE_NS = Duration.ofSeconds(30).toNanos();

    private final long startNs = System.nanoTime();
    private final String complaint;

    Deadline(final String complaint) {
        this.complaint = complaint;
    }

    /** @throws IllegalStateException once the time is over */
    void check() {
        if (System.nanoTime() - startNs > PATIENCE_NS) {
            throw new IllegalStateException(complaint + " within " + PATIENCE_NS / 1_000_000_000 + " s");
        }
    }
}
