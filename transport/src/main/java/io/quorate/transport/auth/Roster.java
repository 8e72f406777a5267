package io.quorate.transport.auth;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * The members of one epoch: names, addresses and keys, and the settings that the whole group shares. Immutable.
 *
 * <p>A roster file is plain text, one entry a line; empty lines and lines that begin with {@code #} are ignored:
 *
 * <pre>
 * quorate-roster 1
 * epoch 1
 * setting dimension 384
 * peer 0 alpha 10.0.0.1:40100 (64 hexadecimal digits)
 * </pre>
 *
 * <p>The group id is the SHA-256 of the canonical text (no comments, single spaces, settings by key, peers by id, lower case, line
 * feeds), so that every signature and MAC covers every line.
 */
public final class Roster {
    public static final int PEERS_MAX = 64;
    public static final int GROUP_ID_LENGTH = Digest.LENGTH;

    private static final String FIRST_LINE = "quorate-roster 1";
    private static final long EPOCH_MAX = 0xffff_ffffL;
    private static final int FILE_LENGTH_MAX = 1 << 20;
    private static final int SETTINGS_MAX = 256;
    private static final int PORT_MAX = 65535;
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
    private static final Pattern KEY = Pattern.compile("[a-z][a-z0-9-]{0,63}");
    private static final Pattern VALUE = Pattern.compile("[!-~](?:[ -~]{0,254}[!-~])?");
    private static final Pattern HOST = Pattern.compile("[a-z0-9](?:[a-z0-9.-]{0,252})|\\[[0-9a-f:.]{2,45}]");
    private static final Pattern SPACES = Pattern.compile("[ \\t]+");

    private final long epoch;
    private final List<Peer> peers;
    private final TreeMap<String, String> settings;
    private final Map<String, Integer> settingLines;
    private final String source;
    private final String canonicalText;
    private final byte[] groupId;

    private Roster(
            final String source,
            final long epoch,
            final List<Peer> peers,
            final Map<String, String> settings,
            final Map<String, Integer> settingLines) {
        this.source = source;
        this.epoch = epoch;
        this.peers = List.copyOf(peers);
        this.settings = new TreeMap<>(settings);
        this.settingLines = Map.copyOf(settingLines);
        requireSound();
        canonicalText = render();
        groupId = Digest.sha256(canonicalText.getBytes(StandardCharsets.US_ASCII));
    }

    /**
     * Makes a roster; peer ids must be the indices in the list.
     *
     * @throws IllegalArgumentException for anything that the file format would not admit
     */
    public static Roster of(final long epoch, final List<Peer> peers, final Map<String, String> settings) {
        for (final Map.Entry<String, String> setting : settings.entrySet()) {
            requireSetting("roster: ", setting.getKey(), setting.getValue());
        }
        return new Roster("roster", epoch, peers, settings, Map.of());
    }

    /** Reads a roster file; errors name the file and the line. */
    public static Roster read(final Path file) throws IOException {
        if (Files.size(file) > FILE_LENGTH_MAX) {
            throw new IllegalArgumentException(file + " is longer than " + FILE_LENGTH_MAX + " bytes: no roster");
        }
        try {
            return parse(Files.readString(file), file.toString());
        } catch (final CharacterCodingException e) {
            throw new IllegalArgumentException(file + " is not a text file: no roster", e);
        }
    }

    /**
     * Parses the text of a roster.
     *
     * @param source what to call the text in errors, for example its file name
     * @throws IllegalArgumentException naming the source, the line, what stands there and what is allowed
     */
    public static Roster parse(final String text, final String source) {
        return new Parser(source).parse(text);
    }

    public int size() {
        return peers.size();
    }

    /** The membership's number, 0 to 2^32 - 1. */
    public long epoch() {
        return epoch;
    }

    /** A copy of the 32-byte group id. */
    public byte[] groupId() {
        return groupId.clone();
    }

    public List<Peer> peers() {
        return peers;
    }

    public Peer peer(final int peerId) {
        if (peerId < 0 || peerId >= peers.size()) {
            throw new IllegalArgumentException("peer " + peerId + " is not in 0.." + (peers.size() - 1));
        }
        return peers.get(peerId);
    }

    /** The id of the peer with this public key, or -1. */
    public int idOf(final byte[] publicKey) {
        for (final Peer peer : peers) {
            if (MessageDigest.isEqual(peer.publicKey, publicKey)) {
                return peer.id;
            }
        }
        return -1;
    }

    /** The text that the group id is the SHA-256 of; {@link #parse} reads it back. */
    public String canonicalText() {
        return canonicalText;
    }

    /** All settings, by key. */
    public Map<String, String> settings() {
        return new TreeMap<>(settings);
    }

    /** The setting's text, or the default if the roster does not have it. */
    public String setting(final String key, final String defaultValue) {
        return settings.getOrDefault(key, defaultValue);
    }

    /** A whole number within a range; the error names the line. */
    public long setting(final String key, final long defaultValue, final long min, final long max) {
        final String allowed = "a whole number from " + min + " to " + max;
        final long value = convert(key, defaultValue, allowed, Long::parseLong);
        if (value < min || value > max) {
            throw new IllegalArgumentException(complaint(key, allowed));
        }
        return value;
    }

    /** A finite number within a range; the error names the line. */
    public double setting(final String key, final double defaultValue, final double min, final double max) {
        final String allowed = "a number from " + min + " to " + max;
        final double value = convert(key, defaultValue, allowed, Double::parseDouble);
        if (!(value >= min && value <= max)) {
            throw new IllegalArgumentException(complaint(key, allowed));
        }
        return value;
    }

    /** One of a fixed list of words; the error names the line. */
    public String setting(final String key, final String defaultValue, final List<String> allowed) {
        final String value = settings.getOrDefault(key, defaultValue);
        if (!allowed.contains(value)) {
            throw new IllegalArgumentException(complaint(key, "one of " + String.join(", ", allowed)));
        }
        return value;
    }

    /** Refuses settings that the caller does not know: a typing error must not pass as a default. */
    public void requireSettingsAmong(final Set<String> known) {
        for (final String key : settings.keySet()) {
            if (!known.contains(key)) {
                throw new IllegalArgumentException(place(key) + "unknown setting \"" + key + "\"; known are "
                        + String.join(", ", new TreeSet<>(known)));
            }
        }
    }

    @Override
    public String toString() {
        return "Roster of " + peers.size() + " peers, epoch " + epoch + ", group "
                + HexFormat.of().formatHex(groupId, 0, Long.BYTES);
    }

    private <T> T convert(
            final String key, final T defaultValue, final String allowed, final Function<String, T> parser) {
        final String text = settings.get(key);
        if (text == null) {
            return defaultValue;
        }
        try {
            return parser.apply(text);
        } catch (final NumberFormatException e) {
            throw new IllegalArgumentException(complaint(key, allowed), e);
        }
    }

    private String complaint(final String key, final String allowed) {
        return place(key) + "setting " + key + " is \"" + settings.get(key) + "\", must be " + allowed;
    }

    private String place(final String key) {
        final Integer line = settingLines.get(key);
        return source + (line == null ? ": " : " line " + line + ": ");
    }

    private void requireSound() {
        if (epoch < 0 || epoch > EPOCH_MAX) {
            throw new IllegalArgumentException(source + ": epoch is " + epoch + ", must be 0 to " + EPOCH_MAX);
        }
        if (peers.isEmpty() || peers.size() > PEERS_MAX) {
            throw new IllegalArgumentException(
                    source + ": " + peers.size() + " peers given, must be 1 to " + PEERS_MAX);
        }
        final Set<String> seen = new HashSet<>();
        for (int i = 0; i < peers.size(); i++) {
            final Peer peer = peers.get(i);
            if (peer.id != i) {
                throw new IllegalArgumentException(
                        source + ": peer ids must be 0, 1, 2, ... without gaps; " + i + " is missing");
            }
            final String hex = HexFormat.of().formatHex(peer.publicKey);
            requireNew(seen, "name " + peer.name, i);
            requireNew(seen, "address " + peer.address(), i);
            requireNew(seen, "key " + hex, i);
        }
    }

    private void requireNew(final Set<String> seen, final String what, final int peerId) {
        if (!seen.add(what)) {
            throw new IllegalArgumentException(source + ": peer " + peerId + " has the " + what + " of another peer");
        }
    }

    private String render() {
        final StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        text.append("epoch ").append(epoch).append('\n');
        settings.forEach((key, value) ->
                text.append("setting ").append(key).append(' ').append(value).append('\n'));
        for (final Peer peer : peers) {
            text.append("peer ").append(peer.id).append(' ').append(peer.name).append(' ');
            text.append(peer.address()).append(' ');
            text.append(HexFormat.of().formatHex(peer.publicKey)).append('\n');
        }
        return text.toString();
    }

    private static void requireSetting(final String place, final String key, final String value) {
        if (!KEY.matcher(key).matches()) {
            throw new IllegalArgumentException(place + "setting \"" + key
                    + "\" has no valid key: lower-case letters, digits and hyphens, a letter first, at most 64");
        }
        if (!VALUE.matcher(value).matches() || value.contains("  ")) {
            throw new IllegalArgumentException(
                    place + "setting " + key + " needs a value of 1 to 256 printable ASCII characters, single spaces");
        }
    }

    /** One member: its dense id, a name for people, where it listens, and its Ed25519 public key. */
    public static final class Peer {
        private final int id;
        private final String name;
        private final String host;
        private final int port;
        private final byte[] publicKey;

        /**
         * A checked entry.
         *
         * @param host a name, an IPv4 address, or an IPv6 address in brackets
         * @throws IllegalArgumentException saying what was given and what is allowed
         */
        public Peer(final int id, final String name, final String host, final int port, final byte[] publicKey) {
            this.id = id;
            this.name = name;
            this.host = host.toLowerCase(Locale.ROOT);
            this.port = port;
            this.publicKey = publicKey.clone();
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException("peer name \"" + name
                        + "\" must be 1 to 64 lower-case letters, digits, dots, hyphens or underscores");
            }
            if (!HOST.matcher(this.host).matches()) {
                throw new IllegalArgumentException(
                        "host \"" + host + "\" must be a host name, an IPv4 address, or an IPv6 address in brackets");
            }
            if (port < 1 || port > PORT_MAX) {
                throw new IllegalArgumentException("port " + port + " must be 1 to " + PORT_MAX);
            }
            Ed25519Encoding.requireSound(this.publicKey);
        }

        public int id() {
            return id;
        }

        public String name() {
            return name;
        }

        public String host() {
            return host;
        }

        public int port() {
            return port;
        }

        /** {@code host:port}. */
        public String address() {
            return host + ":" + port;
        }

        /** A copy of the 32-byte key. */
        public byte[] publicKey() {
            return publicKey.clone();
        }

        public String fingerprint() {
            return PeerIdentity.fingerprint(publicKey);
        }
    }

    /** Reads line by line; every error names the line. */
    private static final class Parser {
        private final String source;
        private final Map<Integer, Peer> peers = new HashMap<>();
        private final Map<String, String> settings = new HashMap<>();
        private final Map<String, Integer> settingLines = new HashMap<>();
        private long epoch = -1;
        private boolean headed;

        Parser(final String source) {
            this.source = source;
        }

        Roster parse(final String text) {
            final String[] lines = text.split("\n", -1);
            for (int i = 0; i < lines.length; i++) {
                final String line = lines[i].strip();
                if (!line.isEmpty() && line.charAt(0) != '#') {
                    try {
                        entry(line, i + 1);
                    } catch (final IllegalArgumentException e) {
                        throw new IllegalArgumentException(source + " line " + (i + 1) + ": " + e.getMessage(), e);
                    }
                }
            }
            if (epoch < 0) {
                throw new IllegalArgumentException(source + ": the line \"epoch NUMBER\" is missing");
            }
            final List<Peer> ordered = new ArrayList<>();
            for (int id = 0; id < peers.size(); id++) {
                final Peer peer = peers.get(id);
                if (peer == null) {
                    throw new IllegalArgumentException(
                            source + ": peer ids must be 0, 1, 2, ... without gaps; " + id + " is missing");
                }
                ordered.add(peer);
            }
            return new Roster(source, epoch, ordered, settings, settingLines);
        }

        private void entry(final String line, final int number) {
            final String[] words = SPACES.split(line);
            if (!headed) {
                if (!String.join(" ", words).equals(FIRST_LINE)) {
                    throw new IllegalArgumentException("the first line must be \"" + FIRST_LINE + "\"");
                }
                headed = true;
                return;
            }
            switch (words[0]) {
                case "epoch" -> epoch(words);
                case "setting" -> setting(words, number);
                case "peer" -> peer(words);
                default ->
                    throw new IllegalArgumentException("\"" + shorten(words[0]) + "\" is none of epoch, setting, peer");
            }
        }

        private void epoch(final String[] words) {
            if (words.length != 2 || epoch >= 0) {
                throw new IllegalArgumentException("there must be one line \"epoch NUMBER\"");
            }
            epoch = number(words[1], EPOCH_MAX, "epoch");
        }

        private void setting(final String[] words, final int number) {
            if (words.length < 3) {
                throw new IllegalArgumentException("expected \"setting KEY VALUE\"");
            }
            final String key = words[1];
            final String value = String.join(" ", List.of(words).subList(2, words.length));
            requireSetting("", key, value);
            if (settings.put(key, value) != null) {
                throw new IllegalArgumentException("setting " + key + " is given twice");
            }
            if (settings.size() > SETTINGS_MAX) {
                throw new IllegalArgumentException("more than " + SETTINGS_MAX + " settings");
            }
            settingLines.put(key, number);
        }

        private void peer(final String[] words) {
            if (words.length != 5) {
                throw new IllegalArgumentException("expected \"peer ID NAME HOST:PORT KEY\"");
            }
            final int id = (int) number(words[1], PEERS_MAX - 1, "peer id");
            final int colon = words[3].lastIndexOf(':');
            if (colon < 1) {
                throw new IllegalArgumentException("\"" + shorten(words[3]) + "\" is not HOST:PORT");
            }
            final int port = (int) number(words[3].substring(colon + 1), PORT_MAX, "port");
            final Peer peer = new Peer(id, words[2], words[3].substring(0, colon), port, key(words[4]));
            if (peers.put(id, peer) != null) {
                throw new IllegalArgumentException("peer " + id + " is given twice");
            }
        }

        private static byte[] key(final String word) {
            try {
                if (word.length() == 2 * PeerIdentity.KEY_LENGTH) {
                    return HexFormat.of().parseHex(word);
                }
            } catch (final IllegalArgumentException e) {
                throw new IllegalArgumentException("a public key has 64 hexadecimal digits", e);
            }
            throw new IllegalArgumentException(
                    "a public key has 64 hexadecimal digits, " + word.length() + " characters given");
        }

        private static long number(final String word, final long max, final String what) {
            if (word.matches("0|[1-9][0-9]{0,17}") && Long.parseLong(word) <= max) {
                return Long.parseLong(word);
            }
            throw new IllegalArgumentException(
                    what + " is \"" + shorten(word) + "\", must be a whole number from 0 to " + max);
        }

        private static String shorten(final String word) {
            return word.length() <= 40 ? word : word.substring(0, 40) + "...";
        }
    }
}
