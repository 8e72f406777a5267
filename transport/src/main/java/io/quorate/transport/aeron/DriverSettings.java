package io.quorate.transport.aeron;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.agrona.SystemUtil;

/**
 * What the media driver of a peer can be told, with the values for a LAN as defaults; the files of the same form live in {@code
 * native-profiles}. Lengths in bytes, times in nanoseconds.
 *
 * @param mtuLength longest datagram payload; at most 8192 on loopback or with jumbo frames
 * @param socketReceiveLength kernel receive buffer to ask for; not below the window
 * @param socketSendLength kernel send buffer to ask for
 * @param initialWindowLength how much one sender may have in flight towards us
 * @param termLength length of a stream's term, and the longest that is admitted from others: give all peers of a group the same
 * @param imageLivenessNs after which silence a sender's stream is given up
 * @param clientLivenessNs after which pause our own client is declared dead; it is then rebuilt
 */
public record DriverSettings(
        int mtuLength,
        int socketReceiveLength,
        int socketSendLength,
        int initialWindowLength,
        int termLength,
        long imageLivenessNs,
        long clientLivenessNs) {
    /** The longest frame of every peer, whatever the term length: an eighth of 2 MiB. */
    public static final int FRAME_LENGTH_MAX = 256 * 1024;

    private static final int MTU_MIN = 1024;
    static final int MTU_MAX = 8192;
    private static final int TERM_MIN = 64 * 1024;
    private static final int FRAMES_A_TERM = 8;
    private static final int TERM_MAX = 16 << 20;
    private static final long LIVENESS_MIN_NS = 2_000_000_000L;

    private static final String MTU = "aeron.mtu.length";
    private static final String RECEIVE = "aeron.socket.so_rcvbuf";
    private static final String SEND = "aeron.socket.so_sndbuf";
    private static final String WINDOW = "aeron.rcv.initial.window.length";
    private static final String TERM = "aeron.term.buffer.length";
    private static final String IMAGE = "aeron.image.liveness.timeout";
    private static final String CLIENT = "aeron.client.liveness.timeout";

    public DriverSettings {
        if (mtuLength < MTU_MIN || mtuLength > MTU_MAX || mtuLength % 32 != 0) {
            throw new IllegalArgumentException(
                    MTU + " is " + mtuLength + ", must be a multiple of 32 from " + MTU_MIN + " to " + MTU_MAX);
        }
        if (termLength < TERM_MIN || termLength > TERM_MAX || Integer.bitCount(termLength) != 1) {
            throw new IllegalArgumentException(
                    TERM + " is " + termLength + ", must be a power of two from " + TERM_MIN + " to " + TERM_MAX);
        }
        if (initialWindowLength < mtuLength || initialWindowLength > socketReceiveLength) {
            throw new IllegalArgumentException(WINDOW + " is " + initialWindowLength + ", must be from " + MTU + " ("
                    + mtuLength + ") to " + RECEIVE + " (" + socketReceiveLength + ")");
        }
        if (socketSendLength < mtuLength) {
            throw new IllegalArgumentException(SEND + " is " + socketSendLength + ", must be at least " + mtuLength);
        }
        if (imageLivenessNs < LIVENESS_MIN_NS || clientLivenessNs < LIVENESS_MIN_NS) {
            throw new IllegalArgumentException(IMAGE + " and " + CLIENT + " must be at least 2s");
        }
    }

    public static DriverSettings defaults() {
        return new DriverSettings(
                1408, 128 * 1024, 128 * 1024, 128 * 1024, 2 * 1024 * 1024, 5_000_000_000L, 10_000_000_000L);
    }

    /**
     * For links that carry short messages to many peers: terms of 64 KiB, so frames of at most 8 KiB. Not for consensus, whose frames
     * need terms of 2 MiB.
     */
    public static DriverSettings shortMessages() {
        final DriverSettings d = defaults();
        // Many peers may speak at once: as much as kernels allow without being asked.
        return new DriverSettings(
                d.mtuLength,
                208 * 1024,
                d.socketSendLength,
                TERM_MIN / 2,
                TERM_MIN,
                d.imageLivenessNs,
                d.clientLivenessNs);
    }

    /** The longest frame that fits these terms: an eighth of one, and at most {@link #FRAME_LENGTH_MAX}. */
    public int frameLengthMax() {
        return Math.min(FRAME_LENGTH_MAX, termLength / FRAMES_A_TERM);
    }

    /**
     * Reads settings in the driver's own property names ({@code aeron.mtu.length=8k}); what is not named keeps its default.
     *
     * @throws IllegalArgumentException for an unknown name, a value out of range, or values that contradict each other
     */
    public static DriverSettings read(final Path file) throws IOException {
        final Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        final Map<String, String> values = new TreeMap<>();
        properties.forEach((key, value) -> values.put(key.toString(), value.toString()));
        try {
            return parse(values);
        } catch (final IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    private static DriverSettings parse(final Map<String, String> values) {
        final DriverSettings d = defaults();
        final DriverSettings settings = new DriverSettings(
                length(values, MTU, d.mtuLength),
                length(values, RECEIVE, d.socketReceiveLength),
                length(values, SEND, d.socketSendLength),
                length(values, WINDOW, d.initialWindowLength),
                length(values, TERM, d.termLength),
                duration(values, IMAGE, d.imageLivenessNs),
                duration(values, CLIENT, d.clientLivenessNs));
        if (settings.frameLengthMax() < FRAME_LENGTH_MAX) {
            throw new IllegalArgumentException(TERM + " is " + settings.termLength + ", must be a power of two from "
                    + FRAMES_A_TERM * FRAME_LENGTH_MAX + " to " + TERM_MAX);
        }
        if (!values.isEmpty()) {
            throw new IllegalArgumentException(
                    "unknown setting " + values.keySet().iterator().next() + "; known are "
                            + String.join(", ", MTU, RECEIVE, SEND, WINDOW, TERM, IMAGE, CLIENT));
        }
        return settings;
    }

    private static int length(final Map<String, String> values, final String name, final int defaultValue) {
        final String text = values.remove(name);
        try {
            return text == null ? defaultValue : Math.toIntExact(SystemUtil.parseSize(name, text.trim()));
        } catch (final NumberFormatException | ArithmeticException e) {
            throw new IllegalArgumentException(
                    name + " is \"" + text + "\", must be a length such as 1408, 8k or 2m", e);
        }
    }

    private static long duration(final Map<String, String> values, final String name, final long defaultValue) {
        final String text = values.remove(name);
        try {
            return text == null ? defaultValue : SystemUtil.parseDuration(name, text.trim());
        } catch (final NumberFormatException e) {
            throw new IllegalArgumentException(name + " is \"" + text + "\", must be a time such as 500ms or 10s", e);
        }
    }
}
