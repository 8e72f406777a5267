package io.quorate.kernels.graph;

import java.util.Arrays;

/**
 * The angle theta[i][p] of every node i and rotary pair p, in float64. All heads share the angles of pair p. Immutable.
 *
 * <p>Angles come from the graph alone: every replica that has the same graph has the same bits, whatever order the edges or the
 * peers came in.
 */
public final class RopeAngles {
    /** The most pairs of a head. */
    public static final int PAIRS_MAX = 1 << 14;

    private static final double BASE = 10_000.0;
    private static final double BETWEENNESS_FACTOR = 100.0;

    private final int nodes;
    private final int pairs;
    private final double[] angles;

    private RopeAngles(final int nodes, final int pairs) {
        if (pairs < 1 || pairs > PAIRS_MAX) {
            throw new IllegalArgumentException("a head has 1 to " + PAIRS_MAX + " rotary pairs, given " + pairs);
        }
        this.nodes = nodes;
        this.pairs = pairs;
        this.angles = new double[Math.multiplyExact(nodes, pairs)];
    }

    /**
     * Angles whose differences say how far apart two nodes are electrically:
     *
     * <pre>theta[., p] = sigma ladder^-p L+ B^T W^(1/2) z_p        z_p[e] ~ N(0, 1), keyed by the ids of edge e and p</pre>
     *
     * with B the incidence of the edges, directed from the smaller id to the greater, and W their weights. So
     * Var(theta_i - theta_j) = (sigma ladder^-p)^2 R_ij, and over the noise the expected product of a rotated query and a
     * rotated key is exp(-(sigma ladder^-p)^2 R_ij / 2) times the plain one: content counts the less the worse the two are
     * connected (construction C of docs/kernels/graph.md).
     *
     * <p>A component that does not hold node 0 is turned by a phase of its own for each p, uniform on the circle and keyed by
     * its smallest id: between components the expected product is 0. With sigma = 0 all angles are 0, phases included.
     *
     * @param pairs rotary pairs of a head, half its floats
     * @param sigma at least 0
     * @param ladder above 0; 1 gives every pair the same sigma
     * @throws IllegalArgumentException if a setting is outside its range, an angle is beyond float64, or the graph has more than
     *     {@link Resistance#NODES_MAX} nodes
     */
    public static RopeAngles ofResistance(
            final PeerGraph graph, final int pairs, final double sigma, final double ladder) {
        Resistance.requireSize(graph);
        requireSettings(sigma, ladder);
        final RopeAngles angles = new RopeAngles(graph.nodes(), pairs);
        if (sigma == 0.0) {
            return angles;
        }
        final int[] places = new int[graph.nodes()];
        for (int root = 0; root < graph.nodes(); root++) {
            if (graph.component(root) == root) {
                final GroundedFactor factor = new GroundedFactor(graph, Resistance.members(graph, root));
                for (int k = 0; k < factor.size(); k++) {
                    places[factor.member(k)] = k;
                }
                for (int pair = 0; pair < pairs; pair++) {
                    angles.fill(graph, factor, places, pair, sigma * StrictMath.pow(ladder, -pair));
                }
            }
        }
        angles.requireFinite();
        return angles;
    }

    private void fill(
            final PeerGraph graph,
            final GroundedFactor factor,
            final int[] places,
            final int pair,
            final double pairSigma) {
        final double[] x = new double[factor.size()];
        final int root = factor.member(0);
        for (int edge = 0; edge < graph.edges(); edge++) {
            if (graph.component(graph.lower(edge)) == root) {
                final double flow =
                        Math.sqrt(graph.weight(edge)) * EdgeNoise.deviate(graph.lower(edge), graph.upper(edge), pair);
                x[places[graph.lower(edge)]] += flow;
                x[places[graph.upper(edge)]] -= flow;
            }
        }
        factor.solve(x);
        final double phase = root == 0 ? 0.0 : EdgeNoise.phase(root, pair);
        for (int k = 0; k < x.length; k++) {
            angles[factor.member(k) * pairs + pair] = pairSigma * x[k] + phase;
        }
    }

