package io.quorate.engine.epoch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.transport.auth.Roster;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RosterStepTest {
    private final Rosters rosters = new Rosters();
    private final Roster five = rosters.roster(7, 0, 1, 2, 3, 4);

    @Test
    void shouldAddAtTheEnd() {
        final RosterStep step = RosterStep.between(five, rosters.roster(8, 0, 1, 2, 3, 4, 5));

        assertThat(step.kind()).isEqualTo(RosterStep.Kind.ADD);
        assertThat(step.peerId()).isEqualTo(5);
        assertThat(oldIds(step)).containsExactly(0, 1, 2, 3, 4, RosterStep.NEWCOMER);
    }

    @Test
    void shouldRemoveAnybodyAndFillTheGapWithTheLast() {
        assertThat(oldIds(removal(4, 0, 1, 2, 3))).containsExactly(0, 1, 2, 3);
        assertThat(oldIds(removal(1, 0, 4, 2, 3))).containsExactly(0, 4, 2, 3);
        assertThat(oldIds(removal(0, 4, 1, 2, 3))).containsExactly(4, 1, 2, 3);
    }

    private RosterStep removal(final int removed, final int... left) {
        final RosterStep step = RosterStep.between(five, rosters.roster(8, left));
        assertThat(step.kind()).isEqualTo(RosterStep.Kind.REMOVE);
        assertThat(step.peerId()).isEqualTo(removed);
        return step;
    }

    @Test
    void shouldTellReplaceRotateAndMoveApart() {
        final RosterStep replace = RosterStep.between(five, rosters.roster(8, 0, 1, 9, 3, 4));
        assertThat(replace.kind()).isEqualTo(RosterStep.Kind.REPLACE);
        assertThat(oldIds(replace)).containsExactly(0, 1, RosterStep.NEWCOMER, 3, 4);

        final RosterStep rotate = RosterStep.between(five, with(8, rosters.peer(2, 2, 9, 40_002)));
        assertThat(rotate.kind()).isEqualTo(RosterStep.Kind.ROTATE);
        assertThat(oldIds(rotate)).containsExactly(0, 1, 2, 3, 4);

        final RosterStep move = RosterStep.between(five, with(8, rosters.peer(2, 2, 2, 41_000)));
        assertThat(move.kind()).isEqualTo(RosterStep.Kind.MOVE);
        assertThat(oldIds(move)).containsExactly(0, 1, 2, 3, 4);
        assertThat(RosterStep.between(five, with(8, rosters.peer(2, 9, 2, 40_002)))
                        .kind())
                .isEqualTo(RosterStep.Kind.MOVE);
    }

    @Test
    void shouldRefuseMoreThanOneStep() {
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(8, 0, 1, 2, 8, 9)))
                .hasMessageContaining("a step changes one peer");
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(8, 0, 1, 9, 3, 4, 5)))
                .hasMessageContaining("a step changes one peer");
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(8, 0, 9, 2, 3)))
                .as("the gap is filled by the last, not by a stranger")
                .hasMessageContaining("a step changes one peer");
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(8, 0, 2, 3, 4)))
                .as("nobody else moves")
                .hasMessageContaining("a step changes one peer");
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(8, 1, 0, 2, 3, 4)))
                .as("two ids change places")
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(8, 0, 1, 2, 3, 4, 5, 6)))
                .hasMessageContaining("adds or removes one peer");
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(8, 0, 1, 2, 3, 4)))
                .hasMessageContaining("the same peers");
        assertThatThrownBy(() -> RosterStep.between(five, with(8, rosters.peer(2, 2, 9, 41_000))))
                .as("key and address of one name")
                .hasMessageContaining("keeps name and address");
    }

    @Test
    void shouldRefuseAnotherEpochThanTheNextAndOtherSettings() {
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(7, 0, 1, 2, 3, 4, 5)))
                .hasMessageContaining("the next epoch is 8");
        assertThatThrownBy(() -> RosterStep.between(five, rosters.roster(9, 0, 1, 2, 3, 4, 5)))
                .hasMessageContaining("the next epoch is 8");
        final Roster other = Roster.of(8, rosters.roster(8, 0, 1, 2, 3).peers(), Map.of("dimension", "9"));
        assertThatThrownBy(() -> RosterStep.between(five, other)).hasMessageContaining("keeps the settings");
    }

    @Test
    void shouldRefuseAGroupThatSurvivesNoLiar() {
        final Roster four = rosters.roster(7, 0, 1, 2, 3);

        assertThatThrownBy(() -> RosterStep.between(four, rosters.roster(8, 0, 1, 2)))
                .hasMessageContaining("at least 4 peers");
    }

    /** Epoch {@code epoch} of the five with one line changed. */
    private Roster with(final long epoch, final Roster.Peer changed) {
        final List<Roster.Peer> peers = new ArrayList<>(five.peers());
        peers.set(changed.id(), changed);
        return rosters.roster(epoch, peers);
    }

    private static int[] oldIds(final RosterStep step) {
        final int[] ids = new int[step.peerCountAfter()];
        for (int id = 0; id < ids.length; id++) {
            ids[id] = step.oldIdOf(id);
            if (ids[id] != RosterStep.NEWCOMER) {
                assertThat(step.newIdOf(ids[id])).isEqualTo(id);
            }
        }
        return ids;
    }
}
