package io.quorate.engine.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SelfRecordTest {
    private static final long MS = 1_000_000;
    private static final long PERIOD_NS = 500 * MS;

    private static SelfRecord record() {
        final MembershipContext context =
                new MembershipContext().memberCount(7).selfId(0).conclude();
        return new SelfRecord(context, new SimKeys(7, new SimRandom(1)).signer(0), 3);
    }

    /** Accused by one liar whenever so long has passed since the last record; how many records that costs in an hour. */
    private static int recordsOfAnHour(final long patienceNs) {
        final SelfRecord self = record();
        int records = 0;
        long lastNs = 0;
        for (long nowNs = 0; nowNs < 3_600_000 * MS; nowNs += 50 * MS) {
            if (nowNs - lastNs >= patienceNs) {
                self.onAccused(1, true);
            }
            if (self.dueNs(nowNs) <= nowNs) {
                self.refute(nowNs);
                lastNs = nowNs;
                records++;
            }
        }
        return records;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 5, 9, 17, 33, 65, 129, 130})
    void shouldSignOneRecordInSixtyFourPeriodsForLiarsHoweverPatientTheyAre(final int periods) {
        assertThat(recordsOfAnHour(periods * PERIOD_NS + 100 * MS)).isLessThanOrEqualTo(8 + 7_200 / 64);
    }

    @Test
    void shouldRefuteAtOnceIfACorrectMemberIsAmongTheAccusers() {
        final SelfRecord self = record();
        for (int i = 0; i < 20; i++) {
            self.onAccused(1, true);
            self.onAccused(2, true);
            self.onAccused(3, true);
            assertThat(self.dueNs(i)).isEqualTo(i);
            self.refute(i);
            assertThat(self.incarnation()).isEqualTo(i + 2L);
        }
    }
}
