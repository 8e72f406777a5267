package io.quorate.engine.gossip;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.virtual.SimRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class AntiEntropyTest {
    private static final int KIND = 5;
    private static final int RECORD_LENGTH = 128;

    @Test
    void shouldRepairAThousandOfAHundredThousandForLessThanThreeTimesTheDifference() {
        final GossipWorld world = new GossipWorld(2, 1, 1).complete();
        final List<TestSet> sets = sets(world, 100_000);
        final SimRandom random = new SimRandom(5);
        for (int i = 0; i < 1_000; i++) {
            final long key = random.nextInt(100_000);
            sets.get(i % 2).put(key, 2 + random.nextInt(3));
        }
        final long different = difference(sets.get(0), sets.get(1));
        assertThat(different).isGreaterThan(900);
        world.bytes = 0;
        repairs.get(0).compare(1);
        world.steps(20);
        assertThat(difference(sets.get(0), sets.get(1))).isZero();
        assertThat(world.bytes).isLessThan(3 * different * RECORD_LENGTH);
        assertThat(world.total(GossipCounter.RECORDS_REPAIRED)).isEqualTo(different);
    }

    @Test
    void shouldSayOneMessageWhenNothingDiffers() {
        final GossipWorld world = new GossipWorld(2, 1, 1).complete();
        sets(world, 1_000);
        repairs.get(0).compare(1);
        world.steps(20);
        assertThat(world.messages).isEqualTo(1);
    }

    @Test
    void shouldFillAnEmptySet() {
        final GossipWorld world = new GossipWorld(2, 1, 1).complete();
        final List<TestSet> sets = sets(world, 3_000);
        sets.get(1).clear();
        repairs.get(1).compare(0);
        world.steps(20);
        assertThat(difference(sets.get(0), sets.get(1))).isZero();
    }

    @Test
    void shouldEndUpEqualEverywhereAtTwentyPercentLossUnderManySeeds() {
        for (int seed = 0; seed < 20; seed++) {
            final GossipWorld world = new GossipWorld(8, seed, 3).ring(2);
            world.lossPpm = 200_000;
            final List<TestSet> sets = sets(world, 300);
            final SimRandom random = new SimRandom(seed);
            for (int i = 0; i < 100; i++) {
                sets.get(random.nextInt(8)).put(random.nextInt(400), 2 + random.nextInt(9));
            }
            world.onStep = () -> repairs.forEach(repair -> repair.onTick(world.nowNs * 100));
            world.steps(1_500);
            for (final TestSet set : sets) {
                assertThat(difference(sets.get(0), set)).as("seed %d", seed).isZero();
            }
        }
    }

    @Test
    void shouldBelieveNoRecordThatDoesNotHold() {
        final GossipWorld world = new GossipWorld(2, 1, 1).complete();
        final List<TestSet> sets = sets(world, 10);
        sets.get(0).isLying = true;
        sets.get(0).put(3, 9);
        repairs.get(0).compare(1);
        world.steps(10);
        assertThat(sets.get(1).versions.get(3L)).isEqualTo(1L);
        assertThat(world.total(GossipCounter.RUMORS_INVALID)).isPositive();
    }

    @Test
    void shouldStopAnsweringWhoAsksTooMuch() {
        final GossipWorld world = new GossipWorld(2, 1, 1).complete();
        final List<TestSet> sets = sets(world, 4_000);
        final GossipWorld.Peer peer = world.peers.get(0);
        final GossipContext small =
                new GossipContext().peerCount(2).selfId(0).repairBytesMax(4_096).conclude();
        final AntiEntropy repair =
                new AntiEntropy(small, 1, sets.get(0), peer.sampler, peer.publisher, new SimRandom(1), peer.counters);
        final UnsafeBuffer keys = new UnsafeBuffer(new byte[100 * Long.BYTES]);
        for (int i = 0; i < 100; i++) {
            keys.putLong(i * Long.BYTES, i);
        }
        world.bytes = 0;
        for (int i = 0; i < 50; i++) {
            repair.onEntryRequest(1, keys, 0, 100, 0);
        }
        assertThat(world.bytes).isLessThan(2 * 4_096);
        assertThat(peer.counters.get(GossipCounter.DROPPED_REPAIR_BUDGET)).isPositive();
    }

    @Test
    void shouldTakeTheMixOfKeysBack() {
        final SimRandom random = new SimRandom(1);
        for (int i = 0; i < 10_000; i++) {
            final long key = random.nextLong();
            assertThat(StateDigest.unmix(StateDigest.mix(key))).isEqualTo(key);
        }
    }

    private final List<AntiEntropy> repairs = new ArrayList<>();

    private List<TestSet> sets(final GossipWorld world, final int size) {
        final List<TestSet> sets = new ArrayList<>();
        for (final GossipWorld.Peer peer : world.peers) {
            final TestSet set = new TestSet();
            for (long key = 0; key < size; key++) {
                set.put(key, 1);
            }
            sets.add(set);
            peer.mill.handler(KIND, set::onRecord);
            final AntiEntropy repair = new AntiEntropy(
                    peer.context, 1, set, peer.sampler, peer.publisher, new SimRandom(peer.id), peer.counters);
            peer.adapter.repair(repair);
            repairs.add(repair);
        }
        return sets;
    }

    private static long difference(final TestSet first, final TestSet second) {
        final Map<Long, Long> all = new HashMap<>(first.versions);
        all.putAll(second.versions);
        return all.keySet().stream()
                .filter(key -> !first.versions.getOrDefault(key, -1L).equals(second.versions.getOrDefault(key, -1L)))
                .count();
    }

    /** Keys with versions; a record is key, version and a mark that says whether it holds. */
    private static final class TestSet implements RecordSet {
        private final Map<Long, Long> versions = new HashMap<>();
        private final Map<Long, Integer> places = new HashMap<>();
        private final List<Long> keys = new ArrayList<>();
        private long modification;
        private boolean isLying;

        void put(final long key, final long version) {
            if (versions.put(key, version) == null) {
                places.put(key, keys.size());
                keys.add(key);
            }
            modification++;
        }

        void clear() {
            versions.clear();
            places.clear();
            keys.clear();
            modification++;
        }

        RumorHandler.Verdict onRecord(
                final int senderId, final DirectBuffer buffer, final int offset, final int length, final long nowNs) {
            if (buffer.getByte(offset + 16) != 1) {
                return RumorHandler.Verdict.INVALID;
            }
            final long key = buffer.getLong(offset);
            final long version = buffer.getLong(offset + 8);
            if (versions.getOrDefault(key, -1L) >= version) {
                return RumorHandler.Verdict.OLD;
            }
            put(key, version);
            return RumorHandler.Verdict.NEW;
        }

        @Override
        public int kind() {
            return KIND;
        }

        @Override
        public int size() {
            return keys.size();
        }

        @Override
        public long modification() {
            return modification;
        }

        @Override
        public long key(final int index) {
            return keys.get(index);
        }

        @Override
        public int indexOf(final long key) {
            return places.getOrDefault(key, -1);
        }

        @Override
        public long version(final int index) {
            return versions.get(keys.get(index));
        }

        @Override
        public int fingerprint(final int index) {
            return (int) (31 * key(index) + version(index));
        }

        @Override
        public int copyRecord(final int index, final MutableDirectBuffer target, final int offset) {
            target.setMemory(offset, RECORD_LENGTH, (byte) 0);
            target.putLong(offset, key(index));
            target.putLong(offset + 8, version(index));
            target.putByte(offset + 16, (byte) (isLying ? 0 : 1));
            return RECORD_LENGTH;
        }
    }
}
