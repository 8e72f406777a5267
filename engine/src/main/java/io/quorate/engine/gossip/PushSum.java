package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import java.util.Arrays;

/**
 * The mean of all peers' numbers without a leader (push-sum, Kempe, Dobra, Gehrke, FOCS 2003): each round a peer keeps a third
 * of its value and weight and gives a third each to two neighbours; value / weight goes to the mean everywhere.
 *
 * <p>What is sent is not the third but everything ever given to that neighbour, numbered (flow updating, Jesus, Baquero, Almeida, DAIS 2009): a lost
 * share is made good by the next one, a repeated or late one is ignored. Numbers are fixed-point integers, so dividing loses nothing: what is not given is kept. At any moment
 * the values of all peers and what is under way add up to exactly what they began with; weights too.
 *
 * <p>For correct peers only: who gives more than it has moves the mean as far as it likes. {@link RobustMean} is the form for liars. One thread, the
 * consensus thread.
 */
public final class PushSum {
    /** Values are held in units of 2^-32. */
    public static final double VALUE_UNITS = 0x1p32;

    /** A peer's weight at the start, 1, in units of 2^-48. */
    public static final long WEIGHT_UNITS = 1L << 48;

    /** The largest magnitude of a value, so that the sum over all peers fits. */
    public static final double VALUE_MAX = 1 << 20;

    private static final int PARTS = 3;
    private static final int PEERS_MAX = 1024;

    private final GossipContext context;
    private final PeerSampler sampler;
    private final GossipPublisher publisher;
    private final Counters<GossipCounter> counters;
    private final long[] givenValue;
    private final long[] givenWeight;
    private final long[] givenNumber;
    private final long[] gotValue;
    private final long[] gotWeight;
    private final long[] gotNumber;
    private final boolean[] isClosed;
    private final int[] drawn = new int[PARTS - 1];
    private long session;
    private boolean isRunning;
    private long value;
    private long weight;

    /** @throws IllegalArgumentException for more than 1,024 peers: their weights would not add up within 64 bits */
    public PushSum(
            final GossipContext context,
            final PeerSampler sampler,
            final GossipPublisher publisher,
            final Counters<GossipCounter> counters) {
        if (context.peerCount() > PEERS_MAX) {
            throw new IllegalArgumentException(
                    "push-sum is for at most " + PEERS_MAX + " peers, given " + context.peerCount());
        }
        this.context = context;
        this.sampler = sampler;
        this.publisher = publisher;
        this.counters = counters;
        givenValue = new long[context.peerCount()];
        givenWeight = new long[context.peerCount()];
        givenNumber = new long[context.peerCount()];
        gotValue = new long[context.peerCount()];
        gotWeight = new long[context.peerCount()];
        gotNumber = new long[context.peerCount()];
        isClosed = new boolean[context.peerCount()];
    }

    /**
     * Begins an aggregation and forgets the one before.
     *
     * @param newSession the same number on all peers, and not used before
     * @throws IllegalArgumentException if the value is not finite or its magnitude is above {@link #VALUE_MAX}
     */
    public void begin(final long newSession, final double ownValue) {
        if (!(Math.abs(ownValue) <= VALUE_MAX)) {
            throw new IllegalArgumentException(
                    "a value has a magnitude of at most " + VALUE_MAX + ", given " + ownValue);
        }
        session = newSession;
        isRunning = true;
        value = Math.round(ownValue * VALUE_UNITS);
        weight = WEIGHT_UNITS;
        Arrays.fill(givenValue, 0);
        Arrays.fill(givenWeight, 0);
        Arrays.fill(givenNumber, 0);
        Arrays.fill(gotValue, 0);
        Arrays.fill(gotWeight, 0);
        Arrays.fill(gotNumber, 0);
        Arrays.fill(isClosed, false);
    }

    /** One round: a third each goes to two neighbours; with one neighbour that one gets a third. */
    public void onRound() {
        if (!isRunning) {
            return;
        }
        final int count = sampler.sample(drawn, drawn.length, -1);
        final long shareValue = value / PARTS;
        final long shareWeight = weight / PARTS;
        for (int i = 0; i < count; i++) {
            if (!isClosed[drawn[i]]) {
                give(drawn[i], shareValue, shareWeight);
            }
        }
    }

    private void give(final int peerId, final long shareValue, final long shareWeight) {
        value -= shareValue;
        weight -= shareWeight;
        givenValue[peerId] += shareValue;
        givenWeight[peerId] += shareWeight;
        givenNumber[peerId]++;
        counters.increment(GossipCounter.SHARES_SENT);
        publisher.pushSumShare(peerId, session, givenNumber[peerId], givenValue[peerId], givenWeight[peerId]);
    }

    /** A neighbour says what it has given so far. */
    void onShare(
            final int senderId,
            final long shareSession,
            final long number,
            final long totalValue,
            final long totalWeight) {
        final boolean isNew = isRunning
                && shareSession == session
                && !isClosed[senderId]
                && Long.compareUnsigned(number, gotNumber[senderId]) > 0;
        final long moreWeight = totalWeight - gotWeight[senderId];
        // Nobody has more weight than the whole group; a claim beyond it would run over.
        if (!isNew || Math.abs(moreWeight) > context.peerCount() * WEIGHT_UNITS) {
            counters.increment(GossipCounter.DROPPED_UNWANTED);
            return;
        }
        counters.increment(GossipCounter.SHARES_RECEIVED);
        value += totalValue - gotValue[senderId];
        weight += moreWeight;
        gotValue[senderId] = totalValue;
        gotWeight[senderId] = totalWeight;
        gotNumber[senderId] = number;
    }

    /**
     * A neighbour is gone for good: takes back what it was given, and gives back what it gave. When both ends do so the link is as if it had never
     * been, and what remains is exactly the sum over those that remain.
     */
    public void onPeerGone(final int peerId) {
        if (!isClosed[peerId]) {
            isClosed[peerId] = true;
            value += givenValue[peerId] - gotValue[peerId];
            weight += givenWeight[peerId] - gotWeight[peerId];
        }
    }

    /** This peer's estimate of the mean; NaN while it holds no weight or nothing runs. */
    public double mean() {
        return isRunning && weight > 0 ? (value / VALUE_UNITS) / (weight / (double) WEIGHT_UNITS) : Double.NaN;
    }

    /** What this peer holds of the value, in units of 2^-32, modulo 2^64. */
    public long value() {
        return value;
    }

    /** What this peer holds of the weight, in units of 2^-48. */
    public long weight() {
        return weight;
    }

    /** Value given to a peer and not known to have arrived; for checks of conservation. */
    long givenValue(final int peerId) {
        return givenValue[peerId];
    }

    long givenWeight(final int peerId) {
        return givenWeight[peerId];
    }

    long gotValue(final int peerId) {
        return gotValue[peerId];
    }

    long gotWeight(final int peerId) {
        return gotWeight[peerId];
    }
}
