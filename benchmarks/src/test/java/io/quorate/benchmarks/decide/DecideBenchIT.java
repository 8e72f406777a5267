package io.quorate.benchmarks.decide;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The command {@code bench decide} for an instant, in its kinds; says nothing about speed. */
@Timeout(180)
class DecideBenchIT {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    Path folder;

    @Test
    void shouldMeasureAClosedLoopInOneProcessAndLeaveNothingBehind() throws IOException {
        final List<Path> before = folders();
        final Path plot = folder.resolve("latency.svg");
        final Map<String, Object> json = measure(
                "--seconds",
                "0.4",
                "--warm-up",
                "0.2",
                "--in-flight",
                "4",
                "--clients",
                "2",
                "--plot",
                plot.toString());
        assertThat(json)
                .containsEntry("peers", 4.0)
                .containsEntry("processes", false)
                .containsEntry("openLoop", false)
                .containsEntry("inFlight", 4.0)
                .containsEntry("unanswered", 0.0)
                .containsEntry("durable", false);
        assertThat(number(json, "requests")).isPositive();
        assertThat(number(json, "decisionsPerSecond")).isPositive();
        assertThat(number(json, "requestsPerDecision")).isPositive();
        assertThat(number(json, "p50Nanos")).isPositive().isLessThanOrEqualTo(number(json, "p99Nanos"));
        assertThat(number(json, "p99Nanos")).isLessThanOrEqualTo(number(json, "p999Nanos"));
        // Three votes to three others are the least that a decision of four takes.
        assertThat(number(json, "framesPerDecision")).isGreaterThan(9);
        assertThat(Files.readString(plot))
                .startsWith("<svg")
                .contains("polyline")
                .endsWith("</svg>\n");
        assertThat(folders()).isEqualTo(before);
        assertThat(children()).isEmpty();
    }

    @Test
    void shouldMeasureAnOpenLoopOfDurableProcesses() throws IOException {
        final List<Path> before = folders();
        final Map<String, Object> json = measure(
                "--processes",
                "--peers",
                "2",
                "--loss",
                "1",
                "--durable",
                "--seconds",
                "0.5",
                "--warm-up",
                "0.1",
                "--rate",
                "50");
        assertThat(json)
                .containsEntry("processes", true)
                .containsEntry("durable", true)
                .containsEntry("lossPercent", 1.0)
                .containsEntry("openLoop", true)
                .containsEntry("ratePerSecond", 50.0)
                .containsEntry("unanswered", 0.0);
        assertThat(number(json, "requests")).isBetween(1.0, 25.0);
        assertThat(json.get("disk").toString()).isNotEmpty();
        assertThat(folders()).isEqualTo(before);
        assertThat(children()).isEmpty();
    }

    @Test
    void shouldMeasurePeersOfOneTrustDomain() throws IOException {
        final List<Path> before = folders();
        final Map<String, Object> json =
                measure("--transport", "ipc", "--sealing", "aes-gcm", "--seconds", "0.3", "--warm-up", "0.2");
        assertThat(json)
                .containsEntry("transport", "ipc")
                .containsEntry("sealing", "aes-gcm")
                .containsEntry("unanswered", 0.0);
        assertThat(number(json, "requests")).isPositive();
        assertThat(folders()).isEqualTo(before);
        assertThat(children()).isEmpty();
    }

    @Test
    void shouldGoOnWithoutThePrimary() throws IOException {
        final List<Path> before = folders();
        final Map<String, Object> json = measure(
                "--processes",
                "--fault",
                "primary-killed",
                "--timeout-ms",
                "50",
                "--idle",
                "backoff",
                "--seconds",
                "1.5",
                "--warm-up",
                "0.2");
        assertThat(json)
                .containsEntry("fault", "primary-killed")
                .containsEntry("timeoutMs", 50.0)
                .containsEntry("unanswered", 0.0);
        // Every survivor's request after the run was answered, so somebody else proposes now.
        assertThat(number(json, "faultyPeer")).isBetween(0.0, 3.0);
        assertThat(number(json, "primaryAtEnd")).isBetween(0.0, 3.0).isNotEqualTo(number(json, "faultyPeer"));
        assertThat(folders()).isEqualTo(before);
        assertThat(children()).isEmpty();
    }

    @Test
    void shouldAnswerAlthoughThePrimaryTellsTwoStories() throws IOException {
        final List<Path> before = folders();
        final Map<String, Object> json =
                measure("--liar", "equivocate", "--timeout-ms", "100", "--seconds", "0.5", "--warm-up", "0.5");
        assertThat(json).containsEntry("liar", "equivocate").containsEntry("unanswered", 0.0);
        assertThat(number(json, "requests")).isPositive();
        assertThat(folders()).isEqualTo(before);
        assertThat(children()).isEmpty();
    }

    @Test
    void shouldRefuseAWrongCommandLine() {
        refuses("unknown option --fast; usage: bench decide", "--fast");
        refuses("--size is a whole number from ", "--size", "5");
        refuses("--rate is above 0 and at most 10000000, given none", "--rate", "none");
        refuses("--sealing is mac or aes-gcm, given none", "--sealing", "none");
        refuses("--loss is of datagrams; given --transport ipc", "--loss", "1", "--transport", "ipc");
        refuses("--liar has 1 of 4 peers lie", "--liar", "late", "--clients", "4");
        refuses("--liar is silent or ", "--liar", "twin");
        refuses("--transport is udp or ipc, given tcp", "--transport", "tcp");
        refuses("--transport ipc is for peers of one process; given --processes", "--transport", "ipc", "--processes");
        refuses("--fault primary-killed needs --processes", "--fault", "primary-killed");
        refuses("--clients is at most --peers, for each client is a peer; given 5 of 4", "--clients", "5");
        refuses("--seconds needs a value", "--seconds");
    }

    private Map<String, Object> measure(final String... arguments) {
        final List<String> all = new ArrayList<>(List.of(arguments));
        all.add("--json");
        assertThat(run(all.toArray(new String[0])))
                .as(err.toString(StandardCharsets.UTF_8) + out)
                .isZero();
        final List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("100 %");
        return json(lines.get(lines.size() - 1));
    }

    private void refuses(final String message, final String... arguments) {
        err.reset();
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(out.size()).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("bench decide: " + message)
                .hasLineCount(1);
    }

    private int run(final String... arguments) {
        return DecideBench.run(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                arguments);
    }

    private static double number(final Map<String, Object> json, final String field) {
        return (double) json.get(field);
    }

    private static List<Path> folders() throws IOException {
        final List<Path> folders = new ArrayList<>();
        for (final Path above : List.of(EmbeddedDriver.memoryFolder(), Path.of(System.getProperty("java.io.tmpdir")))) {
            try (Stream<Path> files = Files.list(above)) {
                files.filter(file -> file.getFileName().toString().startsWith("quorate-compare-"))
                        .sorted()
                        .forEach(folders::add);
            }
        }
        return folders;
    }

    private static List<ProcessHandle> children() {
        return ProcessHandle.current().children().filter(ProcessHandle::isAlive).toList();
    }

    private static Map<String, Object> json(final String line) {
        final Map<String, Object> fields = new HashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), line)) {
            assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            String field = parser.nextName();
            while (field != null) {
                final JsonToken value = parser.nextToken();
                fields.put(
                        field,
                        value.isNumeric()
                                ? parser.getDoubleValue()
                                : value.isBoolean() ? (Object) (value == JsonToken.VALUE_TRUE) : parser.getString());
                field = parser.nextName();
            }
            assertThat(parser.currentToken()).isEqualTo(JsonToken.END_OBJECT);
        }
        return fields;
    }
}
