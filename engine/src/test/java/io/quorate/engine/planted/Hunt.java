package io.quorate.engine.planted;

import io.quorate.engine.simulator.FaultPlan;
import io.quorate.engine.simulator.Simulator;
import java.util.List;
import java.util.function.LongFunction;

/**
 * Runs seeds of one group. Made from inside a set of classes, broken or not, whose simulator and protocol it then uses; the
 * world outside sees it as a function from a seed to what was found, property and statement, or null.
 */
public final class Hunt implements LongFunction<String[]> {
    private final Simulator simulator;

    public Hunt(final String preset, final int peers) {
        simulator = new Simulator().preset(FaultPlan.Preset.valueOf(preset)).peers(peers);
    }

    /** A hunt in the classes of the engine with these edits; with none, in the production code as it is. */
    @SuppressWarnings("unchecked")
    static LongFunction<String[]> through(final List<Edit> edits, final String preset, final int peers) {
        try {
            return (LongFunction<String[]>) new BrokenClasses(edits)
                    .loadClass(Hunt.class.getName())
                    .getConstructor(String.class, int.class)
                    .newInstance(preset, peers);
        } catch (final ReflectiveOperationException failed) {
            throw new IllegalStateException("the edited classes do not load", failed);
        }
    }

    @Override
    public String[] apply(final long seed) {
        final Simulator.Outcome outcome = simulator.run(seed);
        return outcome.isClean() ? null : new String[] {outcome.property(), outcome.statement()};
    }
}
