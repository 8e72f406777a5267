package io.quorate.kernels;

import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;
import java.util.LinkedHashMap;
import java.util.Map;

/** The rules' lines of {@link KernelDigests}: each rule by its name, plain and after mixing, and the detector. */
final class AggregationDigests {
    private static final int[][] SHAPES = {{4, 384}, {7, 13}, {16, 100}};

    private AggregationDigests() {}

    static Map<String, KernelDigests.Case> cases() {
        final Map<String, KernelDigests.Case> cases = new LinkedHashMap<>();
        for (final String name : RuleCatalogue.names()) {
            cases.put("rule " + name, rule(name));
            cases.put("rule nnm+" + name, rule("nnm+" + name));
        }
        cases.put("detector", detector());
        return cases;
    }

    private static KernelDigests.Case rule(final String name) {
        return (primitives, bits) -> {
            for (final int[] shape : SHAPES) {
                final FloatMatrix rows = rows(shape);
                final FloatMatrix out = FloatMatrix.allocate(1, shape[1]);
                try (AggregationScratch scratch = new AggregationScratch(shape[0], shape[1])) {
                    RuleCatalogue.rule(primitives, name, Map.of()).aggregate(rows, (shape[0] - 1) / 3, out, scratch);
                }
                bits.add(out);
            }
        };
    }

    private static KernelDigests.Case detector() {
        return (primitives, bits) -> {
            for (final int[] shape : SHAPES) {
                final FloatMatrix rows = rows(shape);
                final OutlierReport report = new OutlierReport(shape[0]);
                try (AggregationScratch scratch = new AggregationScratch(shape[0], shape[1])) {
                    new OutlierScores(primitives).find(rows, (shape[0] - 1) / 3, report, scratch);
                }
                for (int row = 0; row < shape[0]; row++) {
                    bits.add(report.distance(row), report.score(row), report.isSuspect(row) ? 1.0 : 0.0);
                }
            }
        };
    }

    /** The last row lies far out. */
    private static FloatMatrix rows(final int... shape) {
        final FloatMatrix rows = KernelDigests.invented(11, shape[0], shape[1], 3.0f);
        for (int col = 0; col < shape[1]; col++) {
            rows.set(shape[0] - 1, col, 50.0f + rows.get(0, col));
        }
        return rows;
    }
}
