package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Invariant;
import io.quorate.transport.auth.Digest;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.collections.LongHashSet;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The ids of the rumors seen last, a bounded number of them, and the records of the newest. One thread; allocates nothing
 * after construction.
 *
 * <p>An id is the first eight bytes of SHA-256 over kind and record. Two records with one id can be made by one owner, at some cost, and
 * lose it one of its own records; nobody can make one that has the id of another owner's record.
 */
final class KnownRumors {
    private static final long NO_ID = 0;
    private static final int KIND_LENGTH = 1;

    private final LongHashSet known;
    private final long[] order;
    private int orderNext;
    private final int recordLengthMax;
    private final UnsafeBuffer records;
    private final long[] ids;
    private final int[] kinds;
    private final int[] ttls;
    private final int[] lengths;
    private final int[] roundsLeft;
    private int slotNext;
    private final Digest digest = new Digest();
    private final UnsafeBuffer kindBytes = new UnsafeBuffer(new byte[KIND_LENGTH]);

    KnownRumors(final int knownMax, final int keptMax, final int recordLengthMax) {
        known = new LongHashSet(2 * knownMax, 0.55f, false);
        order = new long[knownMax];
        this.recordLengthMax = recordLengthMax;
        records = new UnsafeBuffer(new byte[keptMax * recordLengthMax]);
        ids = new long[keptMax];
        kinds = new int[keptMax];
        ttls = new int[keptMax];
        lengths = new int[keptMax];
        roundsLeft = new int[keptMax];
    }

    /** The id of a record; never 0. */
    long idOf(final int kind, final DirectBuffer record, final int offset, final int lengthBytes) {
        kindBytes.putByte(0, (byte) kind);
        final long id = digest.update(kindBytes, 0, KIND_LENGTH)
                .update(record, offset, lengthBytes)
                .finish()
                .getLong(0, ByteOrder.LITTLE_ENDIAN);
        return id == NO_ID ? 1 : id;
    }

    boolean isKnown(final long id) {
        return known.contains(id);
    }

    int size() {
        return known.size();
    }

    /** Remembers an id; the oldest is forgotten when there are too many. */
    void remember(final long id) {
        if (known.add(id)) {
            final long oldest = order[orderNext];
            if (oldest != NO_ID) {
                known.remove(oldest);
            }
            order[orderNext] = id;
            orderNext = (orderNext + 1) % order.length;
        }
        Invariant.check(known.size() <= order.length, "known rumors are bounded", known.size(), order.length);
    }

    /**
     * Keeps a record in the place of the oldest.
     *
     * @param rounds in how many notices it will be named
     * @return its slot
     */
    int keep(
            final long id,
            final int kind,
            final int ttl,
            final DirectBuffer record,
            final int offset,
            final int lengthBytes,
            final int rounds) {
        Invariant.check(lengthBytes <= recordLengthMax, "a kept record fits", lengthBytes, recordLengthMax);
        final int slot = slotNext;
        slotNext = (slotNext + 1) % ids.length;
        ids[slot] = id;
        kinds[slot] = kind;
        ttls[slot] = ttl;
        lengths[slot] = lengthBytes;
        roundsLeft[slot] = rounds;
        records.putBytes(slot * recordLengthMax, record, offset, lengthBytes);
        return slot;
    }

    int slots() {
        return ids.length;
    }

    /** The slot that holds the record with this id, or -1. */
    int slotOf(final long id) {
        for (int slot = 0; slot < ids.length; slot++) {
            if (ids[slot] == id) {
                return slot;
            }
        }
        return -1;
    }

    long id(final int slot) {
        return ids[slot];
    }

    int kind(final int slot) {
        return kinds[slot];
    }

    int ttl(final int slot) {
        return ttls[slot];
    }

    DirectBuffer records() {
        return records;
    }

    int offset(final int slot) {
        return slot * recordLengthMax;
    }

    int length(final int slot) {
        return lengths[slot];
    }

    boolean isDue(final int slot) {
        return roundsLeft[slot] > 0;
    }

    void roundDone(final int slot) {
        roundsLeft[slot]--;
    }
}
