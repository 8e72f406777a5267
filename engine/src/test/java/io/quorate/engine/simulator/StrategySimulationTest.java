package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.virtual.Trace;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Each way of lying, alone: it happens, and one liar of four does no harm. Two of four do, where that is in their power. */
class StrategySimulationTest {
    private static final int SEEDS = 12;
    private static final int TWIN_SEEDS = 400;

    @ParameterizedTest
    @EnumSource(
            value = Strategy.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"HOARDER", "STRADDLER"})
    void shouldSurviveOneLiarThatBites(final Strategy strategy) {
        long lies = 0;
        final Simulator simulator = new Simulator().preset(FaultPlan.Preset.NETWORK);
        for (long seed = 1; seed <= SEEDS; seed++) {
            final FaultPlan plan = simulator.plan(seed).withLiar((int) (seed % 4), strategy);
            final Simulator.Outcome outcome = simulator.run(seed, plan);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
            lies += outcome.trace().count(Trace.Kind.LIE);
        }
        assertThat(lies).as("lies in %d runs", SEEDS).isPositive();
    }

    /** These two wait for their moment, which other presets do not bring. */
    @ParameterizedTest
    @EnumSource(
            value = FaultPlan.Preset.class,
            names = {"HOARDERS", "HANDOVERS"})
    void shouldSurviveLiarsThatWaitForTheirMoment(final FaultPlan.Preset preset) {
        long lies = 0;
        final Simulator simulator = new Simulator().preset(preset);
        for (long seed = 1; seed <= SEEDS; seed++) {
            final Simulator.Outcome outcome = simulator.run(seed);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
            lies += outcome.trace().count(Trace.Kind.LIE);
        }
        assertThat(lies).as("lies in %d runs", SEEDS).isPositive();
    }

    /** A usurper once named a view change twice that it had passed on; nobody but the garbled sends what does not decode. */
    @Test
    void shouldSendWhatDecodesUnlessItIsToBeGarbled() {
        final Simulator.Outcome outcome =
                new Simulator().peers(13).preset(FaultPlan.Preset.SCHEMES).run(7034);
        assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"EQUIVOCATE,agreement", "WRONG_RESULT,replies", "TWIN,agreement"})
    void shouldSeeWhatTwoOfFourCanDo(final Strategy strategy, final String property) {
        final Simulator simulator = new Simulator().preset(FaultPlan.Preset.BYZANTINE);
        for (long seed = 1; seed <= TWIN_SEEDS; seed++) {
            final FaultPlan plan =
                    FaultPlan.of(new Strategy[] {strategy, strategy, null, null}, 300_000_000L, List.of());
            final Simulator.Outcome outcome = simulator.run(seed, plan);
            if (outcome.result() == Simulator.Result.VIOLATION
                    && outcome.property().equals(property)) {
                return;
            }
        }
        throw new AssertionError("two of four liars ran " + TWIN_SEEDS + " seeds and nobody noticed");
    }

    @ParameterizedTest
    @CsvSource({"FORGE,4", "FORGE,7"})
    void shouldDropForgedFrames(final Strategy strategy, final int peers) {
        final Simulator simulator = new Simulator().peers(peers).preset(FaultPlan.Preset.NONE);
        final Simulator.Outcome outcome = simulator.run(1, simulator.plan(1).withLiar(1, strategy));
        assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
        assertThat(outcome.trace().count(Trace.Kind.FORGED)).isPositive();
    }
}
