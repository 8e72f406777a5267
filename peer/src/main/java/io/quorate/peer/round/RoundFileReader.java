package io.quorate.peer.round;

import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.coordination.Topology;
import io.quorate.engine.quorum.Quorum;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/** Reads one {@link RoundFile}, field by field; the first thing that is wrong ends it with its place. */
final class RoundFileReader {
    private static final int ID_LENGTH_MAX = 256;
    private static final int HEADS_DEFAULT = 8;

    // NaN and infinity are no JSON; taken as tokens, they can be refused by name.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private final String source;
    private final List<RoundFile.Peer> peers = new ArrayList<>();
    private final List<Edge> edges = new ArrayList<>();
    private final Set<String> ids = new HashSet<>();
    private final Map<String, TokenStreamLocation> places = new HashMap<>();

    private JsonParser json;
    private String path = "";
    private boolean hasPeers;
    private boolean hasConnections;
    private boolean isStarted;
    private Topology.Rope rope = Topology.Rope.DEFAULT;
    private int heads = HEADS_DEFAULT;
    private double faultTolerance = 0.33;
    private int gossipRounds = 3;
    private String grouping = "exact";

    /** An entry of the topology before the number of peers is known. */
    private record Edge(long from, long to, double weight, TokenStreamLocation place, String path) {}

    RoundFileReader(final String source) {
        this.source = source;
    }

