package io.quorate.benchmarks.live;

import io.quorate.benchmarks.BenchmarkMain;
import io.quorate.benchmarks.ForkProfile;
import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.SideMain;
import io.quorate.benchmarks.sides.SideName;
import io.quorate.engine.ThreadingMode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/** The parent's end of one side's process: starts it, gives it orders, makes sure that it ends. */
final class SideProcess implements AutoCloseable {
    private static final long PATIENCE_S = 60;
    private static final long END_PATIENCE_S = 10;
    private static final int NOISE_LINES_MAX = 30;
    private static final String GONE = "gone";

    private final SideName name;
    private final BenchFolder folder;
    private final Process process;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final Queue<String> noise = new ConcurrentLinkedQueue<>();
    private final List<Double> sliceP50s = new ArrayList<>();
    private String description = "";
    private long requestCount;
    private long elapsedNs;

    private SideProcess(final SideName name, final BenchFolder folder, final Process process) {
        this.name = name;
        this.folder = folder;
        this.process = process;
    }

    /** Starts the process; {@link #awaitReady()} waits until it works. */
    static SideProcess start(final SideName name, final BenchFolder run, final ThreadingMode threading)
            throws IOException {
        final BenchFolder folder = run.make(name.name());
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(ForkProfile.arguments()));
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(BenchmarkMain.class.getName());
        command.add(SideMain.COMMAND);
        command.add(name.name());
        command.add(folder.path().toString());
        command.add(threading.name());
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        final SideProcess side = new SideProcess(name, folder, process);
        final Thread reader = new Thread(side::read, "answers of " + name.title());
        reader.setDaemon(true);
        reader.start();
        return side;
    }

    ProcessHandle handle() {
        return process.toHandle();
    }

    void awaitReady() throws InterruptedException {
        description = answer(SideMain.READY);
    }

    void warmUp(final long lengthNs) throws InterruptedException {
        order(SideMain.WARM + lengthNs);
        answer(SideMain.WARM);
    }

    void slice(final long lengthNs) throws InterruptedException {
        order(SideMain.SLICE + lengthNs);
        final String[] words = answer(SideMain.SLICE).split(" ");
        requestCount += Long.parseLong(words[0]);
        elapsedNs += Long.parseLong(words[1]);
        sliceP50s.add(Double.parseDouble(words[2]));
    }

    /** Everything measured so far. */
    SideResult result() throws InterruptedException {
        order(SideMain.HISTOGRAM);
        final byte[] bytes =
                Base64.getDecoder().decode(answer(SideMain.HISTOGRAM).strip());
        try {
            final Histogram histogram = Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(bytes), 0);
            if (histogram.getTotalCount() != requestCount) {
                throw new IllegalStateException(name.title() + " counted " + requestCount + " requests and recorded "
                        + histogram.getTotalCount());
            }
            return new SideResult(name, description, histogram, elapsedNs, List.copyOf(sliceP50s));
        } catch (final DataFormatException e) {
            throw new IllegalStateException(name.title() + " sent a histogram that cannot be read", e);
        }
    }

    /** Ends the process, by force if it does not listen, and removes its folder. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(END_PATIENCE_S, TimeUnit.SECONDS)) {
                kill();
            }
        } catch (final IOException e) {
            kill();
        } catch (final InterruptedException e) {
            kill();
            Thread.currentThread().interrupt();
        }
        folder.remove();
    }

    /** Ends the process at once. */
    void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(END_PATIENCE_S, TimeUnit.SECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void order(final String line) {
        try {
            final OutputStream orders = process.getOutputStream();
            orders.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            orders.flush();
        } catch (final IOException e) {
            throw failure("takes no orders");
        }
    }

    private String answer(final String kind) throws InterruptedException {
        final String line = answers.poll(PATIENCE_S, TimeUnit.SECONDS);
        if (line == null) {
            throw failure("is silent for " + PATIENCE_S + " s");
        }
        if (!line.startsWith(kind)) {
            throw failure(line.equals(GONE) ? "has ended" : "said \"" + line + "\"");
        }
        return line.substring(kind.length());
    }

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            lines.lines().forEach(this::onLine);
        } catch (final IOException | UncheckedIOException e) {
            // The process was killed; what follows says so.
        }
        answers.add(GONE);
    }

    private void onLine(final String line) {
        if (line.startsWith(SideMain.MARK)) {
            answers.add(line.substring(SideMain.MARK.length()));
        } else {
            noise.add(line);
            if (noise.size() > NOISE_LINES_MAX) {
                noise.poll();
            }
        }
    }

    private IllegalStateException failure(final String what) {
        return new IllegalStateException(
                "the process of " + name.title() + " " + what + "; it said last:\n" + String.join("\n", noise));
    }
}
