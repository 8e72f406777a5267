package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.virtual.Trace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Peers are added, removed, replaced and moved and keys rotated under loss, crashes, partitions and liars (docs/protocols/
 * reconfiguration.md). {@code -Dseed=S} replays one seed of four peers, {@code -Dseeds=N} runs more than the build does.
 */
class EpochSimulationTest {
    private static final int SEEDS = Integer.getInteger("seeds", 200);

    @Test
    void shouldBeSafeAndLiveWhileTheGroupChanges() {
        final Long onlySeed = Long.getLong("seed");
        if (onlySeed != null) {
            assertClean(4, onlySeed);
            return;
        }
        long opened = 0;
        long gone = 0;
        long steps = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            final Simulator.Outcome outcome = assertClean(4, seed);
            opened += outcome.trace().count(Trace.Kind.OPEN);
            gone += outcome.trace().count(Trace.Kind.GONE);
            steps += outcome.plan().stepsAtNs().size();
        }
        // Every step is taken by almost all of at least four peers; some take a peer away.
        assertThat(opened).isGreaterThan(3 * steps);
        assertThat(gone).isGreaterThan(steps / 10);
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 7, 10})
    void shouldBeSafeAndLiveWithAnyNumberOfPeers(final int peers) {
        for (long seed = 1; seed <= SEEDS / 20; seed++) {
            assertClean(peers, seed);
        }
    }

    @Test
    void shouldStaySafeUnderFaultsWithoutEnd() {
        for (long seed = 1; seed <= SEEDS / 8; seed++) {
            final Simulator.Outcome outcome =
                    simulator(4).mode(Simulator.Mode.SAFETY).run(seed);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
        }
    }

    @Test
    void shouldRepeatARunEventForEvent() {
        for (long seed = 1; seed <= 3; seed++) {
            final Simulator.Outcome first = simulator(4).run(seed);
            assertThat(simulator(4).run(seed).traceHash()).isEqualTo(first.traceHash());
        }
    }

    private static Simulator simulator(final int peers) {
        return new Simulator().preset(FaultPlan.Preset.RECONFIGURE).peers(peers);
    }

    private static Simulator.Outcome assertClean(final int peers, final long seed) {
        final Simulator.Outcome outcome = simulator(peers).run(seed);
        assertThat(outcome.isClean())
                .withFailMessage(() -> outcome.report() + " with " + peers + " peers")
                .isTrue();
        return outcome;
    }
}
