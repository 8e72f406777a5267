package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.disk.SimJournal;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Restarts from a journal, under a seed: no vote changes, whoever can vote does, and what is damaged is never voted from. */
class JournalSimulationTest {
    private static final long MS = 1_000_000;
    private static final long EVERYBODY = 0b1111;
    private static final int SEEDS = 25;

    @Test
    void shouldKeepEveryVoteWhereverADurablePeerCrashes() {
        final Simulator simulator = new Simulator().preset(FaultPlan.Preset.HARSH);
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertClean(simulator.run(seed, simulator.plan(seed).withDurable(EVERYBODY)));
        }
    }

    @Test
    void shouldGoOnAfterAllPeersCrashAtOnce() {
        final Simulator simulator = new Simulator();
        for (long seed = 1; seed <= SEEDS; seed++) {
            final List<FaultPlan.Fault> faults = new ArrayList<>();
            for (int time = 1; time <= 8; time++) {
                faults.add(new FaultPlan.Fault(time * 100 * MS + seed * MS, FaultPlan.Kind.CRASH_ALL, -1, 0, 10 * MS));
            }
            final FaultPlan plan = FaultPlan.of(new Strategy[4], 1_000 * MS, faults);
            final Simulator.Outcome outcome = simulator.run(seed, plan.withDurable(EVERYBODY));
            assertClean(outcome);
            assertThat(outcome.applied()).isGreaterThanOrEqualTo(10);
        }
    }

    @Test
    void shouldBeginAnewIfAllCrashBeforeAnythingIsDurable() {
        final List<FaultPlan.Fault> faults = List.of(new FaultPlan.Fault(1, FaultPlan.Kind.CRASH_ALL, -1, 0, 10 * MS));
        final FaultPlan plan = FaultPlan.of(new Strategy[4], 500 * MS, faults);
        assertClean(new Simulator().run(1, plan.withDurable(EVERYBODY)));
    }

    @Test
    void shouldCrashTogetherOnlyWhatCanComeBack() {
        // Memory-only peers are spared, because nothing could bring them back; so the test above does crash somebody.
        final List<FaultPlan.Fault> faults =
                List.of(new FaultPlan.Fault(300 * MS, FaultPlan.Kind.CRASH_ALL, -1, 0, 10 * MS));
        final FaultPlan plan = FaultPlan.of(new Strategy[4], 1_000 * MS, faults);
        final Simulator.Outcome crashed = new Simulator().run(1, plan.withDurable(EVERYBODY));
        final Simulator.Outcome spared = new Simulator().run(1, plan);
        assertThat(crashed.traceHash()).isNotEqualTo(spared.traceHash());
        assertClean(spared);
    }

    @Test
    void shouldNeverVoteFromADamagedDisk() {
        final FaultPlan.Kind[] damages = {
            FaultPlan.Kind.DISK_LOST, FaultPlan.Kind.DISK_FLIPPED, FaultPlan.Kind.DISK_MISDIRECTED
        };
        for (long seed = 1; seed <= SEEDS; seed++) {
            final List<FaultPlan.Fault> faults = new ArrayList<>();
            for (int time = 0; time < 3; time++) {
                final FaultPlan.Kind kind = damages[(int) ((seed + time) % damages.length)];
                faults.add(new FaultPlan.Fault((100 + time * 300) * MS, kind, time, 0, 10 * MS));
            }
            final FaultPlan plan = FaultPlan.of(new Strategy[4], 1_000 * MS, faults);
            assertClean(new Simulator().run(seed, plan.withDurable(EVERYBODY)));
        }
    }

    /** One of a million: all crash 80 us after a vote came back, before the journal says so, and the next life has to earn it again. */
    @Test
    void shouldNotTakeAVoteForKeptThatWasNotDurableYet() {
        assertClean(new Simulator().run(10_161_581));
    }

    @Test
    void shouldBearSlowAndFullDisks() {
        for (long seed = 1; seed <= SEEDS; seed++) {
            final List<FaultPlan.Fault> faults = new ArrayList<>();
            for (int peerId = 0; peerId < 4; peerId++) {
                final FaultPlan.Kind kind =
                        (seed + peerId) % 2 == 0 ? FaultPlan.Kind.DISK_FULL : FaultPlan.Kind.DISK_SLOW;
                faults.add(new FaultPlan.Fault((100 + peerId * 150) * MS, kind, peerId, 0, 120 * MS));
                faults.add(new FaultPlan.Fault((210 + peerId * 150) * MS, FaultPlan.Kind.CRASH, peerId, 0, 10 * MS));
            }
            final FaultPlan plan = FaultPlan.of(new Strategy[4], 1_000 * MS, faults);
            assertClean(new Simulator().run(seed, plan.withDurable(EVERYBODY)));
        }
    }

    @Test
    void shouldCatchVotesThatLeaveBeforeTheyAreDurable() {
        assertThat(findingsOf(SimJournal.Flaw.HASTY, 120)).isNotEmpty();
    }

    @Test
    void shouldCatchAForgottenDurableMark() {
        assertThat(findingsOf(SimJournal.Flaw.NO_MARK, 120)).isNotEmpty();
    }

    /** What the checkers say of flawed disks, over some harsh seeds. */
    private static List<String> findingsOf(final SimJournal.Flaw flaw, final int seeds) {
        final List<String> findings = new ArrayList<>();
        for (long seed = 1; seed <= seeds && findings.isEmpty(); seed++) {
            final Simulator simulator =
                    new Simulator().preset(FaultPlan.Preset.HARSH).flaw(flaw);
            final FaultPlan plan = simulator.plan(seed).withDurable(EVERYBODY);
            final Simulator.Outcome outcome = simulator.run(seed, plan);
            if (outcome.result() == Simulator.Result.VIOLATION) {
                findings.add(outcome.property() + " at seed " + seed);
            }
        }
        return findings;
    }

    private static void assertClean(final Simulator.Outcome outcome) {
        assertThat(outcome.isClean()).as(outcome.report()).isTrue();
    }
}
