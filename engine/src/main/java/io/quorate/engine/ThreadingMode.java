package io.quorate.engine;

/** How the engine's agents share threads. More busy threads than cores costs a hundredfold in latency, so the default counts cores. */
public enum ThreadingMode {
    /** Consensus and kernels on a thread each, and the media driver on its own. */
    DEDICATED,
    /** Consensus, kernels and the media driver on one thread that the engine starts. */
    SHARED,
    /** No thread at all: the embedder calls {@link ConsensusEngine#doWork()}. */
    INVOKER;

    private static final int DEDICATED_CORES_MIN = 4;

    /** The mode for a machine with so many cores free for this peer. */
    static ThreadingMode forCores(final int coreCount) {
        return coreCount >= DEDICATED_CORES_MIN ? DEDICATED : SHARED;
    }
}
