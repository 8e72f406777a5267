package io.quorate.kernels.graph;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** G8 and G9 of docs/kernels/graph.md: what the angles say about the graph. */
class RopeAnglesTest {
    private static final long SEED = 20_261_125L;

    /** Samples of a pair's angles: as many rotary pairs as one table may have. */
    private static final int SAMPLES = RopeAngles.PAIRS_MAX;

    private static final double STANDARD_ERRORS = 4.0;

    /** The greatest deviation, in standard errors, of the mean of cos(theta_j - theta_i) from exp(-sigma^2 R_ij / 2). */
    private static double deviation(final RopeAngles angles, final PeerGraph graph, final double sigma) {
        final Resistance resistance = Resistance.of(graph);
        double greatest = 0.0;
        for (int i = 0; i < graph.nodes(); i++) {
            for (int j = 0; j < i; j++) {
                double cosines = 0.0;
                double squares = 0.0;
                double sines = 0.0;
                for (int p = 0; p < angles.pairs(); p++) {
                    final double difference = angles.angle(j, p) - angles.angle(i, p);
                    cosines += Math.cos(difference);
                    sines += Math.sin(difference);
                    squares += Math.cos(difference) * Math.cos(difference);
                }
                final double mean = cosines / angles.pairs();
                final double error = Math.sqrt((squares / angles.pairs() - mean * mean) / angles.pairs());
                final double expected = Math.exp(-sigma * sigma * resistance.between(i, j) / 2);
                greatest = Math.max(greatest, Math.abs(mean - expected) / error);
                greatest = Math.max(greatest, Math.abs(sines) / Math.sqrt(angles.pairs() - squares));
            }
        }
        return greatest;
    }

    @Test
    void shouldDiscountByElectricalDistanceG8() {
        final PeerGraph weighted = Graphs.diamondWithTail().withEdge(1, 2, 4.0).withEdge(3, 4, 0.3);
        for (final PeerGraph graph :
                new PeerGraph[] {Graphs.grid(3), PeerGraph.complete(4), Graphs.path(5), weighted}) {
            for (final double sigma : new double[] {0.3, 1.0, 1.7}) {
                assertThat(deviation(RopeAngles.ofResistance(graph, SAMPLES, sigma, 1.0), graph, sigma))
                        .as("%s, sigma %s", graph, sigma)
                        .isLessThan(STANDARD_ERRORS);
            }
        }
    }

