package io.quorate.peer.demo;

import io.quorate.peer.format.JsonLine;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One object a line, for programs. */
final class JsonReport implements DemoReport {
    private final PrintWriter out;

    JsonReport(final PrintWriter out) {
        this.out = out;
    }

    @Override
    public void command(final List<String> arguments) {}

    @Override
    public void ready(final Map<String, ?> ready, final long pid) {}

    @Override
    public void question(final String round, final List<DemoRound.Part> parts) {}

    @Override
    public void decision(final Map<String, Object> decision, final int peersWithThisDigest) {
        out.println(JsonLine.write(decision));
    }

    @Override
    public void verified(final String answer) {}

    @Override
    public void killed(final int peerId, final long pid, final boolean wasPrimary) {
        event("kill", peerId, Map.of("pid", pid, "primary", wasPrimary));
    }

    @Override
    public void restarted(final int peerId, final long pid) {
        event("restart", peerId, Map.of("pid", pid));
    }

    @Override
    public void following(final int peerId, final long afterNanos, final Map<String, ?> round) {}

    @Override
    public void caughtUp(
            final int peerId, final long caughtUpNanos, final long votingNanos, final Map<String, ?> round) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("round", round.get("round"));
        fields.put("sequence", round.get("sequence"));
        fields.put("digest", round.get("digest"));
        fields.put("caughtUpNanos", caughtUpNanos);
        fields.put("votingNanos", votingNanos);
        event("caught-up", peerId, fields);
    }

    @Override
    public void done(final int peers, final int rounds, final long durationNanos) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("event", "done");
        fields.put("peers", peers);
        fields.put("rounds", rounds);
        fields.put("durationNanos", durationNanos);
        out.println(JsonLine.write(fields));
    }

    private void event(final String event, final int peerId, final Map<String, ?> more) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("event", event);
        fields.put("peer", peerId);
        fields.putAll(more);
        out.println(JsonLine.write(fields));
    }
}
