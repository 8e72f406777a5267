package io.quorate.peer.compute;

import io.quorate.kernels.parallel.KernelTeam;
import picocli.CommandLine.Option;

/** How many threads compute: the option of the commands whose kernels can share their work out. */
final class ThreadOptions {
    @Option(
            names = "--threads",
            paramLabel = "T",
            defaultValue = "1",
            description = "Threads that share the work, 1 if not given. Moves no bit of a result.")
    private int threads;

    int threads() {
        return threads;
    }

    /**
     * The threads; to be closed.
     *
     * @throws IllegalArgumentException if the number is none
     */
    KernelTeam team() {
        if (threads < 1 || threads > KernelTeam.THREADS_MAX) {
            throw new IllegalArgumentException(
                    "--threads must be within 1.." + KernelTeam.THREADS_MAX + ", given " + threads);
        }
        return new KernelTeam(threads);
    }
}
