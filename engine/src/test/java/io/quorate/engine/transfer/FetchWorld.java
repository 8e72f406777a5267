package io.quorate.engine.transfer;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Digest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/** A fetcher and its sources under virtual time: each source serves the snapshots that it was given, honestly or not. */
final class FetchWorld {
    static final int PAGE = 64;
    static final long MS = 1_000_000;

    /** Answers one question; may answer falsely, more than once, or not at all. */
    interface Source {
        void answer(FetchWorld world, int peerId, long sequence, int height, int index);
    }

    private record Flight(
            long atNs, int from, long sequence, int height, long index, long claimed, UnsafeBuffer content) {}

    final Digest sha256 = new Digest();
    final SnapshotFetch fetch;
    final Source[] sources;
    final int[] asked;
    final Map<Long, PagedSnapshot> states = new HashMap<>();
    final Map<SnapshotFetch.Taken, Integer> taken = new HashMap<>();
    int underWayMax;
    long delayNs = MS / 4;
    long nowNs = 1_000 * MS;
    private final int pageLength;
    private final List<Flight> flights = new ArrayList<>();

    FetchWorld(final int peerCount, final int lengthBytesMax) {
        this(peerCount, lengthBytesMax, PAGE);
    }

    FetchWorld(final int peerCount, final int lengthBytesMax, final int pageLength) {
        this.pageLength = pageLength;
        sources = new Source[peerCount];
        asked = new int[peerCount];
        java.util.Arrays.fill(sources, (Source) FetchWorld::serve);
        fetch = new SnapshotFetch(sha256, peerCount, 0, pageLength, lengthBytesMax, 5 * MS, 40 * MS, this::onAsk);
    }

    private void onAsk(final int peerId, final long sequence, final int height, final int index) {
        asked[peerId]++;
        sources[peerId].answer(this, peerId, sequence, height, index);
    }

    /** Makes a state that honest sources have. */
    PagedSnapshot state(final long sequence, final byte[] bytes) {
        final PagedSnapshot state =
                PagedSnapshot.of(sha256, pageLength, sequence, new UnsafeBuffer(bytes), 0, bytes.length, null);
        states.put(sequence, state);
        return state;
    }

    void aim(final PagedSnapshot target, final PagedSnapshot own) {
        fetch.aim(target.sequence(), target.stateDigest(), own, -1L, nowNs);
    }

    /** What an honest source does. */
    static void serve(
            final FetchWorld world, final int peerId, final long sequence, final int height, final int index) {
        final PagedSnapshot state = world.states.get(sequence);
        if (state != null) {
            final int found = height == SnapshotFetch.TOP ? state.tree().top() : height;
            world.send(peerId, sequence, height, index, state.lengthBytes(), world.part(state, found, index));
        }
    }

    UnsafeBuffer part(final PagedSnapshot state, final int height, final int index) {
        final byte[] bytes = new byte[state.tree().partLength(height, index)];
        state.part(height).getBytes(state.partOffset(height, index), bytes);
        return new UnsafeBuffer(bytes);
    }

    void send(
            final int from,
            final long sequence,
            final int height,
            final long index,
            final long claimed,
            final UnsafeBuffer content) {
        flights.add(new Flight(nowNs + delayNs, from, sequence, height, index, claimed, content));
    }

    SnapshotFetch.Taken give(
            final int from,
            final long sequence,
            final int height,
            final long index,
            final long claimed,
            final UnsafeBuffer content) {
        final SnapshotFetch.Taken result =
                fetch.onPart(from, sequence, height, index, claimed, content, 0, content.capacity(), nowNs);
        taken.merge(result, 1, Integer::sum);
        return result;
    }

    /** Lets time pass until the snapshot is whole; false if it is not within the limit. */
    boolean run(final long limitNs) {
        final long untilNs = nowNs + limitNs;
        while (!fetch.isWhole() && nowNs < untilNs) {
            nowNs += MS / 8;
            for (int i = 0; i < flights.size(); ) {
                final Flight flight = flights.get(i);
                if (flight.atNs <= nowNs) {
                    flights.remove(i);
                    give(flight.from, flight.sequence, flight.height, flight.index, flight.claimed, flight.content);
                } else {
                    i++;
                }
            }
            underWayMax = Math.max(underWayMax, flights.size());
            fetch.onTick(nowNs);
        }
        return fetch.isWhole();
    }

    int count(final SnapshotFetch.Taken result) {
        return taken.getOrDefault(result, 0);
    }

    int askedInAll() {
        return java.util.Arrays.stream(asked).sum();
    }

    static Digest256 copy(final Digest256 digest) {
        return new Digest256().set(digest);
    }
}
