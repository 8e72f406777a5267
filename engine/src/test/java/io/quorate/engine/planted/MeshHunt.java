package io.quorate.engine.planted;

import io.quorate.engine.mesh.MeshSchedules;
import java.util.function.LongFunction;

/**
 * Runs seeds of the mesh's schedules. Made from inside a set of classes, broken or not, whose membership it then uses; the world
 * outside sees it as a function from a seed to what was found, property and statement, or null.
 */
public final class MeshHunt implements LongFunction<String[]> {
    private final MeshSchedules.Kind kind;

    public MeshHunt(final String kind) {
        this.kind = MeshSchedules.Kind.valueOf(kind);
    }

    @Override
    public String[] apply(final long seed) {
        final MeshSchedules.Outcome outcome = MeshSchedules.run(kind, seed);
        return outcome.isClean() ? null : new String[] {outcome.property(), outcome.statement()};
    }
}
