package io.quorate.engine.gossip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.metrics.GossipCounter;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RumorMillTest {
    private static final int SEEDS = 50;

    @ParameterizedTest
    @ValueSource(ints = {8, 16, 32, 64, 128})
    void shouldReachEverybodyWithinLogarithmicHops(final int peers) {
        final int hops = (int) Math.ceil(Math.log(peers) / Math.log(2)) + 2;
        for (int seed = 0; seed < SEEDS; seed++) {
            final GossipWorld world = new GossipWorld(peers, seed, 4).complete();
            world.peers.get(0).spread(1);
            world.steps(hops);
            // What the eager half misses (each peer with a chance of about e^-4) the notices that follow bring.
            assertThat(world.reached(0, 1)).as("seed %d", seed).isGreaterThan((long) (0.9 * peers));
            world.steps(5 * hops);
            assertThat(world.reached(0, 1)).as("seed %d", seed).isEqualTo(peers);
        }
    }

    @Test
    void shouldReachEverybodyAtTwentyPercentLoss() {
        for (int seed = 0; seed < SEEDS; seed++) {
            final GossipWorld world = new GossipWorld(32, seed, 4).ring(2);
            world.lossPpm = 200_000;
            for (int owner = 0; owner < 8; owner++) {
                world.peers.get(owner).spread(1);
            }
            world.steps(60);
            for (int owner = 0; owner < 8; owner++) {
                assertThat(world.reached(owner, 1))
                        .as("seed %d owner %d", seed, owner)
                        .isEqualTo(32);
            }
        }
    }

    @Test
    void shouldBeHeardLessThanFourTimesAPeer() {
        final GossipWorld world = new GossipWorld(32, 7, 4).ring(2);
        world.peers.get(0).spread(1);
        world.steps(100);
        assertThat(world.total(GossipCounter.RUMORS_DUPLICATE)).isLessThan(4 * 32);
    }

    @Test
    void shouldFallSilentWhenThereIsNothingToSay() {
        final GossipWorld world = new GossipWorld(16, 1, 4).complete();
        world.peers.get(3).spread(1);
        world.steps(200);
        final long before = world.messages;
        world.steps(200);
        assertThat(world.messages).isEqualTo(before);
    }

    @Test
    void shouldCheckARecordOnce() {
        final GossipWorld world = new GossipWorld(4, 1, 3).complete();
        world.peers.get(0).spread(1);
        world.repeatPpm = 500_000;
        world.steps(20);
        assertThat(world.total(GossipCounter.RUMORS_NEW)).isEqualTo(3);
        assertThat(world.total(GossipCounter.RUMORS_OLD)).isZero();
        assertThat(world.total(GossipCounter.RUMORS_DUPLICATE)).isPositive();
    }

    @Test
    void shouldNotPassOnWhatDoesNotHoldAndChargeTheSender() {
        final GossipWorld world = new GossipWorld(4, 1, 3).complete();
        final GossipWorld.Peer liar = world.peers.get(1);
        for (int version = 1; version <= 20; version++) {
            liar.mill.spread(GossipWorld.KIND, GossipWorld.record(2, version, false), 0, 3);
        }
        world.steps(3);
        assertThat(world.reached(2, 1)).isZero();
        assertThat(world.total(GossipCounter.RUMORS_INVALID)).isEqualTo(3 * 4);
        assertThat(world.total(GossipCounter.DROPPED_CHECK_BUDGET)).isEqualTo(3 * 16);
        // Others are still listened to.
        world.peers.get(2).spread(1);
        world.steps(3);
        assertThat(world.reached(2, 1)).isEqualTo(4 - 1 + 1);
    }

    @Test
    void shouldNotPassOnWhatIsOld() {
        final GossipWorld world = new GossipWorld(4, 1, 3).complete();
        world.peers.get(0).spread(2);
        world.steps(5);
        final long sent = world.total(GossipCounter.RUMORS_SENT);
        world.peers.get(1).mill.spread(GossipWorld.KIND, GossipWorld.record(0, 1, true), 0, 3);
        world.steps(5);
        assertThat(world.total(GossipCounter.RUMORS_OLD)).isEqualTo(3);
        assertThat(world.total(GossipCounter.RUMORS_SENT)).isEqualTo(sent + 3);
    }

    @Test
    void shouldNotBelieveATtlAboveItsOwn() {
        final GossipWorld world = new GossipWorld(4, 1, 3).complete();
        final GossipWorld.Peer peer = world.peers.get(0);
        peer.mill.onRumor(1, GossipWorld.KIND, 255, GossipWorld.record(1, 1, true), 0, 3, world.nowNs);
        final GossipContext defaults =
                new GossipContext().peerCount(4).selfId(0).conclude();
        assertThat(defaults.ttl()).isEqualTo(6);
        assertThat(peer.counters.get(GossipCounter.RUMORS_SENT)).isEqualTo(2);
    }

    @Test
    void shouldSpreadARepairNoFurtherAtOnce() {
        final GossipWorld world = new GossipWorld(4, 1, 3).complete();
        final GossipWorld.Peer peer = world.peers.get(0);
        peer.mill.onRumor(1, GossipWorld.KIND, 0, GossipWorld.record(1, 1, true), 0, 3, world.nowNs);
        assertThat(peer.counters.get(GossipCounter.RUMORS_NEW)).isEqualTo(1);
        assertThat(peer.counters.get(GossipCounter.RUMORS_SENT)).isZero();
    }

    @Test
    void shouldBoundWhatInventedIdsCost() {
        final GossipWorld world = new GossipWorld(4, 1, 3).complete();
        final GossipWorld.Peer peer = world.peers.get(0);
        final UnsafeBuffer ids = new UnsafeBuffer(new byte[140 * Long.BYTES]);
        for (int message = 0; message < 100; message++) {
            for (int i = 0; i < 140; i++) {
                ids.putLong(i * Long.BYTES, message * 1_000L + i + 1);
            }
            peer.mill.onNotice(1, ids, 0, 140);
        }
        assertThat(peer.counters.get(GossipCounter.REQUESTS_SENT)).isLessThanOrEqualTo(2);
        ids.putLong(0, 77_777_777);
        peer.mill.onNotice(2, ids, 0, 1);
        assertThat(peer.counters.get(GossipCounter.REQUESTS_SENT)).isLessThanOrEqualTo(3);
        assertThat(world.messages).isEqualTo(peer.counters.get(GossipCounter.REQUESTS_SENT));
    }

    @Test
    void shouldForgetTheOldestBeyondTheBound() {
        final GossipWorld world = new GossipWorld(2, 1, 1).complete();
        final GossipWorld.Peer peer = world.peers.get(0);
        final UnsafeBuffer record = new UnsafeBuffer(new byte[8]);
        for (int i = 0; i < 5_000; i++) {
            record.putInt(0, i);
            peer.mill.spread(GossipWorld.KIND, record, 0, 8);
        }
        assertThat(peer.mill.knownCount()).isEqualTo(512);
    }

    @Test
    void shouldRefuseWhatDoesNotDecode() {
        final GossipWorld world = new GossipWorld(4, 1, 3).complete();
        world.peers.get(0).spread(1);
        final GossipWorld.Peer peer = world.peers.get(1);
        final byte[] whole = new byte[64];
        final byte[][] captured = new byte[1][];
        final GossipPublisher publisher = new GossipPublisher(
                new GossipContext().peerCount(4).selfId(0).conclude(), new io.quorate.transport.Outbox() {
                    @Override
                    public boolean send(
                            final int peerId,
                            final org.agrona.DirectBuffer message,
                            final int offset,
                            final int length) {
                        captured[0] = new byte[length];
                        message.getBytes(offset, captured[0]);
                        return true;
                    }

                    @Override
                    public void flush() {}
                });
        publisher.rumor(1, GossipWorld.KIND, 3, new UnsafeBuffer(whole), 0, 3);
        for (int length = 8; length < captured[0].length; length++) {
            peer.adapter.onMessage(0, new UnsafeBuffer(captured[0], 0, length), 0, length, 0);
        }
        assertThat(peer.counters.get(GossipCounter.DROPPED_MALFORMED)).isEqualTo(captured[0].length - 8);
        peer.adapter.onMessage(0, new UnsafeBuffer(captured[0]), 0, captured[0].length, 0);
        assertThat(peer.counters.get(GossipCounter.RUMORS_INVALID)).isEqualTo(1);
        assertThatThrownBy(() -> peer.mill.spread(GossipWorld.KIND, new UnsafeBuffer(new byte[2000]), 0, 2000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1024");
    }
}
