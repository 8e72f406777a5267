package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.virtual.SimRandom;
import java.util.List;
import org.junit.jupiter.api.Test;

class FaultPlanTest {
    private static final List<FaultPlan.Kind> CUTS =
            List.of(FaultPlan.Kind.PARTITION, FaultPlan.Kind.ONE_WAY, FaultPlan.Kind.ISOLATE);

    private static final long DURATION_NS = 1_000_000_000;

    @Test
    void shouldDrawTheSamePlanFromTheSameSeed() {
        assertThat(draw(FaultPlan.Preset.HARSH, 7, 3))
                .hasToString(draw(FaultPlan.Preset.HARSH, 7, 3).toString());
        assertThat(draw(FaultPlan.Preset.HARSH, 7, 3).toString())
                .isNotEqualTo(draw(FaultPlan.Preset.HARSH, 7, 4).toString());
    }

    @Test
    void shouldPlanNothingWhenNothingIsToFail() {
        final FaultPlan plan = draw(FaultPlan.Preset.NONE, 4, 1);
        assertThat(plan.faults()).isEmpty();
        assertThat(plan.calmAtNs()).isZero();
        assertThat(plan.conditions()).isEqualTo(SimNetwork.Conditions.calm());
    }

    @Test
    void shouldKeepLiarsWithinFAndFaultsWithinTheirTime() {
        for (int peers = 4; peers <= 10; peers++) {
            final int groupSize = peers;
            boolean hadLiar = false;
            for (long seed = 0; seed < 50; seed++) {
                final FaultPlan plan = draw(FaultPlan.Preset.HARSH, peers, seed);
                int liars = 0;
                for (int peer = 0; peer < peers; peer++) {
                    liars += plan.strategy(peer) != null ? 1 : 0;
                }
                hadLiar |= liars > 0;
                assertThat(liars).isLessThanOrEqualTo((peers - 1) / 3);
                assertThat(plan.faults())
                        .isNotEmpty()
                        .allMatch(
                                fault -> fault.atNs() + (fault.kind() == FaultPlan.Kind.CLOCK ? 0 : fault.durationNs())
                                                <= DURATION_NS
                                        && fault.mask() < (1L << groupSize) - 1);
            }
            assertThat(hadLiar).isTrue();
        }
    }

    @Test
    void shouldDrawWhatStandardPromises() {
        for (int peers = 4; peers <= 13; peers++) {
            for (long seed = 0; seed < 20; seed++) {
                final FaultPlan plan = draw(FaultPlan.Preset.STANDARD, peers, seed);
                int liars = 0;
                for (int peer = 0; peer < peers; peer++) {
                    liars += plan.strategy(peer) != null ? 1 : 0;
                }
                assertThat(liars).isEqualTo((peers - 1) / 3);
                assertThat(plan.conditions().lossPpm()).isEqualTo(100_000);
                assertThat(plan.conditions().duplicatePpm()).isEqualTo(50_000);
                assertThat(plan.conditions().slowPpm()).isPositive();
                assertThat(plan.faults().stream().filter(fault -> fault.kind() == FaultPlan.Kind.CRASH))
                        .hasSize(1);
                assertThat(plan.faults().stream().filter(fault -> CUTS.contains(fault.kind())))
                        .hasSize(1);
            }
        }
    }

    @Test
    void shouldDrawStepsInOrderAndNoTwinsWhereTheGroupChanges() {
        boolean hitsNewcomer = false;
        for (long seed = 0; seed < 50; seed++) {
            final FaultPlan plan = draw(FaultPlan.Preset.RECONFIGURE, 7, seed);
            assertThat(plan.stepsAtNs()).hasSizeBetween(1, 3).isSorted().allMatch(atNs -> atNs < DURATION_NS);
            assertThat(plan.twins()).isEmpty();
            assertThat(plan.strategy(7)).as("newcomers are correct").isNull();
            hitsNewcomer |= plan.faults().stream().anyMatch(fault -> fault.peerId() >= 7);
            assertThat(plan.without(0).withCalmLinks().stepsAtNs()).isEqualTo(plan.stepsAtNs());
        }
        assertThat(hitsNewcomer).isTrue();
        assertThat(draw(FaultPlan.Preset.HARSH, 7, 1).stepsAtNs()).isEmpty();
    }

    @Test
    void shouldDropOneFaultAtATime() {
        final FaultPlan plan = draw(FaultPlan.Preset.HARSH, 4, 1);
        final FaultPlan fewer = plan.without(0);
        assertThat(fewer.faults())
                .isEqualTo(plan.faults().subList(1, plan.faults().size()));
        assertThat(plan.withCalmLinks().faults()).isEqualTo(plan.faults());
    }

    private static FaultPlan draw(final FaultPlan.Preset preset, final int peers, final long seed) {
        return FaultPlan.draw(preset, peers, (peers - 1) / 3, DURATION_NS, new SimRandom(seed));
    }
}
