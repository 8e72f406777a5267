package io.quorate.peer.demo;

import io.quorate.peer.round.RoundFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** One demo from an empty folder to an empty machine: however it ends, its processes end and its folder goes. */
public final class Demo {
    public static final int PEERS_MIN = 4;
    public static final int PEERS_MAX = 16;

    private static final List<String> ROUNDS = List.of("mission", "clear-winner", "lying-peer");
    private static final String AFTER_CRASH = "clear-winner";
    private static final int INTERRUPTED = 130;
    private static final long SIGNAL_MS = 300;

    private final PrintWriter out;
    private final boolean json;
    private final Path keep;
    private final CountDownLatch interrupted = new CountDownLatch(1);
    private volatile boolean ended;

    /** @param keep where to leave the files, or null to remove them */
    public Demo(final PrintWriter out, final boolean json, final Path keep) {
        this.out = out;
        this.json = json;
        this.keep = keep;
    }

    /**
     * Runs the demo to its end.
     *
     * @throws IllegalStateException if anything goes otherwise than the demo says
     */
    public void run(final int peerCount) throws IOException, InterruptedException {
        final long startNs = System.nanoTime();
        final Path examples = examples();
        final List<DemoRound> rounds = new ArrayList<>();
        for (final String name : ROUNDS) {
            rounds.add(round(examples, name, name, peerCount));
        }
        final DemoRound afterCrash = round(examples, AFTER_CRASH, "after-the-crash", peerCount);
        if (keep != null) {
            DemoFolder.requireEmpty(keep);
        }
        DemoFolder.sweep();
        final DemoFolder folder = DemoFolder.temporary();
        final DemoReport report = json ? new JsonReport(out) : new TextReport(out, folder.path());
        final DemoGroup group = new DemoGroup(folder.path(), peerCount, report);
        final Thread hook = new Thread(() -> endBySignal(group, folder), "stop-demo");
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            final int decided = new DemoStory(group, report, folder.path()).tell(rounds, afterCrash);
            end(group, folder);
            report.done(peerCount, decided, System.nanoTime() - startNs);
        } catch (final IOException | RuntimeException e) {
            // Ctrl-C reaches the peers, too, perhaps earlier: then this is no failure, and the hook ends the process.
            if (interrupted.await(SIGNAL_MS, TimeUnit.MILLISECONDS)) {
                hook.join();
            }
            throw e;
        } finally {
            end(group, folder);
        }
    }

    private synchronized void end(final DemoGroup group, final DemoFolder folder)
            throws IOException, InterruptedException {
        group.stopAll();
        if (ended) {
            return;
        }
        if (keep != null) {
            folder.copyTo(keep);
        }
        DemoFolder.remove(folder.path());
        ended = true;
    }

    /** Ctrl-C and SIGTERM: the peers get the time to stop, then this process ends at once. */
    private void endBySignal(final DemoGroup group, final DemoFolder folder) {
        if (ended) {
            return;
        }
        interrupted.countDown();
        try {
            end(group, folder);
        } catch (final IOException | InterruptedException e) {
            Runtime.getRuntime().halt(1);
        }
        Runtime.getRuntime().halt(INTERRUPTED);
    }

    /** The examples of the repository that this program was started from. */
    private static Path examples() {
        final Path home = Path.of(System.getProperty("quorate.home", "")).toAbsolutePath();
        final Path examples = home.resolve("examples");
        if (!Files.isDirectory(examples)) {
            throw new IllegalStateException("no folder examples in " + home + ": start the demo by ./quorate");
        }
        return examples;
    }

    /** The parts of a file, handed to the peers in turn. */
    private static DemoRound round(final Path examples, final String file, final String name, final int peerCount)
            throws IOException {
        final List<RoundFile.Peer> said =
                RoundFile.read(examples.resolve(file + ".json")).peers();
        final List<DemoRound.Part> parts = new ArrayList<>();
        for (int id = 0; id < peerCount; id++) {
            final RoundFile.Peer peer = said.get(id % said.size());
            parts.add(new DemoRound.Part(id, peer.type(), peer.content(), peer.embedding()));
        }
        return new DemoRound(name, parts);
    }
}
