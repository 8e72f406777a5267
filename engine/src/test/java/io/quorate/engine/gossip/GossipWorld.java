package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.virtual.SimRandom;
import io.quorate.transport.Outbox;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Peers with gossip and links that lose and repeat, under a seed. A step delivers everything that was under way when it began: one
 * hop. Records are owner (1 byte), version (1 byte), and a byte that says whether they hold.
 */
final class GossipWorld {
    static final int KIND = 3;
    static final long STEP_NS = 1_000_000;

    final List<Peer> peers = new ArrayList<>();
    final SimRandom random;
    long nowNs;
    int lossPpm;
    int repeatPpm;
    long messages;
    long bytes;
    Runnable onStep = () -> {};
    private ArrayDeque<Parcel> underWay = new ArrayDeque<>();

    GossipWorld(final int peerCount, final long seed, final int fanout) {
        random = new SimRandom(seed);
        for (int id = 0; id < peerCount; id++) {
            peers.add(new Peer(id, peerCount, fanout));
        }
    }

    /** Everybody may talk to everybody. */
    GossipWorld complete() {
        for (final Peer peer : peers) {
            peers.forEach(other -> connect(peer, other));
        }
        return this;
    }

    /** A ring in which each peer talks to the next {@code reach} on either side. */
    GossipWorld ring(final int reach) {
        for (final Peer peer : peers) {
            for (int step = 1; step <= reach; step++) {
                final Peer other = peers.get((peer.id + step) % peers.size());
                connect(peer, other);
                connect(other, peer);
            }
        }
        return this;
    }

    void step() {
        nowNs += STEP_NS;
        final ArrayDeque<Parcel> now = underWay;
        underWay = new ArrayDeque<>();
        for (final Parcel parcel : now) {
            if (!peers.get(parcel.to).isDown) {
                peers.get(parcel.to).receive(parcel.from, parcel.bytes);
            }
        }
        onStep.run();
        for (final Peer peer : peers) {
            if (!peer.isDown) {
                peer.mill.onTick(nowNs);
            }
        }
    }

    void steps(final int count) {
        for (int i = 0; i < count; i++) {
            step();
        }
    }

    long reached(final int owner, final int version) {
        return peers.stream()
                .filter(peer -> peer.versions.getOrDefault(owner, 0) >= version)
                .count();
    }

    long total(final GossipCounter counter) {
        return peers.stream().mapToLong(peer -> peer.counters.get(counter)).sum();
    }

    static UnsafeBuffer record(final int owner, final int version, final boolean holds) {
        return new UnsafeBuffer(new byte[] {(byte) owner, (byte) version, (byte) (holds ? 1 : 0)});
    }

    private static void connect(final Peer peer, final Peer other) {
        if (peer.id != other.id) {
            peer.sampler.add(other.id);
        }
    }

    private record Parcel(int from, int to, byte[] bytes) {}

    /** One peer with its mill. */
    final class Peer implements Outbox {
        final int id;
        final Counters<GossipCounter> counters = new Counters<>(GossipCounter.class);
        final Map<Integer, Integer> versions = new HashMap<>();
        final PeerSampler sampler;
        final RumorMill mill;
        final GossipAdapter adapter;
        final GossipContext context;
        final GossipPublisher publisher;
        boolean isDown;

        Peer(final int id, final int peerCount, final int fanout) {
            this.id = id;
            context = new GossipContext()
                    .peerCount(peerCount)
                    .selfId(id)
                    .fanout(fanout)
                    .noticeIntervalNs(5 * STEP_NS)
                    .uselessChecksMax(4)
                    .knownMax(512)
                    .keptMax(64)
                    .repairBytesMax(64 << 20)
                    .conclude();
            sampler = new PeerSampler(peerCount, random.split(id));
            publisher = new GossipPublisher(context, this);
            mill = new RumorMill(context, sampler, publisher, counters).handler(KIND, this::onRecord);
            adapter = new GossipAdapter(context, mill, counters);
        }

        int spread(final int version) {
            versions.put(id, version);
            return mill.spread(KIND, record(id, version, true), 0, 3);
        }

        void receive(final int from, final byte[] bytes) {
            adapter.onMessage(from, new UnsafeBuffer(bytes), 0, bytes.length, nowNs);
        }

        private RumorHandler.Verdict onRecord(
                final int senderId, final DirectBuffer buffer, final int offset, final int length, final long now) {
            if (length != 3 || buffer.getByte(offset + 2) != 1) {
                return RumorHandler.Verdict.INVALID;
            }
            final int owner = buffer.getByte(offset);
            final int version = buffer.getByte(offset + 1);
            if (versions.getOrDefault(owner, 0) >= version) {
                return RumorHandler.Verdict.OLD;
            }
            versions.put(owner, version);
            return RumorHandler.Verdict.NEW;
        }

        @Override
        public boolean send(final int peerId, final DirectBuffer message, final int offset, final int lengthBytes) {
            if (isDown) {
                return false;
            }
            messages++;
            bytes += lengthBytes;
            final byte[] copy = new byte[lengthBytes];
            message.getBytes(offset, copy);
            if (!random.chance(lossPpm)) {
                underWay.add(new Parcel(id, peerId, copy));
            }
            if (random.chance(repeatPpm)) {
                underWay.add(new Parcel(id, peerId, copy));
            }
            return true;
        }

        @Override
        public void flush() {}
    }
}
