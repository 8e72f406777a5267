package io.quorate.benchmarks.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MeshBenchIT {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(final String... arguments) {
        return MeshBench.run(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                arguments);
    }

    @Test
    void shouldTellHowSoonASplitIsKnownAndHealed() {
        assertThat(run(
                        "--peers",
                        "5",
                        "--scenario",
                        "split",
                        "--profile",
                        "fast",
                        "--seconds",
                        "1",
                        "--repeats",
                        "1",
                        "--json"))
                .as(err.toString(StandardCharsets.UTF_8))
                .isZero();
        final String[] lines = out.toString(StandardCharsets.UTF_8).split("\n");
        assertThat(lines[lines.length - 1])
                .startsWith("{\"scenario\":\"split\",\"peers\":5,\"profile\":\"fast\",\"repeats\":1,")
                .contains("\"minorityReadOnlyMs\":")
                .contains("\"healedMs\":")
                .endsWith("\"falseDeaths\":0}");
    }

    @ParameterizedTest
    @CsvSource({
        "--peers,3,--peers is a whole number from 4 to 64; given 3",
        "--scenario,fire,'--scenario is join, crash, stop, rumor, split, loss, liar; given fire'",
        "--loss,10,'--loss goes with --scenario rumor, given join'",
        "--what,1,unknown option --what"
    })
    void shouldRefuseWhatItDoesNotKnow(final String option, final String value, final String message) {
        assertThat(run(option, value)).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(message);
    }
}
