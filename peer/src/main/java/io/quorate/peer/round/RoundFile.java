package io.quorate.peer.round;

import io.quorate.engine.coordination.Topology;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A round as a file gives it: what each peer says, and settings. docs/protocols/decision.md describes the format; whatever is
 * not in it is refused with its place in the file.
 *
 * @param peers in the order of the file, at least one
 * @param topology who is connected with whom, by place in the list; used by the modes that know a graph. All with all unless the file
 *     says otherwise
 * @param rope how mode topology uses the graph; {@link Topology.Rope#DEFAULT} unless the file says otherwise
 * @param heads 8 unless the file says otherwise; divides the dimension
 * @param faultTolerance 0.33 unless the file says otherwise
 * @param gossipRounds 3 unless the file says otherwise
 * @param grouping {@code exact} or {@code near}
 */
public record RoundFile(
        List<Peer> peers,
        Topology topology,
        Topology.Rope rope,
        int heads,
        double faultTolerance,
        int gossipRounds,
        String grouping) {
    /** Length of a vector that comes from the content. */
    public static final int EMBEDDER_DIMENSION = 384;

    /**
     * One peer.
     *
     * @param embedding its vector, or null in every peer of the file: then the vector comes from the content
     */
    public record Peer(String id, String type, String content, float[] embedding) {}

    public RoundFile {
        peers = List.copyOf(peers);
    }

    /**
     * Reads a file.
     *
     * @throws IllegalArgumentException in one line that names the file, line, column and path of what is wrong
     */
    public static RoundFile read(final Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return read(in, file.toString());
        }
    }

    /**
     * As {@link #read(Path)}, from a stream.
     *
     * @param source what to call the stream in errors
     */
    public static RoundFile read(final InputStream in, final String source) throws IOException {
        return new RoundFileReader(source).read(in);
    }

    /** Floats in each vector. */
    public int dimension() {
        return hasEmbeddings() ? peers.get(0).embedding().length : EMBEDDER_DIMENSION;
    }

    /** True if the file gives the vectors, false if they come from the contents. */
    public boolean hasEmbeddings() {
        return peers.get(0).embedding() != null;
    }
}
