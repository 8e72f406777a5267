package io.quorate.peer.compute;

import io.quorate.kernels.graph.Centrality;
import io.quorate.kernels.graph.PeerGraph;
import io.quorate.kernels.graph.Resistance;
import io.quorate.peer.format.JsonLine;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a graph says about its nodes: degree, betweenness, effective resistance and components. */
@Command(
        name = "graph",
        description = "Degree, betweenness, effective resistance and components of a graph.",
        footer = {
            "",
            "G.json is {\"nodes\":n,\"connections\":[[i,j,weight?],...]}: undirected, nodes from",
            "0. A weight is a conductance: 1 if not given, 0 for no edge; a shortest path has",
            "the smallest sum of 1 / weight. The lists of the result:",
            "  degree[i]         number of edges of node i",
            "  betweenness[i]    share of the pairs of other nodes whose shortest paths lead",
            "                    through i",
            "  resistance[i][j]  effective resistance; null between components",
            "  components[i]     the smallest node that i is connected with: equal for two",
            "                    nodes of one component",
            "Example:",
            "  compute graph --in G.json --json"
        })
public final class GraphCommand implements Callable<Integer> {
    private static final int SHOWN_MAX = 16;

    @Spec
    private CommandSpec spec;

    @Option(names = "--in", paramLabel = "G.json", required = true, description = "The graph; - reads standard input.")
    private String file;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws IOException {
        final PeerGraph graph = GraphFile.read(file);
        final Resistance resistance = Resistance.of(graph);
        final Centrality centrality = Centrality.of(graph);
        final PrintWriter out = spec.commandLine().getOut();
        if (json) {
            JsonLine.write(fields(graph, centrality, resistance), out);
            out.println();
        } else {
            out.print(table(graph, centrality, resistance));
        }
        out.flush();
        final PrintWriter err = spec.commandLine().getErr();
        err.println("kernel: scalar, float64");
        err.flush();
        return 0;
    }

    private static Map<String, Object> fields(
            final PeerGraph graph, final Centrality centrality, final Resistance resistance) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("degree", list(graph, graph::degree));
        fields.put("betweenness", list(graph, centrality::betweenness));
        fields.put("resistance", list(graph, i -> list(graph, j -> orNull(resistance.between(i, j)))));
        fields.put("components", list(graph, graph::component));
        return fields;
    }

    /** One value a node, made when it is written: a row of resistances at a time. */
    private static Iterable<?> list(final PeerGraph graph, final IntFunction<?> value) {
        return () -> IntStream.range(0, graph.nodes()).<Object>mapToObj(value).iterator();
    }

    private static Double orNull(final double resistance) {
        return Double.isInfinite(resistance) ? null : resistance;
    }

    private static String table(final PeerGraph graph, final Centrality centrality, final Resistance resistance) {
        final StringBuilder text = new StringBuilder();
        text.append(graph.nodes())
                .append(graph.nodes() == 1 ? " node, " : " nodes, ")
                .append(graph.edges())
                .append(graph.edges() == 1 ? " edge, " : " edges, ");
        final long components = IntStream.range(0, graph.nodes())
                .filter(i -> graph.component(i) == i)
                .count();
        text.append(components).append(components == 1 ? " component\n\n" : " components\n\n");
        text.append("  node  component  degree  betweenness\n");
        for (int i = 0; i < graph.nodes(); i++) {
            text.append(String.format(
                    Locale.ROOT,
                    "%6d  %9d  %6d  %11.6f%n",
                    i,
                    graph.component(i),
                    graph.degree(i),
                    centrality.betweenness(i)));
        }
        if (graph.nodes() > SHOWN_MAX) {
            return text.append("\n  resistance: with --json\n").toString();
        }
        text.append("\n  resistance (- between components)\n      ");
        for (int j = 0; j < graph.nodes(); j++) {
            text.append(String.format(Locale.ROOT, "%10d", j));
        }
        for (int i = 0; i < graph.nodes(); i++) {
            text.append(String.format(Locale.ROOT, "%n%6d", i));
            for (int j = 0; j < graph.nodes(); j++) {
                final double value = resistance.between(i, j);
                text.append(Double.isInfinite(value) ? "         -" : String.format(Locale.ROOT, "  %8.5g", value));
            }
        }
        return text.append('\n').toString();
    }
}
