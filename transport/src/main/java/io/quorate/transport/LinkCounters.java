package io.quorate.transport;

import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The counters of all links of one peer. Written by the consensus thread only; any thread may read.
 *
 * <p>A frame that fails before its MAC is checked is counted under the sender that it claims, which proves nothing about that
 * peer; a claim outside the roster is counted under {@link #unknownPeer()}.
 */
public final class LinkCounters {
    private static final int COUNTERS = LinkCounter.values().length;
    private static final int STRIDE = COUNTERS + DropReason.values().length;

    private final int peers;
    private final UnsafeBuffer values;

    public LinkCounters(final int peers) {
        if (peers < 1) {
            throw new IllegalArgumentException("peers is " + peers + ", must be at least 1");
        }
        this.peers = peers;
        values = new UnsafeBuffer(
                BufferUtil.allocateDirectAligned((peers + 1) * STRIDE * BitUtil.SIZE_OF_LONG, BitUtil.SIZE_OF_LONG));
    }

    public int peers() {
        return peers;
    }

    /** The row of senders that are not in the roster. */
    public int unknownPeer() {
        return peers;
    }

    public void add(final int peerId, final LinkCounter counter, final long amount) {
        addAt(index(peerId, counter.ordinal()), amount);
    }

    public void increment(final int peerId, final LinkCounter counter) {
        addAt(index(peerId, counter.ordinal()), 1);
    }

    /** Counts a dropped frame; a peer id outside the roster counts as unknown. */
    public void drop(final int peerId, final DropReason reason) {
        final int row = peerId >= 0 && peerId < peers ? peerId : peers;
        addAt(index(row, COUNTERS + reason.ordinal()), 1);
    }

    public long get(final int peerId, final LinkCounter counter) {
        return values.getLongVolatile(index(peerId, counter.ordinal()));
    }

    public long dropped(final int peerId, final DropReason reason) {
        return values.getLongVolatile(index(peerId, COUNTERS + reason.ordinal()));
    }

    /** Sum over all peers, unknown senders included. */
    public long total(final LinkCounter counter) {
        long sum = 0;
        for (int peerId = 0; peerId <= peers; peerId++) {
            sum += get(peerId, counter);
        }
        return sum;
    }

    /** Sum over all peers, unknown senders included. */
    public long dropped(final DropReason reason) {
        long sum = 0;
        for (int peerId = 0; peerId <= peers; peerId++) {
            sum += dropped(peerId, reason);
        }
        return sum;
    }

    /** Everything that was dropped, for whatever reason. */
    public long droppedTotal() {
        long sum = 0;
        for (final DropReason reason : DropReason.values()) {
            sum += dropped(reason);
        }
        return sum;
    }

    private int index(final int peerId, final int column) {
        if (peerId < 0 || peerId > peers) {
            throw new IllegalArgumentException("peer " + peerId + " is not in 0.." + peers);
        }
        return (peerId * STRIDE + column) * BitUtil.SIZE_OF_LONG;
    }

    private void addAt(final int index, final long amount) {
        values.putLongRelease(index, values.getLong(index) + amount);
    }
}
