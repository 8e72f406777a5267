package io.quorate.peer.cli;

import io.quorate.peer.admin.AdminClient;
import io.quorate.peer.format.DecisionText;
import io.quorate.peer.format.JsonLine;
import io.quorate.peer.format.NpyFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Lets a running peer contribute to a round, and prints what the group decides. */
@Command(
        name = "contribute",
        description = {
            "Contribute a vector and an answer to a round through a running peer, and wait for the decision.",
            "A round opens with its first contribution."
        })
final class ContributeCommand implements Callable<Integer> {
    private static final double SECONDS_MAX = 3600;

    @Spec
    private CommandSpec spec;

    @Option(names = "--peer", paramLabel = "DIR", required = true, description = "Data folder of the running peer.")
    private Path data;

    @Option(names = "--round", paramLabel = "NAME", required = true, description = "Name of the round.")
    private String round;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Option(
            names = "--content",
            paramLabel = "T",
            description = "The answer that others must give, too. Default: the text of --text, or nothing.")
    private String content;

    @Option(names = "--type", paramLabel = "T", defaultValue = "", description = "A label for the kind of peer.")
    private String type;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "30",
            description = "How long to wait for the decision. Default: ${DEFAULT-VALUE}.")
    private double timeoutSeconds;

    @Option(names = "--json", description = "Print one JSON object, which certificate verify reads.")
    private boolean json;

    private static final class Source {
        @Option(
                names = "--vector",
                paramLabel = "F.npy",
                required = true,
                description = "NumPy file with one vector of float32 (or float64, which is rounded).")
        private Path vector;

        @Option(
                names = "--text",
                paramLabel = "T",
                required = true,
                description = "A text to make the vector from; it catches wording, not meaning.")
        private String text;
    }

    @Override
    public Integer call() throws IOException {
        if (!(timeoutSeconds > 0 && timeoutSeconds <= SECONDS_MAX)) {
            throw new IllegalArgumentException(
                    "--timeout is " + timeoutSeconds + ", must be above 0 and at most " + SECONDS_MAX + " seconds");
        }
        final Map<String, Object> request = request();
        final PrintWriter out = spec.commandLine().getOut();
        try (AdminClient client = AdminClient.connect(data)) {
            final Map<String, Object> answer = client.request(request);
            if ("refused".equals(answer.get("event"))) {
                throw new IllegalStateException(
                        "the group refused the contribution (" + answer.get("outcome") + "): " + answer.get("reason"));
            }
            if (json) {
                out.println(JsonLine.write(answer));
            } else {
                out.println("round " + DecisionText.printable(round));
                out.print(DecisionText.of(answer, id -> "peer " + id));
                out.flush();
            }
        }
        return 0;
    }

    private Map<String, Object> request() throws IOException {
        final Map<String, Object> request = new LinkedHashMap<>();
        request.put("command", "contribute");
        request.put("round", round);
        request.put("type", type);
        request.put("timeoutMs", Math.max(1, (long) (1000 * timeoutSeconds)));
        if (source.vector == null) {
            request.put("text", source.text);
            request.put("content", content == null ? source.text : content);
        } else {
            final float[] vector = NpyFile.readVector(source.vector);
            final ByteBuffer bytes =
                    ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(vector);
            request.put("vector", Base64.getEncoder().encodeToString(bytes.array()));
            request.put("content", content == null ? "" : content);
        }
        return request;
    }
}
