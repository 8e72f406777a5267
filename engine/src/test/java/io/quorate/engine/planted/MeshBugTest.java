package io.quorate.engine.planted;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each twin of membership that breaks one rule is found by the checkers of the mesh, and at the same seed the production code is
 * clean. {@code -Pexhaustive} measures how many seeds that takes, and prints the table of docs/protocols/membership.md, section 12.
 */
class MeshBugTest {
    private static final long SEEDS_MAX = 1_000;

    /** If the known seed has lost its meaning, since something else changed. */
    private static final long SEEDS_IN_VERIFY = 200;

    @ParameterizedTest
    @EnumSource(MeshBug.class)
    void shouldBeFound(final MeshBug bug) {
        bug.twin().assertFound(bug.name(), SEEDS_IN_VERIFY);
    }

    @Tag("exhaustive")
    @Test
    void shouldTellHowManySeedsEachTakes() {
        final StringBuilder table = new StringBuilder(Twin.head("schedules"));
        for (final MeshBug bug : MeshBug.values()) {
            table.append(bug.twin().line(bug.name(), SEEDS_MAX));
        }
        System.getLogger(MeshBugTest.class.getName()).log(System.Logger.Level.INFO, table);
    }

    @Test
    void shouldRunAsProductionDoesWhereNothingIsEdited() {
        final LongFunction<String[]> loaded = Twin.hunt(MeshHunt.class, "CHURN", List.of());
        for (long seed = 1; seed <= 3; seed++) {
            assertThat(loaded.apply(seed)).isEqualTo(new MeshHunt("CHURN").apply(seed));
        }
    }
}
