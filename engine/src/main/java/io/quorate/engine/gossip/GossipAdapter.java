package io.quorate.engine.gossip;

import io.quorate.engine.metrics.Counters;
import io.quorate.engine.metrics.GossipCounter;
import io.quorate.transport.codecs.EntryRequestDecoder;
import io.quorate.transport.codecs.GroupSizeEncodingDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PushSumShareDecoder;
import io.quorate.transport.codecs.RangeDigestsDecoder;
import io.quorate.transport.codecs.RangeEntriesDecoder;
import io.quorate.transport.codecs.RumorDecoder;
import io.quorate.transport.codecs.RumorNoticeDecoder;
import io.quorate.transport.codecs.RumorRequestDecoder;
import io.quorate.transport.codecs.VectorSliceDecoder;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;

/** Decodes the messages of gossip in place; one that does not decode exactly is counted and dropped. One thread, the consensus thread. */
public final class GossipAdapter {
    private static final int HEADER_LENGTH = MessageHeaderDecoder.ENCODED_LENGTH;
    private static final int DATA_HEADER_LENGTH = 4;

    private final RumorMill mill;
    private final int peerCount;
    private final int recordLengthMax;
    private final int idsMax;
    private final Counters<GossipCounter> counters;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final GroupSizeEncodingDecoder groupSize = new GroupSizeEncodingDecoder();
    private final RumorDecoder rumor = new RumorDecoder();
    private final RangeDigestsDecoder rangeDigests = new RangeDigestsDecoder();
    private final RangeEntriesDecoder rangeEntries = new RangeEntriesDecoder();
    private final EntryRequestDecoder entryRequest = new EntryRequestDecoder();
    private final PushSumShareDecoder share = new PushSumShareDecoder();
    private final VectorSliceDecoder slice = new VectorSliceDecoder();
    private final int rangesMax;
    private final List<AntiEntropy> repairs = new ArrayList<>();
    private PushSum sum;
    private VectorGossip vectors;

    public GossipAdapter(final GossipContext context, final RumorMill mill, final Counters<GossipCounter> counters) {
        this.mill = mill;
        this.counters = counters;
        peerCount = context.peerCount();
        recordLengthMax = context.recordLengthMax();
        idsMax = GossipPublisher.idsMax(context);
        rangesMax = GossipPublisher.rangesMax(context);
    }

    /** Adds a set that is compared; each has its own id. */
    public GossipAdapter repair(final AntiEntropy repair) {
        repairs.add(repair);
        return this;
    }

    public GossipAdapter sum(final PushSum value) {
        sum = value;
        return this;
    }

    public GossipAdapter vectors(final VectorGossip value) {
        vectors = value;
        return this;
    }

