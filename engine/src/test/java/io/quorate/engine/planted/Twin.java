package io.quorate.engine.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.LongFunction;

/**
 * A copy of the production code that breaks one rule, and the runs that have to find it.
 *
 * @param hunter runs one seed; made from inside the broken classes, with {@code faults} as the only argument
 * @param faults under which faults it is hunted, as its hunter names them
 * @param seed a seed that finds it, for most the first
 * @param sentence what it does wrong
 */
record Twin(
        Class<? extends LongFunction<String[]>> hunter, String faults, long seed, String sentence, List<Edit> edits) {
    /** The classes of the engine with these edits, seen as a function from a seed to what was found, or null. */
    LongFunction<String[]> hunt() {
        return hunt(hunter, faults, edits);
    }

    /** The production code as it is, through the same loader. */
    LongFunction<String[]> unbroken() {
        return hunt(hunter, faults, List.of());
    }

    @SuppressWarnings("unchecked")
    static LongFunction<String[]> hunt(
            final Class<? extends LongFunction<String[]>> hunter, final String faults, final List<Edit> edits) {
        try {
            return (LongFunction<String[]>) new BrokenClasses(edits)
                    .loadClass(hunter.getName())
                    .getConstructor(String.class)
                    .newInstance(faults);
        } catch (final ReflectiveOperationException failed) {
            throw new IllegalStateException("the edited classes do not load", failed);
        }
    }

    /**
     * It is found at its seed, and the production code is clean there.
     *
     * @param seedsMax tried from seed 1 on if the known seed has lost its meaning, since something else changed
     */
    void assertFound(final String name, final long seedsMax) {
        final LongFunction<String[]> hunt = hunt();
        long found = seed;
        boolean isFound = hunt.apply(seed) != null;
        for (long next = 1; !isFound && next <= seedsMax; next++) {
            found = next;
            isFound = hunt.apply(next) != null;
        }
        assertThat(isFound)
                .as("%s: %s; neither seed %d nor the first %d find it", name, sentence, seed, seedsMax)
                .isTrue();
        assertThat(unbroken().apply(found))
                .as("the production code at seed %d", found)
                .isNull();
    }

    /** One line of the table of twins: how many seeds it takes, from seed 1 on. */
    String line(final String name, final long seedsMax) {
        final LongFunction<String[]> hunt = hunt();
        long tried = 0;
        String[] found = null;
        while (found == null && tried < seedsMax) {
            tried++;
            found = hunt.apply(tried);
        }
        assertThat(found).as("%s is found within %d seeds", name, seedsMax).isNotNull();
        return String.format("| `%s` | %s | `%s` | `%s` | %d |%n", name, sentence, faults, found[0], tried);
    }

    /** The table's head. */
    static String head(final String faults) {
        return "\n| bug | what is broken | " + faults + " | found by | seeds |\n|---|---|---|---|---|\n";
    }
}
