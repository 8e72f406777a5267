package io.quorate.peer.demo;

import io.quorate.peer.format.JsonLine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What happens in a demo, in order: rounds, the death of the primary, a round without it, its return. */
final class DemoStory {
    private static final long ANSWER_MS_MAX = 60_000;
    private static final long RETURN_NS_MAX = 60_000_000_000L;
    private static final long PACE_MS = 50;

    private final DemoGroup group;
    private final DemoReport report;
    private final Path folder;

    DemoStory(final DemoGroup group, final DemoReport report, final Path folder) {
        this.group = group;
        this.report = report;
        this.folder = folder;
    }

    /** Tells the story; returns the number of rounds. */
    int tell(final List<DemoRound> rounds, final DemoRound afterCrash) throws IOException, InterruptedException {
        group.prepare();
        group.startAll();
        for (final DemoRound round : rounds) {
            play(round);
        }
        final DemoPeer victim = primary();
        final long pid = victim.pid();
        victim.kill();
        report.killed(victim.id(), pid, true);
        final Map<String, Object> decided = play(afterCrash);
        final long restartNs = System.nanoTime();
        group.start(victim);
        victim.awaitReady();
        report.restarted(victim.id(), victim.pid());
        awaitReturn(victim, decided, restartNs);
        return rounds.size() + 1;
    }

    /** Lets every running peer contribute, compares their decisions, checks the certificate. */
    private Map<String, Object> play(final DemoRound round) throws IOException, InterruptedException {
        final List<DemoPeer> running = group.running();
        final List<DemoRound.Part> parts =
                running.stream().map(peer -> round.parts().get(peer.id())).toList();
        report.question(round.name(), parts);
        final List<Map<String, Object>> decisions = contribute(round.name(), running, parts);
        final Map<String, Object> first = decisions.get(0);
        for (final Map<String, Object> other : decisions) {
            if (!first.get("record").equals(other.get("record"))) {
                throw new IllegalStateException("two peers hold different decisions of round " + round.name());
            }
        }
        report.decision(first, decisions.size());
        final Path file = folder.resolve("decision-" + round.name() + ".json");
        Files.writeString(file, JsonLine.write(first) + "\n");
        report.verified(group.verify(file));
        return first;
    }

    private List<Map<String, Object>> contribute(
            final String round, final List<DemoPeer> peers, final List<DemoRound.Part> parts)
            throws InterruptedException {
        final List<Map<String, Object>> decisions = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            final List<Future<Map<String, Object>>> answers = new ArrayList<>();
            for (int i = 0; i < peers.size(); i++) {
                final DemoPeer peer = peers.get(i);
                final Map<String, Object> request = request(round, parts.get(i));
                answers.add(threads.submit(() -> contribute(peer, request)));
            }
            for (final Future<Map<String, Object>> answer : answers) {
                decisions.add(answer.get());
            }
        } catch (final ExecutionException e) {
            throw new IllegalStateException(
                    "round " + round + ": " + e.getCause().getMessage(), e.getCause());
        }
        return decisions;
    }

    /** One peer's part; a peer that comes too late, on a busy machine, hears what the others decided. */
    private static Map<String, Object> contribute(final DemoPeer peer, final Map<String, Object> request)
            throws IOException {
        final Map<String, Object> answer = peer.request(request);
        if (!"refused".equals(answer.get("event"))) {
            return answer;
        }
        if (!"round-closed".equals(answer.get("outcome"))) {
            throw new IllegalStateException("peer " + peer.id() + " was refused: " + answer.get("reason"));
        }
        return peer.request(Map.of("command", "decision", "round", request.get("round"), "timeoutMs", ANSWER_MS_MAX));
    }

    private static Map<String, Object> request(final String round, final DemoRound.Part part) {
        final Map<String, Object> request = new LinkedHashMap<>();
        request.put("command", "contribute");
        request.put("round", round);
        request.put("type", part.type());
        request.put("content", part.content());
        if (part.vector() == null) {
            request.put("text", part.content());
        } else {
            final ByteBuffer bytes =
                    ByteBuffer.allocate(part.vector().length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(part.vector());
            request.put("vector", Base64.getEncoder().encodeToString(bytes.array()));
        }
        request.put("timeoutMs", ANSWER_MS_MAX);
        return request;
    }

    private DemoPeer primary() throws IOException {
        final Object id = group.status(group.peers().get(0)).get("primary");
        return group.peers().get(((Number) id).intValue());
    }

    /** Watches a restarted peer until it holds the last round's digest and votes again. */
    private void awaitReturn(final DemoPeer peer, final Map<String, Object> decided, final long restartNs)
            throws IOException, InterruptedException {
        Map<String, ?> round = null;
        long caughtUpNs = 0;
        for (long elapsedNs = 0; elapsedNs < RETURN_NS_MAX; elapsedNs = System.nanoTime() - restartNs) {
            final Map<String, Object> status = group.status(peer);
            final long nowNs = System.nanoTime() - restartNs;
            if (round == null) {
                round = held(status, decided);
                caughtUpNs = nowNs;
                if (round != null) {
                    report.following(peer.id(), caughtUpNs, round);
                }
            }
            if (round != null && Boolean.TRUE.equals(status.get("voting"))) {
                report.caughtUp(peer.id(), caughtUpNs, nowNs, round);
                return;
            }
            if (!peer.isRunning()) {
                throw new IllegalStateException("peer " + peer.id() + " ended while it caught up");
            }
            peer.pace(PACE_MS);
        }
        throw new IllegalStateException("peer " + peer.id()
                + (round == null ? " did not catch up" : " caught up but does not vote") + " within "
                + RETURN_NS_MAX / 1_000_000_000L + " s");
    }

    /** The round as the peer knows it, if it is there with the digest that the others signed. */
    private static Map<String, ?> held(final Map<String, Object> status, final Map<String, Object> decided) {
        if (status.get("rounds") instanceof final List<?> rounds) {
            for (final Object element : rounds) {
                if (element instanceof final Map<?, ?> round
                        && decided.get("round").equals(round.get("round"))
                        && digest(decided).equals(round.get("digest"))) {
                    final Map<String, Object> fields = new LinkedHashMap<>();
                    round.forEach((name, value) -> fields.put(String.valueOf(name), value));
                    return fields;
                }
            }
        }
        return null;
    }

    private static Object digest(final Map<String, Object> decision) {
        if (decision.get("certificate") instanceof final List<?> signatures
                && signatures.get(0) instanceof final Map<?, ?> signature) {
            return signature.get("digest");
        }
        throw new IllegalStateException("the decision has no certificate");
    }
}
