package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the modes that know a graph promise beyond the numbers that the reference checks. */
class GraphModesTest {
    @Test
    void shouldBeModeAttentionBitForBitWithoutATurn() {
        final float[][] vectors = Rounds.around(new Random(1), 7, 384, 1f);
        final Topology.Rope still = new Topology.Rope(Topology.Rope.Mode.RESISTANCE, 0, 1);
        compute(
                topology(7, 384, "0-1 1-2 2-3 3-4 4-5 5-6").rope(still),
                vectors,
                turned -> compute(Rounds.context(7, 384).mode(Coordinator.Mode.ATTENTION), vectors, plain -> {
                    assertThat(Rounds.influences(turned)).isEqualTo(Rounds.influences(plain));
                    assertThat(Rounds.fused(turned)).isEqualTo(Rounds.fused(plain));
                }));
    }

    /** Equal vectors on a ring: by resistance every peer has a place of its own, by centrality all have the same. */
    @Test
    void shouldTellThePeersOfARingApartByResistanceAlone() {
        final float[][] vectors = new float[8][];
        Arrays.fill(vectors, Rounds.gaussian(new Random(2), 1, 384)[0]);
        compute(
                topology(8, 384, "0-1 1-2 2-3 3-4 4-5 5-6 6-7 7-0"),
                vectors,
                coordinator -> assertThat(Arrays.stream(Rounds.influences(coordinator))
                                .distinct()
                                .count())
                        .isEqualTo(8));
        final Topology.Rope centrality = new Topology.Rope(Topology.Rope.Mode.CENTRALITY, 1, 1);
        compute(
                topology(8, 384, "0-1 1-2 2-3 3-4 4-5 5-6 6-7 7-0").rope(centrality),
                vectors,
                coordinator -> assertThat(
                                Arrays.stream(Rounds.influences(coordinator)).boxed())
                        .allSatisfy(share -> assertThat(share).isCloseTo(0.125, within(1e-7))));
    }

