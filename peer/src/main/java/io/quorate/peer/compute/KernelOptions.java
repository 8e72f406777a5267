package io.quorate.peer.compute;

import io.quorate.kernels.simd.Primitives;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.io.PrintWriter;
import java.util.Locale;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * Which kernel computes: the options that every command of the group has. A command mixes them in, computes with
 * {@link #primitives}, and says by {@link #report} at its end what ran.
 */
final class KernelOptions {
    /** How a kernel computes. */
    enum Kernel {
        SCALAR,
        VECTOR;

        /** As it is written on the command line. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--kernel",
            paramLabel = "KERNEL",
            description = "vector (the default) or scalar, the plain definition: the same bits, slowly.")
    private Kernel kernel;

    @Option(
            names = "--bits",
            paramLabel = "N",
            description = "Vector width: 64, 128, 256 or 512; the CPU's own if not given. Moves no bit of a result.")
    private Integer bits;

    /**
     * What to compute with.
     *
     * @throws IllegalArgumentException if the width is none
     */
    Primitives primitives() {
        final Primitives vector = bits == null ? null : PrimitivesProvider.vector(bits);
        if (kernel == Kernel.SCALAR) {
            return PrimitivesProvider.scalar();
        }
        if (vector != null) {
            return vector;
        }
        return kernel == Kernel.VECTOR
                ? PrimitivesProvider.vector(PrimitivesProvider.preferredBits())
                : PrimitivesProvider.preferred();
    }

    /** One line on standard error: the kernel and the width that were used. */
    void report(final int threads) {
        final Primitives used = primitives();
        final StringBuilder line = new StringBuilder("kernel: ").append(used.name());
        if (used.name().equals("scalar")) {
            line.append(bits == null ? "" : " (has no width, --bits is for vector)");
        } else {
            line.append(", ").append(used.bits()).append(" bits");
            final int preferredBits = PrimitivesProvider.preferredBits();
            if (used.bits() > preferredBits) {
                line.append(" (emulated, this CPU has ").append(preferredBits).append(')');
            }
        }
        if (threads > 1) {
            line.append(", ").append(threads).append(" threads");
        }
        final PrintWriter err = spec.commandLine().getErr();
        err.println(line);
        err.flush();
    }

    /** As {@link #report(int)}, of one thread. */
    void report() {
        report(1);
    }
}