    RoundFile read(final InputStream in) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), in)) {
            json = parser;
            next();
            isStarted = true;
            requireToken(JsonToken.START_OBJECT, "an object");
            readFields("", "peers, topology, heads, faultTolerance, gossipRounds, grouping", this::rootField);
            path = "";
            if (!hasPeers) {
                throw wrong("the field \"peers\" is missing");
            }
            if (parser.nextToken() != null) {
                throw wrong("something follows the end of the object");
            }
            return finish();
        } catch (final JacksonException e) {
            if (!isStarted) {
                throw new IllegalArgumentException(
                        source
                                + ": is no JSON; a round is {\"peers\":[{\"id\",\"type\",\"content\",\"embedding\"?},...]}",
                        e);
            }
            final boolean isPlaced = e.getLocation() != null && e.getLocation().getLineNr() > 0;
            throw at(
                    isPlaced || json == null ? e.getLocation() : json.currentLocation(),
                    path,
                    "no valid JSON: " + firstLine(e.getOriginalMessage()));
        }
    }

    private RoundFile finish() {
        final RoundFile file = new RoundFile(peers, topology(), rope, heads, faultTolerance, gossipRounds, grouping);
        for (int i = 0; i < peers.size(); i++) {
            if ((peers.get(i).embedding() != null) != file.hasEmbeddings()) {
                final String peer = "peers[" + i + "]";
                throw at(
                        places.get(peer),
                        peer,
                        file.hasEmbeddings()
                                ? "has no embedding although peers[0] has one; give all peers one, or none"
                                : "has an embedding although peers[0] has none; give all peers one, or none");
            }
        }
        for (int i = 0; i < peers.size() && !file.hasEmbeddings(); i++) {
            if (peers.get(i).content().codePoints().allMatch(RoundFileReader::isSpace)) {
                final String content = "peers[" + i + "].content";
                throw at(
                        places.get(content),
                        content,
                        "has no character that is not white space, so no vector comes from it; give an embedding");
            }
        }
        if (file.dimension() % heads != 0) {
            final boolean isGiven = places.containsKey("heads");
            throw at(
                    isGiven ? places.get("heads") : places.get("peers[0]"),
                    isGiven ? "heads" : "peers[0]",
                    heads + " heads" + (isGiven ? "" : " (the default)") + " do not divide the dimension "
                            + file.dimension());
        }
        return file;
    }

    private boolean rootField(final String name) {
        switch (name) {
            case "peers":
                readPeers();
                return true;
            case "topology":
                requireToken(JsonToken.START_OBJECT, "an object");
                readFields("topology", "connections, rope", this::topologyField);
                return true;
            case "heads":
                places.put("heads", json.currentTokenLocation());
                heads = integer(1, CoordinatorContext.DIMENSION_MAX);
                return true;
            case "faultTolerance":
                faultTolerance = number();
                if (!(faultTolerance >= 0 && faultTolerance <= 1)) {
                    throw wrong("a share from 0 to 1, given " + json.getString());
                }
                return true;
            case "gossipRounds":
                gossipRounds = integer(0, CoordinatorContext.GOSSIP_ROUNDS_MAX);
                return true;
            case "grouping":
                grouping = text();
                if (!grouping.equals("exact") && !grouping.equals("near")) {
                    throw wrong("\"exact\" or \"near\", given \"" + shown(grouping) + "\"");
                }
                return true;
            default:
                return false;
        }
    }

    private void readPeers() {
        hasPeers = true;
        requireToken(JsonToken.START_ARRAY, "an array");
        while (next() != JsonToken.END_ARRAY) {
            path = "peers[" + peers.size() + "]";
            if (peers.size() == Quorum.PEER_COUNT_MAX) {
                throw wrong("one peer too many: a group has at most " + Quorum.PEER_COUNT_MAX + " peers");
            }
            requireToken(JsonToken.START_OBJECT, "an object");
            places.put(path, json.currentTokenLocation());
            peers.add(readPeer());
        }
        path = "peers";
        if (peers.isEmpty()) {
            throw wrong("is empty: a round has at least one peer");
        }
    }

    private RoundFile.Peer readPeer() {
        final String here = path;
        final TokenStreamLocation start = json.currentTokenLocation();
        final String[] texts = new String[3];
        final float[][] embedding = new float[1][];
        readFields(here, "id, type, content, embedding", name -> {
            switch (name) {
                case "id":
                    texts[0] = id();
                    return true;
                case "type":
                    texts[1] = text();
                    if (!PeerOutput.isType(texts[1])) {
                        throw wrong(
                                "at most " + PeerOutput.TYPE_LENGTH_MAX + " bytes of UTF-8 without control characters");
                    }
                    return true;
                case "content":
                    places.put(here + ".content", json.currentTokenLocation());
                    texts[2] = content();
                    return true;
                case "embedding":
                    embedding[0] = embedding();
                    return true;
                default:
                    return false;
            }
        });
        path = here;
        final String[] names = {"id", "type", "content"};
        for (int i = 0; i < names.length; i++) {
            if (texts[i] == null) {
                throw at(start, here, "the field \"" + names[i] + "\" is missing");
            }
        }
        return new RoundFile.Peer(texts[0], texts[1], texts[2], embedding[0]);
    }

    private String id() {
        final String id = text();
        if (id.isEmpty() || id.length() > ID_LENGTH_MAX || id.chars().anyMatch(Character::isISOControl)) {
            throw wrong("an id has 1 to " + ID_LENGTH_MAX + " characters, none of them a control character");
        }
        if (!ids.add(id)) {
            throw wrong("\"" + shown(id) + "\" is the id of an earlier peer, too");
        }
        return id;
    }

    private String content() {
        final String content = text();
        final int lengthBytes = content.getBytes(StandardCharsets.UTF_8).length;
        if (lengthBytes > CoordinatorContext.CONTENT_LENGTH_MAX) {
            throw wrong("at most " + CoordinatorContext.CONTENT_LENGTH_MAX + " bytes of UTF-8, given " + lengthBytes);
        }
        return content;
    }

    private float[] embedding() {
        requireToken(JsonToken.START_ARRAY, "an array of numbers");
        final String here = path;
        final TokenStreamLocation start = json.currentTokenLocation();
        final float[] first = peers.isEmpty() ? null : peers.get(0).embedding();
        final int lengthMax = first == null ? CoordinatorContext.DIMENSION_MAX : first.length;
        float[] numbers = new float[first == null ? RoundFile.EMBEDDER_DIMENSION : first.length];
        int length = 0;
        boolean isZero = true;
        while (next() != JsonToken.END_ARRAY) {
            path = here + "[" + length + "]";
            if (length == lengthMax) {
                throw wrong(
                        first == null
                                ? "an embedding has at most " + lengthMax + " numbers"
                                : "one number too many: peers[0].embedding has " + lengthMax);
            }
            if (length == numbers.length) {
                numbers = Arrays.copyOf(numbers, Math.min(lengthMax, 2 * length));
            }
            numbers[length] = component();
            isZero &= numbers[length] == 0;
            length++;
        }
        path = here;
        if (first != null && length != first.length) {
            throw at(start, here, "has " + length + " numbers, peers[0].embedding has " + first.length);
        }
        if (isZero) {
            throw at(start, here, length == 0 ? "is empty" : "is the zero vector, which has no direction");
        }
        return Arrays.copyOf(numbers, length);
    }

    private float component() {
        final double number = number();
        final float component = (float) number;
        if (!Float.isFinite(component)) {
            throw wrong(json.getString() + " is beyond float32, whose largest number is " + Float.MAX_VALUE);
        }
        return component;
    }

    private boolean topologyField(final String name) {
        if (name.equals("rope")) {
            requireToken(JsonToken.START_OBJECT, "an object");
            readFields("topology.rope", "mode, sigma, ladder", this::ropeField);
            return true;
        }
        if (!name.equals("connections")) {
            return false;
        }
        hasConnections = true;
        requireToken(JsonToken.START_ARRAY, "an array");
        while (next() != JsonToken.END_ARRAY) {
            path = "topology.connections[" + edges.size() + "]";
            edges.add(readEdge());
        }
        path = "topology.connections";
        return true;
    }

    private boolean ropeField(final String name) {
        try {
            switch (name) {
                case "mode":
                    rope = new Topology.Rope(Topology.Rope.Mode.of(text()), rope.sigma(), rope.ladder());
                    return true;
                case "sigma":
                    rope = new Topology.Rope(rope.mode(), number(), rope.ladder());
                    return true;
                case "ladder":
                    rope = new Topology.Rope(rope.mode(), rope.sigma(), number());
                    return true;
                default:
                    return false;
            }
        } catch (final IllegalArgumentException e) {
            throw e.getMessage().startsWith(source) ? e : wrong(shown(e.getMessage()));
        }
    }

    private Edge readEdge() {
        requireToken(JsonToken.START_ARRAY, "an array [from, to] or [from, to, weight]");
        final String here = path;
        final TokenStreamLocation start = json.currentTokenLocation();
        final double[] parts = {0, 0, 1};
        int length = 0;
        while (next() != JsonToken.END_ARRAY) {
            path = here + "[" + length + "]";
            if (length == parts.length) {
                throw wrong("a connection has at most from, to and weight");
            }
            parts[length] = length < 2 ? integer(0, Quorum.PEER_COUNT_MAX - 1) : number();
            if (length == 2 && parts[2] < 0) {
                throw wrong("a weight is 0 or more, given " + json.getString());
            }
            if (length == 2 && parts[2] != 0 && !(parts[2] >= Topology.WEIGHT_MIN && parts[2] <= Topology.WEIGHT_MAX)) {
                throw wrong("a weight is 0, or " + Topology.WEIGHT_MIN + " to " + Topology.WEIGHT_MAX + ", given "
                        + json.getString());
            }
            length++;
        }
        path = here;
        if (length < 2) {
            throw at(start, here, "a connection has at least from and to");
        }
        return new Edge((long) parts[0], (long) parts[1], parts[2], start, here);
    }

    /** Checks the edges against the number of peers; equal entries become one, weight 0 is no edge. */
    private Topology topology() {
        final Map<Long, Double> weights = new HashMap<>();
        final List<Topology.Connection> connections = new ArrayList<>();
        for (final Edge edge : edges) {
            for (final long end : new long[] {edge.from(), edge.to()}) {
                if (end >= peers.size()) {
                    throw at(
                            edge.place(),
                            edge.path(),
                            "peer " + end + " is not in the list: its peers are 0 to " + (peers.size() - 1));
                }
            }
            if (edge.from() == edge.to()) {
                throw at(edge.place(), edge.path(), "connects peer " + edge.from() + " with itself");
            }
            final long low = Math.min(edge.from(), edge.to());
            final long high = Math.max(edge.from(), edge.to());
            final Double before = weights.put(low * Quorum.PEER_COUNT_MAX + high, edge.weight());
            if (before != null && before != edge.weight()) {
                throw at(
                        edge.place(),
                        edge.path(),
                        "gives peers " + low + " and " + high + " the weight " + edge.weight() + ", an earlier one "
                                + before);
            }
            if (before == null && edge.weight() > 0) {
                connections.add(new Topology.Connection((int) low, (int) high, edge.weight()));
            }
        }
        return hasConnections ? Topology.of(peers.size(), connections) : Topology.complete(peers.size());
    }

    private interface Field {
        /** Reads the value that the parser stands on; false if there is no such field. */
        boolean read(String name);
    }

    private void readFields(final String parent, final String allowed, final Field field) {
        while (next() != JsonToken.END_OBJECT) {
            final String name = json.currentName();
            final TokenStreamLocation place = json.currentTokenLocation();
            path = parent.isEmpty() ? name : parent + "." + name;
            next();
            if (!field.read(name)) {
                throw at(place, parent, "unknown field \"" + shown(name) + "\", allowed are " + allowed);
            }
            path = parent;
        }
    }

    private JsonToken next() {
        return json.nextToken();
    }

    private void requireToken(final JsonToken token, final String what) {
        if (json.currentToken() != token) {
            throw wrong(what + " belongs here, given " + kind());
        }
    }

    private String text() {
        requireToken(JsonToken.VALUE_STRING, "a string");
        final String text = json.getString();
        if (!new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8).equals(text)) {
            throw wrong("half a surrogate pair is no text");
        }
        return text;
    }

    private double number() {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT && json.currentToken() != JsonToken.VALUE_NUMBER_FLOAT) {
            throw wrong("a number belongs here, given " + kind());
        }
        if (json.isNaN()) {
            throw wrong(json.getString() + " is not a finite number");
        }
        final double number = json.getDoubleValue();
        if (Double.isInfinite(number)) {
            throw wrong(shown(json.getString()) + " is beyond float64, let alone float32");
        }
        return number;
    }

    private int integer(final int min, final int max) {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw wrong("a whole number belongs here, given " + kind());
        }
        final double number = json.getDoubleValue();
        if (!(number >= min && number <= max)) {
            throw wrong("a whole number from " + min + " to " + max + ", given " + shown(json.getString()));
        }
        return json.getIntValue();
    }

    private String kind() {
        final JsonToken token = json.currentToken();
        if (token == null) {
            return "the end of the file";
        }
        switch (token) {
            case START_OBJECT:
                return "an object";
            case START_ARRAY:
                return "an array";
            case VALUE_STRING:
                return "a string";
            case VALUE_NUMBER_INT:
            case VALUE_NUMBER_FLOAT:
                return "the number " + shown(json.getString());
            default:
                return json.getString();
        }
    }

    private IllegalArgumentException wrong(final String message) {
        return at(json.currentTokenLocation(), path, message);
    }

    private IllegalArgumentException at(final TokenStreamLocation place, final String where, final String message) {
        final boolean isKnown = place != null && place.getLineNr() > 0;
        return new IllegalArgumentException(source
                + (isKnown ? ":" + place.getLineNr() + ":" + place.getColumnNr() : "")
                + ": "
                + (where.isEmpty() ? "" : shown(where) + ": ")
                + message);
    }

    private static boolean isSpace(final int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint);
    }

    /** Text of the file as it may stand in an error: one line, not long. */
    private static String shown(final String text) {
        final StringBuilder line = new StringBuilder();
        text.codePoints()
                .limit(80)
                .map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? 0xFFFD : c)
                .forEach(line::appendCodePoint);
        return text.codePointCount(0, text.length()) > 80 ? line + "..." : line.toString();
    }

    private static String firstLine(final String message) {
        return shown(message.lines().findFirst().orElse(""));
    }
}
