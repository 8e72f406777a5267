package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.quorum.BrokenQuorum;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The production pBFT under seeds. {@code -Dseed=S} replays one seed (with {@code -Dpeers=n} if it was not four),
 * {@code -Dseeds=N} runs more than the build does.
 */
class PbftSimulationTest {
    private static final int SEEDS = Integer.getInteger("seeds", 200);
    private static final int TWIN_SEEDS = 200;

    @Test
    void shouldBeSafeAndLiveUnderStandardFaults() {
        final Long onlySeed = Long.getLong("seed");
        if (onlySeed != null) {
            assertClean(Integer.getInteger("peers", peersOf(onlySeed)), onlySeed);
            return;
        }
        for (long seed = 1; seed <= SEEDS; seed++) {
            assertClean(peersOf(seed), seed);
        }
    }

    /** Each of these failed once; the commit that mended it says why. */
    @ParameterizedTest
    @CsvSource({
        "STANDARD,7,35",
        "STANDARD,7,751",
        "HARSH,4,720",
        "HARSH,4,1488",
        "HARSH,7,203567",
        "HARSH,7,204403",
        "HARSH,7,205155",
        "HARSH,4,7012988",
        "HARSH,4,6456"
    })
    void shouldNotFailAgain(final FaultPlan.Preset preset, final int peers, final long seed) {
        final Simulator.Outcome outcome =
                new Simulator().peers(peers).preset(preset).run(seed);
        assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
    }

    @Test
    void shouldBeSafeAndLiveUnderHarshFaults() {
        final Simulator simulator = new Simulator().preset(FaultPlan.Preset.HARSH);
        for (long seed = 1; seed <= SEEDS / 4; seed++) {
            final Simulator.Outcome outcome = simulator.run(seed);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
        }
    }

    @Test
    void shouldRepeatARunEventForEvent() {
        for (long seed = 1; seed <= 5; seed++) {
            final Simulator.Outcome first = simulator(4).run(seed);
            final Simulator.Outcome second = simulator(4).run(seed);
            assertThat(second.traceHash()).isEqualTo(first.traceHash());
            assertThat(second.events()).isEqualTo(first.events());
            assertThat(simulator(4).run(seed + 1000).traceHash()).isNotEqualTo(first.traceHash());
        }
    }

    @Test
    void shouldCatchAQuorumThatIsOneTooSmall() {
        assertCaught(context -> context.quorum(BrokenQuorum.oneTooSmall(4)), Simulator.Result.VIOLATION, "agreement");
    }

    /** No liars: what a single correct replica says may be old. */
    @Test
    void shouldCatchReadsThatBelieveTheFirstAnswer() {
        for (long seed = 1; seed <= TWIN_SEEDS; seed++) {
            final FaultPlan drawn = simulator(4).plan(seed);
            final FaultPlan plan = FaultPlan.of(new ByzantinePeer.Strategy[4], drawn.calmAtNs(), drawn.faults());
            final Simulator.Outcome outcome = simulator(4)
                    .commands(100)
                    .settings(context -> context.isReading(true))
                    .readSettings(reads -> reads.quorum(BrokenQuorum.one(4)))
                    .run(seed, plan);
            if (outcome.property().equals("linearizability")) {
                return;
            }
        }
        throw new AssertionError("reads that may be stale ran " + TWIN_SEEDS + " seeds and were not caught");
    }

    @Test
    void shouldCatchAViewThatNobodyLeaves() {
        final long never = Long.MAX_VALUE / 8;
        assertCaught(
                context -> context.viewChangeTimeoutMaxNs(never).viewChangeTimeoutNs(never),
                Simulator.Result.STALL,
                "liveness");
    }

    @Test
    void shouldSeeWhatMoreThanFColludersCanDo() {
        final ByzantinePeer.Strategy liar = ByzantinePeer.Strategy.EQUIVOCATE;
        final FaultPlan plan =
                FaultPlan.of(new ByzantinePeer.Strategy[] {liar, liar, null, null}, 1_000_000_000L, List.of());
        for (long seed = 1; seed <= TWIN_SEEDS; seed++) {
            if (simulator(4).run(seed, plan).result() == Simulator.Result.VIOLATION) {
                return;
            }
        }
        throw new AssertionError("two of four liars ran " + TWIN_SEEDS + " seeds and nobody noticed");
    }

    @Test
    void shouldSurviveTheSameLiarAlone() {
        final FaultPlan plan = FaultPlan.of(
                new ByzantinePeer.Strategy[] {ByzantinePeer.Strategy.EQUIVOCATE, null, null, null},
                1_000_000_000L,
                List.of());
        for (long seed = 1; seed <= 20; seed++) {
            final Simulator.Outcome outcome = simulator(4).run(seed, plan);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
        }
    }

    /** Most seeds have four peers; every fifth has five, six or seven. */
    private static int peersOf(final long seed) {
        return seed % 5 == 0 ? 5 + (int) (seed / 5 % 3) : 4;
    }

    private static Simulator simulator(final int peers) {
        return new Simulator().peers(peers).preset(FaultPlan.Preset.STANDARD);
    }

    private static void assertClean(final int peers, final long seed) {
        final Simulator.Outcome outcome = simulator(peers).run(seed);
        assertThat(outcome.isClean())
                .withFailMessage(() -> outcome.report() + " -Dpeers=" + peers)
                .isTrue();
    }

    private static void assertCaught(
            final Consumer<PbftContext> defect, final Simulator.Result expected, final String property) {
        for (long seed = 1; seed <= TWIN_SEEDS; seed++) {
            final Simulator.Outcome outcome = simulator(4).settings(defect).run(seed);
            if (outcome.result() == expected && outcome.property().equals(property)) {
                return;
            }
        }
        throw new AssertionError("a broken twin ran " + TWIN_SEEDS + " seeds and was not caught");
    }
}
