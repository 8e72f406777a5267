package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.agent.CertifiedDecision;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A peer that catches up by a state hands out the decisions that it did not compute (docs/protocols/decision.md, section 6). */
@Timeout(180)
class MissedDecisionsIT {
    /** With one peer away each round waits for its deadline; a shorter one may pass before a busy machine has handed in all. */
    private static final Map<String, String> SMALL = Map.of(
            "dimension", "8",
            "heads", "2",
            "checkpoint-interval", "8",
            "round-deadline-ms", "1000");

    @TempDir
    private Path folder;

    @Test
    void shouldHandOutTheDecisionsOfRoundsThatAPeerWasNotThereFor() throws Exception {
        try (EpochGroup group = new EpochGroup(folder, 4, SMALL, context -> context)) {
            group.decide("before");
            group.stop("p3");
            final List<String> rounds = List.of("a", "b", "c", "d");
            for (final String round : rounds) {
                assertThat(group.decide(round)).hasSize(3);
            }
            group.start("p3");
            for (final String round : rounds) {
                final CertifiedDecision fetched = group.engine("p3").awaitDecision(round, EpochGroup.PATIENCE);
                final CertifiedDecision computed = group.engine("p0").decision(round);
                assertThat(fetched.decision()).isEqualTo(computed.decision());
                assertThat(fetched.decision().fused())
                        .isEqualTo(computed.decision().fused());
                assertThat(fetched.certificate().digest())
                        .isEqualTo(computed.certificate().digest());
            }
            assertThat(group.engine("p3").status(EpochGroup.PATIENCE).counters().get("engine.decisions.fetched"))
                    .isPositive();
        }
    }
}
