package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CoordinatorContextTest {
    @ParameterizedTest
    @CsvSource({
        "4, 0.33, 1",
        "7, 0.33, 2",
        "10, 0.33, 3",
        "100, 0.33, 33",
        "4, 0, 0",
        "7, 0.2, 1",
        "7, 1, 2",
        "3, 0.33, 0"
    })
    void shouldAllowForFewerLiarsThanAQuorumSurvives(final int peers, final double tolerance, final int faulty) {
        final CoordinatorContext context =
                Rounds.context(peers, 8).faultTolerance(tolerance).conclude();
        assertThat(context.faulty()).isEqualTo(faulty);
        assertThat(context.faultyAmong(peers)).isEqualTo(faulty);
        assertThat(context.faultyAmong(context.quorum().quorum())).isEqualTo(faulty);
        assertThat(context.faultyAmong(1)).isZero();
        assertThat(2 * context.faultyAmong(2)).isLessThan(2);
    }

    @Test
    void shouldRefuseSettingsThatDoNotFit() {
        refuse("peerCount", c -> c.peerCount(0));
        refuse("peerCount", c -> c.peerCount(201));
        refuse("dimension", c -> c.dimension(0));
        refuse("dimension", c -> c.dimension(32_769));
        refuse("heads 7 does not divide the dimension 384", c -> c.heads(7));
        refuse("heads", c -> c.heads(0));
        refuse("temperature", c -> c.temperature(Float.NaN));
        refuse("temperature", c -> c.temperature(0));
        refuse("faultTolerance", c -> c.faultTolerance(Double.NaN));
        refuse("faultTolerance", c -> c.faultTolerance(-0.1));
        refuse("nearThreshold", c -> c.nearThreshold(0));
        refuse("contentLengthMax", c -> c.contentLengthMax(61_441));
        refuse("mode", c -> c.mode(null));
    }

    @Test
    void shouldFreezeOnceConcluded() {
        final CoordinatorContext context = Rounds.context(4, 8).conclude();
        assertThatThrownBy(() -> context.heads(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(context::conclude).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> Rounds.context(4, 8).quorum()).isInstanceOf(IllegalStateException.class);
    }

    private static void refuse(final String message, final UnaryOperator<CoordinatorContext> change) {
        assertThatThrownBy(() -> change.apply(Rounds.context(4, 384)).conclude())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
