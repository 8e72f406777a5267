package io.quorate.engine.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.byzantine.Strategy;
import io.quorate.engine.pbft.PbftContext;
import io.quorate.engine.quorum.BrokenQuorum;
import io.quorate.engine.virtual.Trace;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

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

    /**
     * Seeds that a run of a million found: a primary that made two new views broke an invariant of a correct peer; a view change of a
     * forgotten life was shown again; an idle group left two peers behind; a state was asked of those only who had signed for it.
     */
    @ParameterizedTest
    @ValueSource(longs = {20_072_997, 20_150_314, 20_266_349, 20_630_320})
    void shouldBeSafeAndLiveWhereItWasNot(final long seed) {
        assertClean(4, seed);
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
            final FaultPlan plan = FaultPlan.of(new Strategy[4], drawn.calmAtNs(), drawn.faults());
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

    @ParameterizedTest
    @EnumSource(FaultPlan.Preset.class)
    void shouldBeSafeAndLiveUnderEachPreset(final FaultPlan.Preset preset) {
        final Simulator simulator = new Simulator().preset(preset);
        for (long seed = 1; seed <= SEEDS / 8; seed++) {
            final Simulator.Outcome outcome = simulator.run(seed);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {5, 6, 7, 10, 13})
    void shouldBeSafeAndLiveWithAnyNumberOfPeers(final int peers) {
        for (long seed = 1; seed <= 5; seed++) {
            assertClean(peers, seed);
        }
    }

    @Test
    void shouldStaySafeUnderFaultsWithoutEnd() {
        final Simulator simulator =
                new Simulator().preset(FaultPlan.Preset.HARSH).mode(Simulator.Mode.SAFETY);
        for (long seed = 1; seed <= SEEDS / 8; seed++) {
            final Simulator.Outcome outcome = simulator.run(seed);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
            assertThat(outcome.trace().count(Trace.Kind.CALM)).isZero();
        }
    }

    @Test
    void shouldCatchASmallQuorumWhileFaultsGoOn() {
        final Simulator simulator = simulator(4)
                .mode(Simulator.Mode.SAFETY)
                .settings(context -> context.quorum(BrokenQuorum.oneTooSmall(4)));
        for (long seed = 1; seed <= TWIN_SEEDS; seed++) {
            if (simulator.run(seed).result() == Simulator.Result.VIOLATION) {
                return;
            }
        }
        throw new AssertionError("a broken twin ran " + TWIN_SEEDS + " seeds and was not caught");
    }

    /** A peer is correct until it turns, and turns only when that makes no more than f faulty ones. */
    @Test
    void shouldLetAPeerTurnMaliciousLater() {
        final Simulator simulator = simulator(4).preset(FaultPlan.Preset.CRASHES);
        long turned = 0;
        for (long seed = 1; seed <= SEEDS / 8; seed++) {
            final FaultPlan plan =
                    simulator.plan(seed).withLiar(1, Strategy.EQUIVOCATE).turning(1, 100_000_000L);
            final Simulator.Outcome outcome = simulator.run(seed, plan);
            assertThat(outcome.isClean()).withFailMessage(outcome::report).isTrue();
            turned += outcome.trace().count(Trace.Kind.TURN);
        }
        assertThat(turned).isPositive();
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
