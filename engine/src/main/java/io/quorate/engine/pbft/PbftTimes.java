package io.quorate.engine.pbft;

/**
 * The times among the settings of a replica and its client, in nanoseconds; {@link PbftContext} has the rest.
 *
 * @param <S> what a setter returns, for the next one
 */
public abstract sealed class PbftTimes<S extends PbftTimes<S>> permits PbftContext {
    private static final long UNSET = -1;
    private static final long PATIENCE_NS = 10_000_000L;
    private static final int PATIENCE_SHARE = 5;

    private long viewChangeTimeoutNs = 500_000_000L;
    private long viewChangeTimeoutMaxNs = 8_000_000_000L;
    private long patienceNs = UNSET;
    private long retransmitNs = 20_000_000L;
    private long retransmitMinNs = 1_000_000L;
    private long retransmitMaxNs = 200_000_000L;
    private long statusIntervalNs = 50_000_000L;
    private long auditNs = 20_000_000L;
    private long commitHoldNs = 250_000L;
    private long nullIntervalNs = 1_000_000L;
    private long recoveryPauseNs = 2_000_000_000L;
    private long stateTransferDelayNs = 200_000_000L;

    PbftTimes() {}

    abstract S self();

    /** Throws if the settings are concluded. */
    abstract void changing();

    /**
     * How long a request may wait before the replica asks for the next view; too low makes needless view changes,
     * too high a long pause after a crash.
     */
    public S viewChangeTimeoutNs(final long viewChangeTimeoutNs) {
        changing();
        this.viewChangeTimeoutNs = viewChangeTimeoutNs;
        return self();
    }

    public long viewChangeTimeoutNs() {
        return viewChangeTimeoutNs;
    }

    /** Cap of the doubling of that timeout. */
    public S viewChangeTimeoutMaxNs(final long viewChangeTimeoutMaxNs) {
        changing();
        this.viewChangeTimeoutMaxNs = viewChangeTimeoutMaxNs;
        return self();
    }

    public long viewChangeTimeoutMaxNs() {
        return viewChangeTimeoutMaxNs;
    }

    /**
     * How long one batch may keep the group busy before a replica finds the primary too slow, at first (see {@code PrimaryPace}); 0:
     * any time will do. 10 ms unless set, but at most a fifth of the view-change timeout. Shorter: a primary that holds back costs
     * less; the group tries more primaries before it believes that its network or disk is slow.
     */
    public S patienceNs(final long patienceNs) {
        changing();
        this.patienceNs = patienceNs;
        return self();
    }

    public long patienceNs() {
        return patienceNs == UNSET ? Math.min(PATIENCE_NS, viewChangeTimeoutNs / PATIENCE_SHARE) : patienceNs;
    }

    /**
     * First pause before a vote or a fetch is sent again, until round trips are measured; from then on the pause is
     * {@code max(retransmitMinNs, 2 x round trip)}, at most {@code retransmitMaxNs}, and doubles with each repetition up to
     * that. Also the interval of the budgets for answers. Too low: everything is said twice when the group starts. Too high:
     * the first lost message costs so much.
     */
    public S retransmitNs(final long retransmitNs) {
        changing();
        this.retransmitNs = retransmitNs;
        return self();
    }

    public long retransmitNs() {
        return retransmitNs;
    }

    /**
     * The least pause before a vote or a fetch is sent again, however fast answers come. Below a peer's longest usual turn it
     * makes needless repetitions; above, each lost message costs so much latency.
     */
    public S retransmitMinNs(final long retransmitMinNs) {
        changing();
        this.retransmitMinNs = retransmitMinNs;
        return self();
    }

    public long retransmitMinNs() {
        return retransmitMinNs;
    }

    /** Cap of the doubling of that pause, and the longest round trip that is believed. */
    public S retransmitMaxNs(final long retransmitMaxNs) {
        changing();
        this.retransmitMaxNs = retransmitMaxNs;
        return self();
    }

    public long retransmitMaxNs() {
        return retransmitMaxNs;
    }

    /** How often a replica tells where it stands. */
    public S statusIntervalNs(final long statusIntervalNs) {
        changing();
        this.statusIntervalNs = statusIntervalNs;
        return self();
    }

    public long statusIntervalNs() {
        return statusIntervalNs;
    }

    /**
     * How often a backup checks the signature of one pre-prepare, which serves evidence only. Shorter: a primary that signs badly is found
     * sooner; longer: less work (40 us a check).
     */
    public S auditNs(final long auditNs) {
        changing();
        this.auditNs = auditNs;
        return self();
    }

    public long auditNs() {
        return auditNs;
    }

    /**
     * How long a commit that no client waits for may wait for other messages, where assignments follow each other at least as fast; 0:
     * never. Longer: fewer datagrams; reads and certified decisions come so much later.
     */
    public S commitHoldNs(final long commitHoldNs) {
        changing();
        this.commitHoldNs = commitHoldNs;
        return self();
    }

    public long commitHoldNs() {
        return commitHoldNs;
    }

    /** Pause between null batches that an idle primary orders for a peer without a vote. */
    public S nullIntervalNs(final long nullIntervalNs) {
        changing();
        this.nullIntervalNs = nullIntervalNs;
        return self();
    }

    public long nullIntervalNs() {
        return nullIntervalNs;
    }

    /** How soon after one recovery a peer may cause null batches again. */
    public S recoveryPauseNs(final long recoveryPauseNs) {
        changing();
        this.recoveryPauseNs = recoveryPauseNs;
        return self();
    }

    public long recoveryPauseNs() {
        return recoveryPauseNs;
    }

    /** How long a replica tries to reach a certified checkpoint by itself before it fetches the state. */
    public S stateTransferDelayNs(final long stateTransferDelayNs) {
        changing();
        this.stateTransferDelayNs = stateTransferDelayNs;
        return self();
    }

    public long stateTransferDelayNs() {
        return stateTransferDelayNs;
    }

    /** Checks how the times relate. */
    final void concludeTimes() {
        require(
                viewChangeTimeoutNs > 0 && viewChangeTimeoutMaxNs >= viewChangeTimeoutNs,
                "viewChangeTimeoutNs is above 0 and at most viewChangeTimeoutMaxNs",
                viewChangeTimeoutNs);
        require(
                patienceNs >= UNSET && patienceNs <= viewChangeTimeoutNs,
                "patienceNs is at least 0 and at most viewChangeTimeoutNs",
                patienceNs);
        require(
                retransmitNs > 0 && retransmitMaxNs >= retransmitNs,
                "retransmitNs is above 0 and at most retransmitMaxNs",
                retransmitNs);
        require(
                retransmitMinNs > 0 && retransmitMinNs <= retransmitNs,
                "retransmitMinNs is above 0 and at most retransmitNs",
                retransmitMinNs);
        require(commitHoldNs >= 0, "commitHoldNs is at least 0", commitHoldNs);
        require(auditNs > 0, "auditNs is above 0", auditNs);
        require(statusIntervalNs > 0, "statusIntervalNs is above 0", statusIntervalNs);
    }

    static void require(final boolean condition, final String rule, final long given) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", given " + given);
        }
    }
}
