package io.quorate.engine.pbft;

import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.quorum.Quorum;
import io.quorate.engine.transfer.PageTree;
import io.quorate.transport.Authenticator;
import java.util.random.RandomGenerator;

/**
 * Settings of a pBFT replica and its client, with units; {@link #conclude()} fills defaults, checks relations and freezes.
 * Group-wide ones (n, K, L, client window, page length) must be equal on all peers.
 */
public final class PbftContext extends PbftTimes<PbftContext> {
    public static final int PEER_COUNT_MAX = 64;
    /** Before any monotonic time, with room to subtract; nano clocks may run below zero. */
    static final long LONG_AGO_NS = Long.MIN_VALUE / 2;

    private int peerCount = 0;
    private int selfId = -1;
    private Quorum quorum = null;
    private RandomGenerator random = null;
    private boolean isFirstStart = false;
    private long firstRequestNumber = 1;
    private int checkpointInterval = 64;
    private int windowLength = 0;
    private int inFlightMax = 8;
    private int batchCountMax = 256;
    private int batchBytesMax = 512 * 1024;
    private int requestLengthMax = 192 * 1024;
    private int clientWindow = 64;
    private long clientBytesMax = 4L * 1024 * 1024;
    private int prePreparedMax = 0;
    private boolean isReading = false;
    private int snapshotLengthMax = 64 * 1024 * 1024;
    private int pageLength = 4096;
    private int messageLengthMax = 256 * 1024;
    private int uselessChecksMax = 64;
    private long uselessCheckNs = 0;
    private int messagesMax = 64 * 1024;
    private Authenticator authenticator = null;
    private int relayLengthMax = 1024;
    private int stalledTagsMax = 2;
    private long stalledTagsNs = 60_000_000_000L;
    private boolean isConcluded;

    /** n, peers of the group; required, 1 to 64. */
    public PbftContext peerCount(final int peerCount) {
        changing();
        this.peerCount = peerCount;
        return this;
    }

    public int peerCount() {
        return peerCount;
    }

    /** This peer's id; required, below n. */
    public PbftContext selfId(final int selfId) {
        changing();
        this.selfId = selfId;
        return this;
    }

    public int selfId() {
        return selfId;
    }

    /**
     * Quorum arithmetic; default {@code Quorum.of(peerCount)}. A test of the tests puts in a weaker one and must see
     * the checkers fail.
     */
    public PbftContext quorum(final Quorum quorum) {
        changing();
        this.quorum = quorum;
        return this;
    }

    public Quorum quorum() {
        return quorum;
    }

    /** Source of nonces; required. */
    public PbftContext random(final RandomGenerator random) {
        changing();
        this.random = random;
        return this;
    }

    public RandomGenerator random() {
        return random;
    }

    /**
     * True only if this key has never voted in this group and epoch: then the replica votes at once. False is safe
     * always: the replica has no vote until the rule of recovery lets it (docs/protocols/pbft.md).
     */
    public PbftContext isFirstStart(final boolean isFirstStart) {
        changing();
        this.isFirstStart = isFirstStart;
        return this;
    }

    public boolean isFirstStart() {
        return isFirstStart;
    }

    /**
     * First request number of the client; higher than any number that this key ever used, so it rises with each
     * start.
     */
    public PbftContext firstRequestNumber(final long firstRequestNumber) {
        changing();
        this.firstRequestNumber = firstRequestNumber;
        return this;
    }

    public long firstRequestNumber() {
        return firstRequestNumber;
    }

    /** K: a checkpoint every so many sequences. */
    public PbftContext checkpointInterval(final int checkpointInterval) {
        changing();
        this.checkpointInterval = checkpointInterval;
        return this;
    }

    public int checkpointInterval() {
        return checkpointInterval;
    }

    /**
     * L: how far sequences may run ahead of the stable checkpoint; a multiple of K, default 2K. Each slot costs
     * about 100 B x n.
     */
    public PbftContext windowLength(final int windowLength) {
        changing();
        this.windowLength = windowLength;
        return this;
    }

    public int windowLength() {
        return windowLength;
    }

    /** How many sequences the primary keeps uncommitted before it gathers requests into batches. */
    public PbftContext inFlightMax(final int inFlightMax) {
        changing();
        this.inFlightMax = inFlightMax;
        return this;
    }

    public int inFlightMax() {
        return inFlightMax;
    }

    /** Most requests in a batch. */
    public PbftContext batchCountMax(final int batchCountMax) {
        changing();
        this.batchCountMax = batchCountMax;
        return this;
    }

