package io.quorate.engine.planted;

import io.quorate.engine.simulator.FaultPlan;
import io.quorate.engine.simulator.Simulator;
import java.util.function.LongFunction;

/**
 * Runs seeds of one group. Made from inside a set of classes, broken or not, whose simulator and protocol it then uses; the
 * world outside sees it as a function from a seed to what was found, property and statement, or null.
 */
public final class Hunt implements LongFunction<String[]> {
    private static final int PEERS = 4;

    private final Simulator simulator;

    public Hunt(final String preset) {
        simulator = new Simulator().preset(FaultPlan.Preset.valueOf(preset)).peers(PEERS);
    }

    @Override
    public String[] apply(final long seed) {
        final Simulator.Outcome outcome = simulator.run(seed);
        return outcome.isClean() ? null : new String[] {outcome.property(), outcome.statement()};
    }
}
