package io.quorate.peer.compute;

import io.quorate.kernels.graph.PeerGraph;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;

/**
 * Reads a graph from JSON: <code>{"nodes": n, "connections": [[i, j, weight?], ...]}</code>, both fields needed, nodes numbered
 * from 0, weight 1 if not given. The first thing that is wrong ends it with its place.
 */
final class GraphFile {
    private static final String STANDARD_INPUT = "-";
    private static final int SHOWN_MAX = 60;

    // NaN and infinity are no JSON; taken as tokens, they can be refused by name.
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private final String source;
    private final JsonParser json;
    private final List<Entry> entries = new ArrayList<>();
    private PeerGraph.Builder builder;
    private boolean hasConnections;
    private boolean isStarted;
    private String path = "";

    /** A connection before the number of nodes is known. */
    private record Entry(int i, int j, double weight, TokenStreamLocation place, String path) {}

    private GraphFile(final String source, final JsonParser json) {
        this.source = source;
        this.json = json;
    }

    /**
     * The graph of a file; - is standard input.
     *
     * @throws IllegalArgumentException if it holds anything else than one graph; says where, what, and what is allowed
     */
    static PeerGraph read(final String file) throws IOException {
        if (file.equals(STANDARD_INPUT)) {
            return read(System.in, "standard input");
        }
        if (file.isEmpty()) {
            throw new IllegalArgumentException("the name of the file is empty");
        }
        final Path path = Path.of(file);
        if (Files.isDirectory(path)) {
            throw new IllegalArgumentException(file + " is a folder, not a file");
        }
        try (InputStream in = Files.newInputStream(path)) {
            return read(in, file);
        }
    }

    private static PeerGraph read(final InputStream in, final String source) {
        try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), in)) {
            final GraphFile reader = new GraphFile(source, json);
            try {
                return reader.readAll();
            } catch (final JacksonException e) {
                if (!reader.isStarted) {
                    throw new IllegalArgumentException(
                            source + ": is no JSON; a graph is {\"nodes\":n,\"connections\":[[i,j,weight?],...]}", e);
                }
                final boolean isPlaced =
                        e.getLocation() != null && e.getLocation().getLineNr() > 0;
                throw reader.at(
                        isPlaced ? e.getLocation() : json.currentLocation(),
                        reader.path,
                        "no valid JSON: "
                                + shown(e.getOriginalMessage()
                                        .lines()
                                        .findFirst()
                                        .orElse("")));
            }
        }
    }

    private PeerGraph readAll() {
        json.nextToken();
        isStarted = true;
        require(JsonToken.START_OBJECT, "an object");
        while (json.nextToken() != JsonToken.END_OBJECT) {
            final String name = json.currentName();
            final TokenStreamLocation place = json.currentTokenLocation();
            json.nextToken();
            path = shown(name);
            switch (name) {
                case "nodes" -> builder = builder();
                case "connections" -> readConnections();
                default -> throw at(place, "", "unknown field \"" + shown(name) + "\", allowed are nodes, connections");
            }
            path = "";
        }
        if (builder == null || !hasConnections) {
            throw wrong("the field \"" + (builder == null ? "nodes" : "connections") + "\" is missing");
        }
        if (json.nextToken() != null) {
            throw wrong("something follows the end of the object");
        }
        for (final Entry entry : entries) {
            try {
                builder.edge(entry.i, entry.j, entry.weight);
            } catch (final IllegalArgumentException e) {
                throw at(entry.place, entry.path, e.getMessage());
            }
        }
        return builder.build();
    }

    private PeerGraph.Builder builder() {
        return new PeerGraph.Builder(integer(1, PeerGraph.NODES_MAX));
    }

    private void readConnections() {
        require(JsonToken.START_ARRAY, "an array of connections");
        hasConnections = true;
        while (json.nextToken() != JsonToken.END_ARRAY) {
            final String here = "connections[" + entries.size() + "]";
            path = here;
            require(JsonToken.START_ARRAY, "an array [i, j] or [i, j, weight]");
            final TokenStreamLocation place = json.currentTokenLocation();
            final double[] parts = {0, 0, 1};
            int length = 0;
            while (json.nextToken() != JsonToken.END_ARRAY) {
                path = here + "[" + length + "]";
                if (length == parts.length) {
                    throw wrong("a connection has at most i, j and weight");
                }
                parts[length] = length < 2 ? integer(0, PeerGraph.NODES_MAX - 1) : weight();
                length++;
            }
            path = here;
            if (length < 2) {
                throw at(place, here, "a connection has at least i and j");
            }
            entries.add(new Entry((int) parts[0], (int) parts[1], parts[2], place, here));
        }
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

    private double weight() {
        if (json.currentToken() != JsonToken.VALUE_NUMBER_INT && json.currentToken() != JsonToken.VALUE_NUMBER_FLOAT) {
            throw wrong("a number belongs here, given " + kind());
        }
        final String text = json.getString();
        if (json.isNaN()) {
            throw wrong(shown(text) + " is not a finite number");
        }
        final double weight = json.getDoubleValue();
        final boolean isZero = text.toLowerCase(Locale.ROOT)
                .replaceFirst("e.*", "")
                .chars()
                .noneMatch(digit -> digit >= '1' && digit <= '9');
        // What rounds to zero or infinity is not what was meant: no edge, or one of no length.
        if (Double.isInfinite(weight) || (weight == 0.0 && !isZero)) {
            throw wrong(shown(text) + " is beyond float64");
        }
        return weight;
    }

    private void require(final JsonToken token, final String what) {
        if (json.currentToken() != token) {
            throw wrong(what + " belongs here, given " + kind());
        }
    }

    private String kind() {
        final JsonToken token = json.currentToken();
        if (token == null) {
            return "the end of the file";
        }
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "the number " + shown(json.getString());
            default -> json.getString();
        };
    }

    private IllegalArgumentException wrong(final String message) {
        return at(json.currentTokenLocation(), path, message);
    }

    private IllegalArgumentException at(final TokenStreamLocation place, final String where, final String message) {
        final boolean isKnown = place != null && place.getLineNr() > 0;
        return new IllegalArgumentException(source
                + (isKnown ? ":" + place.getLineNr() + ":" + place.getColumnNr() : "")
                + ": "
                + (where.isEmpty() ? "" : where + ": ")
                + message);
    }

    /** Text of the file as it may stand in an error: one line, not long. */
    private static String shown(final String text) {
        final StringBuilder line = new StringBuilder();
        text.codePoints()
                .limit(SHOWN_MAX)
                .map(c -> Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? 0xFFFD : c)
                .forEach(line::appendCodePoint);
        return text.codePointCount(0, text.length()) > SHOWN_MAX ? line + "..." : line.toString();
    }
}