    public int batchCountMax() {
        return batchCountMax;
    }

    /** Most bytes of bodies in a batch; one longer request makes a batch of its own. */
    public PbftContext batchBytesMax(final int batchBytesMax) {
        changing();
        this.batchBytesMax = batchBytesMax;
        return this;
    }

    public int batchBytesMax() {
        return batchBytesMax;
    }

    /** Longest request body in bytes. */
    public PbftContext requestLengthMax(final int requestLengthMax) {
        changing();
        this.requestLengthMax = requestLengthMax;
        return this;
    }

    public int requestLengthMax() {
        return requestLengthMax;
    }

    /** Requests that a client may have unanswered; the window of the client table. */
    public PbftContext clientWindow(final int clientWindow) {
        changing();
        this.clientWindow = clientWindow;
        return this;
    }

    public int clientWindow() {
        return clientWindow;
    }

    /** Bytes of waiting requests that a replica keeps for one client. */
    public PbftContext clientBytesMax(final long clientBytesMax) {
        changing();
        this.clientBytesMax = clientBytesMax;
        return this;
    }

    public long clientBytesMax() {
        return clientBytesMax;
    }

    /** Digests in Q a slot; from (this - 1) / n on only null is new; default 2n+1, if a view change has room, at least 16. */
    public PbftContext prePreparedMax(final int prePreparedMax) {
        changing();
        this.prePreparedMax = prePreparedMax;
        return this;
    }

    public int prePreparedMax() {
        return prePreparedMax;
    }

    /**
     * Whether clients of the group read without order; must be equal on all peers; default false. Then an ordered request is done
     * on q equal replies, where f+1 final ones would do: else a read could miss it.
     */
    public PbftContext isReading(final boolean isReading) {
        changing();
        this.isReading = isReading;
        return this;
    }

    public boolean isReading() {
        return isReading;
    }

    /** Longest snapshot in bytes that this replica fetches; memory for one is taken once q signatures prove its length. */
    public PbftContext snapshotLengthMax(final int snapshotLengthMax) {
        changing();
        this.snapshotLengthMax = snapshotLengthMax;
        return this;
    }

    public int snapshotLengthMax() {
        return snapshotLengthMax;
    }

    /**
     * Bytes of a page of the state, the unit that is compared, checked and fetched; part of the state digest, so equal on all
     * peers. Short pages fetch less around a small change and cost 32 bytes of digest each; a snapshot of S bytes has S /
     * pageLength of them.
     */
    public PbftContext pageLength(final int pageLength) {
        changing();
        this.pageLength = pageLength;
        return this;
    }

    public int pageLength() {
        return pageLength;
    }

    /** Longest message in bytes, header included. */
    public PbftContext messageLengthMax(final int messageLengthMax) {
        changing();
        this.messageLengthMax = messageLengthMax;
        return this;
    }

    public int messageLengthMax() {
        return messageLengthMax;
    }

    /**
     * Signature checks that a peer may have made for nothing at once: forged signatures, and valid ones without use. A correct
     * peer makes none.
     */
    public PbftContext uselessChecksMax(final int uselessChecksMax) {
        changing();
        this.uselessChecksMax = uselessChecksMax;
        return this;
    }

    public int uselessChecksMax() {
        return uselessChecksMax;
    }

    /**
     * Requests with tags up to this length, tags included, are first sent to the primary alone, which passes them on; longer ones to everybody,
     * so that the primary's link carries them once. 0: all to everybody.
     */
    public PbftContext relayLengthMax(final int relayLengthMax) {
        changing();
        this.relayLengthMax = relayLengthMax;
        return this;
    }

    public int relayLengthMax() {
        return relayLengthMax;
    }

    /**
     * Time in which a peer gets back one useless check; default {@code max(1 ms, n x 250 us)}, so that at 50 us a check f liars
     * use less than 7 % of a core.
     */
    public PbftContext uselessCheckNs(final long uselessCheckNs) {
        changing();
        this.uselessCheckNs = uselessCheckNs;
        return this;
    }

    public long uselessCheckNs() {
        return uselessCheckNs;
    }

    /**
     * Messages of one peer that are handled in one go, and in any 64 ms; more are dropped unread. The default is twice what one
     * core can send over UDP when packed.
     */
    public PbftContext messagesMax(final int messagesMax) {
        changing();
        this.messagesMax = messagesMax;
        return this;
    }

    public int messagesMax() {
        return messagesMax;
    }

