package io.quorate.benchmarks.compare;

import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.List;
import java.util.Set;

/** Our own kernels as contenders. */
final class OwnKernels {
    /** What the ratios of the table divide by. */
    static final String GENERAL = "general";

    static final String SYMMETRIC = "symmetric";

    /** General attention without a defined order of sums, and the ordered one loaded once more: what a second copy differs by. */
    static final String FREE = "general-free";

    static final String COPY = "general-copy";

    /** Where what the order costs is measured unasked. */
    private static final Set<Integer> ORDER_SIZES = Set.of(64, 256, 1024);

    /** The scalar definition is some fifty times slower. */
    private static final int SCALAR_ROWS_MAX = 256;

    private static final long COPY_WARM_NS = 1_500_000_000;

    private OwnKernels() {}

    static List<ContenderSource> all() {
        return List.of(
                new Own(GENERAL, "preferred", true, Integer.MAX_VALUE),
                new Own(SYMMETRIC, SYMMETRIC, true, Integer.MAX_VALUE),
                new Own(FREE, "free", true, Integer.MAX_VALUE),
                new Own(COPY, "preferred", true, Integer.MAX_VALUE),
                new Own("general-256", "256", false, Integer.MAX_VALUE),
                new Own("general-128", "128", false, Integer.MAX_VALUE),
                new Own("scalar", "scalar", false, SCALAR_ROWS_MAX));
    }

    private record Own(String name, String kernel, boolean isAlways, int rowsMax) implements ContenderSource {
        @Override
        public String description() {
            if (name.equals(COPY)) {
                return "the same as general, its classes loaded once more: how far two copies of one kernel are apart";
            }
            switch (kernel) {
                case "free":
                    return "ours without a defined order of sums, its classes loaded once more; its bits depend on the CPU";
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
            return isAlways && n <= rowsMax && (!isOfOrder() || ORDER_SIZES.contains(n));
        }

        private boolean isOfOrder() {
            return name.equals(FREE) || name.equals(COPY);
        }

        /** As long as the warm-up of a service's kernels, which went to the other copy. */
        private static void warmUp(final Contender contender) {
            final long startNs = System.nanoTime();
            do {
                contender.call();
            } while (System.nanoTime() - startNs < COPY_WARM_NS);
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
            if (name.equals(GENERAL)) {
                return new OwnAttention(kernel, workload, threads);
            }
            final Contender contender = KernelIsolation.open(OwnAttention.class, kernel, workload, threads);
            if (isOfOrder()) {
                warmUp(contender);
            }
            return contender;
        }
    }
}
