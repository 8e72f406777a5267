package io.quorate.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.benchmarks.kernels.AttentionBenchmark;
import io.quorate.benchmarks.kernels.AttentionCase;
import java.util.Collection;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH really runs: in a process of its own, with the argument files, for an instant. Says nothing about speed. */
class JmhSmokeIT {
    @Test
    void shouldRunTheAttentionBenchmarkInAFork() throws Exception {
        System.setProperty("jmh.ignoreLock", "true");
        final String[] forkArguments = ForkProfile.arguments();
        final Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include(AttentionBenchmark.class.getName() + ".attend")
                        .param("n", "4")
                        .param("threads", "1")
                        .forks(1)
                        .jvmArgs(forkArguments)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .measurementTime(TimeValue.milliseconds(20))
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true)
                        .build())
                .run();
        assertThat(results).hasSize(2);
        for (final RunResult result : results) {
            assertThat(result.getPrimaryResult().getScore()).isPositive();
            assertThat(result.getParams().getJvmArgs()).contains(forkArguments);
        }
    }

    @Test
    void shouldRefuseToTimeAWrongResult() {
        final float[] defined = {1.0f, 0.0f};
        AttentionCase.requireSameBits("it", new float[] {1.0f, 0.0f}, defined);
        assertThatThrownBy(() -> AttentionCase.requireSameBits("it", new float[] {1.0f, -0.0f}, defined))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the bits of it are not those of the scalar definition");
    }
}
