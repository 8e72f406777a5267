package io.quorate.engine.decision;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.Coordinator;
import io.quorate.engine.coordination.CoordinatorContext;
import io.quorate.engine.coordination.Grouping;
import io.quorate.engine.coordination.Topology;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

/** Whatever finite vectors the door lets in, no mode throws and every number of the decision is finite. */
class ExtremeVectorsTest {
    private static final int PEERS_MAX = 10;

    /** More than one block of rows of the symmetric form. */
    private static final int LARGE = 53;

    private static final int ROUNDS = 12;
    private static final float[] MAGNITUDES = {
        Float.MAX_VALUE, 1e38f, 0x1p126f, 0x1p64f, 1e19f, 1, Float.MIN_NORMAL, 1e-40f, Float.MIN_VALUE
    };

    @Test
    void shouldDecideWhateverFiniteVectorsItIsGiven() {
        final long seed = Long.getLong("seed", 20261123L);
        final Random random = new Random(seed);
        for (final Coordinator.Mode mode : Coordinator.Mode.values()) {
            for (int peers = 1; peers <= PEERS_MAX; peers++) {
                decideOften(random, settings(mode, peers, 8, 2, 4), "seed " + seed);
                decideOften(random, settings(mode, peers, 64, 1, 64), "seed " + seed);
                decideOften(random, settings(mode, peers, 96, 48, 64), "seed " + seed);
            }
            decideOften(random, settings(mode, LARGE, 32, 2, 4), "seed " + seed);
        }
    }

    private static CoordinatorContext settings(
            final Coordinator.Mode mode,
            final int peers,
            final int dimension,
            final int heads,
            final float temperature) {
        return MachineRun.settings(peers, dimension, heads)
                .mode(mode)
                .temperature(temperature)
                .grouping(peers % 2 == 0 ? Grouping.Rule.EXACT : Grouping.Rule.NEAR)
                .rope(new Topology.Rope(
                        peers % 3 == 0 ? Topology.Rope.Mode.CENTRALITY : Topology.Rope.Mode.RESISTANCE,
                        peers % 4 == 0 ? 0 : 1000,
                        peers % 5 == 0 ? 1000 : 1))
                .conclude();
    }

    private static void decideOften(final Random random, final CoordinatorContext settings, final String seed) {
        final DecisionContext context =
                new DecisionContext().coordinator(settings).conclude();
        final int peers = settings.peerCount();
        try (MachineRun run = new MachineRun(context)) {
            for (int round = 0; round < ROUNDS; round++) {
                final String name = "round-" + round;
                final int first = random.nextInt(4) == 0 ? random.nextInt(peers) : 0;
                for (int peer = first; peer < peers; peer++) {
                    final float[] vector = extreme(random, settings.dimension());
                    assertThat(run.contribute(peer, name, content(random), vector))
                            .as("%s, %s of %d peers", seed, settings.mode(), peers)
                            .isEqualTo(ContributionOutcome.ACCEPTED);
                }
                for (int peer = 0; run.decisions.size() == round; peer++) {
                    run.deadline(peer, name);
                }
                requireFinite(run.decisions.get(round), seed);
            }
        }
    }

    private static void requireFinite(final Decision decision, final String seed) {
        final byte[] bytes = decision.encode();
        assertThat(Decision.decode(new UnsafeBuffer(bytes), 0, bytes.length)).isEqualTo(decision);
        double total = 0;
        for (final Decision.Contributor one : decision.contributors()) {
            assertThat(one.influence()).as(seed).isBetween(0.0, 1.0);
            total += one.influence();
        }
        assertThat(total).as(seed).isBetween(1 - 1e-6, 1 + 1e-6);
        assertThat(decision.verdict().strength()).as(seed).isBetween(0.0, 1.0);
        for (final float component : decision.fused()) {
            assertThat(component).as(seed).isFinite();
        }
        for (final Decision.Suspect suspect : decision.byzantine()) {
            assertThat(suspect.distance()).as(seed).isFinite();
            assertThat(suspect.score()).as(seed).isFinite();
        }
        if (decision.details() instanceof final Decision.Gossip gossip) {
            assertThat(gossip.spreadAfter()).as(seed).isFinite().isLessThanOrEqualTo(gossip.spreadBefore());
            gossip.finalDistances()
                    .forEach(distance -> assertThat(distance).as(seed).isFinite());
        }
    }

    /** One magnitude for all, magnitudes of all kinds, one component alone, or the same in all of them. */
    private static float[] extreme(final Random random, final int dimension) {
        final float[] vector = new float[dimension];
        final int kind = random.nextInt(4);
        final float magnitude = MAGNITUDES[random.nextInt(MAGNITUDES.length)];
        for (int i = 0; i < dimension; i++) {
            final float own = kind == 1 ? MAGNITUDES[random.nextInt(MAGNITUDES.length)] : magnitude;
            vector[i] = kind == 2 ? 0 : kind == 3 || random.nextBoolean() ? own : -own;
        }
        if (kind == 2) {
            vector[random.nextInt(dimension)] = random.nextBoolean() ? magnitude : -magnitude;
        }
        return vector;
    }

    /** Texts of which the embedder may make little. */
    private static String content(final Random random) {
        final String[] contents = {
            "", " ", "a", "\u0000", "\u001c\u001d", "\u200b", "\u0301", "\ud83d\ude00", "A a", "\ufdfa"
        };
        return contents[random.nextInt(contents.length)];
    }
}
