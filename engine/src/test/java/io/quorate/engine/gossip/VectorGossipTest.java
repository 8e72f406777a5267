package io.quorate.engine.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.kernels.gossip.NeighbourAverage;
import io.quorate.kernels.gossip.Neighbourhoods;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.simd.PrimitivesProvider;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class VectorGossipTest {
    private static final int DIMENSION = 700;
    private static final int ROUNDS = 5;
    private static final long PATIENCE_NS = 40 * GossipWorld.STEP_NS;

    private final List<VectorGossip> live = new ArrayList<>();

    @AfterEach
    void close() {
        live.forEach(VectorGossip::close);
    }

    @Test
    void shouldHaveTheBitsOfTheLocalFormWhenEverythingArrives() {
        for (final int faulty : new int[] {0, 1}) {
            final GossipWorld world = world(8, 2, faulty, 1);
            final float[][] vectors = begin(world, 8, 2);
            world.steps(ROUNDS + 1);
            compare(vectors, 2, faulty);
            close();
        }
    }

    @Test
    void shouldHaveTheBitsOfTheLocalFormInSpiteOfLossAndRepetition() {
        for (int seed = 0; seed < 4; seed++) {
            final GossipWorld world = world(8, 2, 1, seed, 100 * PATIENCE_NS);
            world.lossPpm = 200_000;
            world.repeatPpm = 200_000;
            final float[][] vectors = begin(world, 8, 2);
            world.onStep = () -> live.forEach(peer -> peer.onTick(world.nowNs));
            world.steps(1_000);
            compare(vectors, 2, 1);
            close();
        }
    }

    @Test
    void shouldKeepHonestComponentsInTheirRangeWhateverALiarSends() {
        for (int seed = 0; seed < 8; seed++) {
            final GossipWorld world = world(8, 2, 1, seed);
            final float[][] vectors = begin(world, 8, 2);
            final SimRandom random = new SimRandom(seed);
            final GossipWorld.Peer liar = world.peers.get(3);
            world.onStep = () -> {
                lie(liar, random);
                live.forEach(peer -> peer.onTick(world.nowNs));
            };
            world.steps(600);
            for (int component = 0; component < DIMENSION; component += 37) {
                final int at = component;
                final double low =
                        honest(8, 3).mapToDouble(id -> vectors[id][at]).min().orElseThrow();
                final double high =
                        honest(8, 3).mapToDouble(id -> vectors[id][at]).max().orElseThrow();
                honest(8, 3).forEach(id -> {
                    assertThat(live.get(id).isDone()).isTrue();
                    assertThat((double) state(id)[at]).isBetween(low, high);
                });
            }
            close();
        }
    }

    /** The check of ranges can fail: with f = 0 the same liar moves honest components out of them. */
    @Test
    void shouldSeeTheRangeLeftWithoutTrimming() {
        final GossipWorld world = world(8, 2, 0, 1);
        final float[][] vectors = begin(world, 8, 2);
        final SimRandom random = new SimRandom(1);
        world.onStep = () -> {
            lie(world.peers.get(3), random);
            live.forEach(peer -> peer.onTick(world.nowNs));
        };
        world.steps(600);
        final double high = honest(8, 3).mapToDouble(id -> vectors[id][0]).max().orElseThrow();
        final double low = honest(8, 3).mapToDouble(id -> vectors[id][0]).min().orElseThrow();
        assertThat(honest(8, 3).anyMatch(id -> state(id)[0] > high || state(id)[0] < low))
                .isTrue();
    }

    @Test
    void shouldGoOnWithoutWhoIsSilentAndStayWhenTooFewSpeak() {
        final GossipWorld world = world(5, 2, 1, 1);
        world.peers.get(4).isDown = true;
        begin(world, 5, 2);
        world.onStep = () -> live.forEach(peer -> peer.onTick(world.nowNs));
        world.steps(600);
        for (int id = 0; id < 4; id++) {
            assertThat(live.get(id).isDone()).isTrue();
            assertThat(world.peers.get(id).counters.get(GossipCounter.VECTOR_ROUNDS_SHORT))
                    .isZero();
        }
        close();
        final GossipWorld alone = world(5, 2, 1, 1);
        for (int id = 2; id < 5; id++) {
            alone.peers.get(id).isDown = true;
        }
        final float[][] vectors = begin(alone, 5, 2);
        alone.onStep = () -> live.forEach(peer -> peer.onTick(alone.nowNs));
        alone.steps(600);
        assertThat(live.get(0).isDone()).isTrue();
        assertThat(Arrays.equals(state(0), vectors[0])).isTrue();
        assertThat(alone.peers.get(0).counters.get(GossipCounter.VECTOR_ROUNDS_SHORT))
                .isEqualTo(ROUNDS);
    }

    @Test
    void shouldRefuseWhatIsNoState() {
        final GossipWorld world = world(4, 1, 0, 1);
        assertThatThrownBy(() -> live.get(0).begin(1, new float[3], new int[0], 0))
                .isInstanceOf(IllegalArgumentException.class);
        final float[] vector = new float[DIMENSION];
        vector[9] = Float.NaN;
        assertThatThrownBy(() -> live.get(0).begin(1, vector, new int[0], 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("finite");
        assertThat(world.messages).isZero();
    }

    private static void lie(final GossipWorld.Peer liar, final SimRandom random) {
        final UnsafeBuffer lies = new UnsafeBuffer(new byte[DIMENSION * Float.BYTES]);
        for (int i = 0; i < DIMENSION; i++) {
            lies.putFloat(i * Float.BYTES, 1e6f * (random.nextFloat() - 0.5f));
        }
        final int slice = GossipPublisher.sliceMax(liar.context);
        for (final int to : new int[] {1, 2, 4, 5}) {
            for (int round = 0; round <= ROUNDS; round++) {
                for (int first = 0; first < DIMENSION; first += slice) {
                    liar.publisher.vectorSlice(to, 1, round, first, lies, Math.min(slice, DIMENSION - first));
                }
            }
        }
    }

    private GossipWorld world(final int peers, final int reach, final int faulty, final long seed) {
        return world(peers, reach, faulty, seed, PATIENCE_NS);
    }

    private GossipWorld world(
            final int peers, final int reach, final int faulty, final long seed, final long patienceNs) {
        live.clear();
        final GossipWorld world = new GossipWorld(peers, seed, 4).ring(reach);
        final VectorGossip.Settings settings =
                new VectorGossip.Settings(DIMENSION, 2 * reach, faulty, ROUNDS, patienceNs, 4 * GossipWorld.STEP_NS);
        for (final GossipWorld.Peer peer : world.peers) {
            final VectorGossip vectors = new VectorGossip(
                    peer.context, settings, PrimitivesProvider.preferred(), peer.publisher, peer.counters);
            peer.adapter.vectors(vectors);
            live.add(vectors);
        }
        return world;
    }

    private float[][] begin(final GossipWorld world, final int peers, final int reach) {
        final float[][] vectors = new float[peers][DIMENSION];
        for (final GossipWorld.Peer peer : world.peers) {
            final SimRandom random = new SimRandom(peer.id);
            for (int i = 0; i < DIMENSION; i++) {
                vectors[peer.id][i] = random.nextFloat() - 0.5f;
            }
            final int[] neighbours = new int[2 * reach];
            for (int step = 1; step <= reach; step++) {
                neighbours[2 * step - 2] = (peer.id + step) % peers;
                neighbours[2 * step - 1] = (peer.id + peers - step) % peers;
            }
            live.get(peer.id).begin(1, vectors[peer.id], neighbours, 0);
        }
        return vectors;
    }

    private void compare(final float[][] vectors, final int reach, final int faulty) {
        final int peers = vectors.length;
        final int[] from = new int[peers * reach];
        final int[] to = new int[peers * reach];
        for (int id = 0; id < peers; id++) {
            for (int step = 1; step <= reach; step++) {
                from[id * reach + step - 1] = id;
                to[id * reach + step - 1] = (id + step) % peers;
            }
        }
        final FloatMatrix first = FloatMatrix.allocate(peers, DIMENSION);
        final FloatMatrix last = FloatMatrix.allocate(peers, DIMENSION);
        final int[] nodes = new int[peers];
        Arrays.setAll(nodes, node -> node);
        for (int id = 0; id < peers; id++) {
            first.setRow(id, vectors[id]);
        }
        try (NeighbourAverage average =
                new NeighbourAverage(PrimitivesProvider.preferred(), Neighbourhoods.of(peers, from, to), DIMENSION)) {
            average.run(first, nodes, faulty, ROUNDS, last);
        }
        for (int id = 0; id < peers; id++) {
            assertThat(live.get(id).isDone()).isTrue();
            assertThat(Arrays.equals(state(id), last.rowArray(id)))
                    .as("peer %d", id)
                    .isTrue();
        }
    }

    private float[] state(final int id) {
        final float[] state = new float[DIMENSION];
        live.get(id).state(state);
        return state;
    }

    private static java.util.stream.IntStream honest(final int peers, final int liar) {
        return java.util.stream.IntStream.range(0, peers).filter(id -> id != liar);
    }
}
