package io.quorate.engine.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.virtual.SimKeys;
import io.quorate.engine.virtual.SimRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RobustMeanTest {
    private static final int KIND = 6;

    private final List<RobustMean> means = new ArrayList<>();

    @Test
    void shouldBeMovedByFLiarsLessThanOneHonestStandardDeviation() {
        double worst = 0;
        double worstPlain = 0;
        for (int seed = 0; seed < 300; seed++) {
            final SimRandom random = new SimRandom(seed);
            final int faulty = 1 + random.nextInt(4);
            final int peers = 3 * faulty + 1 + random.nextInt(4);
            final GossipWorld world = world(peers, seed);
            final double[] honest = new double[peers - faulty];
            for (int id = 0; id < honest.length; id++) {
                honest[id] = random.nextInt(3) == 0 ? random.nextDouble() : 5 * random.nextDouble();
                means.get(id).measure(1, 1, honest[id]);
            }
            for (int id = honest.length; id < peers; id++) {
                final double lie =
                        random.nextInt(2) == 0 ? 1e9 : honest[random.nextInt(honest.length)] - random.nextDouble();
                means.get(id).measure(1, 1, lie);
            }
            world.steps(30);
            final double centre = average(honest);
            final double deviation = deviation(honest, centre);
            for (int id = 0; id < honest.length; id++) {
                assertThat(means.get(id).heard(1)).isEqualTo(peers);
                final double moved = Math.abs(means.get(id).mean(1, faulty) - centre) / deviation;
                worst = Math.max(worst, moved);
                worstPlain = Math.max(worstPlain, Math.abs(means.get(id).mean(1, 0) - centre) / deviation);
                assertThat(moved).as("seed %d", seed).isLessThan(1);
            }
        }
        // The measure can fail: without trimming the same liars move it out of all bounds.
        assertThat(worst).isPositive();
        assertThat(worstPlain).isGreaterThan(1e6);
    }

    @Test
    void shouldNotLetALiarSpeakForAnother() {
        final GossipWorld world = world(4, 1);
        means.get(2).measure(0, 1, 5);
        world.steps(5);
        final SimKeys keys = new SimKeys(4, new SimRandom(77));
        final RobustMean forger = new RobustMean(
                new GossipContext().peerCount(4).selfId(2).conclude(),
                world.peers.get(1).mill,
                KIND,
                keys.signer(1),
                keys.verifier());
        forger.measure(0, 9, 1e6);
        world.steps(5);
        assertThat(means.get(0).mean(0, 0)).isEqualTo(5);
        assertThat(world.total(GossipCounter.RUMORS_INVALID)).isPositive();
    }

    @Test
    void shouldAgreeOnOneOfTwoValuesThatALiarSignsUnderOneNumber() {
        final GossipWorld world = world(4, 1);
        final SimKeys keys = new SimKeys(4, new SimRandom(1));
        for (final double value : new double[] {3, 4}) {
            final GossipWorld.Peer liar = world.peers.get(3);
            final RobustMean twin = new RobustMean(liar.context, liar.mill, KIND, keys.signer(3), keys.verifier());
            twin.measure(0, 1, value);
        }
        world.steps(20);
        for (int id = 0; id < 3; id++) {
            assertThat(means.get(id).mean(0, 0)).isEqualTo(4);
        }
    }

    @Test
    void shouldSayNothingWhenTooFewWereHeard() {
        world(4, 1);
        means.get(0).measure(0, 1, 5);
        assertThat(means.get(0).mean(0, 1)).isNaN();
        assertThatThrownBy(() -> means.get(0).measure(0, 1, 6)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> means.get(0).measure(0, 2, Double.POSITIVE_INFINITY))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private GossipWorld world(final int peers, final int seed) {
        means.clear();
        final GossipWorld world = new GossipWorld(peers, seed, 4).complete();
        final SimKeys keys = new SimKeys(peers, new SimRandom(1));
        for (final GossipWorld.Peer peer : world.peers) {
            final RobustMean mean =
                    new RobustMean(peer.context, peer.mill, KIND, keys.signer(peer.id), keys.verifier());
            peer.mill.handler(KIND, mean);
            means.add(mean);
        }
        return world;
    }

    private static double average(final double[] values) {
        double sum = 0;
        for (final double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double deviation(final double[] values, final double centre) {
        double sum = 0;
        for (final double value : values) {
            sum += (value - centre) * (value - centre);
        }
        return Math.sqrt(sum / values.length);
    }
}
