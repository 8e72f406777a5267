package io.quorate.benchmarks.sides;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/** How a process of a benchmark hears its parent and answers: lines, and histograms as text. */
public final class Orders {
    /** Begins each line that is an answer; everything else on standard output is noise. */
    public static final String MARK = "@side ";

    /** The order to end; the end of the input is one, too. */
    public static final String END = "end";

    private Orders() {}

    /** The orders as they come; filled by a thread of its own, {@link #END} at the last. */
    public static BlockingQueue<String> read(final InputStream in) {
        final BlockingQueue<String> orders = new LinkedBlockingQueue<>();
        final Thread reader = new Thread(
                () -> {
                    try (BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
                        lines.lines().forEach(orders::add);
                    } catch (final IOException | UncheckedIOException e) {
                        // A broken pipe is an end, too.
                    }
                    orders.add(END);
                },
                "orders");
        reader.setDaemon(true);
        reader.start();
        return orders;
    }

    /** Answers. */
    public static void say(final PrintStream out, final String line) {
        out.println(MARK + line);
        out.flush();
    }

    /** A histogram as one word. */
    public static String encoded(final Histogram histogram) {
        final ByteBuffer bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        final int length = histogram.encodeIntoCompressedByteBuffer(bytes);
        return Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length));
    }

    /** @throws IllegalStateException if the word is no histogram */
    public static Histogram decoded(final String word) {
        try {
            return Histogram.decodeFromCompressedByteBuffer(
                    ByteBuffer.wrap(Base64.getDecoder().decode(word.strip())), 0);
        } catch (final DataFormatException | IllegalArgumentException e) {
            throw new IllegalStateException("a histogram that cannot be read was sent", e);
        }
    }
}
