package io.quorate.kernels;

import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.SymmetricAttention;
import io.quorate.kernels.attention.SymmetricScratch;
import io.quorate.kernels.gossip.NeighbourAverage;
import io.quorate.kernels.gossip.Neighbourhoods;
import io.quorate.kernels.graph.Centrality;
import io.quorate.kernels.graph.GraphRope;
import io.quorate.kernels.graph.PeerGraph;
import io.quorate.kernels.graph.Resistance;
import io.quorate.kernels.graph.RopeAngles;
import io.quorate.kernels.graph.RopeTable;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.similarity.Neighbours;
import io.quorate.kernels.similarity.TopK;
import io.quorate.kernels.similarity.TopKScratch;
import io.quorate.kernels.similarity.UnitRows;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Lines of {@link KernelDigests}: symmetric attention, graphs and their turns, neighbour averages, and the nearest rows. */
final class MeshDigests {
    private static final int NODES = 9;

    private MeshDigests() {}

    static Map<String, KernelDigests.Case> cases() {
        final Map<String, KernelDigests.Case> cases = new LinkedHashMap<>();
        cases.put("symmetric 1x1x1", symmetric(1, 1, 1, 1.0f));
        cases.put("symmetric 4x8x48", symmetric(4, 8, 48, 32.0f));
        cases.put("symmetric 13x3x17", symmetric(13, 3, 17, 12.0f));
        cases.put("symmetric 40x2x20", symmetric(40, 2, 20, 8.0f));
        cases.put("symmetric 207x1x48", symmetric(207, 1, 48, 4.0f));
        cases.put("graph numbers", MeshDigests::graphNumbers);
        cases.put("rope resistance", rope(RopeAngles.ofResistance(graph(), 12, 0.7, 1.25)));
        cases.put("rope centrality", rope(RopeAngles.ofCentrality(graph(), 12, 0.7, 1.25)));
        cases.put("gossip", MeshDigests::gossip);
        cases.put("top-k", MeshDigests::topK);
        return cases;
    }

    /** Two routes of different weight, a tail, and a component of its own. */
    private static PeerGraph graph() {
        return new PeerGraph.Builder(NODES)
                .edge(0, 1)
                .edge(1, 2, 2.0)
                .edge(0, 3, 0.5)
                .edge(3, 2, 3.0)
                .edge(2, 4, 0.3)
                .edge(4, 5, 1.7)
                .edge(1, 5, 0.9)
                .edge(6, 7, 2.5)
                .build();
    }

    private static KernelDigests.Case symmetric(final int rows, final int heads, final int headDim, final float scale) {
        final AttentionShape shape = new AttentionShape(rows, rows, heads, headDim, scale);
        return (primitives, bits) -> {
            final FloatMatrix x = FloatMatrix.allocate(rows, shape.modelDim());
            try (UnitRows units = new UnitRows(primitives)) {
                units.normalize(KernelDigests.invented(11, rows, shape.modelDim(), 3.0f), x);
            }
            final FloatMatrix v = KernelDigests.invented(12, rows, shape.modelDim(), 5.0f);
            final FloatMatrix out = FloatMatrix.allocate(rows, shape.modelDim());
            final AttentionSummary summary = new AttentionSummary(rows);
            try (SymmetricScratch scratch = SymmetricScratch.forShape(shape, 1)) {
                new SymmetricAttention(primitives).attend(shape, x, v, out, summary, scratch);
            }
            bits.add(out);
            bits.add(summary.influences());
        };
    }

    private static void graphNumbers(final Primitives primitives, final KernelDigests.Bits bits) {
        final Centrality centrality = Centrality.of(graph());
        final Resistance resistance = Resistance.of(graph());
        for (int node = 0; node < NODES; node++) {
            bits.add(centrality.betweenness(node));
            for (int other = 0; other < NODES; other++) {
                bits.add(resistance.between(node, other));
            }
        }
    }

    private static KernelDigests.Case rope(final RopeAngles angles) {
        return (primitives, bits) -> {
            final FloatMatrix rows = KernelDigests.invented(13, NODES, 2 * 2 * angles.pairs(), 2.0f);
            final FloatMatrix out = FloatMatrix.allocate(rows.rows(), rows.cols());
            try (RopeTable table = new RopeTable(angles)) {
                new GraphRope(primitives).rotate(table, rows, out);
            }
            bits.add(out);
        };
    }

    private static void gossip(final Primitives primitives, final KernelDigests.Bits bits) {
        final FloatMatrix rows = KernelDigests.invented(14, NODES, 53, 4.0f);
        final FloatMatrix out = FloatMatrix.allocate(rows.rows(), rows.cols());
        final int[] nodes = new int[NODES];
        Arrays.setAll(nodes, node -> node);
        try (NeighbourAverage average = new NeighbourAverage(primitives, Neighbourhoods.complete(NODES), rows.cols())) {
            average.run(rows, nodes, 2, 3, out);
            bits.add(average.spread(out));
        }
        bits.add(out);
    }

    private static void topK(final Primitives primitives, final KernelDigests.Bits bits) {
        final FloatMatrix rows = KernelDigests.invented(15, 301, 67, 2.0f);
        final FloatMatrix queries = KernelDigests.invented(16, 3, 67, 2.0f);
        final Neighbours found = new Neighbours(3, 7);
        try (TopKScratch scratch = new TopKScratch(3, 67, 7, 1)) {
            new TopK(primitives).find(rows, queries, 7, found, scratch);
        }
        for (int query = 0; query < 3; query++) {
            for (int rank = 0; rank < 7; rank++) {
                bits.add(found.row(query, rank));
                bits.add(found.cosine(query, rank));
            }
        }
    }
}
