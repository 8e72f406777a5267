package io.quorate.engine.coordination;

import io.quorate.engine.quorum.Quorum;
import io.quorate.kernels.gossip.Neighbourhoods;
import io.quorate.kernels.graph.PeerGraph;
import io.quorate.kernels.graph.RopeAngles;
import io.quorate.transport.auth.Digest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Who of a group is connected with whom, and how well: undirected connections between peer ids, each with a weight, which is a
 * conductance. Belongs to the group. Canonical: the order and the direction in which connections are given do not matter.
 * Immutable.
 */
public final class Topology {
    /** Weights stay where squares and sums of them neither overflow nor vanish. */
    public static final double WEIGHT_MIN = 1e-100;

    public static final double WEIGHT_MAX = 1e100;

    private static final Pattern CONNECTION = Pattern.compile("([0-9]{1,3})-([0-9]{1,3})(?::([0-9.eE+-]{1,32}))?");
    private static final int RECORD_LENGTH = 2 * Short.BYTES + Double.BYTES;

    private final int peerCount;
    private final int[] from;
    private final int[] to;
    private final double[] weights;

    /**
     * How the graph turns queries and keys in mode topology; see {@link RopeAngles}.
     *
     * @param sigma strength, 0 (not at all) to {@value #SIGMA_MAX}
     * @param ladder 1 (every rotary pair alike) to {@value #LADDER_MAX}; pair p has the strength sigma x ladder^-p
     */
    public record Rope(Rope.Mode mode, double sigma, double ladder) {
        public static final double SIGMA_MAX = 1000;
        public static final double LADDER_MAX = 1000;
        public static final Rope DEFAULT = new Rope(Mode.RESISTANCE, 1, 1);

        /** Where angles come from. The order of the constants is part of the decision's encoding. */
        public enum Mode {
            /** Effective resistance: what is connected badly is far. */
            RESISTANCE,
            /** Degree and betweenness: who has the same place in the graph is near. */
            CENTRALITY;

            /** As people and files write it. */
            public String label() {
                return name().toLowerCase(Locale.ROOT);
            }

            /** @throws IllegalArgumentException if no mode has this label */
            public static Mode of(final String label) {
                for (final Mode mode : values()) {
                    if (mode.label().equals(label)) {
                        return mode;
                    }
                }
                throw new IllegalArgumentException("the rope's mode is resistance or centrality, given " + label);
            }
        }

        /** @throws IllegalArgumentException if a setting is out of its range */
        public Rope {
            require(mode != null, "the rope's mode is missing");
            require(sigma >= 0 && sigma <= SIGMA_MAX, "sigma is 0 to " + SIGMA_MAX + ", given " + sigma);
            require(ladder >= 1 && ladder <= LADDER_MAX, "the ladder is 1 to " + LADDER_MAX + ", given " + ladder);
        }
    }

    /**
     * One connection.
     *
     * @param weight how well it connects; 0 is no connection
     */
    public record Connection(int from, int to, double weight) {}

    private Topology(final int peerCount, final TreeMap<Integer, Double> connections) {
        this.peerCount = peerCount;
        final int[] pairs = connections.keySet().stream()
                .filter(pair -> connections.get(pair) > 0)
                .mapToInt(Integer::intValue)
                .toArray();
        from = Arrays.stream(pairs).map(pair -> pair / peerCount).toArray();
        to = Arrays.stream(pairs).map(pair -> pair % peerCount).toArray();
        weights = Arrays.stream(pairs).mapToDouble(connections::get).toArray();
    }

    /** Each peer with every other one, with weight 1. */
    public static Topology complete(final int peerCount) {
        final TreeMap<Integer, Double> connections = new TreeMap<>();
        for (int i = 0; i < peerCount; i++) {
            for (int j = i + 1; j < peerCount; j++) {
                connections.put(i * peerCount + j, 1.0);
            }
        }
        return new Topology(peerCount, connections);
    }

