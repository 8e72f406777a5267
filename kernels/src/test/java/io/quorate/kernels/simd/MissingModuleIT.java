package io.quorate.kernels.simd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A JVM that was started without the vector module. */
class MissingModuleIT {
    /** Prints what {@link PrimitivesProvider#preferred} gives or says. */
    static final class Probe {
        private Probe() {}

        public static void main(final String[] arguments) {
            try {
                System.out.println(PrimitivesProvider.preferred().name());
            } catch (final IllegalStateException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String probe(final String... flags) throws IOException, InterruptedException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(List.of(flags));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Probe.class.getName()));
        final Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        final String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return output.strip();
    }

    @Test
    void shouldNameTheMissingFlag() throws Exception {
        assertThat(probe()).contains("--add-modules=jdk.incubator.vector");
    }

    @Test
    void shouldStillRunTheScalarDefinition() throws Exception {
        assertThat(probe("-D" + PrimitivesProvider.PROPERTY + "=scalar")).isEqualTo("scalar");
    }

    @Test
    void shouldRunTheVectorUnitWithTheFlag() throws Exception {
        assertThat(probe("--add-modules=jdk.incubator.vector")).isEqualTo("vector");
    }
}
