package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.engine.pacing.Allowances;
import io.quorate.transport.codecs.RangeDigestsDecoder;
import io.quorate.transport.codecs.RangeEntriesDecoder;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Makes two sets of records equal: digests of ranges first, quarters of those that differ next, then the entries, then only the
 * records that one side lacks (anti-entropy, Demers et al., PODC 1987; the ranges as in range-based set reconciliation, Meyer,
 * SRDS 2023). Stateless: each answer follows from the question and the own set. What comes back are rumors with ttl 0, checked as any
 * other. One thread, the consensus thread.
 */
public final class AntiEntropy {
    /** Each step looks at so many more leading bits: quarters. */
    static final int STEP_BITS = 2;

    /** Ranges with at most so many entries on both sides are listed. */
    private static final int LISTED_MAX = 6;

    /** No list is longer; a range with all bits that are told apart has no more keys. */
    static final int ENTRIES_MAX = 16;

    private static final int PIECE_BYTES = 256;
    private static final int SET_SHARE = 8;

    private final GossipContext context;
    private final int setId;
    private final RecordSet set;
    private final PeerSampler sampler;
    private final GossipPublisher publisher;
    private final RandomGenerator random;
    private final Counters<GossipCounter> counters;
    private final Allowances budget;
    private final StateDigest digest = new StateDigest();
    private final RangeList ranges;
    private final long[] keys;
    private final int[] drawn = new int[1];
    private final UnsafeBuffer record;
    private final boolean[] isListed = new boolean[ENTRIES_MAX];
    private long compareAtNs;
    private boolean isStarted;

    /**
     * @param setId tells sets apart where a peer has several, 0 to 255
     * @param random of the salts and the jitter
     */
    public AntiEntropy(
            final GossipContext context,
            final int setId,
            final RecordSet set,
            final PeerSampler sampler,
            final GossipPublisher publisher,
            final RandomGenerator random,
            final Counters<GossipCounter> counters) {
        this.context = context;
        this.setId = setId;
        this.set = set;
        this.sampler = sampler;
        this.publisher = publisher;
        this.random = random;
        this.counters = counters;
        final int pieces = context.repairBytesMax() / PIECE_BYTES + 1;
        budget = new Allowances(context.peerCount(), pieces, Math.max(1, context.repairIntervalNs() / pieces));
        ranges = new RangeList(GossipPublisher.rangesMax(context));
        keys = new long[GossipPublisher.idsMax(context)];
        record = new UnsafeBuffer(new byte[context.recordLengthMax()]);
    }

    /** Begins a comparison with one peer when its time has come. */
    public int onTick(final long nowNs) {
        if (isStarted && nowNs - compareAtNs < 0) {
            return 0;
        }
        final long quarter = Math.max(1, context.repairIntervalNs() / 4);
        compareAtNs = nowNs + context.repairIntervalNs() - quarter + random.nextLong(2 * quarter);
        if (!isStarted) {
            isStarted = true;
            return 0;
        }
        if (sampler.sample(drawn, 1, -1) == 0) {
            return 0;
        }
        compare(drawn[0]);
        return 1;
    }

    /** Begins a comparison with this peer now, for example because it has just come back. */
    public void compare(final int peerId) {
        final long salt = random.nextLong();
        digest.update(set, salt);
        counters.increment(GossipCounter.COMPARISONS_BEGUN);
        ranges.clear();
        ranges.add(0, 0);
        publisher.rangeDigests(peerId, setId, salt, ranges, digest);
    }

    int setId() {
        return setId;
    }

    /** The other side's digests of some ranges. */
    void onRangeDigests(final int senderId, final RangeDigestsDecoder message, final long nowNs) {
        final long salt = message.salt();
        if (digest.isStale(set, salt) && !pay(senderId, set.size() / SET_SHARE, nowNs)) {
            return;
        }
        digest.update(set, salt);
        ranges.clear();
        RangeDigestsDecoder.RangesDecoder group = message.ranges();
        while (group.hasNext()) {
            group = group.next();
            if (!StateDigest.isRange(group.prefix(), group.bits()) || group.bits() > StateDigest.BITS_MAX - STEP_BITS) {
                counters.increment(GossipCounter.DROPPED_MALFORMED);
                return;
            }
            for (int quarter = 0; quarter < 1 << STEP_BITS; quarter++) {
                onQuarter(senderId, salt, group, quarter, nowNs);
            }
        }
        flush(senderId, salt, nowNs);
    }

