package io.quorate.peer.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.format.JsonLine;
import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole demo as a user starts it: the launcher, then a process a peer. */
class DemoIT {
    private static final Path REPOSITORY = Path.of(System.getProperty("quorate.repository"));
    private static final Path MEMORY = EmbeddedDriver.memoryFolder();

    @TempDir
    private Path folder;

    @Test
    void shouldTellTheWholeStoryAsJson() throws Exception {
        final Process demo =
                start("demo", "--json", "--keep", folder.resolve("kept").toString());
        final List<Map<String, Object>> events = new ArrayList<>();
        for (final String line : lines(demo)) {
            events.add(JsonLine.read(line));
        }
        assertThat(demo.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue()).as(Files.readString(folder.resolve("err"))).isZero();
        assertThat(events.stream().map(event -> event.get("event")))
                .containsExactly(
                        "decision", "decision", "decision", "kill", "decision", "restart", "caught-up", "done");

        final Map<String, Object> mission = events.get(0);
        assertThat(mission).containsEntry("round", "mission").containsEntry("status", "no-quorum");
        assertThat(mission).containsEntry("consensus", null).containsEntry("consensusPeer", null);
        assertThat(String.valueOf(mission.get("reason")))
                .contains("4 answers differ")
                .contains("quorum is 3");
        assertThat(mission.get("byzantine")).isEqualTo(List.of());

        assertThat(events.get(1)).containsEntry("status", "agreed");
        final Map<String, Object> lying = events.get(2);
        assertThat(lying).containsEntry("status", "agreed");
        assertThat((List<?>) lying.get("byzantine")).hasSize(1);
        final Object liar = ((List<?>) lying.get("byzantine")).get(0);
        assertThat((List<?>) lying.get("support")).hasSize(3).isNotEqualTo(List.of(liar));

        final Object victim = events.get(3).get("peer");
        final Map<String, Object> after = events.get(4);
        assertThat(after).containsEntry("status", "agreed");
        assertThat(((Map<?, ?>) after.get("influence")).keySet().stream().map(Object::toString))
                .hasSize(3)
                .doesNotContain(victim.toString());
        assertThat(events.get(5)).containsEntry("peer", victim);
        assertThat(events.get(6)).containsEntry("peer", victim).containsEntry("digest", digest(after));
        assertThat(events.get(7)).containsEntry("peers", 4L).containsEntry("rounds", 4L);

        for (final Map<String, Object> decision : List.of(mission, events.get(1), lying, after)) {
            assertDecision(decision);
        }
        assertThat(folder.resolve("kept/roster.txt")).exists();
        assertThat(folder.resolve("kept/peer-0/data")).doesNotExist();
        assertNothingLeft(demo.pid());
    }

    @Test
    void shouldLeaveNothingWhenKilledWithoutWarning() throws Exception {
        final Process demo = start("demo", "--json");
        final List<ProcessHandle> peers = awaitPeers(demo);
        assertThat(peers).hasSize(4);
        demo.destroyForcibly().waitFor();
        for (final ProcessHandle peer : peers) {
            peer.onExit().get(300, TimeUnit.SECONDS);
        }
        assertNothingLeft(demo.pid());
    }

    @Test
    void shouldLeaveNothingWhenInterrupted() throws Exception {
        final Process demo = start("demo");
        final List<ProcessHandle> peers = awaitPeers(demo);
        demo.destroy();
        assertThat(demo.waitFor(300, TimeUnit.SECONDS)).isTrue();
        assertThat(demo.exitValue()).isEqualTo(130);
        assertThat(peers).noneMatch(ProcessHandle::isAlive);
        assertNothingLeft(demo.pid());
    }

    private static void assertDecision(final Map<String, Object> decision) {
        assertThat(decision.keySet())
                .contains(
                        "round",
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
                        "kernel",
                        "decisionNanos",
                        "reason",
                        "certificate");
        double sum = 0;
        for (final Object share : ((Map<?, ?>) decision.get("influence")).values()) {
            sum += ((Number) share).doubleValue();
        }
        assertThat(Math.abs(sum - 1)).isLessThan(1e-9);
        final Set<Object> signers = new TreeSet<>();
        for (final Object signature : (List<?>) decision.get("certificate")) {
            signers.add(((Map<?, ?>) signature).get("peer"));
            assertThat(((Map<?, ?>) signature).get("digest")).isEqualTo(digest(decision));
        }
        assertThat(signers).hasSizeGreaterThanOrEqualTo(2);
    }

    private static Object digest(final Map<String, Object> decision) {
        return ((Map<?, ?>) ((List<?>) decision.get("certificate")).get(0)).get("digest");
    }

    private Process start(final String... arguments) throws Exception {
        final List<String> command = new ArrayList<>();
        command.add(REPOSITORY.resolve("quorate").toString());
        command.addAll(List.of(arguments));
        final ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("QUORATE_NO_BUILD", "1");
        builder.redirectError(folder.resolve("err").toFile());
        return builder.start();
    }

    private static List<String> lines(final Process process) throws Exception {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
    }

    /** Waits until the demo has started its four peers and each has locked its data folder. */
    private static List<ProcessHandle> awaitPeers(final Process demo) throws Exception {
        while (demo.isAlive()) {
            final Path folder = demoFolder(demo.pid());
            if (folder != null && Files.exists(folder.resolve("peer-3/data/admin.sock"))) {
                return demo.toHandle().children().toList();
            }
            demo.waitFor(20, TimeUnit.MILLISECONDS);
        }
        throw new AssertionError("the demo ended early");
    }

    private static void assertNothingLeft(final long pid) throws Exception {
        assertThat(demoFolder(pid)).isNull();
    }

    private static Path demoFolder(final long pid) throws Exception {
        try (Stream<Path> entries = Files.list(MEMORY)) {
            for (final Path entry : entries.toList()) {
                final Path marker = entry.resolve(".quorate-demo");
                if (Files.isReadable(marker) && Files.readString(marker).strip().equals(Long.toString(pid))) {
                    return entry;
                }
            }
        } catch (final IOException | UncheckedIOException e) {
            // An entry went away while it was looked at.
            return demoFolder(pid);
        }
        return null;
    }
}
