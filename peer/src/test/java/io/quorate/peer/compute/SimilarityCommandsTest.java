package io.quorate.peer.compute;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.peer.CommandRun;
import io.quorate.peer.format.JsonLine;
import io.quorate.peer.format.NpyBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimilarityCommandsTest {
    private static final float[][] X = {{3, 4}, {0, 0}, {4, 3}, {-4, 3}, {6, 8}};

    @TempDir
    private Path folder;

    private Path x;
    private Path query;
    private Path pair;

    @BeforeEach
    void save() throws IOException {
        x = NpyBytes.save(folder.resolve("X.npy"), X);
        query = Files.write(folder.resolve("Q.npy"), NpyBytes.file(2, "<f8", false, "(2,)", 3, 4));
        pair = NpyBytes.save(folder.resolve("P.npy"), new float[] {3, 4}, new float[] {-4, 3});
    }

    @Test
    void shouldPrintNeighboursAsColumns() {
        final CommandRun run = CommandRun.of("compute", "topk", "--in", x, "--query", query, "--k", 4);
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo("query\trow\tcosine\n0\t0\t1.0\n0\t4\t1.0\n0\t2\t0.96\n0\t1\t0.0\n");
        assertThat(run.err()).matches("kernel: vector, \\d+ bits\\R");
    }

    @Test
    void shouldAnswerSeveralQueriesAsOneObject() {
        for (final String threads : new String[] {"1", "2", "7"}) {
            for (final String kernel : new String[] {"scalar", "vector"}) {
                final CommandRun run = CommandRun.of(
                        "compute",
                        "topk",
                        "--in",
                        x,
                        "--query",
                        pair,
                        "--k",
                        2,
                        "--json",
                        "--threads",
                        threads,
                        "--kernel",
                        kernel);
                assertThat(run.out().strip())
                        .isEqualTo("{\"k\":2,\"rows\":[[0,4],[3,0]],\"cosines\":[[1.0,1.0],[1.0,0.0]]}");
                assertThat(run.err().lines()).hasSize(1);
                assertThat(run.err()).startsWith("kernel: " + kernel);
            }
        }
    }

    @Test
    void shouldPrintAndWriteCosines() throws IOException {
        final CommandRun printed = CommandRun.of("compute", "cosine", "--a", x, "--b", pair);
        assertThat(printed.out()).isEqualTo("1.0 0.0\n0.0 0.0\n0.96 -0.28\n0.0 1.0\n1.0 0.0\n");
        final Path out = folder.resolve("C.npy");
        assertThat(CommandRun.of("compute", "cosine", "--a", x, "--b", pair, "--out", out)
                        .exitCode())
                .isZero();
        assertThat(NpyBytes.load(out, "(5, 2)")).containsExactly(1, 0, 0, 0, 0.96f, -0.28f, 0, 1, 1, 0);
        final Path paired = folder.resolve("D.npy");
        assertThat(CommandRun.of("compute", "cosine", "--a", pair, "--b", pair, "--paired", "--out", paired)
                        .exitCode())
                .isZero();
        assertThat(NpyBytes.load(paired, "(2,)")).containsExactly(1, 1);
        final Map<String, Object> json = JsonLine.read(
                CommandRun.of("compute", "cosine", "--in", pair, "--json").out());
        assertThat(json).hasToString("{cosine=[[1.0, 0.0], [0.0, 1.0]]}");
    }

    @Test
    void shouldGiveCosinesOfTheScanAndOfThePairsTheSameBits() throws IOException {
        final SplittableRandom random = new SplittableRandom(9);
        final float[][] rows = new float[30][21];
        for (final float[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) random.nextGaussian();
            }
        }
        final Path file = NpyBytes.save(folder.resolve("rows.npy"), rows);
        final Map<String, Object> found =
                JsonLine.read(CommandRun.of("compute", "topk", "--in", file, "--query", file, "--k", 30, "--json")
                        .out());
        final Map<String, Object> all = JsonLine.read(
                CommandRun.of("compute", "cosine", "--a", file, "--json").out());
        for (int query = 0; query < rows.length; query++) {
            for (int rank = 0; rank < rows.length; rank++) {
                final int row = ((Number) at(found.get("rows"), query, rank)).intValue();
                assertThat(at(found.get("cosines"), query, rank)).isEqualTo(at(all.get("cosine"), row, query));
            }
        }
    }

    private static Object at(final Object lists, final int first, final int second) {
        return ((List<?>) ((List<?>) lists).get(first)).get(second);
    }

    @Test
    void shouldRefuseInOneLine() throws IOException {
        final Path zero = NpyBytes.save(folder.resolve("zero.npy"), new float[1][2]);
        final Path wide = NpyBytes.save(folder.resolve("wide.npy"), new float[][] {{1, 2, 3}});
        refuse("--k must be within 1..5", "topk", "--in", x, "--query", query, "--k", 6);
        refuse("--k must be within 1..5", "topk", "--in", x, "--query", query, "--k", 0);
        refuse("Invalid value for option '--k'", "topk", "--in", x, "--query", query, "--k", "five");
        refuse("--threads must be within 1..256", "topk", "--in", x, "--query", query, "--k", 1, "--threads", 0);
        refuse("1 x 3 queries and 5 x 2 rows", "topk", "--in", x, "--query", wide, "--k", 1);
        refuse("query 0 is the zero vector", "topk", "--in", x, "--query", zero, "--k", 1);
        refuse("is a folder", "topk", "--in", folder, "--query", zero, "--k", 1);
        refuse("given A 5 x 2 and B 1 x 3", "cosine", "--a", x, "--b", wide);
        refuse("equally many rows, given A 5 x 2 and B 2 x 2", "cosine", "--a", x, "--b", pair, "--paired");
        refuse("name --b", "cosine", "--a", x, "--paired");
        refuse("name one of them", "cosine", "--a", x, "--json", "--out", folder.resolve("C.npy"));
        refuse("name the rows: --a A.npy", "cosine");
        refuse("unknown argument \"X.npy\"", "cosine", "X.npy");
    }

    private static void refuse(final String message, final Object... args) {
        final CommandRun run = CommandRun.of(
                Stream.concat(Stream.of("compute"), Stream.of(args)).toArray());
        assertThat(run.err()).contains(message).startsWith("quorate compute " + args[0] + ": ");
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(2);
    }
}