    private void onQuarter(
            final int senderId,
            final long salt,
            final RangeDigestsDecoder.RangesDecoder group,
            final int quarter,
            final long nowNs) {
        final int bits = group.bits() + STEP_BITS;
        final long prefix = StateDigest.quarter(group.prefix(), bits, quarter);
        final int theirs = group.entryCounts(quarter);
        final int from = digest.from(prefix);
        final int to = digest.to(prefix, bits);
        if (count(to - from) == theirs && half(digest.sum(from, to)) == (int) group.sums(quarter)) {
            return;
        }
        counters.increment(GossipCounter.RANGES_DIFFERENT);
        if (Math.max(theirs, to - from) <= LISTED_MAX || bits > StateDigest.BITS_MAX - STEP_BITS) {
            list(senderId, prefix, bits, from, to, nowNs);
        } else {
            if (ranges.isFull()) {
                flush(senderId, salt, nowNs);
            }
            ranges.add(prefix, bits);
        }
    }

    /** The other side's entries in a range: sends what is newer here, asks for what is newer there. */
    void onRangeEntries(final int senderId, final RangeEntriesDecoder message, final long nowNs) {
        final long prefix = message.prefix();
        final int bits = message.bits();
        if (!StateDigest.isRange(prefix, bits)) {
            counters.increment(GossipCounter.DROPPED_MALFORMED);
            return;
        }
        digest.update(set, 0);
        final int from = digest.from(prefix);
        final int to = Math.min(digest.to(prefix, bits), from + ENTRIES_MAX);
        Arrays.fill(isListed, false);
        int wanted = 0;
        RangeEntriesDecoder.EntriesDecoder group = message.entries();
        while (group.hasNext()) {
            group = group.next();
            final long key = group.key();
            if (!StateDigest.isWithin(key, prefix, bits)) {
                counters.increment(GossipCounter.DROPPED_MALFORMED);
                return;
            }
            for (int place = from; place < to; place++) {
                isListed[place - from] |= digest.key(place) == key;
            }
            final int index = set.indexOf(key);
            if (index < 0 || set.version(index) < group.version()) {
                keys[wanted++] = key;
            } else if (set.version(index) > group.version() || set.fingerprint(index) != (int) group.fingerprint()) {
                send(senderId, index, nowNs);
            }
        }
        for (int place = from; place < to; place++) {
            if (!isListed[place - from]) {
                send(senderId, set.indexOf(digest.key(place)), nowNs);
            }
        }
        if (wanted > 0) {
            publisher.entryRequest(senderId, setId, keys, wanted);
        }
    }

    /** The other side asks for records. */
    void onEntryRequest(
            final int senderId, final DirectBuffer buffer, final int offset, final int count, final long nowNs) {
        for (int i = 0; i < count; i++) {
            final int index = set.indexOf(buffer.getLong(offset + i * Long.BYTES, ByteOrder.LITTLE_ENDIAN));
            if (index >= 0) {
                send(senderId, index, nowNs);
            }
        }
    }

    private void flush(final int senderId, final long salt, final long nowNs) {
        if (ranges.count() > 0 && pay(senderId, GossipPublisher.rangesLength(ranges.count()), nowNs)) {
            publisher.rangeDigests(senderId, setId, salt, ranges, digest);
        }
        ranges.clear();
    }

    private void list(
            final int senderId, final long prefix, final int bits, final int from, final int to, final long nowNs) {
        final int last = Math.min(to, from + ENTRIES_MAX);
        if (pay(senderId, GossipPublisher.entriesLength(last - from), nowNs)) {
            publisher.rangeEntries(senderId, setId, prefix, bits, digest, set, from, last);
        }
    }

    private void send(final int senderId, final int index, final long nowNs) {
        final int length = set.copyRecord(index, record, 0);
        if (pay(senderId, length, nowNs)) {
            counters.increment(GossipCounter.RECORDS_REPAIRED);
            publisher.rumor(senderId, set.kind(), 0, record, 0, length);
        }
    }

    /** As many entries as a message can say. */
    static int count(final int entries) {
        return Math.min(entries, 65_535);
    }

    static int half(final long sum) {
        return (int) (sum >>> Integer.SIZE);
    }

    /** Takes the bytes of an answer, or the like of work, from what the other side may ask for. */
    private boolean pay(final int peerId, final int lengthBytes, final long nowNs) {
        for (int pieces = lengthBytes / PIECE_BYTES; pieces >= 0; pieces--) {
            if (!budget.take(peerId, nowNs)) {
                counters.increment(GossipCounter.DROPPED_REPAIR_BUDGET);
                return false;
            }
        }
        return true;
    }

    /** Ranges, as many as one message holds. */
    static final class RangeList {
        private final long[] prefixes;
        private final int[] bits;
        private int count;

        RangeList(final int countMax) {
            prefixes = new long[countMax];
            bits = new int[countMax];
        }

        void clear() {
            count = 0;
        }

        boolean isFull() {
            return count == prefixes.length;
        }

        void add(final long prefix, final int leadingBits) {
            prefixes[count] = prefix;
            bits[count++] = leadingBits;
        }

        int count() {
            return count;
        }

        long prefix(final int index) {
            return prefixes[index];
        }

        int bits(final int index) {
            return bits[index];
        }
    }
}
