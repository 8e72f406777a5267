package io.quorate.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.gossip.VectorGossip;
import io.quorate.engine.node.MeshNode;
import io.quorate.engine.node.MeshNodes;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Gossip consensus over real links, with a member whose vector is a lie, and what it becomes once each member's result is ordered
 * (docs/protocols/gossip.md, section 5).
 */
@Timeout(120)
class GossipConsensusIT {
    private static final int MEMBERS = 4;
    private static final int LIAR = 3;
    private static final int DIMENSION = 400;
    private static final int ROUNDS = 6;
    private static final long RESEND_NS = 20_000_000;
    private static final long PATIENCE_NS = 5_000_000_000L;
    private static final VectorGossip.Settings SETTINGS =
            new VectorGossip.Settings(DIMENSION, 4, 1, ROUNDS, PATIENCE_NS, RESEND_NS);

    @TempDir
    private Path folder;

    private final float[][] results = new float[MEMBERS][];

    private static float[] vector(final int id) {
        final Random random = new Random(id);
        final float[] vector = new float[DIMENSION];
        for (int i = 0; i < DIMENSION; i++) {
            vector[i] = id == LIAR ? 1e6f : (float) random.nextGaussian();
        }
        return vector;
    }

    private float[][] gossip() throws Exception {
        try (MeshNodes nodes = new MeshNodes(
                MEMBERS,
                (context, id) -> context.vectors(SETTINGS).vectorListener((session, state, neighbours) -> {
                    assertThat(session).isEqualTo(7);
                    assertThat(neighbours).isEqualTo(3);
                    results[id] = state;
                }))) {
            nodes.runUntil("all see all", nodes::allSeeAll);
            final MeshNode first = nodes.node(0);
            assertThatThrownBy(() -> first.fuse(7, new float[3]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("400 components, given 3");
            for (int id = 0; id < MEMBERS; id++) {
                assertThat(nodes.node(id).fuse(7, vector(id))).isTrue();
            }
            nodes.runUntil("all have a result", () -> Arrays.stream(results).allMatch(Objects::nonNull));
        }
        return results;
    }

    private static float spread(final float[][] states, final int component) {
        float least = Float.MAX_VALUE;
        float most = -Float.MAX_VALUE;
        for (int id = 0; id < LIAR; id++) {
            least = Math.min(least, states[id][component]);
            most = Math.max(most, states[id][component]);
        }
        return most - least;
    }

    @Test
    void shouldPullVectorsTogetherAndAgreeOnTheirOrder() throws Exception {
        final float[][] states = gossip();
        final float[][] before = {vector(0), vector(1), vector(2)};
        double spreadBefore = 0;
        double spreadAfter = 0;
        for (int i = 0; i < DIMENSION; i++) {
            for (int id = 0; id < LIAR; id++) {
                assertThat(states[id][i])
                        .isBetween(
                                Math.min(before[0][i], Math.min(before[1][i], before[2][i])),
                                Math.max(before[0][i], Math.max(before[1][i], before[2][i])));
            }
            spreadBefore += spread(before, i);
            spreadAfter += spread(states, i);
        }
        assertThat(spreadAfter).isLessThan(spreadBefore / 2);
        final Map<String, String> settings =
                Map.of("dimension", "" + DIMENSION, "heads", "4", "round-deadline-ms", "10000", "mode", "gossip");
        try (EpochGroup group = new EpochGroup(folder, MEMBERS, settings, context -> context)) {
            for (int id = 0; id < MEMBERS; id++) {
                group.engine("p" + id).contribute("ordered", states[id], "yes");
            }
            final float[] fused = group.engine("p0")
                    .awaitDecision("ordered", EpochGroup.PATIENCE)
                    .decision()
                    .fused();
            for (int id = 1; id < MEMBERS; id++) {
                assertThat(group.engine("p" + id)
                                .awaitDecision("ordered", EpochGroup.PATIENCE)
                                .decision()
                                .fused())
                        .containsExactly(fused);
            }
        }
    }
}
