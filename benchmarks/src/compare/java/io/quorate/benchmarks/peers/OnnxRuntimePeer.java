package io.quorate.benchmarks.peers;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.quorate.benchmarks.compare.Contender;
import io.quorate.benchmarks.compare.ContenderSource;
import io.quorate.benchmarks.compare.Workload;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

/**
 * ONNX Runtime's own MultiHeadAttention, without probabilities. Inputs and output are bound once to the workload's memory, so
 * a call copies nothing. Threads spin between calls, as is its default.
 */
public final class OnnxRuntimePeer implements ContenderSource {
    @Override
    public String name() {
        return "onnxruntime";
    }

    @Override
    public String description() {
        return "ONNX Runtime " + OrtEnvironment.getEnvironment().getVersion()
                + ", com.microsoft MultiHeadAttention, output only; buffers bound, inter-op threads 1, spinning by default";
    }

    @Override
    public Contender open(final Workload workload, final int threads) {
        try {
            return new Session(workload, threads);
        } catch (final OrtException e) {
            throw new IllegalStateException("ONNX Runtime refuses: " + e.getMessage(), e);
        }
    }

    private static final class Session implements Contender {
        private final MemorySegment out;
        private final OrtSession session;
        private final Map<String, OnnxTensor> inputs;
        private final Map<String, OnnxTensor> outputs;

        Session(final Workload workload, final int threads) throws OrtException {
            final OrtEnvironment environment = OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            out = workload.allocate();
            try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
                options.setIntraOpNumThreads(threads);
                options.setInterOpNumThreads(1);
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
                session = environment.createSession(
                        OnnxModel.multiHeadAttention(workload.n(), Workload.MODEL_DIM, Workload.HEADS), options);
            }
            inputs = Map.of(
                    "q", tensor(environment, workload.q(), workload.n()),
                    "k", tensor(environment, workload.k(), workload.n()),
                    "v", tensor(environment, workload.v(), workload.n()));
            outputs = Map.of("o", tensor(environment, out, workload.n()));
        }

        @Override
        public void call() {
            try {
                session.run(inputs, outputs).close();
            } catch (final OrtException e) {
                throw new IllegalStateException("ONNX Runtime failed: " + e.getMessage(), e);
            }
        }

        @Override
        public void outputRow(final int row, final float[] target) {
            MemorySegment.copy(
                    out,
                    ValueLayout.JAVA_FLOAT,
                    (long) row * Workload.MODEL_DIM * Float.BYTES,
                    target,
                    0,
                    target.length);
        }

        @Override
        public void close() {
            inputs.values().forEach(OnnxTensor::close);
            outputs.values().forEach(OnnxTensor::close);
            try {
                session.close();
            } catch (final OrtException e) {
                throw new IllegalStateException("ONNX Runtime cannot be closed: " + e.getMessage(), e);
            }
        }

        private static OnnxTensor tensor(final OrtEnvironment environment, final MemorySegment matrix, final int n)
                throws OrtException {
            final FloatBuffer buffer =
                    matrix.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
            return OnnxTensor.createTensor(environment, buffer, new long[] {1, n, Workload.MODEL_DIM});
        }
    }
}
