package io.quorate.engine.transfer;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Digest;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A state of this replica at a checkpoint, with the tree of its page digests: what it signs, serves to others, and compares
 * with when it fetches a newer one. Immutable; the buffer is not copied and must not change.
 */
public final class PagedSnapshot {
    private final long sequence;
    private final DirectBuffer buffer;
    private final int offset;
    private final PageTree tree;
    private final Digest256 stateDigest = new Digest256();

    /** Of bytes whose tree is known already, because every part was checked on its way here. */
    PagedSnapshot(final Digest sha256, final long sequence, final DirectBuffer buffer, final PageTree tree) {
        this(sha256, sequence, buffer, 0, tree);
    }

    private PagedSnapshot(
            final Digest sha256,
            final long sequence,
            final DirectBuffer buffer,
            final int offset,
            final PageTree tree) {
        this.sequence = sequence;
        this.buffer = buffer;
        this.offset = offset;
        this.tree = tree;
        final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
        tree.digestState(sha256, tree.digests(tree.top()), digestBytes);
        stateDigest.set(digestBytes, 0);
    }

    /**
     * Cuts a snapshot into pages and computes its digests.
     *
     * @param before an earlier state, or null; its pages that are unchanged are not digested again
     */
    public static PagedSnapshot of(
            final Digest sha256,
            final int pageLength,
            final long sequence,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final PagedSnapshot before) {
        final PageTree tree = new PageTree(pageLength, lengthBytes);
        tree.compute(sha256, buffer, offset, before);
        return new PagedSnapshot(sha256, sequence, buffer, offset, tree);
    }

    public long sequence() {
        return sequence;
    }

    public Digest256 stateDigest() {
        return stateDigest;
    }

    public PageTree tree() {
        return tree;
    }

    public int lengthBytes() {
        return tree.lengthBytes();
    }

    public DirectBuffer buffer() {
        return buffer;
    }

    public int offset() {
        return offset;
    }

    /** The buffer that holds a part's bytes, from {@link #partOffset} on. */
    public DirectBuffer part(final int height) {
        return height == 0 ? buffer : tree.digests(height - 1);
    }

    public int partOffset(final int height, final int index) {
        return height == 0 ? offset + tree.pageOffset(index) : PageTree.firstChild(index) * Digest256.LENGTH;
    }

    /** True if this state has the page with exactly these bytes. */
    boolean hasPage(final int page, final DirectBuffer bytes, final int at, final int lengthBytes) {
        return tree.has(0, page)
                && tree.partLength(0, page) == lengthBytes
                && isEqual(buffer, offset + tree.pageOffset(page), bytes, at, lengthBytes);
    }

    private static boolean isEqual(
            final DirectBuffer a, final int from, final DirectBuffer b, final int at, final int lengthBytes) {
        if (a.byteArray() != null && b.byteArray() != null) {
            final int left = from + a.wrapAdjustment();
            final int right = at + b.wrapAdjustment();
            return Arrays.equals(a.byteArray(), left, left + lengthBytes, b.byteArray(), right, right + lengthBytes);
        }
        for (int i = 0; i < lengthBytes; i++) {
            if (a.getByte(from + i) != b.getByte(at + i)) {
                return false;
            }
        }
        return true;
    }
}