    /**
     * The given connections; a pair may be given twice with the same weight.
     *
     * @throws IllegalArgumentException that names the connection: an end is no peer, both ends are one, the weight is negative,
     *     not finite or out of range, or the pair has another weight, too
     */
    public static Topology of(final int peerCount, final List<Connection> connections) {
        final TreeMap<Integer, Double> known = new TreeMap<>();
        for (final Connection one : connections) {
            final String name = "connection " + one.from + "-" + one.to;
            require(
                    Math.min(one.from, one.to) >= 0 && Math.max(one.from, one.to) < peerCount,
                    name + " joins a peer that is not there: peers are 0 to " + (peerCount - 1));
            require(one.from != one.to, name + " joins a peer with itself");
            require(
                    one.weight == 0 || one.weight >= WEIGHT_MIN && one.weight <= WEIGHT_MAX,
                    name + " has the weight " + one.weight + ", allowed are 0 and " + WEIGHT_MIN + " to " + WEIGHT_MAX);
            final int pair = Math.min(one.from, one.to) * peerCount + Math.max(one.from, one.to);
            final Double before = known.put(pair, one.weight);
            require(
                    before == null || before == one.weight,
                    name + " is given twice, with the weights " + before + " and " + one.weight);
        }
        return new Topology(peerCount, known);
    }

    /**
     * Reads connections such as {@code 0-1 0-2:0.5}, separated by blanks; the weight is 1 if it is left out.
     *
     * @throws IllegalArgumentException as {@link #of}, or if a word is no connection
     */
    public static Topology parse(final int peerCount, final String text) {
        return of(
                peerCount,
                Arrays.stream(text.split(" +"))
                        .filter(word -> !word.isEmpty())
                        .map(Topology::connection)
                        .toList());
    }

    public int peerCount() {
        return peerCount;
    }

    /** Pairs of connected peers. */
    public int connectionCount() {
        return from.length;
    }

    /** Connections with from &lt; to, by rising from, then rising to. */
    public Connection connection(final int index) {
        return new Connection(from[index], to[index], weights[index]);
    }

    /** The graph without its weights. */
    public Neighbourhoods neighbourhoods() {
        return Neighbourhoods.of(peerCount, from, to);
    }

    /** The angles of every peer for heads of {@code pairs} rotary pairs. */
    RopeAngles angles(final Rope rope, final int pairs) {
        final PeerGraph.Builder graph = new PeerGraph.Builder(peerCount);
        for (int k = 0; k < from.length; k++) {
            graph.edge(from[k], to[k], weights[k]);
        }
        return rope.mode == Rope.Mode.RESISTANCE
                ? RopeAngles.ofResistance(graph.build(), pairs, rope.sigma, rope.ladder)
                : RopeAngles.ofCentrality(graph.build(), pairs, rope.sigma, rope.ladder);
    }

    /** True if every peer is connected with every other one. */
    public boolean isComplete() {
        return from.length == peerCount * (peerCount - 1) / 2;
    }

    /**
     * The lowest peer that has too few neighbours for trimmed averages to hold against f liars: 2f + 1 are needed, though a peer
     * that is alone in its group needs none. -1 if all have enough.
     */
    public int peerBelow(final int faulty) {
        final int[] degrees = new int[peerCount];
        for (int k = 0; k < from.length; k++) {
            degrees[from[k]]++;
            degrees[to[k]]++;
        }
        for (int peer = 0; peer < peerCount; peer++) {
            if (degrees[peer] < Quorum.neighboursToTrim(faulty) && peerCount > 1) {
                return peer;
            }
        }
        return -1;
    }

    /** What is wrong with a peer that {@link #peerBelow} found, by the name that people know it by. */
    public String complaint(final int peer, final String name, final int faulty) {
        final int degree = neighbourhoods().degree(peer);
        return "mode gossip: " + name + " has " + degree + (degree == 1 ? " neighbour" : " neighbours")
                + "; against f = " + faulty + (faulty == 1 ? " liar" : " liars")
                + " every peer needs at least 2f + 1 = "
                + Quorum.neighboursToTrim(faulty) + ": connect it to more peers, or lower the fault tolerance";
    }

    /** SHA-256 over each connection in order: from and to (uint16), weight (float64), all little-endian; first n (uint32). */
    public byte[] digest() {
        final ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + from.length * RECORD_LENGTH)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(peerCount);
        for (int k = 0; k < from.length; k++) {
            bytes.putShort((short) from[k]).putShort((short) to[k]).putDouble(weights[k]);
        }
        return Digest.sha256(bytes.array());
    }

    private static Connection connection(final String word) {
        final Matcher matcher = CONNECTION.matcher(word);
        require(matcher.matches(), "\"" + word + "\" is no connection: write FROM-TO or FROM-TO:WEIGHT");
        final String weight = matcher.group(3);
        try {
            return new Connection(
                    Integer.parseInt(matcher.group(1)),
                    Integer.parseInt(matcher.group(2)),
                    weight == null ? 1 : Double.parseDouble(weight));
        } catch (final NumberFormatException e) {
            throw new IllegalArgumentException("\"" + word + "\" has no number for its weight", e);
        }
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
