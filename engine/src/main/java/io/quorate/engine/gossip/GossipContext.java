package io.quorate.engine.gossip;

/** Settings of gossip, with units; {@link #conclude()} checks, fills in what follows from the number of peers, and freezes. */
public final class GossipContext {
    public static final int FANOUT_MIN = 1;
    public static final int FANOUT_MAX = 16;

    private int peerCount = 0;
    private int selfId = -1;
    private int fanout = 4;
    private int ttl = 0;
    private int noticeRounds = 0;
    private long noticeIntervalNs = 100_000_000L;
    private long repairIntervalNs = 2_000_000_000L;
    private int recordLengthMax = 1024;
    private int knownMax = 8192;
    private int keptMax = 256;
    private int uselessChecksMax = 32;
    private long uselessCheckIntervalNs = 100_000_000L;
    private int repairBytesMax = 256 * 1024;
    private int messageLengthMax = 1200;
    private boolean isConcluded;

    /** Ids are below it; required. */
    public GossipContext peerCount(final int peerCount) {
        changing();
        this.peerCount = peerCount;
        return this;
    }

    public int peerCount() {
        return peerCount;
    }

    /** This peer's id; required, below the number of peers. */
    public GossipContext selfId(final int selfId) {
        changing();
        this.selfId = selfId;
        return this;
    }

    public int selfId() {
        return selfId;
    }

    /** Peers that a rumor is passed on to at once; default 4, the mission has 3 to 5. Too few and it may die out, too many and all hear it often. */
    public GossipContext fanout(final int fanout) {
        changing();
        this.fanout = fanout;
        return this;
    }

    public int fanout() {
        return fanout;
    }

    /** How many times a rumor is passed on at once, origin included; default 2 ceil(log2 n) + 2, which covers an overlay of degree 3. */
    public GossipContext ttl(final int ttl) {
        changing();
        this.ttl = ttl;
        return this;
    }

    public int ttl() {
        return ttl;
    }

    /** In how many notices a peer names a rumor; default ceil(log2 n) + 2. */
    public GossipContext noticeRounds(final int noticeRounds) {
        changing();
        this.noticeRounds = noticeRounds;
        return this;
    }

    public int noticeRounds() {
        return noticeRounds;
    }

    /** Between two notices; default 100 ms. No notice goes out while there is nothing to name. */
    public GossipContext noticeIntervalNs(final long noticeIntervalNs) {
        changing();
        this.noticeIntervalNs = noticeIntervalNs;
        return this;
    }

    public long noticeIntervalNs() {
        return noticeIntervalNs;
    }

    /** Between two comparisons of a set with another peer's; default 2 s, jittered by a quarter either way. */
    public GossipContext repairIntervalNs(final long repairIntervalNs) {
        changing();
        this.repairIntervalNs = repairIntervalNs;
        return this;
    }

    public long repairIntervalNs() {
        return repairIntervalNs;
    }

    /** Longest record of a rumor in bytes; default 1,024. */
    public GossipContext recordLengthMax(final int recordLengthMax) {
        changing();
        this.recordLengthMax = recordLengthMax;
        return this;
    }

    public int recordLengthMax() {
        return recordLengthMax;
    }

    /** Rumor ids that are remembered; default 8,192. A forgotten rumor is checked again and then found to be old. */
    public GossipContext knownMax(final int knownMax) {
        changing();
        this.knownMax = knownMax;
        return this;
    }

    public int knownMax() {
        return knownMax;
    }

    /** Records that are kept for those who ask; default 256. */
    public GossipContext keptMax(final int keptMax) {
        changing();
        this.keptMax = keptMax;
        return this;
    }

    public int keptMax() {
        return keptMax;
    }

    /** Invalid records that a peer may have checked at once; default 32. */
    public GossipContext uselessChecksMax(final int uselessChecksMax) {
        changing();
        this.uselessChecksMax = uselessChecksMax;
        return this;
    }

    public int uselessChecksMax() {
        return uselessChecksMax;
    }

    /** In which one such check comes back; default 100 ms, so that a liar costs at most ten checks a second. */
    public GossipContext uselessCheckIntervalNs(final long uselessCheckIntervalNs) {
        changing();
        this.uselessCheckIntervalNs = uselessCheckIntervalNs;
        return this;
    }

    public long uselessCheckIntervalNs() {
        return uselessCheckIntervalNs;
    }

    /** Bytes of answers that anti-entropy gives one peer an interval of repair; default 256 KiB. */
    public GossipContext repairBytesMax(final int repairBytesMax) {
        changing();
        this.repairBytesMax = repairBytesMax;
        return this;
    }

    public int repairBytesMax() {
        return repairBytesMax;
    }

    /** Longest message with a list in bytes; default 1,200, so that it fits into one datagram. */
    public GossipContext messageLengthMax(final int messageLengthMax) {
        changing();
        this.messageLengthMax = messageLengthMax;
        return this;
    }

    public int messageLengthMax() {
        return messageLengthMax;
    }

    /**
     * Checks and freezes the settings.
     *
     * @throws IllegalArgumentException if one is out of range
     */
    public GossipContext conclude() {
        changing();
        require(peerCount >= 1 && peerCount <= 65535, "peerCount is 1 to 65535", peerCount);
        require(selfId >= 0 && selfId < peerCount, "selfId is 0 to peerCount - 1", selfId);
        require(fanout >= FANOUT_MIN && fanout <= FANOUT_MAX, "fanout is 1 to 16", fanout);
        final int log = Integer.SIZE - Integer.numberOfLeadingZeros(peerCount - 1);
        ttl = ttl == 0 ? 2 * log + 2 : ttl;
        noticeRounds = noticeRounds == 0 ? log + 2 : noticeRounds;
        require(ttl >= 1 && ttl <= 255, "ttl is 1 to 255", ttl);
        require(noticeRounds >= 1, "noticeRounds is at least 1", noticeRounds);
        require(noticeIntervalNs > 0, "noticeIntervalNs is above 0", noticeIntervalNs);
        require(repairIntervalNs > 0, "repairIntervalNs is above 0", repairIntervalNs);
        require(recordLengthMax >= 1 && recordLengthMax <= 8192, "recordLengthMax is 1 to 8192", recordLengthMax);
        require(keptMax >= 1, "keptMax is at least 1", keptMax);
        require(knownMax >= keptMax, "knownMax is at least keptMax", knownMax);
        require(uselessChecksMax >= 1, "uselessChecksMax is at least 1", uselessChecksMax);
        require(uselessCheckIntervalNs > 0, "uselessCheckIntervalNs is above 0", uselessCheckIntervalNs);
        require(messageLengthMax >= 256, "messageLengthMax is at least 256", messageLengthMax);
        require(repairBytesMax >= messageLengthMax, "repairBytesMax is at least messageLengthMax", repairBytesMax);
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
