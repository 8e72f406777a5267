package io.quorate.engine.faults;

import io.quorate.engine.ConsensusEngine;
import io.quorate.engine.EngineContext;
import io.quorate.engine.ThreadingMode;
import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.engine.decision.Decision;
import io.quorate.engine.decision.DecisionMachine.RoundStatus;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.transport.auth.Digest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.agrona.ExpandableArrayBuffer;

/**
 * A peer in a process of its own, for tests that kill, stop and starve processes. It takes orders on standard input and writes down
 * everything that it says to its engine and hears from it on standard output, a line each that begins with {@link #MARK} and a
 * time. Times are of the machine's monotonic clock, which all processes share.
 */
final class FaultPeer {
    static final String MARK = "@";
    static final int DIMENSION = 8;

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long PAUSE_NS = 2_000_000;
    private static final int FILLER_BYTES = 64 * 1024;

    /** A contribution whose outcome is not known yet. */
    private record Contribution(long ticket, String round) {}

    /** A question about a round without an answer yet. */
    private record Question(long ticket, String round) {}

    private final ConsensusEngine engine;
    private final int id;
    private final Path filler;
    private final ConcurrentLinkedQueue<Contribution> contributions = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<Question> questions = new ConcurrentLinkedQueue<>();

    private FaultPeer(final ConsensusEngine engine, final int id, final Path filler) {
        this.engine = engine;
        this.id = id;
        this.filler = filler;
    }

    /** Folder of the group's files, id, address to listen on, folder of data, folder of the driver, whether it has a journal. */
    public static void main(final String[] arguments) throws IOException {
        final Path group = Path.of(arguments[0]);
        final int id = Integer.parseInt(arguments[1]);
        final Path data = Path.of(arguments[3]);
        try (ConsensusEngine engine = ConsensusEngine.launch(new EngineContext()
                .rosterFile(group.resolve("roster.txt"))
                .keyFile(group.resolve("peer-" + id + ".key"))
                .listen(arguments[2])
                .dataDirectory(data)
                .driverDirectory(Path.of(arguments[4]))
                .memoryOnly(!Boolean.parseBoolean(arguments[5]))
                .warmUpMax(Duration.ZERO)
                .threadingMode(ThreadingMode.SHARED))) {
            final FaultPeer peer = new FaultPeer(engine, id, data.resolve("filler"));
            final Thread watcher = new Thread(peer::watch, "watcher");
            watcher.setDaemon(true);
            watcher.start();
            say("ready");
            peer.serve();
        }
    }

    static String answer(final String round) {
        return "the answer to " + round;
    }

    static float[] vector(final int id) {
        return new float[] {1, 2, 3, 4, 5, 6, 7, 8 + 0.01f * id};
    }

    private void serve() throws IOException {
        final BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            final String[] words = order.split(" ");
            switch (words[0]) {
                case "contribute" -> contribute(words[1]);
                case "ask" -> questions.add(new Question(engine.askRoundStatus(words[1]), words[1]));
                case "status" -> status();
                case "pending" -> say("pending " + contributions.size());
                case "fill" -> fill();
                case "free" -> Files.deleteIfExists(filler);
                default -> throw new IllegalStateException("unknown order: " + order);
            }
        }
    }

    private void contribute(final String round) {
        // Said first: a contribution of which nobody knows would look forged.
        say("submitted " + round + " " + outputDigest(id, round));
        try {
            contributions.add(new Contribution(engine.contribute(round, vector(id), answer(round)), round));
        } catch (final IllegalStateException e) {
            say("refused " + round);
        }
    }

    /** As the decision names what a peer contributed. */
    static String outputDigest(final int id, final String round) {
        final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
        final int length = PeerOutput.encode(buffer, 0, round, "", answer(round), vector(id));
        return HexFormat.of().formatHex(Digest.sha256(Arrays.copyOf(buffer.byteArray(), length)));
    }

    private void status() {
        try {
            final EngineStatus status = engine.status(PATIENCE);
            final long dropped = status.counters().entrySet().stream()
                    .filter(counter -> counter.getKey().startsWith("link.dropped."))
                    .mapToLong(java.util.Map.Entry::getValue)
                    .sum();
            say("status " + status.view() + " " + status.primaryId() + " " + status.isVoting() + " "
                    + status.committedSequence() + " " + dropped + " "
                    + status.journal().state() + " " + status.journal().failures());
        } catch (final TimeoutException | InterruptedException e) {
            say("failed no status");
        }
    }

    /** Takes all room that the data folder's file system has left. */
    private void fill() {
        try (OutputStream out = Files.newOutputStream(filler)) {
            final byte[] bytes = new byte[FILLER_BYTES];
            while (true) {
                out.write(bytes);
            }
        } catch (final IOException full) {
            say("full");
        }
    }

    private void watch() {
        while (true) {
            try {
                CertifiedDecision decision = engine.nextDecision();
                while (decision != null) {
                    say("decided " + decided(decision.decision()));
                    decision = engine.nextDecision();
                }
                takeOutcomes();
                takeAnswers();
            } catch (final IllegalStateException closed) {
                if (engine.hasFailed()) {
                    say("failed " + closed.getMessage().replace('\n', ' '));
                }
                return;
            }
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    private static String decided(final Decision decision) {
        return decision.round() + " " + decision.sequence() + " "
                + HexFormat.of().formatHex(decision.digest()) + " "
                + decision.contributors().stream()
                        .map(one -> one.peerId() + ":" + one.outputDigest())
                        .collect(Collectors.joining(","));
    }

    /** Outcomes come in the order of the contributions, but for what was lost on the way: so a few beyond the oldest are asked. */
    private void takeOutcomes() {
        final ArrayDeque<Contribution> first = new ArrayDeque<>();
        final Iterator<Contribution> iterator = contributions.iterator();
        while (iterator.hasNext() && first.size() < 8) {
            first.add(iterator.next());
        }
        for (final Contribution contribution : first) {
            try {
                final ContributionOutcome outcome = engine.awaitOutcome(contribution.ticket(), Duration.ZERO);
                contributions.remove(contribution);
                say("outcome " + contribution.round() + " " + outcome);
            } catch (final TimeoutException notYet) {
                continue;
            } catch (final InterruptedException e) {
                return;
            }
        }
    }

    private void takeAnswers() {
        for (final Question question : questions) {
            final RoundStatus status = engine.answer(question.ticket());
            if (status != null) {
                questions.remove(question);
                say("answer " + question.round() + " " + status.standing() + " " + status.version() + " "
                        + (status.digest() == null ? "-" : HexFormat.of().formatHex(status.digest())));
            }
        }
    }

    private static synchronized void say(final String line) {
        System.out.println(MARK + System.nanoTime() + " " + line);
        System.out.flush();
    }
}
