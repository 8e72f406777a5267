package io.quorate.peer.demo;

import io.quorate.peer.format.DecisionText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The demo told to people. Commands are shown as a user would type them, relative to the demo's folder. */
final class TextReport implements DemoReport {
    private static final int ANSWER_LENGTH = 62;
    private static final int RULE_LENGTH = 84;
    private static final int DIGEST_LENGTH = 16;

    private final PrintWriter out;
    private final Path folder;

    TextReport(final PrintWriter out, final Path folder) {
        this.out = out;
        this.folder = folder;
        out.println("Everything lives in " + folder);
        out.println();
    }

    @Override
    public void command(final List<String> arguments) {
        out.println("$ quorate " + String.join(" ", arguments).replace(folder + "/", ""));
    }

    @Override
    public void ready(final Map<String, ?> ready, final long pid) {
        out.printf(
                Locale.ROOT,
                "  %s listens on %s, pid %d, key %s%n",
                ready.get("name"),
                ready.get("listen"),
                pid,
                ready.get("fingerprint"));
    }

    @Override
    public void question(final String round, final List<DemoRound.Part> parts) {
        out.println();
        final String title = "── round " + round + " ";
        out.println(title + "─".repeat(Math.max(2, RULE_LENGTH - title.length())));
        for (final DemoRound.Part part : parts) {
            out.println("  " + name(part.peerId()) + " says   " + shortened(DecisionText.printable(part.content())));
        }
        out.println();
    }

    @Override
    public void decision(final Map<String, Object> decision, final int peersWithThisDigest) {
        out.print(DecisionText.of(decision, TextReport::name));
        out.println("  replicas    " + peersWithThisDigest + " peers computed it, all with the same digest");
    }

    @Override
    public void verified(final String answer) {
        out.println("  " + answer);
    }

    @Override
    public void killed(final int peerId, final long pid, final boolean wasPrimary) {
        out.println();
        out.println("── SIGKILL " + name(peerId) + (wasPrimary ? ", the primary" : "") + " (pid " + pid + ")");
    }

    @Override
    public void restarted(final int peerId, final long pid) {
        out.println();
        out.println(
                "── restart " + name(peerId) + " (pid " + pid + "): it has forgotten everything, its votes included");
    }

    @Override
    public void following(final int peerId, final long afterNanos, final Map<String, ?> round) {
        out.println("  " + seconds(afterNanos) + "  " + name(peerId) + " has caught up: round " + round.get("round")
                + " has digest " + shortDigest(round) + " here, too; it follows, but does not vote yet");
    }

    @Override
    public void caughtUp(
            final int peerId, final long caughtUpNanos, final long votingNanos, final Map<String, ?> round) {
        out.println("  " + seconds(votingNanos) + "  " + name(peerId)
                + " votes again: a newer checkpoint is stable than anything that it can have voted on before");
    }

    @Override
    public void done(final int peers, final int rounds, final long durationNanos) {
        out.println();
        out.println("done: " + rounds + " rounds, " + peers + " peers, "
                + seconds(durationNanos).strip() + "; every process is stopped and its files are removed");
    }

    private static String name(final int peerId) {
        return "peer-" + peerId;
    }

    private static String name(final String peerId) {
        return "peer-" + peerId;
    }

    private static String shortDigest(final Map<String, ?> round) {
        final String digest = String.valueOf(round.get("digest"));
        return digest.substring(0, Math.min(DIGEST_LENGTH, digest.length())) + "...";
    }

    private static String seconds(final long nanos) {
        return String.format(Locale.ROOT, "%6.2f s", nanos / 1e9);
    }

    private static String shortened(final String content) {
        return content.length() <= ANSWER_LENGTH ? content : content.substring(0, ANSWER_LENGTH) + "...";
    }
}
