package io.quorate.engine.planted;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each twin that breaks one rule is found by the checkers of the simulator, and at the same seed the production code is clean.
 * {@code -Pexhaustive} measures how many seeds that takes, from seed 1 on, and prints the table of docs/protocols/simulator.md:
 *
 * <pre>./mvnw -Pexhaustive -pl engine -am test -Dtest=PlantedBugTest -Dsurefire.failIfNoSpecifiedTests=false</pre>
 */
class PlantedBugTest {
    private static final int PEERS = 4;
    private static final long SEEDS_MAX = 10_000;

    /** If the known seed has lost its meaning, since something else changed. */
    private static final long SEEDS_IN_VERIFY = 400;

    @ParameterizedTest
    @EnumSource(PlantedBug.class)
    void shouldBeFound(final PlantedBug bug) {
        final LongFunction<String[]> hunt = Hunt.through(bug.edits(), bug.preset(), PEERS);
        long seed = bug.seed();
        String[] found = hunt.apply(seed);
        for (long next = 1; found == null && next <= SEEDS_IN_VERIFY; next++) {
            seed = next;
            found = hunt.apply(seed);
        }
        assertThat(found)
                .as(
                        "%s: %s; neither seed %d nor the first %d find it",
                        bug, bug.sentence(), bug.seed(), SEEDS_IN_VERIFY)
                .isNotNull();
        final String[] unbroken = Hunt.through(List.of(), bug.preset(), PEERS).apply(seed);
        assertThat(unbroken).as("the production code at seed %d", seed).isNull();
    }

    @Tag("exhaustive")
    @Test
    void shouldTellHowManySeedsEachTakes() {
        final StringBuilder table =
                new StringBuilder("\n| bug | what is broken | preset | found by | seeds |\n|---|---|---|---|---|\n");
        for (final PlantedBug bug : PlantedBug.values()) {
            final LongFunction<String[]> hunt = Hunt.through(bug.edits(), bug.preset(), PEERS);
            long seed = 0;
            String[] found = null;
            while (found == null && seed < SEEDS_MAX) {
                seed++;
                found = hunt.apply(seed);
            }
            assertThat(found).as("%s is found within %d seeds", bug, SEEDS_MAX).isNotNull();
            table.append(String.format(
                    "| `%s` | %s | `%s` | %s | %d |%n", bug, bug.sentence(), bug.preset(), '`' + found[0] + '`', seed));
        }
        System.getLogger(PlantedBugTest.class.getName()).log(System.Logger.Level.INFO, table);
    }

    @Test
    void shouldHaveAtLeastThirteen() {
        assertThat(PlantedBug.values()).hasSizeGreaterThanOrEqualTo(13);
    }

    @Test
    void shouldRefuseAnEditThatFitsNothing() {
        final List<Edit> renamed = List.of(Edit.answering("pbft.PbftLog", "isInWindowOfOld", true));
        assertThatThrownBy(() -> Hunt.through(renamed, "NONE", PEERS))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("isInWindowOfOld");
    }

    @Test
    void shouldRunAsProductionDoesWhereNothingIsEdited() {
        final Hunt plain = new Hunt("STANDARD", PEERS);
        final LongFunction<String[]> loaded = Hunt.through(List.of(), "STANDARD", PEERS);
        for (long seed = 1; seed <= 3; seed++) {
            assertThat(loaded.apply(seed)).isEqualTo(plain.apply(seed));
        }
    }
}
