package io.quorate.peer.compute;

import io.quorate.kernels.graph.GraphRope;
import io.quorate.kernels.graph.PeerGraph;
import io.quorate.kernels.graph.RopeAngles;
import io.quorate.kernels.graph.RopeTable;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.peer.format.NpyFile;
import io.quorate.peer.format.NpyOutputs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Rotary position encoding of rows by the nodes of a graph. */
@Command(
        name = "rope",
        description = "Turn the rows of a matrix by their places in a graph (GraphRoPE).",
        footer = {
            "",
            "Row i of X belongs to node i of the graph (compute graph --help). Of each head,",
            "which has d / H floats, floats 2p and 2p + 1 are turned by the angle of node i",
            "and pair p. For queries and keys, not for values. Angles, with sigma_p = S R^-p:",
            "  resistance  from edge-keyed noise: the product of a query of node i and a key",
            "              of node j is expected to be exp(-sigma_p^2 R_ij / 2) times the",
            "              plain one, R_ij being their effective resistance",
            "  centrality  sigma_p 10000^(-2p / (d / H)) times the degree (even p) or 100",
            "              times the betweenness (odd p)",
            "With --sigma 0 the rows are copied. Example:",
            "  compute rope --in X.npy --graph G.json --heads 8 --sigma 0.5 --out Y.npy"
        })
public final class RopeCommand implements Callable<Integer> {
    /** What the angles come from. */
    enum Mode {
        RESISTANCE,
        CENTRALITY;

        /** As it is written on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--in", paramLabel = "X.npy", required = true, description = "Rows, nodes x d.")
    private Path inFile;

    @Option(
            names = "--graph",
            paramLabel = "G.json",
            required = true,
            description = "The graph; - reads standard input.")
    private String graphFile;

    @Option(names = "--heads", paramLabel = "H", required = true, description = "Number of heads; d / H is even.")
    private int heads;

    @Option(names = "--sigma", paramLabel = "S", required = true, description = "How far rows turn; 0 or more.")
    private double sigma;

    @Option(
            names = "--ladder",
            paramLabel = "R",
            defaultValue = "1",
            description = "Each pair turns R times less far than the one before; 1, the default, all alike.")
    private double ladder;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "resistance",
            description = "What the angles come from: resistance (the default) or centrality.")
    private Mode mode;

    @Option(names = "--out", paramLabel = "Y.npy", required = true, description = "Where the rows go, nodes x d.")
    private Path outFile;

    @Mixin
    private KernelOptions kernel;

    @Override
    public Integer call() throws IOException {
        final GraphRope rope = new GraphRope(kernel.primitives());
        try (Arena arena = Arena.ofShared();
                NpyOutputs outputs = NpyOutputs.at(outFile)) {
            final PeerGraph graph = GraphFile.read(graphFile);
            final FloatMatrix rows = NpyFile.readMatrix(inFile, arena);
            final int pairs = pairs(rows, graph);
            final RopeAngles angles = mode == Mode.CENTRALITY
                    ? RopeAngles.ofCentrality(graph, pairs, sigma, ladder)
                    : RopeAngles.ofResistance(graph, pairs, sigma, ladder);
            final FloatMatrix out = FloatMatrix.allocate(rows.rows(), rows.cols());
            try (RopeTable table = new RopeTable(angles)) {
                rope.rotate(table, rows, out);
            }
            outputs.write(outFile, out);
            outputs.commit();
        }
        kernel.report();
        return 0;
    }

    private int pairs(final FloatMatrix rows, final PeerGraph graph) {
        if (rows.rows() != graph.nodes()) {
            throw new IllegalArgumentException(inFile + " must have a row for each node of the graph, given "
                    + rows.rows() + " rows and " + graph.nodes() + " nodes");
        }
        if (heads < 1 || rows.cols() % (2L * heads) != 0) {
            throw new IllegalArgumentException("--heads must divide the number of columns into heads of an even length,"
                    + " given " + heads + " heads and " + rows.cols() + " columns");
        }
        return rows.cols() / heads / 2;
    }
}
