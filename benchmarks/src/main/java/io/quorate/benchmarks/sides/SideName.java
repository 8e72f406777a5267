package io.quorate.benchmarks.sides;

import io.quorate.engine.ThreadingMode;
import java.nio.file.Path;

/** The sides, in the order of the report. */
public enum SideName {
    PBFT("pBFT"),
    PBFT_SIGNED("pBFT, signed"),
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
            case PBFT -> new PbftSide(folder, gate, threading, "tagged");
            case PBFT_SIGNED -> new PbftSide(folder, gate, threading, "signed");
            case AERON_CLUSTER -> new AeronClusterSide(folder, gate);
            case PING_PONG -> new PingPongSide(folder, gate);
        };
    }
}
