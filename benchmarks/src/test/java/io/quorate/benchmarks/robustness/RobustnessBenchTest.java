package io.quorate.benchmarks.robustness;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RobustnessBenchTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private int run(final String... arguments) {
        out.reset();
        return RobustnessBench.run(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                arguments);
    }

    @Test
    void shouldPrintTheSameTableAgain() {
        assertThat(run("--runs", "1", "--seed", "5")).isZero();
        final String first = out.toString(StandardCharsets.UTF_8);
        assertThat(first)
                .startsWith("Made by `./quorate bench robustness --runs 1 --seed 5`")
                .contains("| nnm+trimmed-mean |")
                .contains("## Errors, d = 384")
                .contains("| label flip |");
        run("--runs", "1", "--seed", "5");
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(first);
        run("--runs", "1", "--seed", "6");
        assertThat(out.toString(StandardCharsets.UTF_8)).isNotEqualTo(first);
        assertThat(run("--runs", "1", "--json")).isZero();
        assertThat(out.toString(StandardCharsets.UTF_8))
                .startsWith("{\"seed\":2611,\"runs\":1,\"cells\":[{\"n\":4,\"d\":4,\"f\":1,\"attack\":\"none\"")
                .endsWith("]}\n")
                .doesNotContain("NaN");
    }

    @ParameterizedTest
    @CsvSource({
        "--runs, 0, '--runs must be within 1..1000000, given 0'",
        "--runs, x, '--runs needs a whole number, given \"x\"'",
        "--wide, 1, 'unknown argument \"--wide\"'"
    })
    void shouldSayWhatIsWrong(final String name, final String value, final String message) {
        assertThat(run(name, value)).isEqualTo(2);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains(message).hasLineCount(1);
        assertThat(out.size()).isZero();
        assertThat(run("--seed")).isEqualTo(2);
    }
}
