package io.quorate.benchmarks.peers;

import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.ParameterStore;
import io.quorate.benchmarks.compare.Contender;
import io.quorate.benchmarks.compare.ContenderSource;
import io.quorate.benchmarks.compare.Workload;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * PyTorch's scaled_dot_product_attention through DJL, without probabilities. Its inputs lie in its own memory, viewed as 1 x heads x
 * rows x head dimension beforehand; a call makes and frees one output.
 */
public final class PyTorchPeer implements ContenderSource {
    private static final String ENGINE = "PyTorch";

    @Override
    public String name() {
        return "pytorch";
    }

    @Override
    public String description() {
        return "PyTorch " + engine().getVersion() + " through DJL " + Engine.getDjlVersion()
                + ", scaled_dot_product_attention, output only; inputs in place, its own OpenMP threads";
    }

    @Override
    public Contender open(final Workload workload, final int threads) {
        engine();
        JniUtils.setGradMode(false);
        JniUtils.setNumThreads(threads);
        try {
            return new Module(workload);
        } catch (final IOException | MalformedModelException e) {
            throw new IllegalStateException("PyTorch refuses the module: " + e.getMessage(), e);
        }
    }

    /** Nothing is fetched or reported at run time: the native libraries come from jars. */
    private static Engine engine() {
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("slf4j.internal.verbosity", "ERROR");
        return Engine.getEngine(ENGINE);
    }

    private static final class Module implements Contender {
        private final NDManager manager;
        private final Model model;
        private final Block block;
        private final ParameterStore parameters;
        private final NDList inputs;
        private NDArray last;

        Module(final Workload workload) throws IOException, MalformedModelException {
            manager = NDManager.newBaseManager(null, ENGINE);
            model = Model.newInstance("attention", ENGINE);
            model.load(new ByteArrayInputStream(TorchScriptModule.attention()));
            block = model.getBlock();
            parameters = new ParameterStore(manager, false);
            inputs = new NDList(
                    heads(workload, workload.q()), heads(workload, workload.k()), heads(workload, workload.v()));
        }

        @Override
        public void call() {
            if (last != null) {
                last.close();
            }
            last = block.forward(parameters, inputs, false).singletonOrThrow();
        }

        @Override
        public void outputRow(final int row, final float[] target) {
            for (int head = 0; head < Workload.HEADS; head++) {
                final float[] part = last.get(0, head, row).toFloatArray();
                System.arraycopy(part, 0, target, head * Workload.HEAD_DIM, Workload.HEAD_DIM);
            }
        }

        @Override
        public void close() {
            model.close();
            manager.close();
        }

        private NDArray heads(final Workload workload, final MemorySegment matrix) {
            return manager.create(Workload.array(matrix), new Shape(1, workload.n(), Workload.HEADS, Workload.HEAD_DIM))
                    .transpose(0, 2, 1, 3);
        }
    }
}
