package io.quorate.benchmarks.sides;

import io.quorate.engine.ThreadingMode;
import java.nio.file.Path;

/** The three sides, in the order of the report. */
public enum SideName {
    PBFT("pBFT"),
    AERON_CLUSTER("Aeron Cluster"),
    PING_PONG("Aeron ping-pong");

    private final String title;

    SideName(final String title) {
        this.title = title;
    }

    public String title() {
        return title;
    }

    Side launch(final Path folder, final Gate gate, final ThreadingMode threading) {
        return switch (this) {
            case PBFT -> new PbftSide(folder, gate, threading);
            case AERON_CLUSTER -> new AeronClusterSide(folder, gate);
            case PING_PONG -> new PingPongSide(folder, gate);
        };
    }
}
