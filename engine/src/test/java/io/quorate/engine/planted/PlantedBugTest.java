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
    private static final long SEEDS_MAX = 10_000;

    /** If the known seed has lost its meaning, since something else changed. */
    private static final long SEEDS_IN_VERIFY = 400;

    @ParameterizedTest
    @EnumSource(PlantedBug.class)
    void shouldBeFound(final PlantedBug bug) {
        bug.twin().assertFound(bug.name(), SEEDS_IN_VERIFY);
    }

    @Tag("exhaustive")
    @Test
    void shouldTellHowManySeedsEachTakes() {
        final StringBuilder table = new StringBuilder(Twin.head("preset"));
        for (final PlantedBug bug : PlantedBug.values()) {
            table.append(bug.twin().line(bug.name(), SEEDS_MAX));
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
        assertThatThrownBy(() -> Twin.hunt(Hunt.class, "NONE", renamed))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("isInWindowOfOld");
    }

    @Test
    void shouldRunAsProductionDoesWhereNothingIsEdited() {
        final Hunt plain = new Hunt("STANDARD");
        final LongFunction<String[]> loaded = Twin.hunt(Hunt.class, "STANDARD", List.of());
        for (long seed = 1; seed <= 3; seed++) {
            assertThat(loaded.apply(seed)).isEqualTo(plain.apply(seed));
        }
    }
}
