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

    Side launch(final Place place, final Gate gate) {
        return switch (this) {
            case PBFT -> new PbftSide(place, gate, "tagged");
            case PBFT_SIGNED -> new PbftSide(place, gate, "signed");
            case AERON_CLUSTER -> new AeronClusterSide(place, gate);
            case PING_PONG -> new PingPongSide(place.memory(), gate);
        };
    }

    /**
     * Where and how a side runs.
     *
     * @param memory a folder for drivers
     * @param data a folder for what a group orders: on a disk if it is to be durable
     * @param threading of our engines
     * @param isDurable whether files are forced before anything counts
     */
    public record Place(Path memory, Path data, ThreadingMode threading, boolean isDurable) {}
}
