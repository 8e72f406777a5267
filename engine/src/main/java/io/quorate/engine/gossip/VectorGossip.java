package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.kernels.gossip.NeighbourAverage;
import io.quorate.kernels.gossip.Neighbourhoods;
import io.quorate.kernels.memory.FloatMatrix;
import io.quorate.kernels.memory.FloatSlab;
import io.quorate.kernels.simd.Primitives;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Gossip consensus on vectors by real messages: R rounds, in each of which a peer sends its state to its neighbours and replaces it by the
 * trimmed average of what they sent. The rule is that of {@link NeighbourAverage}, which is called, so when every message arrives the
 * states have the bits of the local form; its claims hold here component by component. A neighbour that stays silent longer than the
 * patience is left out of the round; with fewer than 2f + 1 that spoke, the state stays.
 *
 * <p>The states that the peers end with are near each other, not equal, and each peer's own; to agree on one, contribute them to an ordered
 * round. One thread, the consensus thread; allocates at {@link #begin} only.
 */
public final class VectorGossip implements AutoCloseable {
    /** Slices of one state are marked in one long. */
    private static final int SLICES_MAX = Long.SIZE;

    private static final int NONE = -1;

    private final Settings settings;
    private final int sliceMax;
    private final int sliceCount;
    private final long allSlices;
    private final GossipPublisher publisher;
    private final Counters<GossipCounter> counters;
    private final NeighbourAverage average;
    private final FloatSlab slab;
    private final FloatMatrix states;
    private final FloatMatrix next;
    private final int[] nodes;
    private final int[] placeOf;
    private final Neighbour[] neighbours;
    private final UnsafeBuffer[] own = new UnsafeBuffer[2];
    private final float[] row;
    private int neighbourCount;
    private long session;
    private int round;
    private boolean isRunning;
    private long roundBeganNs;
    private long resendAtNs;

    /**
     * What a run is made of; equal on all peers but for the patience.
     *
     * @param dimension components of a state
     * @param neighboursMax most neighbours of a peer
     * @param faultyMax liars among the neighbours of each peer that a state survives, f
     * @param rounds R
     * @param patienceNs how long a round waits for neighbours that are silent
     * @param resendNs between two attempts to reach neighbours that have not been heard
     */
    public record Settings(
            int dimension, int neighboursMax, int faultyMax, int rounds, long patienceNs, long resendNs) {
        public Settings {
            if (dimension < 1
                    || neighboursMax < 1
                    || faultyMax < 0
                    || rounds < 1
                    || rounds > 65534
                    || resendNs < 1
                    || patienceNs < resendNs) {
                throw new IllegalArgumentException("dimension, neighbours and rounds are at least 1, f at least 0 and"
                        + " 1 <= resendNs <= patienceNs; given " + dimension + ", " + neighboursMax + ", " + rounds
                        + ", " + faultyMax + ", " + resendNs + ", " + patienceNs);
            }
        }
    }

    /** @throws IllegalArgumentException if a state does not fit into {@value #SLICES_MAX} slices */
    public VectorGossip(
            final GossipContext context,
            final Settings settings,
            final Primitives primitives,
            final GossipPublisher publisher,
            final Counters<GossipCounter> counters) {
        this.settings = settings;
        this.publisher = publisher;
        this.counters = counters;
        sliceMax = GossipPublisher.sliceMax(context);
        sliceCount = (settings.dimension() + sliceMax - 1) / sliceMax;
        if (sliceCount > SLICES_MAX) {
            throw new IllegalArgumentException(
                    "a state has at most " + SLICES_MAX * sliceMax + " components, given " + settings.dimension());
        }
        allSlices = -1L >>> (Long.SIZE - sliceCount);
        final int nodeCount = settings.neighboursMax() + 1;
        final int[] centre = new int[nodeCount - 1];
        final int[] leaves = new int[nodeCount - 1];
        Arrays.setAll(leaves, leaf -> leaf + 1);
        average = new NeighbourAverage(primitives, Neighbourhoods.of(nodeCount, centre, leaves), settings.dimension());
        slab = FloatSlab.allocate(2L * nodeCount * settings.dimension());
        states = slab.matrix(0, nodeCount, settings.dimension());
        next = slab.matrix((long) nodeCount * settings.dimension(), nodeCount, settings.dimension());
        nodes = new int[nodeCount];
        Arrays.setAll(nodes, node -> node);
        placeOf = new int[context.peerCount()];
        neighbours = new Neighbour[settings.neighboursMax()];
        for (int i = 0; i < neighbours.length; i++) {
            neighbours[i] = new Neighbour(settings.dimension());
        }
        for (int parity = 0; parity < own.length; parity++) {
            own[parity] = new UnsafeBuffer(new byte[settings.dimension() * Float.BYTES]);
        }
        row = new float[settings.dimension()];
    }

    /**
     * Begins a run and forgets the one before.
     *
     * @param newSession the same number on all peers, and not used before
     * @param vector this peer's state to begin with, finite
     * @param neighbourIds whom this peer averages with; they have it as a neighbour too
     * @throws IllegalArgumentException if there are too many neighbours or the vector is not finite or of another dimension
     */
    public void begin(final long newSession, final float[] vector, final int[] neighbourIds, final long nowNs) {
        requireState(settings, vector);
        if (neighbourIds.length > neighbours.length) {
            throw new IllegalArgumentException(
                    "a state has at most " + neighbours.length + " neighbours, given " + neighbourIds.length);
        }
        session = newSession;
        isRunning = true;
        round = 0;
        roundBeganNs = nowNs;
        neighbourCount = neighbourIds.length;
        Arrays.fill(placeOf, NONE);
        for (int i = 0; i < neighbourCount; i++) {
            placeOf[neighbourIds[i]] = i;
            neighbours[i].begin(neighbourIds[i]);
        }
        states.setRow(0, vector);
        sayOwn(nowNs);
    }

    /** @throws IllegalArgumentException if a vector is no state: not finite or of another dimension */
    public static void requireState(final Settings settings, final float[] vector) {
        if (vector.length != settings.dimension()) {
            throw new IllegalArgumentException(
                    "a state has " + settings.dimension() + " components, given " + vector.length);
        }
        for (final float component : vector) {
            if (!Float.isFinite(component)) {
                throw new IllegalArgumentException("a state is finite, given " + component);
            }
        }
    }

    /** A stretch of a neighbour's state. The first that is said of each component counts. */
    void onSlice(
            final int senderId,
            final long sliceSession,
            final int sliceRound,
            final long firstIndex,
            final DirectBuffer buffer,
            final int offset,
            final int count,
            final long nowNs) {
        final boolean isWanted = isRunning
                && sliceSession == session
                && placeOf[senderId] != NONE
                && (sliceRound == round || sliceRound == round + 1)
                && sliceRound <= settings.rounds();
        if (!isWanted) {
            noteRound(senderId, sliceSession, sliceRound);
            counters.increment(GossipCounter.DROPPED_UNWANTED);
            return;
        }
        final int slice = (int) (firstIndex / sliceMax);
        if (firstIndex % sliceMax != 0
                || slice >= sliceCount
                || count != Math.min(sliceMax, settings.dimension() - slice * sliceMax)) {
            counters.increment(GossipCounter.DROPPED_MALFORMED);
            return;
        }
        if (neighbours[placeOf[senderId]].take(sliceRound, slice, slice * sliceMax, buffer, offset, count)) {
            counters.increment(GossipCounter.SLICES_RECEIVED);
            noteRound(senderId, sliceSession, sliceRound);
            advance(nowNs, false);
        } else {
            counters.increment(GossipCounter.DROPPED_UNWANTED);
        }
    }

    /** Sends again what may have been lost, and goes on without those that stay silent. */
    public int onTick(final long nowNs) {
        if (!isRunning || nowNs - resendAtNs < 0) {
            return 0;
        }
        final boolean isOver = nowNs - roundBeganNs >= settings.patienceNs();
        if (isDone()) {
            // Neighbours that are behind still need the last states; after the patience they go on without.
            isRunning = !isOver;
        } else {
            advance(nowNs, isOver);
        }
        int sent = 0;
        for (int i = 0; i < neighbourCount && isRunning; i++) {
            if (neighbours[i].roundSeen <= round) {
                if (round > 0) {
                    send(neighbours[i].peerId, round - 1);
                }
                send(neighbours[i].peerId, round);
                sent++;
            }
        }
        resendAtNs = nowNs + settings.resendNs();
        return sent;
    }

    public boolean isDone() {
        return round == settings.rounds();
    }

    /** Rounds of averages behind the state. */
    public int round() {
        return round;
    }

    /** Copies the state as it is now. */
    public void state(final float[] target) {
        states.getRow(0, target, 0);
    }

    @Override
    public void close() {
        average.close();
        slab.close();
    }

    /** Does as many rounds as can be done; {@code isOver}: the first of them without those that are silent. */
    private void advance(final long nowNs, final boolean isOver) {
        boolean isForced = isOver;
        while (!isDone()) {
            int heard = 0;
            for (int i = 0; i < neighbourCount; i++) {
                heard += neighbours[i].isWhole(round, allSlices) ? 1 : 0;
            }
            if (heard < neighbourCount && !isForced) {
                return;
            }
            isForced = false;
            move(heard);
            round++;
            roundBeganNs = nowNs;
            sayOwn(nowNs);
        }
    }

    private void move(final int heard) {
        int count = 0;
        for (int i = 0; i < neighbourCount; i++) {
            if (neighbours[i].isWhole(round, allSlices)) {
                states.setRow(++count, neighbours[i].state(round), 0);
            }
            neighbours[i].forget(round);
        }
        counters.increment(GossipCounter.VECTOR_ROUNDS);
        if (heard <= 2 * settings.faultyMax()) {
            counters.increment(GossipCounter.VECTOR_ROUNDS_SHORT);
            return;
        }
        final FloatMatrix taking = states.slice(0, heard + 1, 0, settings.dimension());
        final FloatMatrix result = next.slice(0, heard + 1, 0, settings.dimension());
        average.run(taking, nodes, settings.faultyMax(), 1, result);
        result.getRow(0, row, 0);
        states.setRow(0, row, 0);
    }

    private void sayOwn(final long nowNs) {
        final UnsafeBuffer bytes = own[round & 1];
        states.getRow(0, row, 0);
        for (int i = 0; i < row.length; i++) {
            bytes.putFloat(i * Float.BYTES, row[i], ByteOrder.LITTLE_ENDIAN);
        }
        for (int i = 0; i < neighbourCount; i++) {
            send(neighbours[i].peerId, round);
        }
        resendAtNs = nowNs + settings.resendNs();
    }

    private void send(final int peerId, final int ofRound) {
        for (int slice = 0; slice < sliceCount; slice++) {
            final int first = slice * sliceMax;
            final int count = Math.min(sliceMax, settings.dimension() - first);
            publisher.vectorSlice(peerId, session, ofRound, first, own[ofRound & 1], count);
        }
    }

    private void noteRound(final int senderId, final long sliceSession, final int sliceRound) {
        if (isRunning && sliceSession == session && placeOf[senderId] != NONE) {
            final Neighbour neighbour = neighbours[placeOf[senderId]];
            neighbour.roundSeen = Math.max(neighbour.roundSeen, sliceRound);
        }
    }

    /** What one neighbour has said for this round and the next. */
    private static final class Neighbour {
        private final float[][] values;
        private final long[] slices = new long[2];
        private int peerId;
        private int roundSeen;

        Neighbour(final int dimension) {
            values = new float[2][dimension];
        }

        void begin(final int newPeerId) {
            peerId = newPeerId;
            roundSeen = 0;
            Arrays.fill(slices, 0);
        }

        boolean isWhole(final int round, final long all) {
            return slices[round & 1] == all;
        }

        float[] state(final int round) {
            return values[round & 1];
        }

        void forget(final int round) {
            slices[round & 1] = 0;
        }

        /** Takes a slice in unless it is known or not finite. */
        boolean take(
                final int round,
                final int slice,
                final int first,
                final DirectBuffer buffer,
                final int offset,
                final int count) {
            final long mark = 1L << slice;
            if ((slices[round & 1] & mark) != 0) {
                return false;
            }
            final float[] target = values[round & 1];
            for (int i = 0; i < count; i++) {
                final float value = buffer.getFloat(offset + i * Float.BYTES, ByteOrder.LITTLE_ENDIAN);
                if (!Float.isFinite(value)) {
                    return false;
                }
                target[first + i] = value;
            }
            slices[round & 1] |= mark;
            return true;
        }
    }
}
