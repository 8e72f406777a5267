package io.quorate.peer.cli;

import io.quorate.peer.admin.AdminClient;
import io.quorate.peer.format.DecisionText;
import io.quorate.peer.format.JsonLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints what a running peer says of itself. */
@Command(name = "status", description = "Print what a running peer says of itself.")
final class StatusCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--peer", paramLabel = "DIR", required = true, description = "Data folder of the running peer.")
    private Path data;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        try (AdminClient client = AdminClient.connect(data)) {
            final Map<String, Object> status = client.request(Map.of("command", "status"));
            final PrintWriter out = spec.commandLine().getOut();
            if (json) {
                out.println(JsonLine.write(status));
            } else {
                print(out, status);
            }
            out.flush();
        }
        return 0;
    }

    private static void print(final PrintWriter out, final Map<String, Object> status) {
        out.println("peer " + status.get("peer") + " (" + status.get("name") + ") of " + status.get("peers")
                + ", group " + status.get("group") + ", epoch " + status.get("epoch"));
        if (status.get("progress") instanceof final Map<?, ?> progress
                && !progress.get("state").equals("open")) {
            out.println("  " + progress(status.get("epoch"), progress));
        }
        out.println("  view " + status.get("view") + ", primary peer " + status.get("primary") + ", "
                + (Boolean.TRUE.equals(status.get("voting")) ? "votes" : "follows without a vote"));
        out.println("  sequence " + status.get("sequence") + ", stable checkpoint " + status.get("stableSequence"));
        if (status.get("kernel") instanceof final Map<?, ?> kernel) {
            out.println("  kernels " + kernel.get("name") + ", " + kernel.get("bits") + " bit; crypto "
                    + status.get("crypto"));
        }
        if (status.get("journal") instanceof final Map<?, ?> journal) {
            out.println("  journal " + journal(journal));
        }
        out.println("  decision latency p50 " + milliseconds(status.get("decisionP50Nanos")) + ", p99 "
                + milliseconds(status.get("decisionP99Nanos")));
        if (status.get("rounds") instanceof final List<?> rounds) {
            for (final Object element : rounds) {
                if (element instanceof final Map<?, ?> round) {
                    out.println("  round " + DecisionText.printable(String.valueOf(round.get("round"))) + ": "
                            + round.get("status") + ", digest " + round.get("digest"));
                }
            }
        }
        if (status.get("accusations") instanceof final List<?> accusations) {
            for (final Object element : accusations) {
                if (element instanceof final Map<?, ?> accusation) {
                    out.println("  peer " + accusation.get("peer") + " signed two statements that conflict: "
                            + accusation.get("kind") + ", view " + accusation.get("view") + ", sequence "
                            + accusation.get("sequence"));
                }
            }
        }
        if (status.get("counters") instanceof final Map<?, ?> counters) {
            counters.forEach((name, value) -> {
                if (value instanceof final Number number && number.longValue() != 0) {
                    out.println("  " + name + " " + number);
                }
            });
        }
    }

    private static String progress(final Object epoch, final Map<?, ?> progress) {
        final String end = "epoch " + epoch + " ends at sequence " + progress.get("endSequence");
        return switch (String.valueOf(progress.get("state"))) {
            case "joins" -> "looks for the proof that epoch " + epoch + " has begun";
            case "fetches" -> "fetches the state that epoch " + epoch + " began with";
            case "ends" -> end + ": a step to another roster was accepted";
            case "closed" -> end + ", done here: waits until a quorum has signed what follows";
            case "over" -> end + ": epoch " + progress.get("next") + " is being opened";
            case "left" ->
                "epoch " + progress.get("next")
                        + " has begun, and no key of this peer is in its roster: leave it running"
                        + " until the others are in that epoch";
            default -> "epoch " + epoch + ": " + progress.get("state");
        };
    }

    private static String journal(final Map<?, ?> journal) {
        if (journal.get("state").equals("memory-only")) {
            return "none: memory only";
        }
        return journal.get("state") + ": written up to " + journal.get("number") + ", durable up to "
                + journal.get("durableNumber") + "; " + journal.get("records") + " records, " + journal.get("bytes")
                + " bytes, forced " + journal.get("forced") + " times; found " + journal.get("found")
                + (String.valueOf(journal.get("failure")).isEmpty() ? "" : "; " + journal.get("failure"));
    }

    private static String milliseconds(final Object nanos) {
        return nanos instanceof final Number number
                ? String.format(Locale.ROOT, "%.2f ms", number.longValue() / 1e6)
                : "unknown";
    }
}
