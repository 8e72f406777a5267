package io.quorate.engine.coordination;

import io.quorate.engine.quorum.Quorum;

/**
 * Settings of a coordinator. All of them belong to the group: two peers with different settings would compute different
 * decisions, so the roster carries them and its digest binds them.
 *
 * <p>Fluent until {@link #conclude()}, which checks how the settings relate and freezes them.
 */
public final class CoordinatorContext {
    /** Longest vector: with it a contribution still fits a request. */
    public static final int DIMENSION_MAX = 32_768;

    /** Longest answer in bytes of UTF-8 that a group can allow: with the longest vector it still fits a request. */
    public static final int CONTENT_LENGTH_MAX = 60 * 1024;

    /** Most rounds of gossip. */
    public static final int GOSSIP_ROUNDS_MAX = 1000;

    private int peerCount;
    private int dimension = 384;
    private int heads = 8;
    private Coordinator.Mode mode = Coordinator.Mode.BYZANTINE;
    private float temperature = 4;
    private double faultTolerance = 0.33;
    private Grouping.Rule grouping = Grouping.Rule.EXACT;
    private double nearThreshold = 0.6;
    private int contentLengthMax = 16 * 1024;
    private Topology topology;
    private int gossipRounds = 3;
    private Topology.Rope rope = Topology.Rope.DEFAULT;

    private Quorum quorum;
    private int faulty;

    /**
     * Checks and freezes the settings.
     *
     * @return this
     * @throws IllegalArgumentException that names the setting, what was given and what is allowed
     */
    public CoordinatorContext conclude() {
        requireOpen();
        require(
                peerCount >= Quorum.PEER_COUNT_MIN && peerCount <= Quorum.PEER_COUNT_MAX,
                "peerCount is " + Quorum.PEER_COUNT_MIN + " to " + Quorum.PEER_COUNT_MAX + ", given " + peerCount);
        require(
                dimension >= 1 && dimension <= DIMENSION_MAX,
                "dimension is 1 to " + DIMENSION_MAX + ", given " + dimension);
        require(heads >= 1, "heads is at least 1, given " + heads);
        require(dimension % heads == 0, "heads " + heads + " does not divide the dimension " + dimension);
        require(mode != null, "mode is missing");
        require(grouping != null, "grouping is missing");
        require(temperature > 0 && temperature <= 64, "temperature is above 0 and at most 64, given " + temperature);
        require(
                faultTolerance >= 0 && faultTolerance <= 1,
                "faultTolerance is a share from 0 to 1, given " + faultTolerance);
        require(
                nearThreshold > 0 && nearThreshold <= 1,
                "nearThreshold is above 0 and at most 1, given " + nearThreshold);
        require(
                contentLengthMax >= 1 && contentLengthMax <= CONTENT_LENGTH_MAX,
                "contentLengthMax is 1 to " + CONTENT_LENGTH_MAX + " bytes, given " + contentLengthMax);
        final Quorum ofAll = Quorum.of(peerCount);
        faulty = Math.min((int) Math.floor(faultTolerance * peerCount), ofAll.faultyMax());
        concludeGraph();
        // Last, as it is what freezes: settings that were refused are not concluded.
        quorum = ofAll;
        return this;
    }

    private void concludeGraph() {
        require(
                gossipRounds >= 0 && gossipRounds <= GOSSIP_ROUNDS_MAX,
                "gossipRounds is 0 to " + GOSSIP_ROUNDS_MAX + ", given " + gossipRounds);
        if (topology == null) {
            topology = Topology.complete(peerCount);
        }
        require(
                topology.peerCount() == peerCount,
                "the topology has " + topology.peerCount() + " peers, the group " + peerCount);
        require(rope != null, "rope is missing");
        require(
                mode != Coordinator.Mode.TOPOLOGY || dimension / heads % 2 == 0,
                "mode topology turns pairs of floats: heads " + heads + " leave " + dimension / heads
                        + " of the dimension " + dimension + " to each head, an odd number");
        if (mode == Coordinator.Mode.TOPOLOGY) {
            requireAngles();
        }
        if (mode == Coordinator.Mode.GOSSIP) {
            final int peer = topology.peerBelow(faulty);
            require(peer < 0, peer < 0 ? "" : topology.complaint(peer, "peer " + peer, faulty));
        }
    }

