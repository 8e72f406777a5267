package io.quorate.engine.pbft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.quorum.BrokenQuorum;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The view change, model-checked over the production code: {@link ViewChangeExplorer}. */
class ViewChangeModelTest {
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void shouldCommitOneDigestInTwoViewsWithAnyLiar(final int liar) {
        check(new ViewChangeExplorer(context -> context, 1, 1, liar));
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @CsvSource({"1,2,0", "1,2,1", "1,2,2", "1,2,3", "2,1,1", "2,1,2", "2,1,3"})
    void shouldCommitOneDigestInADeeperWorld(final int slots, final int viewMax, final int liar) {
        check(new ViewChangeExplorer(context -> context, slots, viewMax, liar));
    }

    @Test
    void shouldSeeTheBreakOfAQuorumThatIsTooSmall() {
        final ViewChangeExplorer explorer =
                new ViewChangeExplorer(context -> context.quorum(BrokenQuorum.oneTooSmall(4)), 1, 1, 0);
        assertThat(explorer.explore()).contains("commits twice");
    }

    @Test
    void shouldSeeTheBreakOfMoreLiarsThanF() {
        assertThat(new ViewChangeExplorer(context -> context, 1, 1, 0, 1).explore())
                .contains("commits twice");
    }

    @Test
    void shouldSeeAStateThatIsNotTakenBack() {
        assertThat(new ViewChangeExplorer(context -> context, 1, 1, 0)
                        .keepingState()
                        .explore())
                .contains("keeps a state");
    }

    private static void check(final ViewChangeExplorer explorer) {
        assertThat(explorer.explore()).isNull();
        assertThat(explorer.worldCount()).isGreaterThan(1_000);
        assertThat(explorer.stateCount()).isGreaterThan(100);
    }
}