    /**
     * Dispatches one authenticated message.
     *
     * @param offset of the SBE message header
     * @param lengthBytes header included
     * @return false if the template is not of gossip
     */
    public boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < HEADER_LENGTH) {
            return false;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != MessageHeaderDecoder.SCHEMA_ID) {
            return false;
        }
        final int body = offset + HEADER_LENGTH;
        final int bodyLength = lengthBytes - HEADER_LENGTH;
        final boolean isSound;
        switch (header.templateId()) {
            case RumorDecoder.TEMPLATE_ID -> isSound = onRumor(senderId, buffer, body, bodyLength, nowNs);
            case RumorNoticeDecoder.TEMPLATE_ID -> isSound = onNotice(senderId, buffer, body, bodyLength);
            case RumorRequestDecoder.TEMPLATE_ID -> isSound = onRequest(senderId, buffer, body, bodyLength);
            case RangeDigestsDecoder.TEMPLATE_ID -> isSound = onRangeDigests(senderId, buffer, body, bodyLength, nowNs);
            case RangeEntriesDecoder.TEMPLATE_ID -> isSound = onRangeEntries(senderId, buffer, body, bodyLength, nowNs);
            case EntryRequestDecoder.TEMPLATE_ID -> isSound = onEntryRequest(senderId, buffer, body, bodyLength, nowNs);
            case PushSumShareDecoder.TEMPLATE_ID -> isSound = onShare(senderId, buffer, body, bodyLength);
            case VectorSliceDecoder.TEMPLATE_ID -> isSound = onSlice(senderId, buffer, body, bodyLength, nowNs);
            default -> {
                return false;
            }
        }
        if (!isSound) {
            counters.increment(GossipCounter.DROPPED_MALFORMED);
        }
        return true;
    }

    private boolean onRumor(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int length = dataLength(RumorDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (length < 1 || length > recordLengthMax) {
            return false;
        }
        rumor.wrap(buffer, offset, RumorDecoder.BLOCK_LENGTH, 0);
        final int data = offset + RumorDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH;
        mill.onRumor(senderId, rumor.kind(), rumor.ttl(), buffer, data, length, nowNs);
        return true;
    }

    private boolean onNotice(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final int count = idCount(RumorNoticeDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (count > 0) {
            mill.onNotice(senderId, buffer, offset + RumorNoticeDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH, count);
        }
        return count > 0;
    }

    private boolean onRequest(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final int count = idCount(RumorRequestDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (count > 0) {
            mill.onRequest(senderId, buffer, offset + RumorRequestDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH, count);
        }
        return count > 0;
    }

    private boolean onRangeDigests(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int entryLength = RangeDigestsDecoder.RangesDecoder.sbeBlockLength();
        if (!isGroup(RangeDigestsDecoder.BLOCK_LENGTH, entryLength, rangesMax, senderId, buffer, offset, lengthBytes)) {
            return false;
        }
        rangeDigests.wrap(buffer, offset, RangeDigestsDecoder.BLOCK_LENGTH, 0);
        final AntiEntropy repair = repairOf(rangeDigests.setId());
        if (repair != null) {
            repair.onRangeDigests(senderId, rangeDigests, nowNs);
        }
        return true;
    }

    private boolean onRangeEntries(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int entryLength = RangeEntriesDecoder.EntriesDecoder.sbeBlockLength();
        if (!isGroup(
                RangeEntriesDecoder.BLOCK_LENGTH,
                entryLength,
                AntiEntropy.ENTRIES_MAX,
                senderId,
                buffer,
                offset,
                lengthBytes)) {
            return false;
        }
        rangeEntries.wrap(buffer, offset, RangeEntriesDecoder.BLOCK_LENGTH, 0);
        final AntiEntropy repair = repairOf(rangeEntries.setId());
        if (repair != null) {
            repair.onRangeEntries(senderId, rangeEntries, nowNs);
        }
        return true;
    }

    private boolean onEntryRequest(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int count = idCount(EntryRequestDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (count < 1) {
            return false;
        }
        entryRequest.wrap(buffer, offset, EntryRequestDecoder.BLOCK_LENGTH, 0);
        final AntiEntropy repair = repairOf(entryRequest.setId());
        if (repair != null) {
            final int data = offset + EntryRequestDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH;
            repair.onEntryRequest(senderId, buffer, data, count, nowNs);
        }
        return true;
    }

    private boolean onShare(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!isBlock(PushSumShareDecoder.BLOCK_LENGTH, senderId) || lengthBytes != PushSumShareDecoder.BLOCK_LENGTH) {
            return false;
        }
        share.wrap(buffer, offset, PushSumShareDecoder.BLOCK_LENGTH, 0);
        if (sum == null) {
            counters.increment(GossipCounter.DROPPED_UNWANTED);
        } else {
            sum.onShare(senderId, share.session(), share.number(), share.value(), share.weight());
        }
        return true;
    }

    private boolean onSlice(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final int length = dataLength(VectorSliceDecoder.BLOCK_LENGTH, senderId, buffer, offset, lengthBytes);
        if (length < Float.BYTES || length % Float.BYTES != 0) {
            return false;
        }
        slice.wrap(buffer, offset, VectorSliceDecoder.BLOCK_LENGTH, 0);
        if (vectors == null) {
            counters.increment(GossipCounter.DROPPED_UNWANTED);
            return true;
        }
        vectors.onSlice(
                senderId,
                slice.session(),
                slice.round(),
                slice.firstIndex(),
                buffer,
                offset + VectorSliceDecoder.BLOCK_LENGTH + DATA_HEADER_LENGTH,
                length / Float.BYTES,
                nowNs);
        return true;
    }

    /** The comparison of a set that this peer has; else the message is counted and null. */
    private AntiEntropy repairOf(final int setId) {
        for (int i = 0; i < repairs.size(); i++) {
            if (repairs.get(i).setId() == setId) {
                return repairs.get(i);
            }
        }
        counters.increment(GossipCounter.DROPPED_UNWANTED);
        return null;
    }

    /** A fixed block and one group of at most so many entries that fills the message exactly. */
    private boolean isGroup(
            final int blockLength,
            final int entryLength,
            final int countMax,
            final int senderId,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        final int groupHeader = GroupSizeEncodingDecoder.ENCODED_LENGTH;
        if (!isBlock(blockLength, senderId) || lengthBytes < blockLength + groupHeader) {
            return false;
        }
        groupSize.wrap(buffer, offset + blockLength);
        final int count = groupSize.numInGroup();
        return groupSize.blockLength() == entryLength
                && count <= countMax
                && lengthBytes == blockLength + groupHeader + count * entryLength;
    }

    private boolean isBlock(final int blockLength, final int senderId) {
        return senderId >= 0
                && senderId < peerCount
                && header.version() == MessageHeaderDecoder.SCHEMA_VERSION
                && header.blockLength() == blockLength;
    }

    private int idCount(
            final int blockLength,
            final int senderId,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        final int length = dataLength(blockLength, senderId, buffer, offset, lengthBytes);
        return length % Long.BYTES == 0 && length / Long.BYTES <= idsMax ? length / Long.BYTES : -1;
    }

    /** Length of the one variable part behind a fixed block, if it fills the message exactly; else -1. */
    private int dataLength(
            final int blockLength,
            final int senderId,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes) {
        if (!isBlock(blockLength, senderId) || lengthBytes < blockLength + DATA_HEADER_LENGTH) {
            return -1;
        }
        final int length = buffer.getInt(offset + blockLength, ByteOrder.LITTLE_ENDIAN);
        return length == lengthBytes - blockLength - DATA_HEADER_LENGTH ? length : -1;
    }
}
