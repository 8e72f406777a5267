package io.quorate.benchmarks.live;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.benchmarks.sides.BenchFolder;
import io.quorate.benchmarks.sides.SideName;
import io.quorate.transport.aeron.EmbeddedDriver;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The command {@code bench compare} for an instant: three real sides in processes of their own; says nothing about speed. */
@Timeout(180)
class CompareBenchIT {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @Test
    void shouldEndWithOneLineOfJsonAndLeaveNothingBehind() throws IOException {
        final List<Path> before = folders();
        assertThat(run("--seconds", "0.9", "--json"))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();

        final List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        final Map<String, Double> numbers = numbers(lines.get(lines.size() - 1));
        assertThat(numbers)
                .containsKeys(
                        "pbftP50Nanos",
                        "aeronClusterP50Nanos",
                        "latencyRatioP50",
                        "pbftRequestsPerSecond",
                        "aeronClusterRequestsPerSecond",
                        "pingPongP50Nanos")
                .allSatisfy((field, value) -> assertThat(value).as(field).isNotNegative());
        assertThat(numbers.get("pbftP50Nanos")).isPositive();
        assertThat(numbers.get("pbftRequests")).isPositive();
        assertThat(numbers.get("aeronClusterRequests")).isPositive();
        assertThat(numbers.get("pingPongRequests")).isPositive();
        assertThat(numbers.get("latencyRatioP50"))
                .isCloseTo(numbers.get("pbftP50Nanos") / numbers.get("aeronClusterP50Nanos"), within(1e-5));
        assertThat(numbers.get("othersCpuFraction")).isBetween(0.0, 1.0);
        assertThat(numbers).containsEntry("requestBytes", 32.0).containsEntry("inFlight", 1.0);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("measured 1 of 1 rounds");
        assertThat(folders()).isEqualTo(before);
        assertThat(sides()).isEmpty();
    }

    @Test
    void shouldCleanUpAfterASideThatWasKilled() throws Exception {
        final List<Path> before = folders();
        final BenchFolder folder = BenchFolder.create();
        try (SideProcess side = SideProcess.start(SideName.PING_PONG, folder, folder, CompareOptions.parse())) {
            side.awaitReady();
            assertThat(sides()).hasSize(1);
            side.kill();
        }
        assertThat(folders()).isEqualTo(before);
        assertThat(sides()).isEmpty();
    }

    @Test
    void shouldRefuseAWrongCommandLine() {
        refuses("unknown option --fast; usage: bench compare", "--fast");
        refuses("--seconds is above 0 and at most 86400, given 0", "--seconds", "0");
        refuses("--seconds needs a value", "--seconds");
        refuses("unknown option --disk; usage", "--disk");
        refuses("--threading is invoker or shared, given none", "--threading", "none");
    }

    private void refuses(final String message, final String... arguments) {
        err.reset();
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(out.size()).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("bench compare: " + message)
                .hasLineCount(1);
    }

    private int run(final String... arguments) {
        return CompareBench.run(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                arguments);
    }

    private static List<Path> folders() throws IOException {
        try (Stream<Path> files = Files.list(EmbeddedDriver.memoryFolder())) {
            return files.filter(file -> file.getFileName().toString().startsWith("quorate-compare-"))
                    .sorted()
                    .toList();
        }
    }

    private static List<ProcessHandle> sides() {
        return ProcessHandle.current().children().filter(ProcessHandle::isAlive).toList();
    }

    private static Map<String, Double> numbers(final String json) {
        final Map<String, Double> numbers = new HashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), json)) {
            assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            String field = parser.nextName();
            while (field != null) {
                final JsonToken value = parser.nextToken();
                if (value.isNumeric()) {
                    numbers.put(field, parser.getDoubleValue());
                }
                field = parser.nextName();
            }
            assertThat(parser.currentToken()).isEqualTo(JsonToken.END_OBJECT);
        }
        return numbers;
    }
}