    /** Not every graph has angles: shortest paths need weights that are not too far apart. One rotary pair tells. */
    private void requireAngles() {
        try {
            topology.angles(rope, 1);
        } catch (final IllegalArgumentException e) {
            throw new IllegalArgumentException("mode topology cannot use these connections: " + e.getMessage(), e);
        }
    }

    /** n: members of the group, contributors or not. */
    public CoordinatorContext peerCount(final int peerCount) {
        requireOpen();
        this.peerCount = peerCount;
        return this;
    }

    public int peerCount() {
        return peerCount;
    }

    /** d: floats in a vector; default 384. */
    public CoordinatorContext dimension(final int dimension) {
        requireOpen();
        this.dimension = dimension;
        return this;
    }

    public int dimension() {
        return dimension;
    }

    /** H: attention heads, a divisor of the dimension; default 8. */
    public CoordinatorContext heads(final int heads) {
        requireOpen();
        this.heads = heads;
        return this;
    }

    public int heads() {
        return heads;
    }

    /** How vectors are fused; default {@link Coordinator.Mode#BYZANTINE}. */
    public CoordinatorContext mode(final Coordinator.Mode mode) {
        requireOpen();
        this.mode = mode;
        return this;
    }

    public Coordinator.Mode mode() {
        return mode;
    }

    /** Factor on the attention logits; default 4. Higher makes influence follow likeness more sharply. */
    public CoordinatorContext temperature(final float temperature) {
        requireOpen();
        this.temperature = temperature;
        return this;
    }

    public float temperature() {
        return temperature;
    }

    /** Share of lying peers to allow for; default 0.33. More than floor((n - 1) / 3) peers are never allowed for. */
    public CoordinatorContext faultTolerance(final double faultTolerance) {
        requireOpen();
        this.faultTolerance = faultTolerance;
        return this;
    }

    public double faultTolerance() {
        return faultTolerance;
    }

    /** When two answers count as the same; default {@link Grouping.Rule#EXACT}. */
    public CoordinatorContext grouping(final Grouping.Rule grouping) {
        requireOpen();
        this.grouping = grouping;
        return this;
    }

    public Grouping.Rule grouping() {
        return grouping;
    }

    /** Least cosine of the hashed embeddings of near answers; default 0.6. */
    public CoordinatorContext nearThreshold(final double nearThreshold) {
        requireOpen();
        this.nearThreshold = nearThreshold;
        return this;
    }

    public double nearThreshold() {
        return nearThreshold;
    }

    /** Longest answer in bytes of UTF-8; default 16 KiB. */
    public CoordinatorContext contentLengthMax(final int contentLengthMax) {
        requireOpen();
        this.contentLengthMax = contentLengthMax;
        return this;
    }

    public int contentLengthMax() {
        return contentLengthMax;
    }

    /** Who is connected with whom, for the modes that know a graph; default {@link Topology#complete}. */
    public CoordinatorContext topology(final Topology topology) {
        requireOpen();
        this.topology = topology;
        return this;
    }

    public Topology topology() {
        return topology;
    }

    /** How the graph turns queries and keys in mode topology; default by resistance, sigma 1, ladder 1. */
    public CoordinatorContext rope(final Topology.Rope rope) {
        requireOpen();
        this.rope = rope;
        return this;
    }

    public Topology.Rope rope() {
        return rope;
    }

    /** R: rounds of averages in mode gossip; default 3. */
    public CoordinatorContext gossipRounds(final int gossipRounds) {
        requireOpen();
        this.gossipRounds = gossipRounds;
        return this;
    }

    public int gossipRounds() {
        return gossipRounds;
    }

    /** Quorum arithmetic of the group; always by floor((n - 1) / 3), whatever the fault tolerance. */
    public Quorum quorum() {
        requireConcluded();
        return quorum;
    }

    /** f = min(floor(faultTolerance x n), floor((n - 1) / 3)). */
    public int faulty() {
        requireConcluded();
        return faulty;
    }

    /**
     * How many liars the numbers allow for when m peers contributed: f, but never half of them. From q contributors on
     * this is f: q - 1 is at least twice floor((n - 1) / 3). A smaller round has no quorum, and its numbers are for
     * information.
     */
    public int faultyAmong(final int contributorCount) {
        requireConcluded();
        return Math.min(faulty, (contributorCount - 1) / 2);
    }

    void requireConcluded() {
        if (quorum == null) {
            throw new IllegalStateException("call conclude() first");
        }
    }

    private void requireOpen() {
        if (quorum != null) {
            throw new IllegalStateException("the settings are concluded and cannot change");
        }
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
