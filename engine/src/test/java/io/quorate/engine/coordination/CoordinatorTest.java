package io.quorate.engine.coordination;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quorate.kernels.embed.HashedEmbedder;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The properties that any reader of a decision may rely on. */
class CoordinatorTest {
    private static final String[] MISSION = {
        "Implement REST API with Express.js",
        "Use Fastify for better performance",
        "Express.js is more mature and well-documented",
        "Fastify has built-in validation and is faster"
    };

    @ParameterizedTest
    @EnumSource(Grouping.Rule.class)
    void shouldNeverPickAWinnerOfTheMissionsOwnRound(final Grouping.Rule rule) {
        final CoordinatorContext context = Rounds.context(4, 384).grouping(rule).conclude();
        final HashedEmbedder embedder = new HashedEmbedder(384);
        final float[][] vectors = Arrays.stream(MISSION).map(embedder::embed).toArray(float[][]::new);
        compute(context, MISSION, vectors, coordinator -> {
            assertThat(coordinator.isAgreed()).isFalse();
            assertThat(coordinator.consensusPeer()).isEqualTo(-1);
            assertThat(coordinator.supporterCount()).isLessThan(3);
            assertThat(coordinator.largestGroup()).isZero();
            assertThat(Arrays.stream(Rounds.influences(coordinator)).sum()).isCloseTo(1, within(1e-12));
        });
    }

    @Test
    void shouldHaveNoQuorumForTwoAgainstTwo() {
        final String[] contents = {"Express", "Fastify", "Express", "Fastify"};
        compute(Rounds.context(4, 384).conclude(), contents, random(4), coordinator -> {
            assertThat(coordinator.isAgreed()).isFalse();
            assertThat(coordinator.supporterCount()).isEqualTo(2);
            assertThat(coordinator.largestGroup()).isZero();
            assertThat(coordinator.group(2)).isZero();
            assertThat(coordinator.group(3)).isEqualTo(1);
        });
    }

