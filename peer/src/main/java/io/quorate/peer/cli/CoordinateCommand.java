package io.quorate.peer.cli;

import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.decision.Decision;
import io.quorate.peer.format.DecisionJson;
import io.quorate.peer.format.DecisionText;
import io.quorate.peer.format.JsonLine;
import io.quorate.peer.round.LocalRound;
import io.quorate.peer.round.RoundFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Computes the decision of a round that a file describes, in this process and without a network. */
@Command(
        name = "coordinate",
        description = "Compute the decision of a round from a file, without a group.",
        footer = {
            "",
            "FILE is JSON: {\"peers\":[{\"id\",\"type\",\"content\",\"embedding\"?}], and if wanted \"topology\",",
            "\"heads\", \"faultTolerance\", \"gossipRounds\", \"grouping\"}; see examples/."
        })
final class CoordinateCommand implements Callable<Integer> {
    private static final String STANDARD_INPUT = "-";

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--mode",
            defaultValue = "byzantine",
            paramLabel = "MODE",
            description =
                    "How vectors are fused: byzantine (robust, the default), gossip (robust averages over the graph),"
                            + " attention (mean by influence, not robust) or topology (the same, where attention is"
                            + " discounted by distance in the graph).")
    private Coordinator.Mode mode;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Parameters(paramLabel = "FILE", description = "The round; - reads standard input.")
    private String file;

    @Override
    public Integer call() throws IOException {
        final LocalRound round = LocalRound.of(read(), mode);
        final Map<String, Object> fields =
                DecisionJson.fields(round.decision(), id -> round.names().get(id));
        if (round.converges() != null) {
            fields.put("converges", round.converges());
        }
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(JsonLine.write(fields));
        } else {
            final Map<String, Object> shown = new LinkedHashMap<>(fields);
            shown.put("reason", round.decision().reason());
            out.print(DecisionText.of(shown, id -> id));
            out.print(fusedLine(round.decision()));
        }
        out.flush();
        return 0;
    }

    private RoundFile read() throws IOException {
        if (file.equals(STANDARD_INPUT)) {
            return RoundFile.read(System.in, "standard input");
        }
        if (file.isEmpty()) {
            throw new IllegalArgumentException("the name of the file is empty");
        }
        final Path path = Path.of(file);
        if (Files.isDirectory(path)) {
            throw new IllegalArgumentException(file + " is a folder, not a file");
        }
        return RoundFile.read(path);
    }

    private static String how(final Decision decision) {
        final String against =
                decision.settings().faulty() + " of " + decision.contributors().size();
        switch (decision.settings().mode()) {
            case BYZANTINE:
                return "robust against " + against;
            case GOSSIP:
                return "averages over the graph, in the honest range against " + against;
            case TOPOLOGY:
                return "mean by influence over the graph, NOT robust: one liar can move it";
            default:
                return "mean by influence, NOT robust: one liar can move it";
        }
    }

    /** How the fused vector came about, and how it begins. */
    private String fusedLine(final Decision decision) {
        final int shownMax = 6;
        final float[] fused = decision.fused();
        final StringBuilder line = new StringBuilder("  fused       ");
        line.append(fused.length)
                .append(fused.length == 1 ? " number, " : " numbers, ")
                .append(how(decision))
                .append(":\n              ");
        for (int i = 0; i < Math.min(shownMax, fused.length); i++) {
            line.append(i == 0 ? "" : "  ").append(fused[i]);
        }
        return line.append(fused.length > shownMax ? "  ...\n" : "\n").toString();
    }
}