    /**
     * With it requests carry a tag for each replica at first, and are signed when they are repeated; without it, the default, they
     * are signed. Either all peers have one or none has.
     */
    public PbftContext authenticator(final Authenticator authenticator) {
        changing();
        this.authenticator = authenticator;
        return this;
    }

    public Authenticator authenticator() {
        return authenticator;
    }

    /** Views that may end over a client's request without signature before its requests must be signed. */
    public PbftContext stalledTagsMax(final int stalledTagsMax) {
        changing();
        this.stalledTagsMax = stalledTagsMax;
        return this;
    }

    public int stalledTagsMax() {
        return stalledTagsMax;
    }

    /** Time in which a client gets back one such view; f malicious clients end at most so many views. */
    public PbftContext stalledTagsNs(final long stalledTagsNs) {
        changing();
        this.stalledTagsNs = stalledTagsNs;
        return this;
    }

    public long stalledTagsNs() {
        return stalledTagsNs;
    }

    /** Length of the tags of one request. */
    int tagsLength() {
        return peerCount * Authenticator.TAG_LENGTH;
    }

    /**
     * Checks and freezes the settings.
     *
     * @throws IllegalArgumentException if settings contradict each other
     */
    public PbftContext conclude() {
        changing();
        windowLength = windowLength == 0 ? 2 * checkpointInterval : windowLength;
        require(peerCount >= 1 && peerCount <= PEER_COUNT_MAX, "peerCount is 1 to " + PEER_COUNT_MAX, peerCount);
        require(selfId >= 0 && selfId < peerCount, "selfId is 0 to peerCount - 1", selfId);
        quorum = quorum == null ? Quorum.of(peerCount) : quorum;
        require(random != null, "random is required", 0);
        require(firstRequestNumber >= 1, "firstRequestNumber is at least 1", firstRequestNumber);
        require(checkpointInterval >= 1, "checkpointInterval is at least 1", checkpointInterval);
        require(
                windowLength >= 2 * checkpointInterval && windowLength % checkpointInterval == 0,
                "windowLength is a multiple, at least twice, of checkpointInterval",
                windowLength);
        require(inFlightMax >= 1, "inFlightMax is at least 1", inFlightMax);
        require(batchCountMax >= 1, "batchCountMax is at least 1", batchCountMax);
        require(batchBytesMax >= 1, "batchBytesMax is at least 1", batchBytesMax);
        require(clientWindow >= 1, "clientWindow is at least 1", clientWindow);
        require(clientBytesMax >= requestLengthMax, "clientBytesMax is at least requestLengthMax", clientBytesMax);
        prePreparedMax = prePreparedMax == 0 ? PbftPublisher.prePreparedMax(this) : prePreparedMax;
        require(prePreparedMax >= 4, "prePreparedMax is at least 4", prePreparedMax);
        concludeTimes();
        uselessCheckNs = uselessCheckNs == 0 ? Math.max(1_000_000L, 250_000L * peerCount) : uselessCheckNs;
        require(uselessChecksMax >= 1, "uselessChecksMax is at least 1", uselessChecksMax);
        require(messagesMax >= 1, "messagesMax is at least 1", messagesMax);
        require(relayLengthMax >= 0, "relayLengthMax is at least 0", relayLengthMax);
        require(stalledTagsMax >= 1, "stalledTagsMax is at least 1", stalledTagsMax);
        require(stalledTagsNs > 0, "stalledTagsNs is above 0", stalledTagsNs);
        require(pageLength >= 1, "pageLength is at least 1", pageLength);
        requireFits("a request", PbftPublisher.MESSAGE_OVERHEAD + tagsLength() + requestLengthMax);
        requireFits("a pre-prepare", PbftPublisher.MESSAGE_OVERHEAD + (long) batchCountMax * 32);
        requireFits(
                "a part of a snapshot",
                PbftPublisher.MESSAGE_OVERHEAD + Math.max(pageLength, PageTree.FANOUT * Digest256.LENGTH));
        requireFits("a view change", PbftPublisher.viewChangeLengthMax(peerCount, windowLength, prePreparedMax));
        isConcluded = true;
        return this;
    }

    private void requireFits(final String message, final long lengthBytes) {
        require(
                lengthBytes <= messageLengthMax,
                message + " must fit into messageLengthMax " + messageLengthMax,
                lengthBytes);
    }

    @Override
    PbftContext self() {
        return this;
    }

    @Override
    void changing() {
        if (isConcluded) {
            throw new IllegalStateException("the settings are concluded and can no longer change");
        }
    }
}
