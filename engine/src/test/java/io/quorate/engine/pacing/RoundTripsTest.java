package io.quorate.engine.pacing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoundTripsTest {
    private static final long MS = 1_000_000;

    private static RoundTrips trips(final int peerCount) {
        return new RoundTrips(peerCount, 0, 20 * MS, MS, 200 * MS);
    }

    @Test
    void shouldStartWithTheSettingUntilMostPeersAnswered() {
        final RoundTrips trips = trips(4);
        assertThat(trips.pauseNs()).isEqualTo(20 * MS);
        trips.onSample(1, 3 * MS);
        assertThat(trips.pauseNs()).isEqualTo(20 * MS);
        assertThat(trips.pauseNs(1)).isEqualTo(6 * MS);
        assertThat(trips.pauseNs(2)).isEqualTo(20 * MS);
        trips.onSample(2, 4 * MS);
        assertThat(trips.pauseNs()).isEqualTo(8 * MS);
    }

    @Test
    void shouldWaitAMillisecondAtLeastAndTheCapAtMost() {
        final RoundTrips trips = trips(4);
        for (int peerId = 1; peerId < 4; peerId++) {
            trips.onSample(peerId, 50_000);
        }
        assertThat(trips.pauseNs()).isEqualTo(MS);
        final RoundTrips far = trips(4);
        for (int peerId = 1; peerId < 4; peerId++) {
            far.onSample(peerId, Long.MAX_VALUE);
        }
        assertThat(far.pauseNs()).isEqualTo(200 * MS);
        final RoundTrips backwards = trips(4);
        for (int peerId = 1; peerId < 4; peerId++) {
            backwards.onSample(peerId, Long.MIN_VALUE);
        }
        assertThat(backwards.pauseNs()).isEqualTo(MS);
    }

    @Test
    void shouldSmoothByAnEighth() {
        final RoundTrips trips = trips(4);
        trips.onSample(1, 8 * MS);
        trips.onSample(1, 16 * MS);
        assertThat(trips.roundTripNs(1)).isEqualTo(9 * MS);
        for (int i = 0; i < 100; i++) {
            trips.onSample(1, 2 * MS);
        }
        assertThat(trips.roundTripNs(1)).isBetween(2 * MS - 100, 2 * MS + 100);
    }

    /** Whatever f liars pretend, the pause stays between those of two correct peers. */
    @ParameterizedTest
    @ValueSource(ints = {4, 5, 6, 7, 10, 13, 64})
    void shouldNotBeMovedByLiarsBeyondCorrectPeers(final int peerCount) {
        final int liars = (peerCount - 1) / 3;
        for (final long lie : new long[] {0, Long.MAX_VALUE}) {
            final RoundTrips trips = trips(peerCount);
            for (int peerId = 1; peerId < peerCount; peerId++) {
                trips.onSample(peerId, peerId <= liars ? lie : (peerId - liars) * 100_000L + 2 * MS);
            }
            final long nearestNs = 100_000L + 2 * MS;
            final long farthestNs = (peerCount - 1 - liars) * 100_000L + 2 * MS;
            assertThat(trips.pauseNs()).isBetween(2 * nearestNs, 2 * farthestNs);
        }
    }

    @Test
    void shouldNeedNobodyInAGroupOfOne() {
        assertThat(trips(1).pauseNs()).isEqualTo(20 * MS);
    }
}
