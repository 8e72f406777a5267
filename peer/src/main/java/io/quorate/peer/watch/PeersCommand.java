package io.quorate.peer.watch;

import io.quorate.peer.format.JsonLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints whom a running peer sees, and in which state. */
@Command(
        name = "peers",
        description = {
            "Print how a running peer sees the others: alive, suspect, faulty or left; whether they answer it, how fast, how many",
            "sequences their newest vote is behind, and what reputation they have with it. No peer's view is the group's."
        })
public final class PeersCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Option(names = "--peer", paramLabel = "DIR", required = true, description = "Data folder of the running peer.")
    private Path data;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        final PeerReading reading = PeerReading.of(data);
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            final Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("event", "peers");
            for (final String name : new String[] {"peer", "name", "peers", "group", "epoch", "sequence", "mesh"}) {
                fields.put(name, reading.fields().get(name));
            }
            fields.put("reached", reading.health().get("reached"));
            fields.put("faultyMax", reading.health().get("faultyMax"));
            fields.put("toleranceLeft", reading.health().get("toleranceLeft"));
            out.println(JsonLine.write(fields));
        } else {
            out.print(PeersText.summary(reading));
            out.print(PeersText.table(reading));
        }
        out.flush();
        return 0;
    }
}
