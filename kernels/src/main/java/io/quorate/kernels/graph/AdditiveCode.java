package io.quorate.kernels.graph;

import io.quorate.kernels.memory.FloatMatrix;

/**
 * The formula of the mission's sample, for comparison only: x_i + 0.1 (sin(degree f_i) + cos(100 betweenness f_i)) with
 * f_i = 10000^(-i / dim). It is no rotation: norms grow, products do not depend on a difference of positions, and nodes of equal
 * degree and betweenness get one code. {@link GraphRope} is the encoding.
 */
public final class AdditiveCode {
    private static final double SHARE = 0.1;

    private AdditiveCode() {}

    /**
     * Adds its code to each node's row.
     *
     * @param source one row for each node
     * @param out of the same shape; may be {@code source}
     * @throws IllegalArgumentException if the shapes do not fit
     */
    public static void add(final PeerGraph graph, final FloatMatrix source, final FloatMatrix out) {
        if (source.rows() != graph.nodes() || out.rows() != source.rows() || out.cols() != source.cols()) {
            throw new IllegalArgumentException("both matrices have a row for each of the " + graph.nodes()
                    + " nodes and equal shapes, given " + source.rows() + " x " + source.cols() + " and " + out.rows()
                    + " x " + out.cols());
        }
        final Centrality centrality = Centrality.of(graph);
        for (int node = 0; node < graph.nodes(); node++) {
            final double far = RopeAngles.betweennessFactor() * centrality.betweenness(node);
            for (int i = 0; i < source.cols(); i++) {
                final double frequency = RopeAngles.frequency(i, source.cols());
                final double code =
                        StrictMath.sin(centrality.degree(node) * frequency) + StrictMath.cos(far * frequency);
                out.set(node, i, (float) (source.get(node, i) + SHARE * code));
            }
        }
    }
}