    /** The control: the place in a list as position, with random frequencies, must fail the same check. */
    @Test
    void shouldTellAnArrayIndexFromAGraphG8() {
        final PeerGraph graph = Graphs.grid(3);
        final double[][] angles = new double[9][SAMPLES];
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int p = 0; p < SAMPLES; p++) {
            final double frequency = 0.5 * random.nextGaussian();
            for (int i = 0; i < 9; i++) {
                angles[i][p] = frequency * i;
            }
        }
        assertThat(deviation(RopeAngles.of(angles), graph, 0.5)).isGreaterThan(10 * STANDARD_ERRORS);
    }

    @Test
    void shouldHaveTheCovarianceOfThePseudoInverse() {
        final PeerGraph graph = Graphs.diamondWithTail();
        final Resistance resistance = Resistance.of(graph);
        final RopeAngles angles = RopeAngles.ofResistance(graph, SAMPLES, 0.7, 1.0);
        for (int i = 0; i < 5; i++) {
            for (int j = 0; j < 5; j++) {
                double sum = 0.0;
                double neighbours = 0.0;
                for (int p = 0; p < SAMPLES; p++) {
                    final double difference = angles.angle(i, p) - angles.angle(j, p);
                    sum += difference * difference;
                    neighbours +=
                            difference * (angles.angle(i, (p + 1) % SAMPLES) - angles.angle(j, (p + 1) % SAMPLES));
                }
                final double expected = 0.49 * resistance.between(i, j);
                assertThat(sum / SAMPLES)
                        .isCloseTo(expected, within(STANDARD_ERRORS * Math.sqrt(2.0 / SAMPLES) * expected));
                // Pairs are independent of each other.
                assertThat(neighbours / SAMPLES)
                        .isCloseTo(0.0, within(STANDARD_ERRORS * Math.sqrt(1.0 / SAMPLES) * expected));
            }
        }
        for (int p = 0; p < 100; p++) {
            double mean = 0.0;
            for (int i = 0; i < 5; i++) {
                mean += angles.angle(i, p);
            }
            assertThat(mean).isCloseTo(0.0, within(1e-14));
        }
    }

    @Test
    void shouldExpectNothingBetweenComponents() {
        final PeerGraph graph = Graphs.of(7, new int[][] {{0, 1}, {2, 3}, {3, 4}, {5, 6}});
        final RopeAngles angles = RopeAngles.ofResistance(graph, SAMPLES, 0.4, 1.0);
        // exp(-infinity) = 0: the check of G8 covers pairs in different components as well.
        assertThat(deviation(angles, graph, 0.4)).isLessThan(STANDARD_ERRORS);
        assertThat(RopeAngles.ofResistance(graph, 8, 0.0, 1.0).isZero()).isTrue();
        // A component that does not change keeps its angles when others split.
        final RopeAngles split = RopeAngles.ofResistance(graph.withEdge(3, 4, 0.0), 8, 0.4, 1.0);
        for (int p = 0; p < 8; p++) {
            assertThat(split.angle(6, p)).isEqualTo(angles.angle(6, p));
            assertThat(split.angle(1, p)).isEqualTo(angles.angle(1, p));
        }
    }

    @Test
    void shouldLetSigmaFallAlongTheLadder() {
        final PeerGraph graph = Graphs.grid(3);
        final RopeAngles flat = RopeAngles.ofResistance(graph, 24, 1.0, 1.0);
        final RopeAngles ladder = RopeAngles.ofResistance(graph, 24, 3.0, 1.25);
        final RopeAngles centrality = RopeAngles.ofCentrality(graph, 24, 1.0, 1.0);
        final RopeAngles centralityLadder = RopeAngles.ofCentrality(graph, 24, 3.0, 1.25);
        for (int p = 0; p < 24; p++) {
            final double factor = 3.0 * Math.pow(1.25, -p);
            for (int i = 0; i < 9; i++) {
                assertThat(ladder.angle(i, p)).isCloseTo(factor * flat.angle(i, p), within(1e-12));
                assertThat(centralityLadder.angle(i, p))
                        .isCloseTo(factor * centrality.angle(i, p), within(1e-12 * Math.abs(factor * 40)));
            }
        }
    }

    @Test
    void shouldDependOnTheGraphAlone() {
        final SplittableRandom random = new SplittableRandom(SEED);
        for (int repeat = 0; repeat < 10; repeat++) {
            final PeerGraph graph = Graphs.sparse(random, 15, 22, 1.0, 0.4);
            final PeerGraph stirred = Graphs.stirred(graph, repeat);
            requireEqual(RopeAngles.ofResistance(graph, 12, 1.1, 1.2), RopeAngles.ofResistance(stirred, 12, 1.1, 1.2));
            requireEqual(RopeAngles.ofCentrality(graph, 12, 1.1, 1.2), RopeAngles.ofCentrality(stirred, 12, 1.1, 1.2));
        }
    }

    private static void requireEqual(final RopeAngles left, final RopeAngles right) {
        for (int i = 0; i < left.nodes(); i++) {
            for (int p = 0; p < left.pairs(); p++) {
                assertThat(right.angle(i, p)).isEqualTo(left.angle(i, p));
            }
        }
    }

    /** The angles of a small graph as they were when the noise was defined: another machine must have the same bits. */
    @Test
    void shouldHaveTheSameBitsOnEveryMachine() {
        final RopeAngles angles = RopeAngles.ofResistance(Graphs.diamondWithTail(), 24, 1.0, 1.1);
        long digest = 0;
        for (int i = 0; i < 5; i++) {
            for (int p = 0; p < 24; p++) {
                digest = 31 * digest + Double.doubleToRawLongBits(angles.angle(i, p));
            }
        }
        assertThat(digest).isEqualTo(2_892_405_495_884_015_494L);
        assertThat(EdgeNoise.deviate(0, 1, 0)).isEqualTo(0.7347126290940215);
        assertThat(EdgeNoise.phase(2, 0)).isEqualTo(4.423811705845329);
    }

    @Test
    void shouldDrawNormalDeviates() {
        final int count = 200_000;
        final double[] deviates = new double[count];
        double sum = 0.0;
        double squares = 0.0;
        double fourths = 0.0;
        for (int i = 0; i < count; i++) {
            deviates[i] = EdgeNoise.deviate(i % 100, 100 + i / 100 % 50, i / 5000);
            sum += deviates[i];
            squares += deviates[i] * deviates[i];
            fourths += Math.pow(deviates[i], 4);
        }
        assertThat(sum / count).isCloseTo(0.0, within(STANDARD_ERRORS / Math.sqrt(count)));
        assertThat(squares / count).isCloseTo(1.0, within(STANDARD_ERRORS * Math.sqrt(2.0 / count)));
        assertThat(fourths / count).isCloseTo(3.0, within(STANDARD_ERRORS * Math.sqrt(96.0 / count)));
        Arrays.sort(deviates);
        assertThat(Arrays.stream(deviates).distinct().count()).isEqualTo(count);
        // Quantiles of the normal distribution.
        assertThat(deviates[(int) (0.84134 * count)]).isCloseTo(1.0, within(0.02));
        assertThat(deviates[(int) (0.02275 * count)]).isCloseTo(-2.0, within(0.03));
    }

    @Test
    void shouldGiveEveryNodeOfARingAnglesOfItsOwnG9() {
        final PeerGraph ring = Graphs.cycle(12);
        assertThat(distinct(RopeAngles.ofResistance(ring, 24, 1.0, 1.0))).isEqualTo(12);
        // Degree and betweenness cannot tell the nodes of a ring apart.
        assertThat(distinct(RopeAngles.ofCentrality(ring, 24, 1.0, 1.0))).isEqualTo(1);
        assertThat(distinct(RopeAngles.ofCentrality(Graphs.grid(3), 24, 1.0, 1.0)))
                .isEqualTo(3);
    }

    /** Sets of angles that differ by more than rounding. */
    private static int distinct(final RopeAngles angles) {
        final Set<String> sets = new HashSet<>();
        for (int i = 0; i < angles.nodes(); i++) {
            final StringBuilder text = new StringBuilder();
            for (int p = 0; p < angles.pairs(); p++) {
                text.append(Math.round(angles.angle(i, p) * 1e9)).append(' ');
            }
            sets.add(text.toString());
        }
        return sets.size();
    }

    @Test
    void shouldTurnByDegreeAndBetweenness() {
        final RopeAngles angles = RopeAngles.ofCentrality(Graphs.diamondWithTail(), 4, 0.5, 1.0);
        assertThat(angles.angle(3, 0)).isCloseTo(0.5 * 3, within(1e-13));
        assertThat(angles.angle(3, 1)).isCloseTo(0.5 * 100 * 7 / 12 * Math.pow(10_000, -2.0 / 8), within(1e-13));
        assertThat(angles.angle(3, 2)).isCloseTo(0.5 * 3 * Math.pow(10_000, -4.0 / 8), within(1e-13));
        assertThat(angles.angle(0, 3)).isCloseTo(0.5 * 100 / 12 * Math.pow(10_000, -6.0 / 8), within(1e-13));
        assertThat(RopeAngles.ofCentrality(Graphs.grid(3), 4, 0.0, 1.0).isZero())
                .isTrue();
    }

    @Test
    void shouldRefuseSettingsOutsideTheirRange() {
        final PeerGraph graph = Graphs.path(3);
        refuses(() -> RopeAngles.ofResistance(graph, 0, 1, 1), "a head has 1 to 16384 rotary pairs, given 0");
        refuses(() -> RopeAngles.ofResistance(graph, 4, -1, 1), "sigma must be finite and at least 0, given -1.0");
        refuses(() -> RopeAngles.ofResistance(graph, 4, Double.NaN, 1), "given NaN");
        refuses(() -> RopeAngles.ofCentrality(graph, 4, Double.POSITIVE_INFINITY, 1), "given Infinity");
        refuses(() -> RopeAngles.ofResistance(graph, 4, 1, 0), "the ladder must be finite and above 0, given 0.0");
        refuses(() -> RopeAngles.ofCentrality(graph, 4, 1, Double.NaN), "given NaN");
        refuses(() -> RopeAngles.ofResistance(graph, 4, 1e300, 1e-300), "the angle of node 0 in pair");
        refuses(() -> RopeAngles.of(new double[][] {{1}, {1, 2}}), "node 1 has 2 angles, node 0 has 1");
        refuses(() -> RopeAngles.of(new double[][] {{Double.NaN}}), "must be finite, and is NaN");
        refuses(() -> RopeAngles.of(new double[0][]), "given none");
        refuses(() -> RopeAngles.ofResistance(graph, 4, 1, 1).angle(3, 0), "nodes are 0 to 2, given 3");
        refuses(() -> RopeAngles.ofResistance(graph, 4, 1, 1).angle(0, 4), "rotary pairs are 0 to 3, given 4");
        refuses(
                () -> RopeAngles.ofResistance(new PeerGraph.Builder(4097).build(), 4, 1, 1),
                "at most 4096 nodes, given 4097");
    }

    private static void refuses(
            final org.assertj.core.api.ThrowableAssert.ThrowingCallable call, final String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(message);
    }
}
