package io.quorate.engine.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.membership.MembershipContext.Profile;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a member pays does not grow with the mesh, and news takes hops in the order of its logarithm. The exhaustive part prints the
 * table of docs/protocols/membership.md, section 12.
 */
class MeshScaleTest {
    private static final long MS = 1_000_000;
    private static final int SEEDS_OF_A_CRASH = 3;
    private static final double PACKETS_MAX = 5;

    @Test
    void shouldCostAMemberTheSameInASmallMesh() {
        assertScale(5_000 * MS, 16, 64, 256);
    }

    @Tag("exhaustive")
    @Test
    void shouldCostAMemberTheSameUpToFourThousand() {
        assertScale(20_000 * MS, 16, 64, 256, 1_024, 4_096);
    }

    private static void assertScale(final long calmNs, final int... meshes) {
        final StringBuilder table = new StringBuilder(
                "\n| members | packets/s | bytes/s | crash known, ms | hops of news | heard at once | news known, ms |\n"
                        + "|---|---|---|---|---|---|---|\n");
        double packetsLeast = Double.MAX_VALUE;
        double packetsMost = 0;
        for (final int members : meshes) {
            final MeshTimes.Times calm = new MeshTimes(members, Profile.LAN, 1).calm(calmNs);
            long crashNs = 0;
            for (long seed = 1; seed <= (members > 1_000 ? 1 : SEEDS_OF_A_CRASH); seed++) {
                final long knownNs =
                        new MeshTimes(members, Profile.LAN, seed).crash().knownNs();
                assertThat(knownNs).as("%d members, seed %d", members, seed).isBetween(1L, 2_500 * MS);
                crashNs = Math.max(crashNs, knownNs);
            }
            final MeshTimes.NewsTimes news = new MeshTimes(members, Profile.LAN, 1).news();
            assertThat(news.knownNs()).as("news among %d members", members).isBetween(0L, 4_000 * MS);
            assertThat(news.heardShare()).isGreaterThan(0.9);
            assertThat(news.hopsMost()).isLessThanOrEqualTo(members <= 64 ? 4 : (int) (2 + 1.2 * log2(members)));
            packetsLeast = Math.min(packetsLeast, calm.packetsPerSecond());
            packetsMost = Math.max(packetsMost, calm.packetsPerSecond());
            table.append(String.format(
                    Locale.ROOT,
                    "| %,d | %.1f | %.0f | %d | %d | %.1f %% | %d |%n",
                    members,
                    calm.packetsPerSecond(),
                    calm.bytesPerSecond(),
                    crashNs / MS,
                    news.hopsMost(),
                    100 * news.heardShare(),
                    news.knownNs() / MS));
        }
        System.getLogger(MeshScaleTest.class.getName()).log(System.Logger.Level.INFO, table);
        assertThat(packetsMost).isLessThanOrEqualTo(PACKETS_MAX);
        assertThat(packetsMost / packetsLeast).as("most of least").isLessThan(1.1);
    }

    private static double log2(final int value) {
        return Math.log(value) / Math.log(2);
    }
}
