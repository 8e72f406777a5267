package io.quorate.peer.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.peer.CommandRun;
import io.quorate.peer.format.NpyBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttentionCommandTest {
    private static final int QUERIES = 5;
    private static final int KEYS = 7;
    private static final int D = 12;
    private static final int HEADS = 3;

    @TempDir
    private Path folder;

    private final SplittableRandom random = new SplittableRandom(7);
    private float[][] q;
    private float[][] k;
    private float[][] v;
    private Path qFile;
    private Path kFile;
    private Path vFile;

    @BeforeEach
    void save() throws IOException {
        q = rows(QUERIES);
        k = rows(KEYS);
        v = rows(KEYS);
        qFile = NpyBytes.save(folder.resolve("Q.npy"), q);
        kFile = NpyBytes.save(folder.resolve("K.npy"), k);
        vFile = NpyBytes.save(folder.resolve("V.npy"), v);
    }

    @Test
    void shouldAgreeWithFloat64() throws IOException {
        final Path out = folder.resolve("O.npy");
        final Path influence = folder.resolve("I.npy");
        final CommandRun run = run("--heads", HEADS, "--out", out, "--influence", influence);
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).matches("kernel: vector, \\d+ bits\\R");
        final double[][] expected = new double[QUERIES][D];
        final double[] share = new double[KEYS];
        expect(expected, share);
        final float[] given = NpyBytes.load(out, "(5, 12)");
        for (int i = 0; i < given.length; i++) {
            assertThat((double) given[i]).isCloseTo(expected[i / D][i % D], within(2e-6));
        }
        final float[] shares = NpyBytes.load(influence, "(7,)");
        for (int key = 0; key < KEYS; key++) {
            assertThat((double) shares[key]).isCloseTo(share[key], within(1e-6));
        }
    }

    @Test
    void shouldGiveTheSameBytesByEveryKernelAndWidth() throws IOException {
        final Path first = folder.resolve("first.npy");
        run("--heads", HEADS, "--out", first, "--kernel", "scalar");
        for (final int bits : new int[] {64, 128, 256, 512}) {
            final Path out = folder.resolve(bits + ".npy");
            final CommandRun run = run("--heads", HEADS, "--out", out, "--bits", bits, "--kernel", "VECTOR");
            assertThat(run.err()).startsWith("kernel: vector, " + bits + " bits");
            assertThat(out).hasSameBinaryContentAs(first);
            final CommandRun together = run("--heads", HEADS, "--out", out, "--bits", bits, "--threads", 3);
            assertThat(together.err()).contains(", 3 threads");
            assertThat(out).hasSameBinaryContentAs(first);
        }
        assertThat(run("--heads", HEADS, "--out", first, "--kernel", "scalar")
                        .err()
                        .strip())
                .isEqualTo("kernel: scalar");
    }

    @Test
    void shouldWriteOverItsInput() throws IOException {
        final Path out = folder.resolve("O.npy");
        run("--heads", HEADS, "--out", out);
        assertThat(run("--heads", HEADS, "--out", qFile).exitCode()).isZero();
        assertThat(qFile).hasSameBinaryContentAs(out);
    }

    @Test
    void shouldRefuseWrongShapesAndWriteNothing() throws IOException {
        final Path out = folder.resolve("O.npy");
        final Path narrow = NpyBytes.save(folder.resolve("narrow.npy"), new float[KEYS][D - 1]);
        refuse("--heads must divide", "--q", qFile, "--k", kFile, "--v", vFile, "--heads", 5, "--out", out);
        refuse("--heads must divide", "--q", qFile, "--k", kFile, "--v", vFile, "--heads", 0, "--out", out);
        refuse("given Q 5 x 12 and K 7 x 11", "--q", qFile, "--k", narrow, "--v", vFile, "--heads", 3, "--out", out);
        refuse("given K 7 x 12 and V 5 x 12", "--q", qFile, "--k", kFile, "--v", qFile, "--heads", 3, "--out", out);
        refuse("name --out", "--q", qFile, "--k", kFile, "--v", vFile, "--heads", 3);
        refuse(
                "named for two",
                "--q",
                qFile,
                "--k",
                kFile,
                "--v",
                vFile,
                "--heads",
                3,
                "--out",
                out,
                "--influence",
                out);
        refuse(
                "64, 128, 256 or 512",
                "--q",
                qFile,
                "--k",
                kFile,
                "--v",
                vFile,
                "--heads",
                3,
                "--out",
                out,
                "--bits",
                99);
        refuse(
                "allowed are scalar, vector, given '",
                "--q",
                qFile,
                "--k",
                kFile,
                "--v",
                vFile,
                "--heads",
                3,
                "--kernel",
                "gpu");
        refuse("no such file", "--q", folder.resolve("x"), "--k", kFile, "--v", vFile, "--heads", 3, "--out", out);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("Q.npy", "K.npy", "V.npy", "narrow.npy");
        }
    }

    private static void refuse(final String message, final Object... args) {
        final CommandRun run = CommandRun.of(Stream.concat(Stream.of("compute", "attention"), Stream.of(args))
                .toArray());
        assertThat(run.err()).contains(message).startsWith("quorate compute attention: ");
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(2);
    }

    private CommandRun run(final Object... args) {
        final List<Object> inputs = List.of("compute", "attention", "--q", qFile, "--k", kFile, "--v", vFile);
        return CommandRun.of(Stream.concat(inputs.stream(), Stream.of(args)).toArray());
    }

    private void expect(final double[][] out, final double[] influence) {
        final int headDim = D / HEADS;
        for (int head = 0; head < HEADS; head++) {
            for (int i = 0; i < QUERIES; i++) {
                final double[] p = new double[KEYS];
                double sum = 0;
                for (int j = 0; j < KEYS; j++) {
                    double score = 0;
                    for (int c = head * headDim; c < (head + 1) * headDim; c++) {
                        score += (double) q[i][c] * k[j][c];
                    }
                    p[j] = Math.exp(score / Math.sqrt(headDim));
                    sum += p[j];
                }
                for (int j = 0; j < KEYS; j++) {
                    influence[j] += p[j] / sum / (HEADS * QUERIES);
                    for (int c = head * headDim; c < (head + 1) * headDim; c++) {
                        out[i][c] += p[j] / sum * v[j][c];
                    }
                }
            }
        }
    }

    private float[][] rows(final int count) {
        final float[][] rows = new float[count][D];
        for (final float[] row : rows) {
            for (int c = 0; c < D; c++) {
                row[c] = (float) random.nextGaussian();
            }
        }
        return rows;
    }
}
