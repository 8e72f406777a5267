package io.quorate.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.kernels.simd.PrimitivesProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Kernels must reach steady state also where C2 compiles them before the Vector API's own methods have been profiled, as it happens
 * by chance in a JVM with a long compile queue. The flags make that chance certain. A loop that calls methods of the vector it
 * carries would box in each step and allocate for ever (docs/decisions/0034).
 */
class SparseProfilesIT {
    private static final long PATIENCE_SECONDS = 60;
    private static final String QUIET = "quiet";

    /** Own code is compiled early, the Vector API's late. */
    private static final List<String> FLAGS = List.of(
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:CompileCommand=quiet",
            "-XX:CompileCommand=CompileThresholdScaling,io.quorate.kernels.*::*,0.1",
            "-XX:CompileCommand=CompileThresholdScaling,jdk.incubator.vector.*::*,20.0");

    /** Warms up and prints whether calls stopped to allocate. */
    static final class Probe {
        private Probe() {}

        public static void main(final String[] arguments) {
            final long budgetNs = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            if (KernelWarmup.run(PrimitivesProvider.preferred(), 4, 64, 8, budgetNs)) {
                System.out.println(QUIET);
                return;
            }
            for (final KernelWarmup.Kernel kernel : KernelWarmup.Kernel.values()) {
                final boolean isQuiet = KernelWarmup.run(
                        EnumSet.of(kernel), PrimitivesProvider.preferred(), 4, 64, 8, TimeUnit.SECONDS.toNanos(2));
                System.out.println(kernel + (isQuiet ? " is quiet" : " allocates"));
            }
        }
    }

    @Test
    void shouldBecomeQuietWithoutProfilesOfTheVectorApi() throws IOException, InterruptedException {
        assertThat(probe(FLAGS)).isEqualTo(QUIET);
    }

    @Test
    void shouldBecomeQuietAsTheLauncherRunsIt() throws IOException, InterruptedException {
        assertThat(probe(List.of("@" + Path.of("..", "native-profiles", "base.args"))))
                .isEqualTo(QUIET);
    }

    private static String probe(final List<String> flags) throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
        final Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
        return output.strip();
    }
}
