package io.quorate.peer.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.graph.PeerGraph;
import io.quorate.kernels.graph.RopeAngles;
import io.quorate.peer.CommandRun;
import io.quorate.peer.format.NpyBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RopeCommandTest {
    private static final int NODES = 4;
    private static final int HEADS = 2;
    private static final int PAIRS = 3;
    private static final int D = HEADS * 2 * PAIRS;
    private static final PeerGraph GRAPH = new PeerGraph.Builder(NODES)
            .edge(0, 1, 2.0)
            .edge(1, 2)
            .edge(2, 3)
            .edge(3, 0)
            .edge(0, 2)
            .build();

    @TempDir
    private Path folder;

    private float[][] rows;
    private Path in;
    private Path graph;
    private Path out;

    @BeforeEach
    void save() throws IOException {
        final SplittableRandom random = new SplittableRandom(8);
        rows = new float[NODES][D];
        for (final float[] row : rows) {
            for (int c = 0; c < D; c++) {
                row[c] = (float) random.nextGaussian();
            }
        }
        in = NpyBytes.save(folder.resolve("X.npy"), rows);
        graph = Files.writeString(
                folder.resolve("G.json"), "{\"nodes\":4,\"connections\":[[1,0,2],[1,2],[3,2],[0,3],[2,0]]}");
        out = folder.resolve("Y.npy");
    }

    @Test
    void shouldTurnEachRowByItsNode() throws IOException {
        requireTurned(RopeAngles.ofResistance(GRAPH, PAIRS, 0.8, 1.0), "--sigma", 0.8);
        requireTurned(RopeAngles.ofResistance(GRAPH, PAIRS, 0.8, 1.0), "--sigma", 0.8, "--ladder", 1);
        requireTurned(
                RopeAngles.ofResistance(GRAPH, PAIRS, 2, 1.5), "--sigma", 2, "--ladder", 1.5, "--mode", "resistance");
        requireTurned(RopeAngles.ofCentrality(GRAPH, PAIRS, 1, 1), "--sigma", 1, "--mode", "centrality");
    }

    private void requireTurned(final RopeAngles angles, final Object... options) throws IOException {
        final CommandRun run = run(options);
        assertThat(run.err()).matches("kernel: vector, \\d+ bits\\R");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEmpty();
        final float[] turned = NpyBytes.load(out, "(4, 12)");
        for (int i = 0; i < NODES; i++) {
            for (int c = 0; c < D; c += 2) {
                final double angle = angles.angle(i, c / 2 % PAIRS);
                final double x = rows[i][c];
                final double y = rows[i][c + 1];
                assertThat((double) turned[i * D + c])
                        .isCloseTo(x * Math.cos(angle) - y * Math.sin(angle), within(1e-6));
                assertThat((double) turned[i * D + c + 1])
                        .isCloseTo(x * Math.sin(angle) + y * Math.cos(angle), within(1e-6));
            }
        }
    }

    @Test
    void shouldCopyWithSigmaZero() throws IOException {
        rows[2][5] = -0.0f;
        NpyBytes.save(in, rows);
        for (final String mode : new String[] {"resistance", "centrality"}) {
            assertThat(run("--sigma", 0, "--mode", mode).exitCode()).isZero();
            final float[] copied = NpyBytes.load(out, "(4, 12)");
            for (int i = 0; i < NODES * D; i++) {
                assertThat(Float.floatToRawIntBits(copied[i])).isEqualTo(Float.floatToRawIntBits(rows[i / D][i % D]));
            }
        }
    }

    @Test
    void shouldGiveTheSameBytesByEveryKernelAndWidth() throws IOException {
        run("--sigma", 1, "--kernel", "scalar");
        final byte[] expected = Files.readAllBytes(out);
        for (final int bits : new int[] {64, 128, 256, 512}) {
            assertThat(run("--sigma", 1, "--bits", bits).err()).startsWith("kernel: vector, " + bits + " bits");
            assertThat(out).hasBinaryContent(expected);
        }
    }

    @Test
    void shouldRefuseWrongInputInOneLine() throws IOException {
        refuse("sigma must be finite and at least 0, given -1.0", "--sigma", -1);
        refuse("sigma must be finite and at least 0, given NaN", "--sigma", "NaN");
        refuse("the ladder must be finite and above 0, given 0.0", "--sigma", 1, "--ladder", 0);
        refuse("--mode", "--sigma", 1, "--mode", "spectral");
        refuse("--sigma");
        refuseHeads("given 4 heads and 12 columns", 4);
        refuseHeads("given 0 heads and 12 columns", 0);
        Files.writeString(graph, "{\"nodes\":5,\"connections\":[]}");
        refuse("must have a row for each node of the graph, given 4 rows and 5 nodes", "--sigma", 1);
        Files.writeString(graph, "{\"nodes\":4,\"connections\":[[0,0]]}");
        refuse("two different nodes", "--sigma", 1);
    }

    private void refuse(final String message, final Object... options) {
        requireRefused(run(options), message);
    }

    private void refuseHeads(final String message, final int heads) {
        requireRefused(
                CommandRun.of(
                        "compute", "rope", "--in", in, "--graph", graph, "--out", out, "--sigma", 1, "--heads", heads),
                message);
    }

    private void requireRefused(final CommandRun run, final String message) {
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err().lines()).hasSize(1);
        assertThat(run.err()).contains(message);
        assertThat(out).doesNotExist();
    }

    private CommandRun run(final Object... options) {
        final Object[] words = new Object[options.length + 10];
        final Object[] first = {"compute", "rope", "--in", in, "--graph", graph, "--heads", HEADS, "--out", out};
        System.arraycopy(first, 0, words, 0, first.length);
        System.arraycopy(options, 0, words, first.length, options.length);
        return CommandRun.of(words);
    }
}
