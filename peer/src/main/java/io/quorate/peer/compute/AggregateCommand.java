package io.quorate.peer.compute;

import io.quorate.kernels.RuleCatalogue;
import io.quorate.kernels.aggregate.AggregationRule;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.peer.format.NpyFile;
import io.quorate.peer.format.NpyOutputs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Combines the rows of a file, of which some may lie, into one by a rule. */
@Command(
        name = "aggregate",
        description = "Combine the rows of a file, of which at most F lie, into one.",
        footer = {
            "",
            "Rules: average, median, trimmed-mean, geometric-median, krum, multi-krum, mda, meamed, monna,",
            "centered-clipping; nnm+RULE mixes nearest neighbours first. All but average need 2F < rows.",
            "Parameters: geometric-median nu, iterations (without: it converges), start=zero|median; monna own (row, 0);",
            "centered-clipping tau (100), iterations (1), m (0) or start=median. docs/kernels/aggregation.md defines them.",
            "Example: ./quorate compute aggregate --rule nnm+trimmed-mean --f 1 --in X.npy --out Y.npy"
        })
public final class AggregateCommand implements Callable<Integer> {
    @Option(names = "--rule", paramLabel = "RULE", required = true, description = "The rule, or nnm+ and the rule.")
    private String rule;

    @Option(names = "--f", paramLabel = "F", required = true, description = "How many rows may lie.")
    private int faultyMax;

    @Option(
            names = "--param",
            paramLabel = "NAME=VALUE",
            description = "A parameter of the rule; may be given again for another one.")
    private String[] parameters = {};

    @Option(names = "--in", paramLabel = "X.npy", required = true, description = "The rows, n x d.")
    private Path inFile;

    @Option(names = "--out", paramLabel = "Y.npy", required = true, description = "Where the result goes, (d,).")
    private Path outFile;

    @Mixin
    private KernelOptions kernel;

    @Override
    public Integer call() throws IOException {
        final AggregationRule chosen = RuleCatalogue.rule(kernel.primitives(), rule, parameterMap());
        try (Arena arena = Arena.ofShared();
                NpyOutputs outputs = NpyOutputs.at(outFile)) {
            final FloatMatrix rows = NpyFile.readMatrix(inFile, arena);
            final FloatMatrix out = FloatMatrix.allocate(1, rows.cols());
            try (AggregationScratch scratch = new AggregationScratch(rows.rows(), rows.cols())) {
                chosen.aggregate(rows, faultyMax, out, scratch);
            }
            outputs.write(outFile, out.rowArray(0));
            outputs.commit();
        }
        kernel.report();
        return 0;
    }

    private Map<String, String> parameterMap() {
        final Map<String, String> map = new LinkedHashMap<>();
        for (final String parameter : parameters) {
            final int equals = parameter.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("--param is NAME=VALUE, given \"" + parameter + "\"");
            }
            final String name = parameter.substring(0, equals);
            if (map.put(name, parameter.substring(equals + 1)) != null) {
                throw new IllegalArgumentException("--param " + name + " is given twice");
            }
        }
        return map;
    }
}
