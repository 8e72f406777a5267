package io.quorate.engine.membership;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OverlayTest {
    private static Overlay overlay(final int members, final int zones, final int degree) {
        final int[] ids = IntStream.range(0, members).toArray();
        final int[] ofZone = IntStream.range(0, members).map(id -> id % zones).toArray();
        return Overlay.of(ids, ofZone, 0, degree, degree);
    }

    @Test
    void shouldHaveTheConnectivityOfItsDegree() {
        for (int degree = 2; degree <= 6; degree++) {
            for (int members = degree + 1; members <= 24; members++) {
                final Overlay overlay = overlay(members, 1, degree);
                assertThat(overlay.connectivity())
                        .as("%d members, degree %d", members, degree)
                        .isBetween(degree, degree + (degree % 2 == 1 && members % 2 == 1 ? 1 : 0));
                assertThat(overlay.neighbourCount()).isBetween(degree, degree + 1);
                assertThat(overlay.alarm()).isEqualTo(Overlay.Alarm.NONE);
            }
        }
    }

    @Test
    void shouldMeasureWhatAnExhaustiveSearchFinds() {
        for (int members = 4; members <= 9; members++) {
            for (int degree = 2; degree <= 5; degree++) {
                final Overlay overlay = overlay(members, 1, degree);
                final int measured = overlay.connectivity();
                assertThat(measured)
                        .as("%d members, degree %d", members, degree)
                        .isEqualTo(searched(members, degree));
            }
        }
    }

    /** Removes every set of vertices. */
    private static int searched(final int members, final int degree) {
        int best = members - 1;
        for (int removed = 0; removed < 1 << members; removed++) {
            final int size = Integer.bitCount(removed);
            if (size < best && members - size >= 2 && isCut(members, degree, removed)) {
                best = size;
            }
        }
        return best;
    }

    private static boolean isCut(final int members, final int degree, final int removed) {
        final int left = ~removed & ((1 << members) - 1);
        int seen = Integer.lowestOneBit(left);
        for (int before = 0; before != seen; ) {
            before = seen;
            for (int id = 0; id < members; id++) {
                for (int other = 0; other < members; other++) {
                    if ((seen >> id & 1) == 1 && (left >> other & 1) == 1 && isNeighbour(members, degree, id, other)) {
                        seen |= 1 << other;
                    }
                }
            }
        }
        return seen != left;
    }

    private static boolean isNeighbour(final int members, final int degree, final int id, final int other) {
        final int step = Math.min(Math.abs(id - other), members - Math.abs(id - other));
        return step > 0 && (step <= degree / 2 || degree % 2 == 1 && step == members / 2);
    }

    @ParameterizedTest
    @CsvSource({"12,2,3", "12,3,3", "16,2,3", "16,4,5", "16,2,4", "13,3,5", "9,3,3"})
    void shouldSurviveTheLossOfAZone(final int members, final int zones, final int degree) {
        assertThat(overlay(members, zones, degree).alarm()).isEqualTo(Overlay.Alarm.NONE);
    }

    @Test
    void shouldRaiseAnAlarmWithTooFewMembers() {
        assertThat(overlay(3, 1, 3).alarm()).isEqualTo(Overlay.Alarm.TOO_FEW);
        assertThat(overlay(4, 1, 3).alarm()).isEqualTo(Overlay.Alarm.NONE);
    }

    @Test
    void shouldRaiseAnAlarmIfAllNeighboursStandInOneZone() {
        final int[] ids = IntStream.range(0, 20).toArray();
        final int[] zones = IntStream.range(0, 20).map(id -> id == 10 ? 1 : 0).toArray();
        assertThat(Overlay.of(ids, zones, 0, 4, 4).alarm()).isEqualTo(Overlay.Alarm.ONE_ZONE);
    }
}
