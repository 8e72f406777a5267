package io.quorate.engine.decision;

import io.quorate.engine.coordination.CoordinatorContext;
import java.util.function.LongSupplier;

/**
 * Settings of rounds, deadlines and certificates. The first block belongs to the group: it moves the ordered state, so every
 * peer must have the same. Fluent until {@link #conclude()}.
 */
public final class DecisionContext {
    private static final int ROUNDS_PER_PEER_DEFAULT = 8;
    private static final long OPEN_MEMORY_TARGET = 1L << 30;

    private CoordinatorContext coordinator;
    private int roundsPerPeerMax;
    private int closedRoundsMax = 1024;

    private int selfId;
    private long epoch;
    private long roundDeadlineNs = 500_000_000L;
    private long queryIntervalNs = 20_000_000L;
    private long queryIntervalMaxNs = 1_000_000_000L;
    private int certificateRoundsMax = 256;
    private LongSupplier nanoTime = () -> 0L;
    private boolean isConcluded;

    /**
     * Checks, fills defaults and freezes the settings.
     *
     * @return this
     * @throws IllegalArgumentException that names the setting, what was given and what is allowed
     */
    public DecisionContext conclude() {
        requireOpen();
        require(coordinator != null, "coordinator settings are missing");
        final int peers = coordinator.peerCount();
        coordinator.quorum();
        if (roundsPerPeerMax == 0) {
            roundsPerPeerMax = defaultRoundsPerPeer();
        }
        require(
                roundsPerPeerMax >= 1 && roundsPerPeerMax <= 1024,
                "roundsPerPeerMax is 1 to 1024, given " + roundsPerPeerMax);
        require(
                closedRoundsMax >= 1 && closedRoundsMax <= 65_536,
                "closedRoundsMax is 1 to 65536, given " + closedRoundsMax);
        require(selfId >= 0 && selfId < peers, "selfId is 0 to " + (peers - 1) + ", given " + selfId);
        require(epoch >= 0 && epoch <= 0xFFFF_FFFFL, "epoch is 0 to 4294967295, given " + epoch);
        require(roundDeadlineNs > 0, "roundDeadlineNs is above 0, given " + roundDeadlineNs);
        require(queryIntervalNs > 0, "queryIntervalNs is above 0, given " + queryIntervalNs);
        require(
                queryIntervalMaxNs >= queryIntervalNs,
                "queryIntervalMaxNs is at least queryIntervalNs " + queryIntervalNs + ", given " + queryIntervalMaxNs);
        require(
                certificateRoundsMax >= 1 && certificateRoundsMax <= 65_536,
                "certificateRoundsMax is 1 to 65536, given " + certificateRoundsMax);
        require(nanoTime != null, "nanoTime is missing");
        isConcluded = true;
        return this;
    }

    /** What the coordinator computes by; concluded. Belongs to the group. */
    public DecisionContext coordinator(final CoordinatorContext coordinator) {
        requireOpen();
        this.coordinator = coordinator;
        return this;
    }

    public CoordinatorContext coordinator() {
        return coordinator;
    }

    /**
     * How many rounds that one peer opened may be open at once. Belongs to the group. Default: so many that all open rounds
     * of the group, each full, hold at most 1 GiB; at least 1, at most 8.
     */
    public DecisionContext roundsPerPeerMax(final int roundsPerPeerMax) {
        requireOpen();
        this.roundsPerPeerMax = roundsPerPeerMax;
        return this;
    }

    public int roundsPerPeerMax() {
        return roundsPerPeerMax;
    }

    /** How many closed rounds are remembered by name; an older name can open a new round. Belongs to the group. Default 1024. */
    public DecisionContext closedRoundsMax(final int closedRoundsMax) {
        requireOpen();
        this.closedRoundsMax = closedRoundsMax;
        return this;
    }

    public int closedRoundsMax() {
        return closedRoundsMax;
    }

    /** This peer's id; default 0. */
    public DecisionContext selfId(final int selfId) {
        requireOpen();
        this.selfId = selfId;
        return this;
    }

    public int selfId() {
        return selfId;
    }

    /** The roster's epoch, an unsigned 32-bit number; default 0. */
    public DecisionContext epoch(final long epoch) {
        requireOpen();
        this.epoch = epoch;
        return this;
    }

    public long epoch() {
        return epoch;
    }

    /**
     * How long after it saw a round open this peer asks for its end; default 500 ms. Shorter: slow peers miss rounds. Longer: a
     * silent peer delays every round by so much.
     */
    public DecisionContext roundDeadlineNs(final long roundDeadlineNs) {
        requireOpen();
        this.roundDeadlineNs = roundDeadlineNs;
        return this;
    }

    public long roundDeadlineNs() {
        return roundDeadlineNs;
    }

    /** First wait before missing result votes are asked for; doubles from there. Default 20 ms. */
    public DecisionContext queryIntervalNs(final long queryIntervalNs) {
        requireOpen();
        this.queryIntervalNs = queryIntervalNs;
        return this;
    }

    public long queryIntervalNs() {
        return queryIntervalNs;
    }

    /** Longest wait between two questions; default 1 s. */
    public DecisionContext queryIntervalMaxNs(final long queryIntervalMaxNs) {
        requireOpen();
        this.queryIntervalMaxNs = queryIntervalMaxNs;
        return this;
    }

    public long queryIntervalMaxNs() {
        return queryIntervalMaxNs;
    }

    /** For how many recent rounds votes and certificates are kept, for each peer; default 256. */
    public DecisionContext certificateRoundsMax(final int certificateRoundsMax) {
        requireOpen();
        this.certificateRoundsMax = certificateRoundsMax;
        return this;
    }

    public int certificateRoundsMax() {
        return certificateRoundsMax;
    }

    /** Monotonic time, only to say what a decision cost; it moves no result. Default: always 0. */
    public DecisionContext nanoTime(final LongSupplier nanoTime) {
        requireOpen();
        this.nanoTime = nanoTime;
        return this;
    }

    public LongSupplier nanoTime() {
        return nanoTime;
    }

    void requireConcluded() {
        if (!isConcluded) {
            throw new IllegalStateException("call conclude() first");
        }
    }

    private int defaultRoundsPerPeer() {
        final long peers = coordinator.peerCount();
        final long outputLength = (long) coordinator.dimension() * Float.BYTES + coordinator.contentLengthMax();
        final long rounds = OPEN_MEMORY_TARGET / (peers * peers * outputLength);
        return (int) Math.max(1, Math.min(ROUNDS_PER_PEER_DEFAULT, rounds));
    }

    private void requireOpen() {
        if (isConcluded) {
            throw new IllegalStateException("the settings are concluded and cannot change");
        }
    }

    private static void require(final boolean condition, final String message) {
        if (!condition) {
            throw new IllegalArgumentException(message);
        }
    }
}