    /** Angles by centrality follow the peer wherever its number goes; those by resistance are keyed by the numbers. */
    @Test
    void shouldPermuteInfluenceWithThePeersByCentrality() {
        final Random random = new Random(3);
        final Topology.Rope centrality = new Topology.Rope(Topology.Rope.Mode.CENTRALITY, 0.3, 1);
        for (int run = 0; run < 20; run++) {
            final float[][] vectors = Rounds.around(random, 6, 48, 1f);
            final List<Integer> labels = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5));
            Collections.shuffle(labels, random);
            final List<Topology.Connection> edges = new ArrayList<>();
            final List<Topology.Connection> moved = new ArrayList<>();
            for (int i = 1; i < 6; i++) {
                final int j = random.nextInt(i);
                edges.add(new Topology.Connection(i, j, 1));
                moved.add(new Topology.Connection(labels.get(i), labels.get(j), 1));
            }
            final float[][] movedVectors = new float[6][];
            IntStream.range(0, 6).forEach(i -> movedVectors[labels.get(i)] = vectors[i]);
            final CoordinatorContext one = Rounds.context(6, 48)
                    .mode(Coordinator.Mode.TOPOLOGY)
                    .rope(centrality)
                    .topology(Topology.of(6, edges));
            final CoordinatorContext other = Rounds.context(6, 48)
                    .mode(Coordinator.Mode.TOPOLOGY)
                    .rope(centrality)
                    .topology(Topology.of(6, moved));
            compute(
                    one,
                    vectors,
                    first -> compute(other, movedVectors, second -> {
                        for (int i = 0; i < 6; i++) {
                            assertThat(second.influence(labels.get(i))).isCloseTo(first.influence(i), within(2e-6));
                        }
                    }));
        }
    }

    /** Two cliques that a thin wire joins: who says the same on the other side counts less than without a graph. */
    @Test
    void shouldCountTheBadlyConnectedLess() {
        final String cliques = "0-1 0-2 0-3 1-2 1-3 2-3 4-5 4-6 5-6 3-4:0.01";
        final float[][] vectors = new float[7][];
        Arrays.fill(vectors, Rounds.gaussian(new Random(4), 1, 384)[0]);
        compute(topology(7, 384, cliques).faultTolerance(0.33), vectors, coordinator -> {
            final double[] influence = Rounds.influences(coordinator);
            final double majority = Arrays.stream(influence, 0, 4).sum();
            assertThat(majority).isGreaterThan(4.0 / 7 - 0.02);
            assertThat(coordinator.influence(0)).isNotEqualTo(coordinator.influence(6));
        });
    }

    @Test
    void shouldTurnByThePeerIdWhenPeersAreMissing() {
        final float[][] vectors = Rounds.around(new Random(5), 5, 48, 1f);
        final CoordinatorContext context =
                topology(5, 48, "0-1 1-2 2-3 3-4").heads(8).conclude();
        final String[] contents = Rounds.same(5, "yes");
        contents[1] = null;
        try (Round round = Rounds.of(context, contents, vectors);
                Coordinator coordinator = new Coordinator(context)) {
            coordinator.coordinate(round);
            final int[] nodes = {0, 2, 3, 4};
            final double[][] present = ReferenceCoordinator.doubles(
                    Arrays.stream(nodes).mapToObj(node -> vectors[node]).toArray(float[][]::new));
            final double[][] turned = ReferenceCoordinator.turned(
                    present, nodes, 8, context.topology().angles(context.rope(), 3));
            assertThat(Rounds.influences(coordinator))
                    .containsExactly(ReferenceCoordinator.influence(turned, 8, 4, coordinator.faulty()), within(2e-6));
        }
    }

    /** Whatever f liars say, the fused vector of gossip stays in the honest range, component by component, exactly. */
    @ParameterizedTest
    @ValueSource(ints = {4, 7, 10, 13})
    void shouldKeepTheFusedVectorInTheHonestRange(final int peers) {
        final Random random = new Random(peers);
        final int faulty = (peers - 1) / 3;
        for (int run = 0; run < 100; run++) {
            final float[][] vectors = Rounds.around(random, peers, 16, 1f);
            final float size = (float) Math.pow(10, random.nextInt(38));
            for (int liar = 0; liar < faulty; liar++) {
                for (int k = 0; k < 16; k++) {
                    vectors[liar][k] = size * (random.nextBoolean() ? 1 : -1) / (1 + random.nextInt(3));
                }
            }
            compute(Rounds.context(peers, 16).mode(Coordinator.Mode.GOSSIP), vectors, coordinator -> {
                for (int k = 0; k < 16; k++) {
                    final int column = k;
                    final double[] honest = Arrays.stream(vectors, faulty, peers)
                            .mapToDouble(vector -> vector[column])
                            .sorted()
                            .toArray();
                    assertThat((double) coordinator.fused(k)).isBetween(honest[0], honest[honest.length - 1]);
                }
                assertThat(coordinator.spreadAfter()).isLessThanOrEqualTo(coordinator.spreadBefore());
            });
        }
    }

    /** On a path the ends are three steps apart, so they have heard of each other after three rounds and not after two. */
    @Test
    void shouldCarryAValueOneStepARound() {
        final float[][] vectors = {{1, 9}, {1, 0}, {1, 0}, {1, 0}};
        for (final int rounds : new int[] {0, 1, 2, 3}) {
            final CoordinatorContext context = Rounds.context(4, 2)
                    .heads(2)
                    .mode(Coordinator.Mode.GOSSIP)
                    .faultTolerance(0)
                    .gossipRounds(rounds)
                    .topology(Topology.parse(4, "0-1 1-2 2-3"));
            compute(context, vectors, coordinator -> {
                final double[] mean = ReferenceCoordinator.gossip(
                        ReferenceCoordinator.doubles(vectors), new int[] {0, 1, 2, 3}, context.topology(), 0, rounds);
                assertThat((double) coordinator.fused(1)).isCloseTo(mean[1], within(1e-6));
                assertThat(coordinator.spreadBefore()).isEqualTo(9.0);
                assertThat(coordinator.spreadAfter() == 9.0).isEqualTo(rounds == 0);
                assertThat(coordinator.finalDistance(3) < mean[1]).isEqualTo(rounds == 3);
            });
        }
    }

    /** With a peer missing, a node that lacks neighbours keeps its state, and nothing fails. */
    @ParameterizedTest
    @EnumSource(
            value = Coordinator.Mode.class,
            names = {"GOSSIP", "TOPOLOGY"})
    void shouldDecideWhateverPeersAreMissing(final Coordinator.Mode mode) {
        final CoordinatorContext context = Rounds.context(7, 16)
                .mode(mode)
                .faultTolerance(0.2)
                .topology(Topology.parse(7, "0-1 1-2 2-3 3-4 4-5 5-6 6-0 0-2 1-3 2-4 3-5 4-6 5-0 6-1"))
                .conclude();
        final float[][] vectors = Rounds.around(new Random(6), 7, 16, 1f);
        try (Round round = new Round(context);
                Coordinator coordinator = new Coordinator(context)) {
            for (int present = 1; present < 128; present++) {
                final String[] contents = new String[7];
                for (int peer = 0; peer < 7; peer++) {
                    contents[peer] = (present >> peer & 1) == 1 ? "yes" : null;
                }
                Rounds.fill(context, round, contents, vectors);
                coordinator.coordinate(round);
                assertThat(coordinator.contributorCount()).isEqualTo(Integer.bitCount(present));
                for (final float component : Rounds.fused(coordinator)) {
                    assertThat(component).isFinite();
                }
            }
        }
    }

    @Test
    void shouldRefuseWeightsWithoutAnglesWhenSettingsAreConcluded() {
        final CoordinatorContext far =
                topology(4, 16, "0-1:1e-90 1-2:1e90 2-3").rope(new Topology.Rope(Topology.Rope.Mode.CENTRALITY, 1, 1));
        assertThatThrownBy(far::conclude)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("mode topology cannot use these connections: ");
        assertThatThrownBy(far::faulty).isInstanceOf(IllegalStateException.class);
        topology(4, 16, "0-1:1e-90 1-2:1e90 2-3").conclude();
    }

    private static CoordinatorContext topology(final int peers, final int dimension, final String connections) {
        return Rounds.context(peers, dimension)
                .mode(Coordinator.Mode.TOPOLOGY)
                .topology(Topology.parse(peers, connections));
    }

    private static void compute(
            final CoordinatorContext context, final float[][] vectors, final Consumer<Coordinator> check) {
        context.conclude();
        try (Round round = Rounds.of(context, Rounds.same(vectors.length, "yes"), vectors);
                Coordinator coordinator = new Coordinator(context)) {
            coordinator.coordinate(round);
            check.accept(coordinator);
        }
    }
}
