package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.graph.RopeAngles;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every number of a decision against the float64 reference. */
class CoordinatorReferenceTest {
    private static final Offset<Double> CLOSE = within(2e-6);

    @ParameterizedTest
    @CsvSource({
        "4, 4, 384, 8",
        "4, 3, 384, 8",
        "7, 7, 384, 8",
        "7, 5, 64, 4",
        "10, 10, 30, 3",
        "13, 13, 48, 1",
        "31, 31, 384, 12",
        "1, 1, 8, 8",
        "2, 2, 5, 5",
        "200, 200, 16, 2"
    })
    void shouldAgreeWithTheReference(final int peers, final int contributors, final int dimension, final int heads) {
        final Random random = new Random(peers * 1000L + dimension);
        for (int run = 0; run < 5; run++) {
            final float spread = (float) Math.pow(10, -run);
            compare(Rounds.around(random, contributors, dimension, spread), peers, heads);
            compare(Rounds.gaussian(random, contributors, dimension), peers, heads);
        }
    }

    private static void compare(final float[][] vectors, final int peers, final int heads) {
        final double[][] exact = ReferenceCoordinator.doubles(vectors);
        final String[] contents = Arrays.copyOf(Rounds.same(vectors.length, "yes"), peers);
        for (final Coordinator.Mode mode : Coordinator.Mode.values()) {
            if (mode == Coordinator.Mode.TOPOLOGY && vectors[0].length / heads % 2 == 1) {
                continue;
            }
            final CoordinatorContext context = Rounds.context(peers, vectors[0].length)
                    .heads(heads)
                    .mode(mode)
                    .conclude();
            try (Round round = Rounds.of(context, contents, Arrays.copyOf(vectors, peers));
                    Coordinator coordinator = new Coordinator(context)) {
                coordinator.coordinate(round);
                final int faulty = coordinator.faulty();
                final double[] influence = ReferenceCoordinator.influence(turned(context, exact), heads, 4, faulty);
                assertThat(Rounds.influences(coordinator)).containsExactly(influence, CLOSE);
                assertThat(coordinator.strength())
                        .isCloseTo(
                                (double) vectors.length / peers * Math.max(0, ReferenceCoordinator.meanCosine(exact)),
                                CLOSE);
                final double[] fused = fused(context, exact, faulty, influence);
                for (int k = 0; k < fused.length; k++) {
                    assertThat((double) coordinator.fused(k)).isCloseTo(fused[k], within(1e-5));
                }
                if (coordinator.suspectCount() > 0) {
                    final double[] centre = ReferenceCoordinator.geometricMedian(exact);
                    assertThat(coordinator.suspectDistance(0))
                            .isCloseTo(
                                    ReferenceCoordinator.distance(exact[coordinator.suspect(0)], centre), within(1e-3));
                }
            }
        }
    }

    private static double[][] turned(final CoordinatorContext context, final double[][] exact) {
        if (context.mode() != Coordinator.Mode.TOPOLOGY) {
            return exact;
        }
        final RopeAngles angles = context.topology().angles(context.rope(), context.dimension() / context.heads() / 2);
        return ReferenceCoordinator.turned(
                exact, IntStream.range(0, exact.length).toArray(), context.heads(), angles);
    }

    private static double[] fused(
            final CoordinatorContext context, final double[][] exact, final int faulty, final double[] influence) {
        switch (context.mode()) {
            case BYZANTINE:
                return ReferenceCoordinator.robustMean(exact, faulty);
            case GOSSIP:
                return ReferenceCoordinator.gossip(
                        exact,
                        IntStream.range(0, exact.length).toArray(),
                        context.topology(),
                        faulty,
                        context.gossipRounds());
            default:
                return ReferenceCoordinator.weightedMean(exact, influence);
        }
    }
}
