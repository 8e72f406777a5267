package io.quorate.engine.gossip;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Draws peers to talk to: distinct ones, at random, each with a chance that its weight gives. Membership says who can be drawn
 * and lowers weights by reputation; a weight is never 0, so nobody is silenced by what others say of it. One thread, the
 * consensus thread; allocates nothing after construction.
 */
public final class PeerSampler {
    public static final int WEIGHT_MAX = 100;

    private final RandomGenerator random;
    private final int[] weights;
    private final int[] placeOf;
    private final int[] members;
    private int count;

    /**
     * @param peerCount ids are below it
     * @param random the only source of chance; seeded in tests and in the simulator
     */
    public PeerSampler(final int peerCount, final RandomGenerator random) {
        if (peerCount < 1) {
            throw new IllegalArgumentException("peerCount is at least 1, given " + peerCount);
        }
        this.random = random;
        weights = new int[peerCount];
        Arrays.fill(weights, WEIGHT_MAX);
        placeOf = new int[peerCount];
        Arrays.fill(placeOf, -1);
        members = new int[peerCount];
    }

    /** From now on this peer can be drawn; no effect if it could be. */
    public void add(final int peerId) {
        if (placeOf[peerId] < 0) {
            placeOf[peerId] = count;
            members[count++] = peerId;
        }
    }

    /** From now on this peer is not drawn; no effect if it was not. */
    public void remove(final int peerId) {
        final int place = placeOf[peerId];
        if (place >= 0) {
            final int last = members[--count];
            members[place] = last;
            placeOf[last] = place;
            placeOf[peerId] = -1;
        }
    }

    public boolean contains(final int peerId) {
        return placeOf[peerId] >= 0;
    }

    /** How many can be drawn. */
    public int size() {
        return count;
    }

    /** A peer that can be drawn, 0 <= index < size; the order says nothing. */
    public int peer(final int index) {
        return members[index];
    }

    /**
     * The chance of a peer in comparison with others.
     *
     * @throws IllegalArgumentException if the weight is not within 1..{@value #WEIGHT_MAX}
     */
    public void weight(final int peerId, final int weight) {
        if (weight < 1 || weight > WEIGHT_MAX) {
            throw new IllegalArgumentException("a weight is 1 to " + WEIGHT_MAX + ", given " + weight);
        }
        weights[peerId] = weight;
    }

    public int weight(final int peerId) {
        return weights[peerId];
    }

    /**
     * Draws distinct peers.
     *
     * @param drawn overwritten with the ids
     * @param wanted how many; at most the length of {@code drawn}
     * @param exceptId not to be drawn, -1 for none
     * @return how many were drawn: fewer than wanted only if there are no more
     */
    public int sample(final int[] drawn, final int wanted, final int exceptId) {
        // Those that are out of the game stand behind "left"; the set's own order does not matter, so they are swapped.
        int left = count;
        if (exceptId >= 0 && exceptId < placeOf.length && placeOf[exceptId] >= 0) {
            swap(placeOf[exceptId], --left);
        }
        long total = 0;
        for (int i = 0; i < left; i++) {
            total += weights[members[i]];
        }
        int found = 0;
        while (found < wanted && left > 0) {
            long target = random.nextLong(total);
            int place = 0;
            while (target >= weights[members[place]]) {
                target -= weights[members[place]];
                place++;
            }
            drawn[found++] = members[place];
            total -= weights[members[place]];
            swap(place, --left);
        }
        return found;
    }

    private void swap(final int first, final int second) {
        final int peer = members[first];
        members[first] = members[second];
        members[second] = peer;
        placeOf[members[first]] = first;
        placeOf[members[second]] = second;
    }
}
