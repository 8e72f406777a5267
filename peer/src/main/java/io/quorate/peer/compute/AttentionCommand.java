package io.quorate.peer.compute;

import io.quorate.kernels.attention.AttentionScratch;
import io.quorate.kernels.attention.AttentionShape;
import io.quorate.kernels.attention.AttentionSummary;
import io.quorate.kernels.attention.MultiHeadAttention;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.parallel.KernelTeam;
import io.quorate.kernels.simd.Primitives;
import io.quorate.peer.format.NpyFile;
import io.quorate.peer.format.NpyOutputs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Multi-head attention over the rows of three files, and how much each key counted. */
@Command(
        name = "attention",
        description = "Multi-head attention, and how much each key counted.",
        footer = {
            "",
            "Q is queries x d, K and V are keys x d, and H divides d; the scale is 1 / sqrt(d / H). The output is",
            "queries x d; influence has one number a key, the mean of its column of probabilities, and sums to 1.",
            "Example: ./quorate compute attention --q Q.npy --k K.npy --v V.npy --heads 8 --out O.npy --influence I.npy"
        })
public final class AttentionCommand implements Callable<Integer> {
    @Option(names = "--q", paramLabel = "Q.npy", required = true, description = "Queries, queries x d.")
    private Path qFile;

    @Option(names = "--k", paramLabel = "K.npy", required = true, description = "Keys, keys x d.")
    private Path kFile;

    @Option(names = "--v", paramLabel = "V.npy", required = true, description = "Values, keys x d.")
    private Path vFile;

    @Option(names = "--heads", paramLabel = "H", required = true, description = "Number of heads; divides d.")
    private int heads;

    @Option(names = "--out", paramLabel = "O.npy", description = "Where the output goes, queries x d.")
    private Path outFile;

    @Option(names = "--influence", paramLabel = "I.npy", description = "Where the influence of the keys goes, (keys,).")
    private Path influenceFile;

    @Mixin
    private KernelOptions kernel;

    @Mixin
    private ThreadOptions threads;

    @Override
    public Integer call() throws IOException {
        if (outFile == null && influenceFile == null) {
            throw new IllegalArgumentException("nothing to write: name --out O.npy, --influence I.npy, or both");
        }
        final Primitives primitives = kernel.primitives();
        try (KernelTeam team = threads.team();
                Arena arena = Arena.ofShared();
                NpyOutputs outputs = NpyOutputs.at(outFile, influenceFile)) {
            final FloatMatrix q = NpyFile.readMatrix(qFile, arena);
            final FloatMatrix k = NpyFile.readMatrix(kFile, arena);
            final FloatMatrix v = NpyFile.readMatrix(vFile, arena);
            final AttentionShape shape = shape(q, k, v);
            final FloatMatrix out = outFile == null ? null : FloatMatrix.allocate(q.rows(), q.cols());
            final AttentionSummary summary = new AttentionSummary(shape.keys());
            final MultiHeadAttention attention = new MultiHeadAttention(primitives, team);
            try (AttentionScratch scratch = AttentionScratch.forShape(shape, team.threads())) {
                if (out == null) {
                    attention.influence(shape, q, k, summary, scratch);
                } else {
                    attention.attend(shape, q, k, v, out, summary, scratch);
                    outputs.write(outFile, out);
                }
            }
            if (influenceFile != null) {
                outputs.write(influenceFile, summary.influences());
            }
            outputs.commit();
        }
        kernel.report(threads.threads());
        return 0;
    }

    private AttentionShape shape(final FloatMatrix q, final FloatMatrix k, final FloatMatrix v) {
        if (k.cols() != q.cols()) {
            throw new IllegalArgumentException(
                    "Q and K must have equally many columns, given Q " + shape(q) + " and K " + shape(k));
        }
        if (v.rows() != k.rows() || v.cols() != k.cols()) {
            throw new IllegalArgumentException(
                    "V must have the shape of K, given K " + shape(k) + " and V " + shape(v));
        }
        if (heads < 1 || q.cols() % heads != 0) {
            throw new IllegalArgumentException("--heads must divide the number of columns, given " + heads
                    + " heads and " + q.cols() + " columns");
        }
        final int headDim = q.cols() / heads;
        return new AttentionShape(q.rows(), k.rows(), heads, headDim, (float) (1.0 / Math.sqrt(headDim)));
    }

    private static String shape(final FloatMatrix matrix) {
        return matrix.rows() + " x " + matrix.cols();
    }
}
