package io.quorate.engine.quorum;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuorumTest {
    @ParameterizedTest
    @CsvSource({
        "1, 0, 1",
        "2, 0, 2",
        "3, 0, 2",
        "4, 1, 3",
        "5, 1, 4",
        "6, 1, 4",
        "7, 2, 5",
        "8, 2, 6",
        "9, 2, 6",
        "10, 3, 7",
        "12, 3, 8",
        "13, 4, 9"
    })
    void shouldHaveTheKnownThresholds(final int peers, final int faultyMax, final int quorum) {
        assertThat(Quorum.of(peers).faultyMax()).isEqualTo(faultyMax);
        assertThat(Quorum.of(peers).quorum()).isEqualTo(quorum);
        assertThat(Quorum.of(peers).oneCorrect()).isEqualTo(faultyMax + 1);
    }

    @Test
    void shouldBeSafeAndLiveForEveryGroup() {
        for (int peers = 4; peers <= 200; peers++) {
            assertThat(isSafe(Quorum.of(peers))).as("safe with %d peers", peers).isTrue();
            assertThat(isLive(Quorum.of(peers))).as("live with %d peers", peers).isTrue();
            assertThat(Quorum.of(peers).quorum())
                    .as("ceil(2n/3) with %d peers", peers)
                    .isEqualTo((2 * peers + 2) / 3);
        }
    }

    @Test
    void shouldBeTheSmallestThatIsSafe() {
        for (int peers = 4; peers <= 200; peers++) {
            assertThat(isSafe(BrokenQuorum.oneTooSmall(peers)))
                    .as("one vote less with %d peers", peers)
                    .isFalse();
        }
    }

    @Test
    void shouldLeaveTheNumbersMeaningWhenARoundHasAQuorum() {
        for (int peers = 4; peers <= 200; peers++) {
            final Quorum quorum = Quorum.of(peers);
            assertThat(2 * quorum.faultyMax())
                    .as("liars are a minority of any %d of %d peers", quorum.quorum(), peers)
                    .isLessThan(quorum.quorum());
        }
    }

    @Test
    void shouldRefuseGroupsThatItIsNotMadeFor() {
        for (final int peers : new int[] {Integer.MIN_VALUE, -1, 0, 201, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> Quorum.of(peers))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(String.valueOf(peers));
        }
    }

    /** Two quorums share at least one correct peer, whichever they are. */
    private static boolean isSafe(final Quorum quorum) {
        return 2 * quorum.quorum() - quorum.peerCount() >= quorum.faultyMax() + 1;
    }

    /** The correct peers alone are a quorum. */
    private static boolean isLive(final Quorum quorum) {
        return quorum.quorum() <= quorum.peerCount() - quorum.faultyMax();
    }
}
