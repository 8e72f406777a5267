package io.quorate.peer;

import com.sun.management.OperatingSystemMXBean;
import io.quorate.engine.ConsensusEngine;
import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.epoch.Verdict;
import io.quorate.engine.metrics.EngineStatus;
import io.quorate.engine.quorum.Quorum;
import io.quorate.kernels.embed.HashedEmbedder;
import io.quorate.peer.admin.AdminHandler;
import io.quorate.peer.format.DecisionJson;
import io.quorate.peer.format.StatusJson;
import io.quorate.peer.roster.Approval;
import io.quorate.peer.roster.StepText;
import io.quorate.transport.auth.Roster;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeoutException;

/** Answers the requests of the admin socket: contribute, decision, reconfigure, status, stop. */
final class PeerAdmin implements AdminHandler {
    private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(10);
    private static final long TIMEOUT_MS_MAX = 3_600_000;
    private static final long NS_PER_MS = 1_000_000;
    private static final OperatingSystemMXBean SYSTEM =
            ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

    private final ConsensusEngine engine;
    private final HashedEmbedder embedder;
    private final Runnable stop;

    PeerAdmin(final ConsensusEngine engine, final int dimension, final Runnable stop) {
        this.engine = engine;
        this.embedder = new HashedEmbedder(dimension);
        this.stop = stop;
    }

    @Override
    public Map<String, ?> handle(final Map<String, Object> request) throws InterruptedException {
        final String command = text(request, "command", null);
        return switch (command) {
            case "contribute" -> contribute(request);
            case "decision" -> decision(text(request, "round", null), timeout(request));
            case "reconfigure" -> reconfigure(request);
            case "status" -> status();
            case "stop" -> {
                stop.run();
                yield Map.of("event", "stopping");
            }
            default ->
                throw new IllegalArgumentException("command \"" + command
                        + "\" is unknown; known are contribute, decision, reconfigure, status, stop");
        };
    }

    private Map<String, ?> status() throws InterruptedException {
        final Map<String, Object> fields = StatusJson.of(statusOf(engine));
        final Map<String, Object> process = new LinkedHashMap<>();
        process.put("cpuNanos", SYSTEM.getProcessCpuTime());
        process.put("upNanos", ManagementFactory.getRuntimeMXBean().getUptime() * NS_PER_MS);
        process.put(
                "heapBytes",
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        fields.put("process", process);
        return fields;
    }

    static EngineStatus statusOf(final ConsensusEngine engine) throws InterruptedException {
        try {
            return engine.status(STATUS_TIMEOUT);
        } catch (final TimeoutException e) {
            throw new IllegalStateException(
                    "the peer's engine gave no status within " + STATUS_TIMEOUT.toSeconds() + " s", e);
        }
    }

    private Map<String, ?> contribute(final Map<String, Object> request) throws InterruptedException {
        final String round = text(request, "round", null);
        final long deadlineNs = System.nanoTime() + timeout(request).toNanos();
        final String content = text(request, "content", "");
        final MemorySegment vector = MemorySegment.ofArray(vector(request));
        final long ticket = engine.contribute(round, text(request, "type", ""), content, vector);
        final ContributionOutcome outcome;
        try {
            outcome = engine.awaitOutcome(ticket, remaining(deadlineNs));
        } catch (final TimeoutException e) {
            throw new IllegalStateException(
                    "the group did not order the contribution in time; is a quorum running?", e);
        }
        if (!outcome.isCounted()) {
            final Map<String, Object> refusal = new LinkedHashMap<>();
            refusal.put("event", "refused");
            refusal.put("round", round);
            refusal.put("outcome", outcome.name().toLowerCase(Locale.ROOT).replace('_', '-'));
            refusal.put("reason", outcome.sentence());
            return refusal;
        }
        return decision(round, remaining(deadlineNs));
    }

    private Map<String, ?> decision(final String round, final Duration timeout) throws InterruptedException {
        try {
            return DecisionJson.certified(engine.awaitDecision(round, timeout));
        } catch (final TimeoutException e) {
            throw new IllegalStateException("there is " + e.getMessage(), e);
        }
    }

    private Map<String, ?> reconfigure(final Map<String, Object> request) throws InterruptedException {
        final Roster current = engine.roster();
        final Roster next = Roster.parse(text(request, "next", null), "the next roster");
        final List<String> lines = new ArrayList<>();
        if (request.get("approvals") instanceof final List<?> given) {
            given.forEach(line -> lines.add(String.valueOf(line)));
        }
        final String summary = StepText.summary(current, next);
        final Map<Integer, byte[]> approvals = Approval.signatures(lines, current, next);
        final int quorum = Quorum.of(current.size()).quorum();
        if (approvals.size() < quorum) {
            throw new IllegalArgumentException(approvals.size() + " approvals given, " + quorum + " of the "
                    + current.size() + " peers of epoch " + current.epoch() + " are needed");
        }
        final Verdict.Told told;
        try {
            told = engine.awaitVerdict(engine.reconfigure(next, approvals), timeout(request));
        } catch (final TimeoutException e) {
            throw new IllegalStateException("the group did not order the step in time; is a quorum running?", e);
        }
        if (told.verdict() != Verdict.ACCEPTED) {
            throw new IllegalStateException(
                    "the group refused the roster: " + told.verdict().sentence());
        }
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("event", "reconfigured");
        fields.put("epoch", next.epoch());
        fields.put("endSequence", told.endSequence());
        fields.put("summary", summary);
        fields.put("left", StepText.whatIsLeft(current, next));
        return fields;
    }

    private float[] vector(final Map<String, Object> request) {
        if (!request.containsKey("vector")) {
            return embedder.embed(text(request, "text", null));
        }
        final byte[] bytes = Base64.getDecoder().decode(text(request, "vector", null));
        final float[] vector = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(vector);
        return vector;
    }

    private static Duration timeout(final Map<String, Object> request) {
        if (request.get("timeoutMs") instanceof final Long milliseconds
                && milliseconds > 0
                && milliseconds <= TIMEOUT_MS_MAX) {
            return Duration.ofMillis(milliseconds);
        }
        throw new IllegalArgumentException("timeoutMs must be a whole number from 1 to " + TIMEOUT_MS_MAX);
    }

    private static Duration remaining(final long deadlineNs) {
        return Duration.ofNanos(Math.max(0, deadlineNs - System.nanoTime()));
    }

    private static String text(final Map<String, Object> request, final String name, final String defaultValue) {
        if (request.get(name) instanceof final String text) {
            return text;
        }
        if (defaultValue != null && !request.containsKey(name)) {
            return defaultValue;
        }
        throw new IllegalArgumentException("\"" + name + "\" must be a text");
    }
}
