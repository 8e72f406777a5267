package io.quorate.benchmarks.live;

import io.quorate.benchmarks.BenchmarkMain;
import io.quorate.benchmarks.ForkProfile;
import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.Orders;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The parent's end of a process of a benchmark: the same jar under the same JVM settings, which takes orders on standard input,
 * a line each, and answers on standard output with lines that begin with {@link Orders#MARK}. Everything else that it prints is noise, kept to
 * be told when it fails. The end of its input, which comes when the parent is gone for whatever reason, ends it. One thread calls.
 */
public final class BenchProcess implements AutoCloseable {
    private static final long PATIENCE_S = 60;
    private static final long END_PATIENCE_S = 10;
    private static final int NOISE_LINES_MAX = 30;
    private static final String GONE = "gone";

    private final String title;
    private final BenchFolder folder;
    private final Process process;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final Queue<String> noise = new ConcurrentLinkedQueue<>();

    private BenchProcess(final String title, final BenchFolder folder, final Process process) {
        this.title = title;
        this.folder = folder;
        this.process = process;
    }

    /**
     * Starts one.
     *
     * @param title for people
     * @param folder its own; removed at its end
     * @param arguments of {@code bench}
     */
    public static BenchProcess start(final String title, final BenchFolder folder, final List<String> arguments)
            throws IOException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(ForkProfile.arguments()));
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(BenchmarkMain.class.getName());
        command.addAll(arguments);
        final Process process =
                new ProcessBuilder(command).redirectErrorStream(true).start();
        final BenchProcess started = new BenchProcess(title, folder, process);
        final Thread reader = new Thread(started::read, "answers of " + title);
        reader.setDaemon(true);
        reader.start();
        return started;
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** @throws IllegalStateException if the process is gone */
    public void order(final String line) {
        try {
            final OutputStream orders = process.getOutputStream();
            orders.write((line + "\n").getBytes(StandardCharsets.UTF_8));
            orders.flush();
        } catch (final IOException e) {
            throw failure("takes no orders");
        }
    }

    /**
     * Waits for the next answer; what follows {@code kind} in it.
     *
     * @throws IllegalStateException if there is none in time, or another one
     */
    public String answer(final String kind) throws InterruptedException {
        final String line = answers.poll(PATIENCE_S, TimeUnit.SECONDS);
        if (line == null) {
            throw failure("is silent for " + PATIENCE_S + " s");
        }
        if (!line.startsWith(kind)) {
            throw failure(line.equals(GONE) ? "has ended" : "said \"" + line + "\"");
        }
        return line.substring(kind.length());
    }

    /**
     * The next answer, or null if there is none within this time.
     *
     * @throws IllegalStateException if the process has ended
     */
    public String poll(final long timeoutMs) throws InterruptedException {
        final String line = answers.poll(timeoutMs, TimeUnit.MILLISECONDS);
        if (GONE.equals(line)) {
            throw failure("has ended");
        }
        return line;
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
    public void kill() {
        process.destroyForcibly();
        try {
            process.waitFor(END_PATIENCE_S, TimeUnit.SECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
        if (line.startsWith(Orders.MARK)) {
            answers.add(line.substring(Orders.MARK.length()));
        } else {
            noise.add(line);
            if (noise.size() > NOISE_LINES_MAX) {
                noise.poll();
            }
        }
    }

    private IllegalStateException failure(final String what) {
        return new IllegalStateException(
                "the process of " + title + " " + what + "; it said last:\n" + String.join("\n", noise));
    }
}
