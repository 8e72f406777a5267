package io.quorate.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** The command {@code bench kernels} for an instant: what it prints, not how fast it is. */
class KernelBenchIT {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    @Test
    void shouldEndWithOneLineOfJson() {
        final Path plot = folder.resolve("kernels.svg");
        assertThat(run("--n", "4", "--threads=1,2", "--seconds", "0.3", "--json", "--plot", plot.toString()))
                .isZero();
        final List<String> lines = out.toString(StandardCharsets.UTF_8).lines().toList();
        final List<Map<String, Object>> rows = rows(lines.get(lines.size() - 1));
        assertThat(rows).isNotEmpty();
        for (final Map<String, Object> row : rows) {
            assertThat(row)
                    .containsKeys(
                            "n", "threads", "kernel", "nanos", "gflops", "peakFraction", "relativeError", "bytesPerOp");
            assertThat(number(row, "n")).isEqualTo(4.0);
            assertThat(number(row, "nanos")).isPositive();
            assertThat(number(row, "gflops")).isPositive();
            assertThat(number(row, "peakFraction")).isPositive();
            assertThat(number(row, "relativeError")).isBetween(0.0, 1e-5);
        }
        assertThat(rows).anyMatch(row -> row.get("kernel").equals("general") && number(row, "threads") == 1.0);
        assertThat(rows).anyMatch(row -> row.get("kernel").equals("general") && number(row, "threads") == 2.0);
        assertThat(plot).content().startsWith("<svg").contains("general").endsWith("</svg>\n");
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("n=4, threads=2");
    }

    @Test
    void shouldSayHowToAddThePeers() {
        assertThat(run("--n", "4", "--threads", "1", "--seconds", "0.05", "--kernels", "scalar"))
                .isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("scalar: ours, the scalar definition")
                .contains("./mvnw -q -Pcompare -pl benchmarks -am -Dmaven.test.skip=true package");
    }

    @Test
    void shouldRefuseWrongOptionsInOneLine() {
        refuses("unknown option --size", "--size", "4");
        refuses("--n takes whole numbers within 1..16384, given 0", "--n", "4,0");
        refuses("--n takes whole numbers within 1..16384, given x", "--n=x");
        refuses("--n names 4 twice", "--n", "4,4");
        refuses("--n is a list with commas, given \"4,\"", "--n", "4,");
        refuses("--threads needs a value", "--threads");
        refuses("--seconds is above 0 and at most 86400, given NaN", "--seconds", "NaN");
        refuses("unknown kernel fast; known here are general, ", "--kernels", "fast");
    }

    @Test
    void shouldSeeAWrongResult() {
        final Workload workload = new Workload(4);
        try (Contender right = OwnKernels.all().get(0).open(workload, 1)) {
            right.call();
            assertThat(workload.relativeError(right, false)).isLessThan(1e-5);
            assertThat(workload.relativeError(right, true)).isGreaterThan(1e-2);
        }
    }

    private void refuses(final String message, final String... arguments) {
        out.reset();
        err.reset();
        assertThat(run(arguments)).isEqualTo(2);
        assertThat(out.size()).isZero();
        assertThat(err.toString(StandardCharsets.UTF_8))
                .startsWith("bench kernels: " + message)
                .hasLineCount(1);
    }

    private int run(final String... arguments) {
        return KernelBench.run(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                arguments);
    }

    private static double number(final Map<String, Object> row, final String field) {
        return (Double) row.get(field);
    }

    /** The objects of the field "rows". */
    private static List<Map<String, Object>> rows(final String json) {
        final List<Map<String, Object>> rows = new ArrayList<>();
        try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), json)) {
            assertThat(parser.nextToken()).isEqualTo(JsonToken.START_OBJECT);
            assertThat(parser.nextName()).isEqualTo("rows");
            assertThat(parser.nextToken()).isEqualTo(JsonToken.START_ARRAY);
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                rows.add(row(parser));
            }
        }
        return rows;
    }

    private static Map<String, Object> row(final JsonParser parser) {
        final Map<String, Object> row = new LinkedHashMap<>();
        String field = parser.nextName();
        while (field != null) {
            final JsonToken value = parser.nextToken();
            row.put(field, value.isNumeric() ? (Object) parser.getDoubleValue() : parser.getString());
            field = parser.nextName();
        }
        return row;
    }
}
