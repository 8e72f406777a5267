package io.quorate.engine.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Random schedules of splits and of churn, with liars, judged as docs/protocols/membership.md, section 12, says. {@code -Dseed=S}
 * replays one seed of both kinds, and a failure names its seed.
 */
class MeshSchedulesTest {
    private static final int SEEDS = Integer.getInteger("seeds", 100);
    private static final int SEEDS_EXHAUSTIVE = 1_000;
    private static final int REPORTS_MAX = 20;

    @ParameterizedTest
    @EnumSource(MeshSchedules.Kind.class)
    void shouldStaySoundAndHeal(final MeshSchedules.Kind kind) {
        assertClean(kind, SEEDS);
    }

    @Tag("exhaustive")
    @ParameterizedTest
    @EnumSource(MeshSchedules.Kind.class)
    void shouldStaySoundAndHealForLong(final MeshSchedules.Kind kind) {
        assertClean(kind, SEEDS_EXHAUSTIVE);
    }

    @Test
    void shouldRepeatARunEventForEvent() {
        for (final MeshSchedules.Kind kind : MeshSchedules.Kind.values()) {
            for (long seed = 1; seed <= 3; seed++) {
                assertThat(MeshSchedules.run(kind, seed)).isEqualTo(MeshSchedules.run(kind, seed));
            }
            assertThat(MeshSchedules.run(kind, 1).traceHash())
                    .isNotEqualTo(MeshSchedules.run(kind, 2).traceHash());
        }
    }

    private static void assertClean(final MeshSchedules.Kind kind, final int seeds) {
        final Long onlySeed = Long.getLong("seed");
        final long first = onlySeed == null ? 1 : onlySeed;
        final long last = onlySeed == null ? seeds : onlySeed;
        final List<String> failed = new ArrayList<>();
        int withLiars = 0;
        long healedMostNs = 0;
        double packetsMost = 0;
        for (long seed = first; seed <= last && failed.size() < REPORTS_MAX; seed++) {
            final MeshSchedules.Outcome outcome = MeshSchedules.run(kind, seed);
            if (!outcome.isClean()) {
                failed.add(outcome.report());
            }
            withLiars += outcome.liars() > 0 ? 1 : 0;
            healedMostNs = Math.max(healedMostNs, outcome.healedNs());
            packetsMost = Math.max(packetsMost, outcome.packetsMost());
        }
        assertThat(failed).isEmpty();
        if (onlySeed == null) {
            assertThat(withLiars).as("runs with liars").isGreaterThan(seeds / 4);
        }
        System.getLogger(MeshSchedulesTest.class.getName())
                .log(
                        System.Logger.Level.INFO,
                        String.format(
                                Locale.ROOT,
                                "%s: %d seeds, %d with liars, healed within %d ms, %.1f packets a period and member of the mesh",
                                kind,
                                last - first + 1,
                                withLiars,
                                healedMostNs / 1_000_000,
                                packetsMost));
    }
}
