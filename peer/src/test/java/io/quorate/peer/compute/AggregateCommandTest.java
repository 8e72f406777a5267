package io.quorate.peer.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.peer.CommandRun;
import io.quorate.peer.format.NpyBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AggregateCommandTest {
    @TempDir
    private Path folder;

    private Path in;
    private Path out;

    @BeforeEach
    void save() throws IOException {
        in = NpyBytes.save(folder.resolve("X.npy"), new float[][] {{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
        out = folder.resolve("Y.npy");
    }

    private CommandRun run(final String rule, final int faulty, final String... more) {
        final List<Object> words = new ArrayList<>(
                List.of("compute", "aggregate", "--rule", rule, "--f", faulty, "--in", in, "--out", out));
        words.addAll(List.of(more));
        return CommandRun.of(words.toArray());
    }

    @ParameterizedTest
    @CsvSource({
        "average, 4, ''",
        "median, 4, ''",
        "trimmed-mean, 4, ''",
        "geometric-median, 3.78788764, nu=0.1 iterations=3",
        "krum, 1, ''",
        "multi-krum, 2.5, ''",
        "mda, 2.5, ''",
        "meamed, 2.5, ''",
        "monna, 2.5, own=1",
        "centered-clipping, 4, m=0 L=1 tau=100",
        "nnm+average, 3.5, ''"
    })
    void shouldGiveTheDocumentedVectors(final String rule, final double first, final String parameters)
            throws IOException {
        final List<String> more = new ArrayList<>();
        for (final String parameter : parameters.split(" ")) {
            if (!parameter.isEmpty()) {
                more.add("--param");
                more.add(parameter);
            }
        }
        final CommandRun run = run(rule, 1, more.toArray(new String[0]));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).matches("kernel: vector, \\d+ bits\\R");
        final float[] result = NpyBytes.load(out, "(3,)");
        for (int col = 0; col < 3; col++) {
            assertThat((double) result[col]).isCloseTo(first + col, within(1e-6));
        }
    }

    @Test
    void shouldGiveTheSameBytesByEveryKernelAndWidth() throws IOException {
        run("nnm+geometric-median", 1, "--kernel", "scalar");
        final byte[] expected = Files.readAllBytes(out);
        for (final int bits : new int[] {64, 128, 256, 512}) {
            run("nnm+geometric-median", 1, "--bits", Integer.toString(bits));
            assertThat(out).hasBinaryContent(expected);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mean | 1 | | no rule \"mean\"; rules are average",
                "krum | 2 | | Krum needs 0 <= 2f < n, given n = 3 and f = 2",
                "nnm+krum | 2 | | nearest-neighbour mixing needs 0 <= 2f < n, given n = 3 and f = 2",
                "median | -1 | | the coordinate-wise median needs 0 <= 2f < n, given n = 3 and f = -1",
                "average | -1 | | the average needs 0 <= f",
                "krum | 1 | tau=1 | krum takes no parameters, given tau",
                "monna | 1 | own=x | monna: own must be a whole number, given \"x\"",
                "monna | 1 | own=3 | MoNNA's own row must be one of the 3 rows, given row 3",
                "monna | 1 | own | --param is NAME=VALUE, given \"own\"",
                "geometric-median | 1 | nu=0.1 | takes nu and iterations together"
            })
    void shouldSayInOneLineWhatIsWrong(
            final String rule, final int faulty, final String parameter, final String message) {
        final CommandRun run = parameter == null ? run(rule, faulty) : run(rule, faulty, "--param", parameter);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(message).hasLineCount(1);
        assertThat(out).doesNotExist();
        assertThat(run(rule, faulty, "--param", "a=1", "--param", "a=2").err()).contains("--param a is given twice");
    }

    @Test
    void shouldRefuseNumbersThatAreNone() throws IOException {
        NpyBytes.save(in, new float[][] {{1, 2}, {Float.NaN, 2}, {1, 2}});
        final CommandRun run = run("median", 1);
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).hasLineCount(1);
        assertThat(out).doesNotExist();
    }
}
