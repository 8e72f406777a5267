package io.quorate.benchmarks.sides;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class LocalPortsTest {
    @Test
    void shouldGiveDifferentPortsThatNobodyIsGivenUnasked() {
        final int[] ports = LocalPorts.free(100);
        assertThat(ports).hasSize(100).doesNotHaveDuplicates();
        assertThat(Arrays.stream(ports)).allMatch(port -> port >= LocalPorts.FIRST && port <= LocalPorts.LAST);
    }
}