    @Test
    void shouldGroupNearAnswersOnlyWhenAsked() {
        final String[] contents = {
            "Use Fastify for better performance",
            "use Fastify for better performance!",
            "Use Fastify, for better performance",
            "Express.js is mature"
        };
        compute(
                Rounds.context(4, 384).conclude(),
                contents,
                random(4),
                coordinator -> assertThat(coordinator.isAgreed()).isFalse());
        compute(Rounds.context(4, 384).grouping(Grouping.Rule.NEAR).conclude(), contents, random(4), coordinator -> {
            assertThat(coordinator.isAgreed()).isTrue();
            assertThat(coordinator.supporterCount()).isEqualTo(3);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 7, 10, 64})
    void shouldHaveStrengthOneForUnanimity(final int peers) {
        final float[] vector = Rounds.gaussian(new Random(peers), 1, 384)[0];
        final float[][] vectors = new float[peers][];
        Arrays.fill(vectors, vector);
        compute(Rounds.context(peers, 384).conclude(), Rounds.same(peers, "yes"), vectors, coordinator -> {
            assertThat(coordinator.strength()).isEqualTo(1.0);
            assertThat(coordinator.agreement()).isEqualTo(1.0);
            assertThat(coordinator.isAgreed()).isTrue();
            assertThat(coordinator.suspectCount()).isZero();
            assertThat(coordinator.consensusPeer()).isZero();
            assertThat(Arrays.stream(Rounds.influences(coordinator)).boxed())
                    .allSatisfy(share -> assertThat(share).isCloseTo(1.0 / peers, within(1e-15)));
            assertThat(Rounds.fused(coordinator)).isEqualTo(vector);
            assertThat(IntStream.range(0, peers).map(coordinator::ranked).toArray())
                    .isEqualTo(IntStream.range(0, peers).toArray());
        });
    }

    @Test
    void shouldHaveLowStrengthForUnrelatedVectors() {
        for (int seed = 0; seed < 200; seed++) {
            final int peers = 4 + seed % 10;
            final float[][] vectors = Rounds.gaussian(new Random(seed), peers, 384);
            compute(
                    Rounds.context(peers, 384).conclude(),
                    Rounds.same(peers, "yes"),
                    vectors,
                    coordinator -> assertThat(coordinator.strength()).isLessThan(0.6));
        }
    }

    @Test
    void shouldKeepBitsWhenAVectorIsScaledByAPowerOfTwo() {
        final float[][] vectors = Rounds.around(new Random(1), 7, 384, 1f);
        final double[] influence = influences(vectors);
        for (int peer = 0; peer < 7; peer++) {
            for (final int exponent : new int[] {-60, -1, 1, 40, 100}) {
                final float[][] scaled = Rounds.scaled(vectors, peer, (float) Math.scalb(1.0, exponent));
                assertThat(influences(scaled)).isEqualTo(influence);
            }
        }
    }

    @Test
    void shouldKeepInfluenceWhenAVectorIsScaled() {
        final Random random = new Random(2);
        for (int run = 0; run < 100; run++) {
            final float[][] vectors = Rounds.around(random, 4 + run % 7, 384, 0.5f);
            final int peer = random.nextInt(vectors.length);
            final float factor = (float) Math.pow(10, random.nextDouble() * 60 - 30);
            assertThat(influences(Rounds.scaled(vectors, peer, factor)))
                    .containsExactly(influences(vectors), within(1e-5));
        }
    }

    @Test
    void shouldComputeWithTheLargestAndTheSmallestFloats() {
        for (final float size : new float[] {Float.MAX_VALUE, 1e-38f, Float.MIN_VALUE}) {
            final float[][] vectors = new float[4][384];
            for (int peer = 0; peer < 4; peer++) {
                Arrays.fill(vectors[peer], size);
            }
            vectors[3] = vectors[3].clone();
            Arrays.fill(vectors[3], -size);
            for (final Coordinator.Mode mode : Coordinator.Mode.values()) {
                compute(Rounds.context(4, 384).mode(mode).conclude(), Rounds.same(4, "yes"), vectors, coordinator -> {
                    for (final float component : Rounds.fused(coordinator)) {
                        assertThat(component).isFinite().isBetween(-size, size);
                    }
                    assertThat(Rounds.influences(coordinator)).doesNotContain(Double.NaN);
                    assertThat(coordinator.strength()).isBetween(0.0, 1.0);
                });
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 7, 10, 13, 31})
    void shouldCapInfluence(final int peers) {
        final Random random = new Random(peers);
        for (int run = 0; run < 20; run++) {
            final float[][] vectors = Rounds.gaussian(random, peers, 16);
            // Peers that say nearly the same draw influence to themselves.
            for (int peer = 0; peer < peers / 3; peer++) {
                vectors[peer] = vectors[0].clone();
            }
            compute(Rounds.context(peers, 16).conclude(), Rounds.same(peers, "yes"), vectors, coordinator -> {
                final double cap = 1.0 / (peers - coordinator.faulty());
                assertThat(Arrays.stream(Rounds.influences(coordinator)).boxed())
                        .allMatch(w -> w > 0 && w <= cap);
                assertThat(Arrays.stream(Rounds.influences(coordinator)).sum()).isCloseTo(1, within(1e-12));
            });
        }
    }

    @Test
    void shouldNameOneFarLiarOfFourAndKeepItsVote() {
        for (int seed = 0; seed < 50; seed++) {
            final int liar = seed % 4;
            final float[][] vectors = Rounds.scaled(Rounds.around(new Random(seed), 4, 384, 0.1f), liar, -50f);
            compute(Rounds.context(4, 384).conclude(), Rounds.same(4, "yes"), vectors, coordinator -> {
                assertThat(Rounds.suspects(coordinator)).containsExactly(liar);
                assertThat(coordinator.suspectDistance(0)).isGreaterThan(100);
                assertThat(coordinator.supporterCount()).isEqualTo(4);
                assertThat(coordinator.agreement()).isEqualTo(1.0);
            });
        }
    }

    @Test
    void shouldNameAtMostAsManyAsMayLie() {
        final float[][] vectors = Rounds.around(new Random(3), 10, 384, 0.1f);
        for (int peer = 0; peer < 4; peer++) {
            Arrays.fill(vectors[peer], 10f * (peer + 1));
        }
        compute(
                Rounds.context(10, 384).conclude(),
                Rounds.same(10, "yes"),
                vectors,
                coordinator -> assertThat(Rounds.suspects(coordinator)).containsExactly(3, 2, 1));
    }

    @Test
    void shouldKeepIdsWhenAPeerIsMissing() {
        final float[][] vectors = Rounds.around(new Random(4), 7, 64, 1f);
        final String[] contents = Rounds.same(7, "yes");
        contents[0] = null;
        final CoordinatorContext context = Rounds.context(7, 64).conclude();
        compute(context, contents, vectors, coordinator -> {
            assertThat(coordinator.contributorCount()).isEqualTo(6);
            assertThat(coordinator.largestGroup()).isEqualTo(1);
            for (int i = 0; i < 6; i++) {
                assertThat(coordinator.peerId(i)).isEqualTo(i + 1);
            }
            final int first = coordinator.peerId(coordinator.ranked(0));
            assertThat(coordinator.consensusPeer()).isEqualTo(first).isBetween(1, 6);
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 7, 10, 13})
    void shouldKeepTheFusedVectorInTheHonestRangeWhateverTheLiarsSay(final int peers) {
        final Random random = new Random(peers);
        for (int run = 0; run < 200; run++) {
            final int faulty = (peers - 1) / 3;
            final float[][] vectors = Rounds.around(random, peers, 16, 1f);
            final float size = (float) Math.pow(10, random.nextInt(39));
            for (int liar = 0; liar < faulty; liar++) {
                for (int k = 0; k < 16; k++) {
                    vectors[liar][k] = size * (random.nextBoolean() ? 1 : -1) / (1 + random.nextInt(3));
                }
            }
            compute(Rounds.context(peers, 16).conclude(), Rounds.same(peers, "yes"), vectors, coordinator -> {
                final double reach = reachOfLiars(vectors, faulty);
                for (int k = 0; k < 16; k++) {
                    float low = Float.POSITIVE_INFINITY;
                    float high = Float.NEGATIVE_INFINITY;
                    for (int honest = faulty; honest < peers; honest++) {
                        low = Math.min(low, vectors[honest][k]);
                        high = Math.max(high, vectors[honest][k]);
                    }
                    assertThat((double) coordinator.fused(k)).isBetween(low - reach, high + reach);
                }
            });
        }
    }

    @Test
    void shouldBeMovedFarByOneLiarInModeAttention() {
        final float[][] vectors = Rounds.scaled(Rounds.around(new Random(5), 4, 64, 0.1f), 2, -1e6f);
        compute(
                Rounds.context(4, 64).mode(Coordinator.Mode.ATTENTION).conclude(),
                Rounds.same(4, "yes"),
                vectors,
                coordinator -> {
                    assertThat(Math.abs(coordinator.fused(0))).isGreaterThan(1000f);
                    assertThat(Rounds.suspects(coordinator)).containsExactly(2);
                });
    }

    @Test
    void shouldRefuseARoundWithoutOutputs() {
        final CoordinatorContext context = Rounds.context(4, 64).conclude();
        try (Round round = new Round(context);
                Coordinator coordinator = new Coordinator(context)) {
            assertThatThrownBy(() -> coordinator.coordinate(round)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    /**
     * How far a liar can drag what an honest row mixes in: a liar counts among the n - f nearest of an honest row only if it lies
     * no farther than the farthest honest row, so each of the f liars moves the mean by at most the honest diameter / (n - f).
     */
    private static double reachOfLiars(final float[][] vectors, final int faulty) {
        final double[][] exact = ReferenceCoordinator.doubles(vectors);
        double diameter = 0;
        for (int i = faulty; i < exact.length; i++) {
            for (int j = i + 1; j < exact.length; j++) {
                diameter = Math.max(diameter, ReferenceCoordinator.distance(exact[i], exact[j]));
            }
        }
        return faulty * diameter / (exact.length - faulty) + 1e-5;
    }

    private static double[] influences(final float[][] vectors) {
        final double[][] influences = new double[1][];
        compute(
                Rounds.context(vectors.length, vectors[0].length).conclude(),
                Rounds.same(vectors.length, "yes"),
                vectors,
                coordinator -> influences[0] = Rounds.influences(coordinator));
        return influences[0];
    }

    private static float[][] random(final int peers) {
        return Rounds.gaussian(new Random(6), peers, 384);
    }

    private interface Check {
        void that(Coordinator coordinator);
    }

    private static void compute(
            final CoordinatorContext context, final String[] contents, final float[][] vectors, final Check check) {
        try (Round round = Rounds.of(context, contents, vectors);
                Coordinator coordinator = new Coordinator(context)) {
            coordinator.coordinate(round);
            check.that(coordinator);
        }
    }
}
