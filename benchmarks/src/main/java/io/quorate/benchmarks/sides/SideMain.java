package io.quorate.benchmarks.sides;

import io.quorate.engine.ThreadingMode;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import org.HdrHistogram.Histogram;

/**
 * The process of one side of {@code bench compare}. It reads orders from standard input, a line each, and answers on standard output
 * with lines that begin with {@link Orders#MARK}; everything else there is noise. The end of its input, which comes when its parent is
 * gone for whatever reason, ends it and removes its folder.
 */
public final class SideMain {
    /** The word after {@code bench} that starts this; for {@code SideProcess} only. */
    public static final String COMMAND = "compare-side";

    public static final String READY = "ready ";
    public static final String SLICE = "slice ";
    public static final String WARM = "warm ";
    public static final String HISTOGRAM = "histogram";

    private static final long LEAD_NS = 50_000_000;
    private static final long LATENCY_MAX_NS = 60_000_000_000L;
    private static final int DIGITS = 3;

    private final Side side;
    private final Gate gate;
    private final PrintStream out;
    private final Histogram histogram = new Histogram(1, LATENCY_MAX_NS, DIGITS);
    private final Histogram slice = new Histogram(1, LATENCY_MAX_NS, DIGITS);

    private SideMain(final Side side, final Gate gate, final PrintStream out) {
        this.side = side;
        this.gate = gate;
        this.out = out;
    }

    /**
     * @param arguments the side's name, its folders for drivers and for data, the threading mode of our engines, and whether it is
     *     durable
     * @return the exit code
     */
    public static int run(final InputStream in, final PrintStream out, final String... arguments) {
        final SideName name = SideName.valueOf(arguments[0]);
        final BenchFolder folder = BenchFolder.of(Path.of(arguments[1]));
        final BenchFolder data = BenchFolder.of(Path.of(arguments[2]));
        final SideName.Place place = new SideName.Place(
                folder.path(), data.path(), ThreadingMode.valueOf(arguments[3]), Boolean.parseBoolean(arguments[4]));
        final Thread remover = new Thread(
                () -> {
                    folder.remove();
                    data.remove();
                },
                "remover");
        Runtime.getRuntime().addShutdownHook(remover);
        final BlockingQueue<String> orders = Orders.read(in);
        final Gate gate = new Gate();
        try (Side side = name.launch(place, gate)) {
            new SideMain(side, gate, out).serve(orders);
            return 0;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    private void serve(final BlockingQueue<String> orders) throws InterruptedException {
        // The first request waits for the links; nothing is ready before its reply is here.
        side.request();
        gate.shut();
        Orders.say(out, READY + side.description());
        while (true) {
            final String order = orders.poll();
            if (order == null) {
                side.rest();
                gate.idle();
            } else if (order.equals(Orders.END)) {
                return;
            } else if (order.equals(HISTOGRAM)) {
                Orders.say(out, HISTOGRAM + " " + Orders.encoded(histogram));
            } else if (order.startsWith(WARM)) {
                run(Long.parseLong(order.substring(WARM.length())));
                Orders.say(out, WARM);
            } else if (order.startsWith(SLICE)) {
                final long elapsedNs = run(Long.parseLong(order.substring(SLICE.length())));
                histogram.add(slice);
                Orders.say(
                        out,
                        String.format(
                                Locale.ROOT,
                                "%s%d %d %d",
                                SLICE,
                                slice.getTotalCount(),
                                elapsedNs,
                                slice.getValueAtPercentile(50)));
            }
        }
    }

    /** One request after the other for so long, after a lead that is not recorded; the time that the recorded ones took. */
    private long run(final long lengthNs) {
        gate.open();
        slice.reset();
        final long leadEndNs = System.nanoTime() + LEAD_NS;
        while (System.nanoTime() - leadEndNs < 0) {
            side.request();
        }
        final long startNs = System.nanoTime();
        long nowNs = startNs;
        while (nowNs - startNs < lengthNs) {
            side.request();
            final long endNs = System.nanoTime();
            slice.recordValue(Math.clamp(endNs - nowNs, 1, LATENCY_MAX_NS));
            nowNs = endNs;
        }
        gate.shut();
        return nowNs - startNs;
    }
}
