package io.quorate.engine.transfer;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Digest;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The digests of a snapshot's pages and, above them, digests of runs of digests, up to one at the top: a hierarchical state
 * partition (Castro, MIT-LCS-TR-817, 5.3). Height 0 is the pages, a node of height k names up to {@value #FANOUT} parts of
 * height k - 1. The digest of the whole state binds the top, the length in bytes and the length of a page, so the shape of the
 * tree is certified with it.
 *
 * <p>A page's digest and a node's start with different tags, and a node's names its height: no node can pass for a page, nor
 * one level for another.
 */
public final class PageTree {
    /** Parts that one node names; a node is {@code FANOUT * 32} bytes on its way between peers, at most. */
    public static final int FANOUT = 64;

    private static final byte[] PAGE_TAG = "quorate-state-page".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NODE_TAG = "quorate-state-node".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] STATE_TAG = "quorate-state-root".getBytes(StandardCharsets.US_ASCII);

    private final int pageLength;
    private final int lengthBytes;
    private final UnsafeBuffer[] digests;
    private final UnsafeBuffer number = new UnsafeBuffer(new byte[Long.BYTES + Integer.BYTES]);

    /**
     * The shape of a tree; its digests are all unknown yet.
     *
     * @throws IllegalArgumentException if a length is below 1
     */
    public PageTree(final int pageLength, final int lengthBytes) {
        if (pageLength < 1 || lengthBytes < 1) {
            throw new IllegalArgumentException(
                    "a snapshot and its pages have at least one byte, given " + lengthBytes + " and " + pageLength);
        }
        this.pageLength = pageLength;
        this.lengthBytes = lengthBytes;
        int count = quotientUp(lengthBytes, pageLength);
        UnsafeBuffer[] levels = {level(count)};
        do {
            count = quotientUp(count, FANOUT);
            levels = Arrays.copyOf(levels, levels.length + 1);
            levels[levels.length - 1] = level(count);
        } while (count > 1);
        digests = levels;
    }

    private static int quotientUp(final int dividend, final int divisor) {
        return (int) (((long) dividend + divisor - 1) / divisor);
    }

    private static UnsafeBuffer level(final int count) {
        return new UnsafeBuffer(new byte[count * Digest256.LENGTH]);
    }

    /** Height of the node at the top; at least 1, and at most 6 whatever the length. */
    public int top() {
        return digests.length - 1;
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** How many parts there are at a height. */
    public int count(final int height) {
        return digests[height].capacity() / Digest256.LENGTH;
    }

    /** True if there is such a part. */
    public boolean has(final int height, final int index) {
        return height >= 0 && height < digests.length && index >= 0 && index < count(height);
    }

    /** First byte of a page in the snapshot. */
    public int pageOffset(final int page) {
        return page * pageLength;
    }

    /** Index, one level lower, of the first part that a node names. */
    public static int firstChild(final int index) {
        return index * FANOUT;
    }

    public int childCount(final int height, final int index) {
        return Math.min(FANOUT, count(height - 1) - firstChild(index));
    }

    /** Length in bytes of a part: of a page's content, or of the digests that a node names. */
    public int partLength(final int height, final int index) {
        return height == 0
                ? Math.min(pageLength, lengthBytes - pageOffset(index))
                : childCount(height, index) * Digest256.LENGTH;
    }

    /** The digests of a height, one after the other. */
    DirectBuffer digests(final int height) {
        return digests[height];
    }

    void put(final int height, final int index, final DirectBuffer source, final int offset, final int countOfDigests) {
        digests[height].putBytes(index * Digest256.LENGTH, source, offset, countOfDigests * Digest256.LENGTH);
    }

    /** True if the tree has this digest for a part. */
    boolean isEqual(final int height, final int index, final DirectBuffer digest, final int offset) {
        final int at = index * Digest256.LENGTH;
        for (int i = 0; i < Digest256.LENGTH; i += Long.BYTES) {
            if (digests[height].getLong(at + i) != digest.getLong(offset + i)) {
                return false;
            }
        }
        return true;
    }

    /** Writes the digest that a part of this height with this content has. */
    static void digestPart(
            final Digest sha256,
            final int height,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes,
            final UnsafeBuffer destination,
            final int destinationOffset) {
        if (height == 0) {
            sha256.update(PAGE_TAG);
        } else {
            destination.putByte(destinationOffset, (byte) height);
            sha256.update(NODE_TAG).update(destination, destinationOffset, 1);
        }
        sha256.update(content, offset, lengthBytes).finish(destination, destinationOffset);
    }

    /** Writes the digest of the whole state, given that of the node at the top. */
    void digestState(final Digest sha256, final DirectBuffer topDigest, final UnsafeBuffer destination) {
        number.putLong(0, lengthBytes, java.nio.ByteOrder.LITTLE_ENDIAN);
        number.putInt(Long.BYTES, pageLength, java.nio.ByteOrder.LITTLE_ENDIAN);
        sha256.update(STATE_TAG)
                .update(number, 0, number.capacity())
                .update(topDigest, 0, Digest256.LENGTH)
                .finish(destination, 0);
    }

    /**
     * Computes all digests.
     *
     * @param before an earlier snapshot of the same page length, or null: pages with the same bytes keep their digests, for
     *     comparing costs a fraction of digesting
     */
    void compute(final Digest sha256, final DirectBuffer snapshot, final int offset, final PagedSnapshot before) {
        final boolean isComparable = before != null && before.tree().pageLength == pageLength;
        for (int page = 0; page < count(0); page++) {
            final int at = offset + pageOffset(page);
            final int length = partLength(0, page);
            if (isComparable && before.hasPage(page, snapshot, at, length)) {
                put(0, page, before.tree().digests[0], page * Digest256.LENGTH, 1);
            } else {
                digestPart(sha256, 0, snapshot, at, length, digests[0], page * Digest256.LENGTH);
            }
        }
        for (int height = 1; height <= top(); height++) {
            for (int node = 0; node < count(height); node++) {
                digestPart(
                        sha256,
                        height,
                        digests[height - 1],
                        firstChild(node) * Digest256.LENGTH,
                        partLength(height, node),
                        digests[height],
                        node * Digest256.LENGTH);
            }
        }
    }
}
