package io.quorate.engine.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.membership.MembershipContext.Profile;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The aims of the mesh in virtual time; docs/protocols/membership.md, section 12, has the figures. */
class MeshTimesTest {
    private static final long MS = 1_000_000;
    private static final int SEEDS = 5;

    @ParameterizedTest
    @CsvSource({"4,140", "16,140", "64,1000"})
    void shouldSeeAllSoonAfterACommonStart(final int members, final long aimMs) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(new MeshTimes(members, Profile.LAN, seed).join().knownNs())
                    .as("seed %d", seed)
                    .isBetween(0L, aimMs * MS);
        }
    }

    @ParameterizedTest
    @CsvSource({"LAN,16,2000,5", "FAST,16,600,20", "LAN,64,2000,5", "MISSION,16,10500,1"})
    void shouldProveASilentCrashInTime(
            final Profile profile, final int members, final long aimMs, final double packetsMax) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertThat(new MeshTimes(members, profile, seed).crash().knownNs())
                    .as("seed %d", seed)
                    .isBetween(0L, aimMs * MS);
        }
        assertThat(new MeshTimes(members, profile, 1).calm(20_000 * MS).packetsPerSecond())
                .isBetween(0.1, packetsMax);
    }

    @ParameterizedTest
    @CsvSource({"1", "3", "5", "8"})
    void shouldKnowASplitAndHealIt(final int side) {
        for (long seed = 1; seed <= SEEDS; seed++) {
            final MeshTimes.SplitTimes times = new MeshTimes(16, Profile.LAN, seed).split(side, 60_000 * MS);
            assertThat(times.readOnlyNs()).as("seed %d", seed).isBetween(0L, 1_500 * MS);
            assertThat(times.healedNs()).as("seed %d", seed).isBetween(0L, 2_000 * MS);
            assertThat(times.bothWrote()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Profile.class,
            names = {"LAN", "FAST"})
    void shouldBuryNobodyWhoIsSlowOrLosesPackets(final Profile profile) {
        for (long seed = 1; seed <= 2; seed++) {
            final MeshTimes.LossTimes times = new MeshTimes(16, profile, seed).loss(250_000, 3_000 * MS, 600_000 * MS);
            assertThat(times.falseDeaths()).as("seed %d", seed).isZero();
            assertThat(times.accusationsOfTheStopped()).as("seed %d", seed).isZero();
        }
    }
}
