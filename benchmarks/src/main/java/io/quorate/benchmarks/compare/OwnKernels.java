package io.quorate.benchmarks.compare;

import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.List;

/** Our own kernels as contenders. */
final class OwnKernels {
    /** What the ratios of the table divide by. */
    static final String GENERAL = "general";

    static final String SYMMETRIC = "symmetric";

    /** The scalar definition is some fifty times slower. */
    private static final int SCALAR_ROWS_MAX = 256;

    private OwnKernels() {}

    static List<ContenderSource> all() {
        return List.of(
                new Own(GENERAL, "preferred", true, Integer.MAX_VALUE),
                new Own(SYMMETRIC, SYMMETRIC, true, Integer.MAX_VALUE),
                new Own("general-256", "256", false, Integer.MAX_VALUE),
                new Own("general-128", "128", false, Integer.MAX_VALUE),
                new Own("scalar", "scalar", false, SCALAR_ROWS_MAX));
    }

    private record Own(String name, String kernel, boolean isAlways, int rowsMax) implements ContenderSource {
        @Override
        public String description() {
            switch (kernel) {
                case "preferred":
                    return "ours, output and influence; " + PrimitivesProvider.sentence(PrimitivesProvider.preferred());
                case SYMMETRIC:
                    return "ours where Q = K = unit rows, as the coordinator weighs; output and influence";
                case "scalar":
                    return "ours, the scalar definition of every bit";
                default:
                    return "ours with vectors of " + kernel + " bits";
            }
        }

        @Override
        public boolean isDefault(final int n) {
            return isAlways && n <= rowsMax;
        }

        @Override
        public boolean isSymmetric() {
            return kernel.equals(SYMMETRIC);
        }

        @Override
        public Contender open(final Workload workload, final int threads) {
            if (isSymmetric()) {
                return new OwnSymmetric(workload, threads);
            }
            if (kernel.equals("preferred")) {
                return new OwnAttention(kernel, workload, threads);
            }
            return KernelIsolation.open(OwnAttention.class, kernel, workload, threads);
        }
    }
}
