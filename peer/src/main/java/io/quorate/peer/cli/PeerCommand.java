package io.quorate.peer.cli;

import io.quorate.engine.ThreadingMode;
import io.quorate.peer.PeerConfig;
import io.quorate.peer.PeerProcess;
import io.quorate.peer.demo.DemoFolder;
import io.quorate.peer.format.JsonLine;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs one peer until it is told to stop: SIGTERM, SIGINT, or {@code stop} on its admin socket. All end with exit code 0. */
@Command(
        name = "peer",
        description = {
            "Run one peer of a group until SIGTERM.",
            "Links are authenticated, not encrypted: use WireGuard or IPsec where others can listen."
        })
final class PeerCommand implements Callable<Integer> {
    private static final long CLOSE_SECONDS_MAX = 10;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--roster",
            paramLabel = "FILE",
            required = true,
            description = "The group, as made by roster create.")
    private Path roster;

    @Option(
            names = "--before",
            paramLabel = "FILE",
            description =
                    "The roster of the epoch before, for a peer that joins its group by a step to the epoch of --roster.")
    private Path before;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            required = true,
            description = "identity.key of this peer. May be given again: while its key is rotated a peer needs both.")
    private List<Path> keys;

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            required = true,
            description = "UDP address of this machine to listen on.")
    private String listen;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            required = true,
            description = "Private folder of this peer; made if it is not there.")
    private Path data;

    @Option(
            names = "--memory-only",
            description =
                    "Keep no journal: after a restart this peer follows without a vote until a newer checkpoint is"
                            + " stable than anything it can have voted on. Without this option what it says is written to a"
                            + " journal in the data folder first, and a restarted peer votes at once.")
    private boolean memoryOnly;

    @Option(
            names = "--threading",
            paramLabel = "MODE",
            description = "shared: one thread; dedicated: a thread for each part. Default: by the number of cores.")
    private Threading threading;

    @Option(names = "--json", description = "Print the ready line as JSON.")
    private boolean json;

    @Option(
            names = "--exit-with-parent",
            hidden = true,
            description = "Stop when standard input ends, and remove this demo folder.")
    private Path parentFolder;

    private enum Threading {
        SHARED,
        DEDICATED
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        final ThreadingMode mode = threading == null ? null : ThreadingMode.valueOf(threading.name());
        final PeerConfig config = new PeerConfig(roster, before, keys, listen, data, memoryOnly, mode);
        final CountDownLatch closed = new CountDownLatch(1);
        final ParentWatch parent = new ParentWatch(parentFolder);
        parent.requireFolder();
        try (PeerProcess peer = PeerProcess.launch(config)) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> endBySignal(peer, closed), "stop"));
            parent.start(peer::requestStop);
            printReady(peer.describe());
            peer.awaitStop();
        } finally {
            parent.removeFolderIfGone();
        }
        closed.countDown();
        return 0;
    }

    private void printReady(final Map<String, Object> ready) {
        if (json) {
            spec.commandLine().getOut().println(JsonLine.write(ready));
            return;
        }
        spec.commandLine()
                .getOut()
                .println("peer " + ready.get("peer") + " (" + ready.get("name") + ") ready: UDP " + ready.get("listen")
                        + ", key " + ready.get("fingerprint") + ", group " + ready.get("group") + ", "
                        + (Boolean.TRUE.equals(ready.get("memoryOnly"))
                                ? "memory only"
                                : "journal " + ready.get("journal"))
                        + (ready.get("state").equals("joins") ? ", joins epoch " + ready.get("epoch") : "")
                        + (Boolean.TRUE.equals(ready.get("voting")) ? "" : ", no vote yet")
                        + (ready.get("membership").equals("off") ? "" : "\n  " + ready.get("membership")));
    }

    /** A signal is the ordinary way to end a peer, so it ends with 0 and not with 128 + the signal's number. */
    private static void endBySignal(final PeerProcess peer, final CountDownLatch closed) {
        if (closed.getCount() == 0) {
            return;
        }
        peer.requestStop();
        int exitCode = CommandErrors.FAILED;
        try {
            exitCode = closed.await(CLOSE_SECONDS_MAX, TimeUnit.SECONDS) ? 0 : CommandErrors.FAILED;
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(exitCode);
    }

    /** Ends an orphan of a demo, and removes what the demo left behind. */
    private static final class ParentWatch {
        private final Path folder;
        private volatile boolean gone;

        ParentWatch(final Path folder) {
            this.folder = folder;
        }

        /** A peer that starts while others already clean up must not make the folder anew. */
        void requireFolder() {
            if (folder != null && !DemoFolder.isStanding(folder)) {
                throw new IllegalStateException("the demo that started this peer is gone");
            }
        }

        void start(final Runnable stop) {
            if (folder != null) {
                Thread.ofPlatform().daemon().name("parent-watch").start(() -> {
                    awaitEndOfInput();
                    gone = true;
                    stop.run();
                });
            }
        }

        void removeFolderIfGone() throws IOException {
            if (gone) {
                DemoFolder.removeOrphaned(folder);
            }
        }

        private static void awaitEndOfInput() {
            try {
                System.in.transferTo(OutputStream.nullOutputStream());
            } catch (final IOException e) {
                // A broken pipe is an end, too.
                return;
            }
        }
    }
}
