package io.quorate.engine.gossip;

import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.EntryRequestEncoder;
import io.quorate.transport.codecs.GroupSizeEncodingEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.PushSumShareEncoder;
import io.quorate.transport.codecs.RangeDigestsEncoder;
import io.quorate.transport.codecs.RangeEntriesEncoder;
import io.quorate.transport.codecs.RumorEncoder;
import io.quorate.transport.codecs.RumorNoticeEncoder;
import io.quorate.transport.codecs.RumorRequestEncoder;
import io.quorate.transport.codecs.VectorSliceEncoder;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes the messages of gossip; false or nothing sent where the links refused one. One thread, the consensus thread. */
public final class GossipPublisher {
    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int DATA_HEADER_LENGTH = 4;
    private static final int GROUP_HEADER_LENGTH = GroupSizeEncodingEncoder.ENCODED_LENGTH;

    private final Outbox outbox;
    private final UnsafeBuffer buffer;
    private final UnsafeBuffer list;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final RumorEncoder rumor = new RumorEncoder();
    private final RumorNoticeEncoder notice = new RumorNoticeEncoder();
    private final RumorRequestEncoder request = new RumorRequestEncoder();
    private final RangeDigestsEncoder rangeDigests = new RangeDigestsEncoder();
    private final RangeEntriesEncoder rangeEntries = new RangeEntriesEncoder();
    private final EntryRequestEncoder entryRequest = new EntryRequestEncoder();
    private final PushSumShareEncoder share = new PushSumShareEncoder();
    private final VectorSliceEncoder slice = new VectorSliceEncoder();

    public GossipPublisher(final GossipContext context, final Outbox outbox) {
        this.outbox = outbox;
        final int rumorLength =
                HEADER_LENGTH + RumorEncoder.BLOCK_LENGTH + DATA_HEADER_LENGTH + context.recordLengthMax();
        buffer = new UnsafeBuffer(new byte[Math.max(rumorLength, context.messageLengthMax())]);
        list = new UnsafeBuffer(new byte[context.messageLengthMax()]);
    }

    /** How many ids one message names. */
    static int idsMax(final GossipContext context) {
        return (context.messageLengthMax() - HEADER_LENGTH - DATA_HEADER_LENGTH) / Long.BYTES;
    }

    /** How many ranges one message names. */
    static int rangesMax(final GossipContext context) {
        return (context.messageLengthMax() - rangesLength(0)) / RangeDigestsEncoder.RangesEncoder.sbeBlockLength();
    }

    static int rangesLength(final int count) {
        return HEADER_LENGTH
                + RangeDigestsEncoder.BLOCK_LENGTH
                + GROUP_HEADER_LENGTH
                + count * RangeDigestsEncoder.RangesEncoder.sbeBlockLength();
    }

    static int entriesLength(final int count) {
        return HEADER_LENGTH
                + RangeEntriesEncoder.BLOCK_LENGTH
                + GROUP_HEADER_LENGTH
                + count * RangeEntriesEncoder.EntriesEncoder.sbeBlockLength();
    }

    /** How many components one slice carries: a whole number of cache lines. */
    static int sliceMax(final GossipContext context) {
        final int room =
                context.messageLengthMax() - HEADER_LENGTH - VectorSliceEncoder.BLOCK_LENGTH - DATA_HEADER_LENGTH;
        return room / Float.BYTES & -16;
    }

    boolean rumor(
            final int peerId,
            final int kind,
            final int ttl,
            final DirectBuffer record,
            final int offset,
            final int lengthBytes) {
        rumor.wrapAndApplyHeader(buffer, 0, header)
                .kind((short) kind)
                .ttl((short) ttl)
                .putRecord(record, offset, lengthBytes);
        return send(peerId, rumor.encodedLength());
    }

