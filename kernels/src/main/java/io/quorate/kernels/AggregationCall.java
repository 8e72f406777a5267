package io.quorate.kernels;

import io.quorate.kernels.aggregate.AggregationRule;
import io.quorate.kernels.aggregate.AggregationScratch;
import io.quorate.kernels.aggregate.NearestNeighbourMixing;
import io.quorate.kernels.aggregate.TrimmedMean;
import io.quorate.kernels.aggregate.WeightedMean;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.outlier.OutlierReport;
import io.quorate.kernels.outlier.OutlierScores;
import io.quorate.kernels.simd.Primitives;

/** The rules of aggregation and the detector, as a round calls them. */
final class AggregationCall implements KernelCall {
    private final FloatMatrix vectors;
    private final FloatMatrix fused;
    private final float[] weights;
    private final int faultyMax;
    private final AggregationScratch scratch;
    private final OutlierReport report;
    private final OutlierScores outliers;
    private final AggregationRule mixing;
    private final WeightedMean mean;

    AggregationCall(final Primitives primitives, final FloatMatrix vectors) {
        this.vectors = vectors;
        fused = FloatMatrix.allocate(1, vectors.cols());
        weights = new float[vectors.rows()];
        for (int row = 0; row < weights.length; row++) {
            weights[row] = row + 1;
        }
        faultyMax = (vectors.rows() - 1) / 3;
        report = new OutlierReport(vectors.rows());
        outliers = new OutlierScores(primitives);
        mixing = new NearestNeighbourMixing(primitives).before(new TrimmedMean(primitives));
        mean = new WeightedMean(primitives);
        scratch = new AggregationScratch(vectors.rows(), vectors.cols());
    }

    @Override
    public void call() {
        outliers.find(vectors, faultyMax, report, scratch);
        mixing.aggregate(vectors, faultyMax, fused, scratch);
        mean.aggregate(vectors, weights, fused, scratch);
    }

    @Override
    public void close() {
        scratch.close();
    }
}
