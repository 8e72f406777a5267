package io.quorate.peer.compute;

import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.similarity.UnitRows;
import io.quorate.peer.format.JsonLine;
import io.quorate.peer.format.NpyFile;
import io.quorate.peer.format.NpyOutputs;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The cosines of the rows of one or two files. */
@Command(
        name = "cosine",
        description = "The cosines of rows: each of A with each of B, or row by row.",
        footer = {
            "",
            "A is m x d and B n x d; the result is m x n, or (m,) with --paired. Without --b, A is compared with itself.",
            "Without --out the cosines are printed, a line for each row of A; with --json as {\"cosine\":[[...]]}.",
            "A zero row has cosine 0 with everything.",
            "Example: ./quorate compute cosine --a A.npy --b B.npy --out C.npy"
        })
public final class CosineCommand implements Callable<Integer> {
    private interface RowTaker {
        void take(int row, double[] cosines);
    }

    @Spec
    private CommandSpec spec;

    @Option(
            names = {"--a", "--in"},
            paramLabel = "A.npy",
            description = "Rows, m x d; required.")
    private Path aFile;

    @Option(
            names = {"--b", "--query"},
            paramLabel = "B.npy",
            description = "Rows, n x d; A itself if not given.")
    private Path bFile;

    @Option(names = "--paired", description = "Row i of A with row i of B only.")
    private boolean paired;

    @Option(names = "--out", paramLabel = "C.npy", description = "Where the cosines go, as float32.")
    private Path outFile;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Mixin
    private KernelOptions kernel;

    @Override
    public Integer call() throws IOException {
        if (aFile == null) {
            throw new IllegalArgumentException("name the rows: --a A.npy");
        }
        if (json && outFile != null) {
            throw new IllegalArgumentException("--json prints and --out writes a file: name one of them");
        }
        try (Arena arena = Arena.ofShared();
                UnitRows units = new UnitRows(kernel.primitives());
                NpyOutputs outputs = NpyOutputs.at(outFile)) {
            final FloatMatrix a = NpyFile.readMatrix(aFile, arena);
            final FloatMatrix b = bFile == null ? a : NpyFile.readMatrix(bFile, arena);
            requireShapes(a, b);
            if (outFile == null) {
                print(units, a, b);
            } else {
                write(units, a, b, outputs);
                outputs.commit();
            }
        }
        kernel.report();
        return 0;
    }

    private void requireShapes(final FloatMatrix a, final FloatMatrix b) {
        final String given = ", given A " + a.rows() + " x " + a.cols() + " and B " + b.rows() + " x " + b.cols();
        if (a.cols() != b.cols()) {
            throw new IllegalArgumentException("A and B must have equally many columns" + given);
        }
        if (paired && bFile == null) {
            throw new IllegalArgumentException("--paired compares A with B row by row: name --b B.npy");
        }
        if (paired && a.rows() != b.rows()) {
            throw new IllegalArgumentException("--paired needs equally many rows" + given);
        }
    }

    private void compute(final UnitRows units, final FloatMatrix a, final FloatMatrix b, final RowTaker taker) {
        final boolean[] aZero = zeroRows(units, a);
        final boolean[] bZero = zeroRows(units, b);
        final double[] cosines = new double[paired ? 1 : b.rows()];
        for (int row = 0; row < a.rows(); row++) {
            for (int i = 0; i < cosines.length; i++) {
                final int other = paired ? row : i;
                cosines[i] = aZero[row] || bZero[other] ? 0.0 : units.cosine(a, row, b, other) + 0.0;
            }
            taker.take(row, cosines);
        }
    }

    private static boolean[] zeroRows(final UnitRows units, final FloatMatrix rows) {
        final boolean[] zero = new boolean[rows.rows()];
        for (int row = 0; row < zero.length; row++) {
            zero[row] = units.norm(rows, row) == 0.0;
        }
        return zero;
    }

    private void write(final UnitRows units, final FloatMatrix a, final FloatMatrix b, final NpyOutputs outputs)
            throws IOException {
        if (paired) {
            final float[] vector = new float[a.rows()];
            compute(units, a, b, (row, cosines) -> vector[row] = (float) cosines[0]);
            outputs.write(outFile, vector);
            return;
        }
        final FloatMatrix matrix = FloatMatrix.allocate(a.rows(), b.rows());
        compute(units, a, b, (row, cosines) -> {
            for (int i = 0; i < cosines.length; i++) {
                matrix.set(row, i, (float) cosines[i]);
            }
        });
        outputs.write(outFile, matrix);
    }

    private void print(final UnitRows units, final FloatMatrix a, final FloatMatrix b) {
        final PrintWriter out = spec.commandLine().getOut();
        final List<Object> all = new ArrayList<>();
        compute(units, a, b, (row, cosines) -> {
            if (!json) {
                final StringBuilder line = new StringBuilder();
                for (final double cosine : cosines) {
                    line.append(line.isEmpty() ? "" : " ").append(cosine);
                }
                out.println(line);
            } else if (paired) {
                all.add(cosines[0]);
            } else {
                final List<Double> list = new ArrayList<>();
                for (final double cosine : cosines) {
                    list.add(cosine);
                }
                all.add(list);
            }
        });
        if (json) {
            out.println(JsonLine.write(Map.of("cosine", all)));
        }
        out.flush();
    }
}
