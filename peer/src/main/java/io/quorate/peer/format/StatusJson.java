package io.quorate.peer.format;

import io.quorate.engine.metrics.EngineStatus;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The status of a peer as the fields of a JSON object. */
public final class StatusJson {
    private StatusJson() {}

    /** What {@code ./quorate status --json} prints. */
    public static Map<String, Object> of(final EngineStatus status) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("event", "status");
        fields.put("peer", status.peerId());
        fields.put("name", status.peerName());
        fields.put("peers", status.peerCount());
        fields.put("group", status.group());
        fields.put("epoch", status.epoch());
        final Map<String, Object> progress = new LinkedHashMap<>();
        progress.put("state", status.progress().state());
        progress.put("endSequence", status.progress().endSequence());
        progress.put("next", status.progress().next());
        fields.put("progress", progress);
        fields.put("view", status.view());
        fields.put("primary", status.primaryId());
        fields.put("voting", status.isVoting());
        fields.put("sequence", status.committedSequence());
        fields.put("stableSequence", status.stableSequence());
        fields.put("stableDigest", status.stableDigest());
        final List<Object> rounds = new ArrayList<>();
        for (final EngineStatus.ClosedRound round : status.rounds()) {
            final Map<String, Object> one = new LinkedHashMap<>();
            one.put("round", round.round());
            one.put("sequence", round.sequence());
            one.put("status", round.status());
            one.put("digest", round.digest());
            rounds.add(one);
        }
        fields.put("rounds", rounds);
        final List<Object> accusations = new ArrayList<>();
        for (final EngineStatus.Accusation accusation : status.accusations()) {
            final Map<String, Object> one = new LinkedHashMap<>();
            one.put("peer", accusation.peerId());
            one.put("kind", accusation.kind());
            one.put("view", accusation.view());
            one.put("sequence", accusation.sequence());
            accusations.add(one);
        }
        fields.put("accusations", accusations);
        final Map<String, Object> kernel = new LinkedHashMap<>();
        kernel.put("name", status.kernelName());
        kernel.put("bits", status.kernelBits());
        fields.put("kernel", kernel);
        fields.put("crypto", status.cryptoProvider());
        fields.put("decisionP50Nanos", status.decisionP50Ns());
        fields.put("decisionP99Nanos", status.decisionP99Ns());
        fields.put("journal", journal(status.journal()));
        fields.put("mesh", mesh(status.mesh()));
        fields.put("health", health(status.health()));
        fields.put("counters", status.counters());
        return fields;
    }

    private static Map<String, Object> journal(final EngineStatus.Journal journal) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("found", journal.found());
        fields.put("state", journal.state());
        fields.put("number", journal.number());
        fields.put("durableNumber", journal.durableNumber());
        fields.put("records", journal.records());
        fields.put("forced", journal.forced());
        fields.put("bytes", journal.bytes());
        fields.put("lost", journal.lost());
        fields.put("failures", journal.failures());
        fields.put("failure", journal.failure());
        return fields;
    }

    private static Map<String, Object> mesh(final EngineStatus.Mesh mesh) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("profile", mesh.profile());
        fields.put("writable", mesh.isWritable());
        fields.put("refusal", mesh.refusal());
        fields.put("distrust", mesh.distrust());
        final List<Object> members = new ArrayList<>();
        for (final EngineStatus.Member member : mesh.members()) {
            final Map<String, Object> one = new LinkedHashMap<>();
            one.put("peer", member.peerId());
            one.put("name", member.name());
            one.put("state", member.state());
            one.put("reached", member.isReached());
            one.put("incarnation", member.incarnation());
            one.put("reputation", member.reputation());
            one.put("roundTripNanos", member.roundTripNs());
            one.put("votedSequence", member.votedSequence());
            members.add(one);
        }
        fields.put("members", members);
        return fields;
    }

    private static Map<String, Object> health(final EngineStatus.Health health) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("reached", health.reached());
        fields.put("message", latency(health.message()));
        fields.put("requestsPerSecond", health.requestsPerSecond());
        fields.put("splits", health.splits());
        fields.put("readOnly", latency(health.readOnly()));
        fields.put("heal", latency(health.heal()));
        fields.put("viewChange", latency(health.viewChange()));
        fields.put("viewAgeNanos", health.viewAgeNs());
        fields.put("participationPermille", health.participationPermille());
        fields.put("faultyMax", health.faultyMax());
        fields.put("toleranceLeft", health.toleranceLeft());
        return fields;
    }

    private static Map<String, Object> latency(final EngineStatus.Latency latency) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("count", latency.count());
        fields.put("p50Nanos", latency.p50Ns());
        fields.put("p99Nanos", latency.p99Ns());
        fields.put("maxNanos", latency.maxNs());
        return fields;
    }
}
