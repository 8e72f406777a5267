package io.quorate.peer.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.peer.CommandRun;
import io.quorate.peer.format.JsonLine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GraphCommandTest {
    private static final String TWO_PARTS =
            "{\"connections\":[[3,1],[1,3],[4,3,2],[0,2,0.25],[1,4,0.0]],\n \"nodes\":5}";

    @TempDir
    private Path folder;

    @Test
    void shouldPrintOneJsonObject() throws IOException {
        final CommandRun run = CommandRun.of("compute", "graph", "--in", file(TWO_PARTS), "--json");
        assertThat(run.exitCode()).isZero();
        assertThat(run.err().lines()).containsExactly("kernel: scalar, float64");
        assertThat(run.out().lines()).hasSize(1);
        final Map<String, Object> graph = JsonLine.read(run.out());
        assertThat(graph.keySet()).containsExactly("degree", "betweenness", "resistance", "components");
        assertThat(graph.get("degree")).isEqualTo(List.of(1L, 1L, 1L, 2L, 1L));
        assertThat(graph.get("components")).isEqualTo(List.of(0L, 1L, 0L, 1L, 1L));
        final List<?> betweenness = (List<?>) graph.get("betweenness");
        assertThat(((BigDecimal) betweenness.get(3)).doubleValue()).isCloseTo(1.0 / 6, within(1e-15));
        assertThat(((BigDecimal) betweenness.get(1)).doubleValue()).isZero();
        final BigDecimal none = new BigDecimal("0.0");
        assertThat(graph.get("resistance"))
                .isEqualTo(List.of(
                        Arrays.asList(none, null, new BigDecimal("4.0"), null, null),
                        Arrays.asList(null, none, null, new BigDecimal("1.0"), new BigDecimal("1.5")),
                        Arrays.asList(new BigDecimal("4.0"), null, none, null, null),
                        Arrays.asList(null, new BigDecimal("1.0"), null, none, new BigDecimal("0.5")),
                        Arrays.asList(null, new BigDecimal("1.5"), null, new BigDecimal("0.5"), none)));
    }

    @Test
    void shouldPrintTheSameWhateverTheOrderOfConnections() throws IOException {
        final String other = "{\"nodes\":5,\"connections\":[[2,0,0.25],[3,4,2.0],[1,3,1]]}";
        assertThat(CommandRun.of("compute", "graph", "--json", "--in", file(other))
                        .out())
                .isEqualTo(CommandRun.of("compute", "graph", "--json", "--in", file(TWO_PARTS))
                        .out());
    }

    @Test
    void shouldLayOutTheGraphForPeople() throws IOException {
        final CommandRun run = CommandRun.of("compute", "graph", "--in", file(TWO_PARTS));
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("5 nodes, 3 edges, 2 components")
                .contains("     3          1       2     0.166667")
                .contains("     0    0.0000         -    4.0000         -         -");
        final CommandRun one = CommandRun.of("compute", "graph", "--in", file("{\"nodes\":1,\"connections\":[]}"));
        assertThat(one.out()).contains("1 node, 0 edges, 1 component\n");
        final CommandRun large = CommandRun.of("compute", "graph", "--in", file("{\"nodes\":99,\"connections\":[]}"));
        assertThat(large.out()).contains("99 components").contains("resistance: with --json");
    }

    @Test
    void shouldReadStandardInput() {
        final InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(TWO_PARTS.getBytes(StandardCharsets.UTF_8)));
        try {
            assertThat(CommandRun.of("compute", "graph", "--in", "-").exitCode())
                    .isZero();
        } finally {
            System.setIn(before);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"nodes\":3}|the field \"connections\" is missing",
                "{\"connections\":[]}|the field \"nodes\" is missing",
                "{\"nodes\":0,\"connections\":[]}|:1:10: nodes: a whole number from 1 to 65536, given 0",
                "{\"nodes\":2.5,\"connections\":[]}|nodes: a whole number belongs here, given the number 2.5",
                "{\"nodes\":\"3\",\"connections\":[]}|nodes: a whole number belongs here, given a string",
                "{\"nodes\":3,\"connections\":{}}|connections: an array of connections belongs here, given an object",
                "{\"nodes\":3,\"connections\":[7]}|connections[0]: an array [i, j] or [i, j, weight] belongs here",
                "{\"nodes\":3,\"connections\":[[1]]}|:1:27: connections[0]: a connection has at least i and j",
                "{\"nodes\":3,\"connections\":[[0,1,1,1]]}|connections[0][3]: a connection has at most i, j and weight",
                "{\"nodes\":3,\"connections\":[[0,1],[0,3]]}|:1:33: connections[1]: nodes are 0 to 2, given 3",
                "{\"nodes\":3,\"connections\":[[0,-1]]}|connections[0][1]: a whole number from 0 to 65535, given -1",
                "{\"nodes\":3,\"connections\":[[1,1]]}|an edge joins two different nodes, given node 1 twice",
                "{\"nodes\":3,\"connections\":[[0,1,-2]]}|a conductance from 2^-500 to 2^500, given -2.0",
                "{\"nodes\":3,\"connections\":[[0,1,NaN]]}|connections[0][2]: NaN is not a finite number",
                "{\"nodes\":3,\"connections\":[[0,1,1e999]]}|connections[0][2]: 1e999 is beyond float64",
                "{\"nodes\":3,\"connections\":[[0,1,1e-999]]}|connections[0][2]: 1e-999 is beyond float64",
                "{\"nodes\":3,\"connections\":[[0,1,\"2\"]]}|connections[0][2]: a number belongs here, given a string",
                "{\"nodes\":3,\"connections\":[[0,1,null]]}|connections[0][2]: a number belongs here, given null",
                "{\"nodes\":3,\"connections\":[[0,1,2],[1,0,3]]}|connections[1]: nodes 1 and 0 have an earlier entry",
                "{\"nodes\":3,\"nodes\":3,\"connections\":[]}|no valid JSON: Duplicate",
                "{\"nodes\":3,\"edges\":[]}|:1:12: unknown field \"edges\", allowed are nodes, connections",
                "{\"nodes\":3,\"connections\":[]} {}|something follows the end of the object",
                "[]|an object belongs here, given an array",
                "\u0093NUMPY|: is no JSON; a graph is {",
                "nodes|: is no JSON; a graph is {",
                "{\"nodes\":3,\"connections\":[[|no valid JSON",
                "{\"nodes\":5000,\"connections\":[]}|at most 4096 nodes, given 5000",
                "{\"nodes\":3,\"connections\":[[0,1,1e-20],[1,2,1e20]]}|given 1.0E-20 and 1.0E20",
            })
    void shouldRefuseWrongInputInOneLineWithItsPlace(final String text, final String message) throws IOException {
        final CommandRun run = CommandRun.of("compute", "graph", "--json", "--in", file(text));
        assertThat(run.exitCode()).as(run.err()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains(message).doesNotContain("Exception");
    }

    @Test
    void shouldRefuseAFileThatIsNone() {
        assertThat(CommandRun.of("compute", "graph", "--in", folder).err()).contains("is a folder");
        assertThat(CommandRun.of("compute", "graph", "--in", folder.resolve("no.json"))
                        .err())
                .contains("no such file");
        assertThat(CommandRun.of("compute", "graph", "--in", "").err()).contains("the name of the file is empty");
        assertThat(CommandRun.of("compute", "graph").exitCode()).isEqualTo(2);
    }

    private Path file(final String text) throws IOException {
        return Files.writeString(Files.createTempFile(folder, "graph", ".json"), text);
    }
}
