package io.quorate.engine.transfer;

import io.quorate.engine.metrics.Invariant;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.auth.Digest;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Fetches the state whose digest q replicas signed, part by part down the tree of its digests (Castro, MIT-LCS-TR-817, 5.3):
 * first the top, then only nodes and pages whose digests this replica does not have at that place, from several sources at
 * once. Each part is checked when it arrives, so a wrong one costs only itself, and names its sender.
 *
 * <p>When the target changes, parts that came for the one before are used again where their digests still hold. A plain
 * object: {@link #onTick} asks through the port, {@link #onPart} takes answers. Bounded: {@value #UNDER_WAY_MAX} parts under
 * way; memory for the signed length only, and only once the top proved it.
 */
public final class SnapshotFetch {
    /** Asked for in place of a height: the node at the top, as its height is not known before. */
    public static final int TOP = 255;

    public static final int UNDER_WAY_MAX = 64;

    /** What came of a part. */
    public enum Taken {
        /** Nobody asked its sender for it now. */
        UNWANTED,
        /** It has not the digest that it must have: its sender lies. */
        WRONG,
        /** One step on. */
        PART,
        /** The last one: the snapshot is complete. */
        WHOLE
    }

    /** Sends one question. */
    @FunctionalInterface
    public interface Asks {
        /** Asks a peer for a part of the snapshot of a sequence. */
        void ask(int peerId, long sequence, int height, int index);
    }

    /** So many longest pauses without a good part, and all peers are asked. */
    private static final int WIDEN_PAUSES = 4;

    private static final byte UNKNOWN = 0;
    private static final byte WANTED = 1;
    private static final byte ASKED = 2;
    private static final byte HELD = 3;

    /** What is known of one target: the tree as far as it came, the pages, and what is still missing. */
    private static final class Draft {
        final PageTree tree;
        final UnsafeBuffer bytes;
        final byte[][] states;
        final int[] cursors;
        int missing;
        int pagesHeld;

        Draft(final PageTree tree) {
            this.tree = tree;
            bytes = new UnsafeBuffer(new byte[tree.lengthBytes()]);
            states = new byte[tree.top() + 1][];
            for (int height = 0; height <= tree.top(); height++) {
                states[height] = new byte[tree.count(height)];
            }
            cursors = new int[tree.top() + 1];
        }

        boolean holds(final int height, final int index, final PageTree other) {
            return tree.has(height, index)
                    && states[height][index] == HELD
                    && tree.partLength(height, index) == other.partLength(height, index)
                    && tree.isEqual(height, index, other.digests(height), index * Digest256.LENGTH);
        }
    }

    private final Digest sha256;
    private final int pageLength;
    private final int lengthBytesMax;
    private final Asks asks;
    private final Sources sources;
    private final long widenNs;
    private final Digest256 stateDigest = new Digest256();
    private final Digest256 candidate = new Digest256();
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);
    private final int[] askedPeers = new int[UNDER_WAY_MAX];
    private final int[] askedHeights = new int[UNDER_WAY_MAX];
    private final int[] askedIndexes = new int[UNDER_WAY_MAX];
    private final long[] askedUntilNs = new long[UNDER_WAY_MAX];
    private int underWay;
    private long sequence;
    private PagedSnapshot base;
    private Draft earlier;
    private Draft draft;
    private boolean isActive;
    private boolean isTopAsked;
    private long progressAtNs;
    private long fetchedBytes;
    private long fetchedParts;

    /**
     * @param pageLength of the whole group
     * @param lengthBytesMax longest snapshot that this replica takes
     * @param pauseFirstNs how long an answer may take before another source is asked; doubles up to {@code pauseMaxNs}
     */
    public SnapshotFetch(
            final Digest sha256,
            final int peerCount,
            final int selfId,
            final int pageLength,
            final int lengthBytesMax,
            final long pauseFirstNs,
            final long pauseMaxNs,
            final Asks asks) {
        this.sha256 = sha256;
        this.pageLength = pageLength;
        this.lengthBytesMax = lengthBytesMax;
        this.asks = asks;
        sources = new Sources(peerCount, selfId, pauseFirstNs, pauseMaxNs);
        widenNs = WIDEN_PAUSES * pauseMaxNs;
    }

    /** True from {@link #aim} until the snapshot is taken or the fetch is given up. */
    public boolean isActive() {
        return isActive;
    }

    /** True if every part is here and checked. */
    public boolean isWhole() {
        return draft != null && draft.missing == 0;
    }

    /** The target's sequence. */
    public long sequence() {
        return sequence;
    }

    /** When the last good part came, or the target was chosen. */
    public long progressAtNs() {
        return progressAtNs;
    }

    /** Bytes of good parts that came over the network since this object was made. */
    public long fetchedBytes() {
        return fetchedBytes;
    }

    public long fetchedParts() {
        return fetchedParts;
    }

    /**
     * Begins a transfer, or changes its target; what came so far is kept for comparison.
     *
     * @param signed digest of the state, out of a certificate
     * @param own this replica's newest state, or null
     * @param peers bits of those to ask: the signers of the certificate
     */
    public void aim(
            final long target, final Digest256 signed, final PagedSnapshot own, final long peers, final long nowNs) {
        if (!isActive) {
            sources.forgive();
            earlier = null;
        } else if (draft != null && (earlier == null || draft.pagesHeld >= earlier.pagesHeld)) {
            earlier = draft;
        }
        isActive = true;
        sequence = target;
        stateDigest.set(signed);
        base = own;
        draft = null;
        isTopAsked = false;
        underWay = 0;
        progressAtNs = nowNs;
        sources.allow(peers);
        onTick(nowNs);
    }

    /** Nothing more is needed; everything is dropped. */
    public void giveUp() {
        isActive = false;
        draft = null;
        earlier = null;
        base = null;
        underWay = 0;
    }

    /** The complete snapshot; ends the transfer. */
    public PagedSnapshot take() {
        Invariant.check(isWhole(), "only a complete snapshot is taken");
        final PagedSnapshot whole = new PagedSnapshot(sha256, sequence, draft.bytes, draft.tree);
        Invariant.check(whole.stateDigest().isEqual(stateDigest), "parts that were checked make the whole");
        giveUp();
        return whole;
    }

    /** Gives up on answers that stay out, and asks on. */
    public void onTick(final long nowNs) {
        if (!isActive || isWhole()) {
            return;
        }
        for (int i = underWay - 1; i >= 0; i--) {
            if (nowNs - askedUntilNs[i] >= 0) {
                sources.onTimeout(askedPeers[i], nowNs);
                wantAgain(i);
            }
        }
        if (nowNs - progressAtNs >= widenNs) {
            sources.widen();
        }
        boolean isAsking = true;
        while (isAsking && underWay < UNDER_WAY_MAX) {
            isAsking = askNext(nowNs);
        }
    }

    /** Asks for one part more, nodes before pages; false if nothing is wanted or nobody may be asked. */
    private boolean askNext(final long nowNs) {
        int height = TOP;
        int index = 0;
        if (draft != null) {
            height = draft.tree.top();
            index = nextWanted(height);
            while (index < 0 && height > 0) {
                height--;
                index = nextWanted(height);
            }
        }
        if (index < 0 || (draft == null && isTopAsked)) {
            return false;
        }
        final int peerId = sources.next(nowNs);
        if (peerId < 0) {
            return false;
        }
        if (draft == null) {
            isTopAsked = true;
        } else {
            draft.states[height][index] = ASKED;
        }
        askedPeers[underWay] = peerId;
        askedHeights[underWay] = height;
        askedIndexes[underWay] = index;
        askedUntilNs[underWay] = nowNs + sources.pauseNs(peerId);
        underWay++;
        sources.onAsked(peerId);
        asks.ask(peerId, sequence, height, index);
        return true;
    }

    private int nextWanted(final int height) {
        final byte[] states = draft.states[height];
        int index = draft.cursors[height];
        while (index < states.length && states[index] != WANTED) {
            index++;
        }
        draft.cursors[height] = index;
        return index < states.length ? index : -1;
    }

    /** Takes a question back: its part is wanted from somebody else. */
    private void wantAgain(final int slot) {
        final int height = askedHeights[slot];
        if (height == TOP) {
            isTopAsked = false;
        } else {
            want(height, askedIndexes[slot]);
        }
        forget(slot);
    }

    private void want(final int height, final int index) {
        draft.states[height][index] = WANTED;
        draft.cursors[height] = Math.min(draft.cursors[height], index);
    }

    private void forget(final int slot) {
        underWay--;
        askedPeers[slot] = askedPeers[underWay];
        askedHeights[slot] = askedHeights[underWay];
        askedIndexes[slot] = askedIndexes[underWay];
        askedUntilNs[slot] = askedUntilNs[underWay];
    }

    private int find(final int peerId, final int height, final int index) {
        for (int i = 0; i < underWay; i++) {
            if (askedPeers[i] == peerId && askedHeights[i] == height && askedIndexes[i] == index) {
                return i;
            }
        }
        return -1;
    }

    /**
     * A peer's answer.
     *
     * @param height as it was asked for, {@link #TOP} included
     * @param claimedLength of the whole snapshot; read with the top only
     */
    public Taken onPart(
            final int senderId,
            final long ofSequence,
            final int height,
            final long index,
            final long claimedLength,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final long nowNs) {
        final int slot = isActive && ofSequence == sequence && index >= 0 && index <= Integer.MAX_VALUE
                ? find(senderId, height, (int) index)
                : -1;
        if (slot < 0) {
            return Taken.UNWANTED;
        }
        final boolean isGood = height == TOP
                ? takeTop(claimedLength, buffer, offset, lengthBytes)
                : takePart(height, (int) index, buffer, offset, lengthBytes);
        if (!isGood) {
            withdraw(senderId);
            sources.ban(senderId);
            onTick(nowNs);
            return Taken.WRONG;
        }
        sources.onAnswered(senderId);
        forget(slot);
        progressAtNs = nowNs;
        fetchedParts++;
        fetchedBytes += lengthBytes;
        onTick(nowNs);
        return isWhole() ? Taken.WHOLE : Taken.PART;
    }

    private void withdraw(final int peerId) {
        for (int i = underWay - 1; i >= 0; i--) {
            if (askedPeers[i] == peerId) {
                sources.onWithdrawn(peerId);
                wantAgain(i);
            }
        }
    }

    /** The top proves the length, and with it the shape: both are in the digest that q replicas signed. */
    private boolean takeTop(
            final long claimedLength, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (claimedLength < 1
                || claimedLength > lengthBytesMax
                || lengthBytes > PageTree.FANOUT * Digest256.LENGTH
                || lengthBytes != topLength(claimedLength)) {
            return false;
        }
        final PageTree tree = new PageTree(pageLength, (int) claimedLength);
        PageTree.digestPart(sha256, tree.top(), buffer, offset, lengthBytes, digestBytes, 0);
        tree.put(tree.top(), 0, digestBytes, 0, 1);
        tree.digestState(sha256, tree.digests(tree.top()), digestBytes);
        if (!candidate.set(digestBytes, 0).isEqual(stateDigest)) {
            return false;
        }
        draft = new Draft(tree);
        draft.missing = 1;
        hold(tree.top(), 0, buffer, offset);
        return true;
    }

    /** Length in bytes of the node at the top of a snapshot; without making its tree, for the claim is not proven yet. */
    private long topLength(final long claimedLength) {
        long count = (claimedLength + pageLength - 1) / pageLength;
        while (count > PageTree.FANOUT) {
            count = (count + PageTree.FANOUT - 1) / PageTree.FANOUT;
        }
        return count * Digest256.LENGTH;
    }

    private boolean takePart(
            final int height, final int index, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (lengthBytes != draft.tree.partLength(height, index)) {
            return false;
        }
        PageTree.digestPart(sha256, height, buffer, offset, lengthBytes, digestBytes, 0);
        if (!draft.tree.isEqual(height, index, digestBytes, 0)) {
            return false;
        }
        hold(height, index, buffer, offset);
        return true;
    }

    /** Keeps a part that was missing and is checked; what a node names is missing from now on, unless it is here already. */
    private void hold(final int height, final int index, final DirectBuffer buffer, final int offset) {
        final PageTree tree = draft.tree;
        Invariant.check(draft.states[height][index] != HELD, "a part is taken once", height, index);
        draft.states[height][index] = HELD;
        draft.missing--;
        if (height == 0) {
            draft.pagesHeld++;
            draft.bytes.putBytes(tree.pageOffset(index), buffer, offset, tree.partLength(0, index));
            return;
        }
        final int first = PageTree.firstChild(index);
        final int count = tree.childCount(height, index);
        tree.put(height - 1, first, buffer, offset, count);
        draft.missing += count;
        for (int child = first; child < first + count; child++) {
            resolve(height - 1, child);
        }
    }

    /** A part whose digest has become known: out of the own state, out of what came for an earlier target, or to be asked for. */
    private void resolve(final int height, final int index) {
        Invariant.check(draft.states[height][index] == UNKNOWN, "a digest becomes known once", height, index);
        final PageTree tree = draft.tree;
        if (base != null
                && base.tree().has(height, index)
                && base.tree().partLength(height, index) == tree.partLength(height, index)
                && tree.isEqual(height, index, base.tree().digests(height), index * Digest256.LENGTH)) {
            hold(height, index, base.part(height), base.partOffset(height, index));
        } else if (earlier != null && earlier.holds(height, index, tree)) {
            final DirectBuffer kept = height == 0 ? earlier.bytes : earlier.tree.digests(height - 1);
            final int at = height == 0 ? earlier.tree.pageOffset(index) : PageTree.firstChild(index) * Digest256.LENGTH;
            hold(height, index, kept, at);
        } else {
            want(height, index);
        }
    }
}
