package io.quorate.peer.roster;

import io.quorate.peer.admin.AdminClient;
import io.quorate.peer.format.JsonLine;
import io.quorate.transport.auth.Roster;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Has a running peer ask its group for the next roster, and waits until that peer has gone on, or has left. */
@Command(
        name = "apply",
        description = {
            "Have the group go on with another roster, and wait until this peer has.",
            "The group does not stop: what was asked of it in one epoch is answered in the next. A peer that is removed must be left"
                    + " running until the others are in the next epoch."
        })
public final class ApplyCommand implements Callable<Integer> {
    private static final double SECONDS_MAX = 3600;
    private static final long PAUSE_NS = 20_000_000;
    private static final int APPROVAL_LENGTH_MAX = 1024;

    @Spec
    private CommandSpec spec;

    @Option(names = "--peer", paramLabel = "DIR", required = true, description = "Data folder of a running peer.")
    private Path data;

    @Option(names = "--next", paramLabel = "FILE", required = true, description = "The roster of the next epoch.")
    private Path nextFile;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long to wait. Default: ${DEFAULT-VALUE}.")
    private double timeoutSeconds;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(paramLabel = "APPROVAL", arity = "1..*", description = "Files that roster approve has written.")
    private List<Path> approvalFiles;

    @Override
    public Integer call() throws IOException {
        if (!(timeoutSeconds > 0 && timeoutSeconds <= SECONDS_MAX)) {
            throw new IllegalArgumentException(
                    "--timeout is " + timeoutSeconds + ", must be above 0 and at most " + SECONDS_MAX + " seconds");
        }
        final long endNs = System.nanoTime() + (long) (timeoutSeconds * 1e9);
        final Roster next = Roster.read(nextFile);
        final List<String> approvals = new ArrayList<>();
        for (final Path file : approvalFiles) {
            if (Files.size(file) > APPROVAL_LENGTH_MAX) {
                throw new IllegalArgumentException(
                        file + " is longer than " + APPROVAL_LENGTH_MAX + " bytes: no approval");
            }
            final String line =
                    Files.readString(file, StandardCharsets.ISO_8859_1).strip();
            Approval.parse(line, file.toString());
            approvals.add(line);
        }
        try (AdminClient client = AdminClient.connect(data)) {
            final Map<String, Object> request = new LinkedHashMap<>();
            request.put("command", "reconfigure");
            request.put("next", next.canonicalText());
            request.put("approvals", approvals);
            request.put("timeoutMs", Math.max(1, (long) (1000 * timeoutSeconds)));
            final Map<String, Object> answer = client.request(request);
            final Map<?, ?> progress = awaitEpoch(client, next.epoch(), endNs);
            print(answer, next, progress);
        }
        return 0;
    }

    /** The progress of the peer once it is in the epoch, or knows that it has left. */
    private Map<?, ?> awaitEpoch(final AdminClient client, final long epoch, final long endNs) throws IOException {
        while (true) {
            final Map<String, Object> status = client.request(Map.of("command", "status"));
            final Map<?, ?> progress = (Map<?, ?>) status.get("progress");
            final boolean isThere = status.get("epoch") instanceof final Number reached && reached.longValue() >= epoch;
            if (isThere || progress.get("state").equals("left")) {
                return progress;
            }
            if (System.nanoTime() - endNs >= 0) {
                throw new IllegalStateException("the step was accepted, but this peer is not in epoch " + epoch
                        + " yet; see ./quorate status --peer " + data);
            }
            LockSupport.parkNanos(PAUSE_NS);
        }
    }

    private void print(final Map<String, Object> answer, final Roster next, final Map<?, ?> progress) {
        final PrintWriter out = spec.commandLine().getOut();
        final boolean hasLeft = progress.get("state").equals("left");
        if (json) {
            final Map<String, Object> fields = new LinkedHashMap<>(answer);
            fields.put("state", progress.get("state"));
            out.println(JsonLine.write(fields));
        } else {
            out.println("epoch " + (next.epoch() - 1) + " ended at sequence " + answer.get("endSequence") + "; "
                    + answer.get("summary"));
            out.println(hasLeft ? "this peer has left the group" : "this peer is in epoch " + next.epoch());
            String.valueOf(answer.get("left")).lines().forEach(line -> out.println("  " + line));
        }
        out.flush();
    }
}