    boolean rumorNotice(final int peerId, final long[] ids, final int count) {
        notice.wrapAndApplyHeader(buffer, 0, header).putRumorIds(list(ids, count), 0, count * Long.BYTES);
        return send(peerId, notice.encodedLength());
    }

    boolean rumorRequest(final int peerId, final long[] ids, final int count) {
        request.wrapAndApplyHeader(buffer, 0, header).putRumorIds(list(ids, count), 0, count * Long.BYTES);
        return send(peerId, request.encodedLength());
    }

    boolean rangeDigests(
            final int peerId,
            final int setId,
            final long salt,
            final AntiEntropy.RangeList ranges,
            final StateDigest digest) {
        RangeDigestsEncoder.RangesEncoder group = rangeDigests
                .wrapAndApplyHeader(buffer, 0, header)
                .setId((short) setId)
                .salt(salt)
                .rangesCount(ranges.count());
        for (int i = 0; i < ranges.count(); i++) {
            group = group.next().prefix(ranges.prefix(i)).bits((short) ranges.bits(i));
            final int bits = ranges.bits(i) + AntiEntropy.STEP_BITS;
            for (int quarter = 0; quarter < 1 << AntiEntropy.STEP_BITS; quarter++) {
                final long prefix = StateDigest.quarter(ranges.prefix(i), bits, quarter);
                final int from = digest.from(prefix);
                final int to = digest.to(prefix, bits);
                group.entryCounts(quarter, AntiEntropy.count(to - from));
                group.sums(quarter, AntiEntropy.half(digest.sum(from, to)) & 0xffff_ffffL);
            }
        }
        return send(peerId, rangeDigests.encodedLength());
    }

    boolean rangeEntries(
            final int peerId,
            final int setId,
            final long prefix,
            final int bits,
            final StateDigest digest,
            final RecordSet set,
            final int from,
            final int to) {
        RangeEntriesEncoder.EntriesEncoder group = rangeEntries
                .wrapAndApplyHeader(buffer, 0, header)
                .setId((short) setId)
                .prefix(prefix)
                .bits((short) bits)
                .entriesCount(to - from);
        for (int place = from; place < to; place++) {
            final long key = digest.key(place);
            final int index = set.indexOf(key);
            group = group.next()
                    .key(key)
                    .version(set.version(index))
                    .fingerprint(set.fingerprint(index) & 0xffff_ffffL);
        }
        return send(peerId, rangeEntries.encodedLength());
    }

    boolean entryRequest(final int peerId, final int setId, final long[] keys, final int count) {
        entryRequest
                .wrapAndApplyHeader(buffer, 0, header)
                .setId((short) setId)
                .putKeys(list(keys, count), 0, count * Long.BYTES);
        return send(peerId, entryRequest.encodedLength());
    }

    boolean pushSumShare(final int peerId, final long session, final long number, final long value, final long weight) {
        share.wrapAndApplyHeader(buffer, 0, header)
                .session(session)
                .number(number)
                .value(value)
                .weight(weight);
        return send(peerId, share.encodedLength());
    }

    /** @param components float32, little-endian, of which {@code count} from {@code firstIndex} on are sent */
    boolean vectorSlice(
            final int peerId,
            final long session,
            final int round,
            final int firstIndex,
            final DirectBuffer components,
            final int count) {
        slice.wrapAndApplyHeader(buffer, 0, header)
                .session(session)
                .round(round)
                .firstIndex(firstIndex)
                .putComponents(components, firstIndex * Float.BYTES, count * Float.BYTES);
        return send(peerId, slice.encodedLength());
    }

    private DirectBuffer list(final long[] ids, final int count) {
        for (int i = 0; i < count; i++) {
            list.putLong(i * Long.BYTES, ids[i], ByteOrder.LITTLE_ENDIAN);
        }
        return list;
    }

    private boolean send(final int peerId, final int bodyLength) {
        return outbox.send(peerId, buffer, 0, HEADER_LENGTH + bodyLength);
    }
}
