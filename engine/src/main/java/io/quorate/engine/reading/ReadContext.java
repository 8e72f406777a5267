package io.quorate.engine.reading;

import io.quorate.engine.quorum.Quorum;

/** Settings of reads, with units; {@link #conclude()} checks and freezes. All but {@code selfId} must be equal on all peers. */
public final class ReadContext {
    private int peerCount = 0;
    private int selfId = -1;
    private Quorum quorum = null;
    private int clientWindow = 64;
    private int queryLengthMax = 1024;
    private long patienceNs = 40_000_000L;
    private boolean isUnordered = false;
    private boolean isConcluded;

    /** n, peers of the group; required. */
    public ReadContext peerCount(final int peerCount) {
        changing();
        this.peerCount = peerCount;
        return this;
    }

    public int peerCount() {
        return peerCount;
    }

    /** This peer's id; required, below n. */
    public ReadContext selfId(final int selfId) {
        changing();
        this.selfId = selfId;
        return this;
    }

    public int selfId() {
        return selfId;
    }

    /** How many equal answers are believed; default that of n. */
    public ReadContext quorum(final Quorum quorum) {
        changing();
        this.quorum = quorum;
        return this;
    }

    public Quorum quorum() {
        return quorum;
    }

    /** Reads that one client may have under way; default 64. */
    public ReadContext clientWindow(final int clientWindow) {
        changing();
        this.clientWindow = clientWindow;
        return this;
    }

    public int clientWindow() {
        return clientWindow;
    }

    /** Longest query in bytes; default 1,024. */
    public ReadContext queryLengthMax(final int queryLengthMax) {
        changing();
        this.queryLengthMax = queryLengthMax;
        return this;
    }

    public int queryLengthMax() {
        return queryLengthMax;
    }

    /** How long a client waits for equal answers before it has its query ordered; default 40 ms. */
    public ReadContext patienceNs(final long patienceNs) {
        changing();
        this.patienceNs = patienceNs;
        return this;
    }

    public long patienceNs() {
        return patienceNs;
    }

    /**
     * Whether replicas answer without order; default false: then every query is ordered. True only where ordered requests are done
     * on q replies.
     */
    public ReadContext isUnordered(final boolean isUnordered) {
        changing();
        this.isUnordered = isUnordered;
        return this;
    }

    public boolean isUnordered() {
        return isUnordered;
    }

    /**
     * Checks and freezes the settings.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public ReadContext conclude() {
        changing();
        require(peerCount >= 1, "peerCount is at least 1", peerCount);
        require(selfId >= 0 && selfId < peerCount, "selfId is 0 to peerCount - 1", selfId);
        require(clientWindow >= 1, "clientWindow is at least 1", clientWindow);
        require(queryLengthMax >= 1, "queryLengthMax is at least 1", queryLengthMax);
        require(patienceNs > 0, "patienceNs is above 0", patienceNs);
        quorum = quorum == null ? Quorum.of(peerCount) : quorum;
        isConcluded = true;
        return this;
    }

    private static void require(final boolean condition, final String rule, final long given) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", given " + given);
        }
    }

    private void changing() {
        if (isConcluded) {
            throw new IllegalStateException("the settings are concluded and can no longer change");
        }
    }
}