    /**
     * Angles from degree and betweenness, the coordinates of the mission, in the axial form: even pairs turn by the degree, odd
     * pairs by 100 times the normalised betweenness, pair p at the frequency 10000^(-2p / headDim), all times
     * sigma ladder^-p. Nodes that a symmetry of the graph exchanges have the same angles, up to rounding.
     *
     * @throws IllegalArgumentException as {@link #ofResistance}, but for the size; or as {@link Centrality#of}
     */
    public static RopeAngles ofCentrality(
            final PeerGraph graph, final int pairs, final double sigma, final double ladder) {
        requireSettings(sigma, ladder);
        final RopeAngles angles = new RopeAngles(graph.nodes(), pairs);
        if (sigma == 0.0) {
            return angles;
        }
        final Centrality centrality = Centrality.of(graph);
        for (int pair = 0; pair < pairs; pair++) {
            final double frequency = frequency(2 * pair, 2 * pairs) * (sigma * StrictMath.pow(ladder, -pair));
            for (int node = 0; node < graph.nodes(); node++) {
                final double coordinate =
                        pair % 2 == 0 ? centrality.degree(node) : BETWEENNESS_FACTOR * centrality.betweenness(node);
                angles.angles[node * pairs + pair] = frequency * coordinate;
            }
        }
        angles.requireFinite();
        return angles;
    }

    /**
     * Angles given by the caller, for instance positions along a line.
     *
     * @param angles one row a node, one angle a pair
     * @throws IllegalArgumentException if rows are missing or differ in length, or an angle is not finite
     */
    public static RopeAngles of(final double[][] angles) {
        if (angles.length == 0) {
            throw new IllegalArgumentException("angles are for at least one node, given none");
        }
        final RopeAngles copy = new RopeAngles(angles.length, angles[0].length);
        for (int node = 0; node < angles.length; node++) {
            if (angles[node].length != copy.pairs) {
                throw new IllegalArgumentException(
                        "node " + node + " has " + angles[node].length + " angles, node 0 has " + copy.pairs);
            }
            System.arraycopy(angles[node], 0, copy.angles, node * copy.pairs, copy.pairs);
        }
        copy.requireFinite();
        return copy;
    }

    /** 10000^(-index / length). */
    static double frequency(final int index, final int length) {
        return StrictMath.pow(BASE, -(double) index / length);
    }

    static double betweennessFactor() {
        return BETWEENNESS_FACTOR;
    }

    public int nodes() {
        return nodes;
    }

    public int pairs() {
        return pairs;
    }

    public double angle(final int node, final int pair) {
        PeerGraph.requireNode(node, nodes);
        if (pair < 0 || pair >= pairs) {
            throw new IllegalArgumentException("rotary pairs are 0 to " + (pairs - 1) + ", given " + pair);
        }
        return angles[node * pairs + pair];
    }

    /** True if no node is turned at all. */
    public boolean isZero() {
        return Arrays.stream(angles).allMatch(angle -> angle == 0.0);
    }

    private static void requireSettings(final double sigma, final double ladder) {
        if (!(sigma >= 0.0) || Double.isInfinite(sigma)) {
            throw new IllegalArgumentException("sigma must be finite and at least 0, given " + sigma);
        }
        if (!(ladder > 0.0) || Double.isInfinite(ladder)) {
            throw new IllegalArgumentException("the ladder must be finite and above 0, given " + ladder);
        }
    }

    private void requireFinite() {
        for (int i = 0; i < angles.length; i++) {
            if (!Double.isFinite(angles[i])) {
                throw new IllegalArgumentException("the angle of node " + i / pairs + " in pair " + i % pairs
                        + " must be finite, and is " + angles[i]);
            }
        }
    }
}
