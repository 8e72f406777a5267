package io.quorate.peer.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.CommandRun;
import io.quorate.peer.format.JsonLine;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoordinateCommandTest {
    private static final String ROUND = "{\"heads\":2,\"peers\":["
            + "{\"id\":\"p1\",\"type\":\"t\",\"content\":\"yes\",\"embedding\":[1,2,3,4]},"
            + "{\"id\":\"p2\",\"type\":\"t\",\"content\":\" yes \",\"embedding\":[1,2,3,4]},"
            + "{\"id\":\"p3\",\"type\":\"t\",\"content\":\"no\\u001b[31m\",\"embedding\":[9,-9,9,-9]},"
            + "{\"id\":\"p4\",\"type\":\"t\",\"content\":\"yes\",\"embedding\":[1,2,3,4]}]}";

    @TempDir
    private Path folder;

    @Test
    void shouldPrintOneJsonObject() throws IOException {
        final CommandRun run = CommandRun.of("coordinate", "--json", file(ROUND));
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out().lines()).hasSize(1);
        final Map<String, Object> decision = JsonLine.read(run.out());
        assertThat(decision)
                .containsKeys(
                        "mode",
                        "status",
                        "consensus",
                        "consensusPeer",
                        "support",
                        "agreement",
                        "strength",
                        "influence",
                        "ranking",
                        "byzantine",
                        "fused",
                        "executionNanos",
                        "memoryBytes",
                        "kernel");
        assertThat(decision.get("mode")).isEqualTo("byzantine");
        assertThat(decision.get("status")).isEqualTo("agreed");
        assertThat(decision.get("consensus").toString().strip()).isEqualTo("yes");
        assertThat(decision.get("support")).isEqualTo(List.of("p1", "p2", "p4"));
        assertThat(decision.get("byzantine")).isEqualTo(List.of("p3"));
        assertThat((Long) decision.get("executionNanos")).isPositive();
        assertThat((Long) decision.get("memoryBytes")).isPositive();
        assertThat(decision.get("fused").toString()).isEqualTo("[1.0, 2.0, 3.0, 4.0]");
    }

    @Test
    void shouldLeaveConsensusNullWithoutAQuorum() throws IOException {
        final CommandRun run = CommandRun.of("coordinate", "--json", file(ROUND.replace(" yes ", "maybe")));
        final Map<String, Object> decision = JsonLine.read(run.out());
        assertThat(decision.get("status")).isEqualTo("no-quorum");
        assertThat(decision).containsEntry("consensus", null).containsEntry("consensusPeer", null);
        assertThat(decision.get("support")).isEqualTo(List.of("p1", "p4"));
    }

    @Test
    void shouldLayOutTheDecisionForPeople() throws IOException {
        final CommandRun run = CommandRun.of("coordinate", "--mode", "attention", file(ROUND));
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("AGREED")
                .contains("3 of 4 peers gave the same answer, quorum is 3")
                .contains("p3 (distance")
                .contains("NOT robust")
                .doesNotContain("\u001b");
    }

    @Test
    void shouldTellWhatBelongsToTheModesWithAGraph() throws IOException {
        final CommandRun gossip = CommandRun.of("coordinate", "--mode", "gossip", "--json", file(ROUND));
        assertThat(JsonLine.read(gossip.out()))
                .containsEntry("mode", "gossip")
                .containsEntry("converges", true)
                .containsKeys("gossip", "executionNanos", "memoryBytes", "ranking");
        assertThat(CommandRun.of("coordinate", "--mode", "gossip", file(ROUND)).out())
                .contains("3 rounds, spread")
                .contains("in the honest range against 1 of 4");
        final CommandRun topology = CommandRun.of("coordinate", "--mode", "topology", "--json", file(ROUND));
        assertThat(JsonLine.read(topology.out()))
                .containsEntry("mode", "topology")
                .doesNotContainKey("converges")
                .containsKeys("topology", "executionNanos", "memoryBytes", "ranking");
        assertThat(CommandRun.of("coordinate", "--mode", "topology", file(ROUND))
                        .out())
                .contains("by resistance, sigma 1.0, ladder 1.0")
                .contains("NOT robust");
    }

    @Test
    void shouldReadStandardInput() {
        final InputStream before = System.in;
        System.setIn(new ByteArrayInputStream(ROUND.getBytes(StandardCharsets.UTF_8)));
        try {
            assertThat(CommandRun.of("coordinate", "--json", "-").exitCode()).isZero();
        } finally {
            System.setIn(before);
        }
    }

    @Test
    void shouldRefuseWrongInputInOneLineWithItsPlace() throws IOException {
        refuse("peers[2].embedding[1]", file(ROUND.replace("-9,9", "NaN,9")));
        refuse(
                "mode gossip: peer \"p1\" has 1 neighbour; against f = 1 liar every peer needs at least 2f + 1 = 3",
                "--mode",
                "gossip",
                file(ROUND.replace("{\"heads\"", "{\"topology\":{\"connections\":[[0,1],[1,2],[2,3]]},\"heads\"")));
        refuse(
                "topology.rope.sigma: sigma is 0 to 1000.0, given -1.0",
                file(ROUND.replace("{\"heads\"", "{\"topology\":{\"rope\":{\"sigma\":-1}},\"heads\"")));
        refuse("no such file", folder.resolve("nowhere.json"));
        refuse("is a folder", folder);
        refuse("", "--mode", "telepathy", file(ROUND));
        refuse("");
    }

    private static void refuse(final String message, final Object... args) {
        final Object[] words = new Object[args.length + 2];
        words[0] = "coordinate";
        words[1] = "--json";
        System.arraycopy(args, 0, words, 2, args.length);
        final CommandRun run = CommandRun.of(words);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains(message);
    }

    private Path file(final String text) throws IOException {
        return Files.writeString(Files.createTempFile(folder, "round", ".json"), text);
    }
}
