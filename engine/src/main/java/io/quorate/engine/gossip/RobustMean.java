package io.quorate.engine.gossip;

import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.ValueRecordDecoder;
import io.quorate.transport.codecs.ValueRecordEncoder;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A mean that f liars together move by less than one standard deviation of the honest values: each peer signs its value and
 * spreads it as a rumor, and each computes the trimmed mean of what it has heard, without the f lowest and the f highest. A liar has one value
 * under its own name and no other way in; docs/protocols/gossip.md has the proof. One thread, the consensus thread.
 */
public final class RobustMean implements RumorHandler {
    /** Topics are below it. */
    public static final int TOPICS_MAX = 8;

    private static final int HEADER_LENGTH = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int RECORD_LENGTH = HEADER_LENGTH + ValueRecordEncoder.BLOCK_LENGTH;
    private static final int SIGNED_OFFSET = HEADER_LENGTH + Signer.SIGNATURE_LENGTH;

    private final GossipContext context;
    private final RumorMill mill;
    private final int kind;
    private final Signer signer;
    private final Verifier verifier;
    private final long[][] numbers;
    private final double[][] values;
    private final double[] sorted;
    private final UnsafeBuffer record = new UnsafeBuffer(new byte[RECORD_LENGTH]);
    private final MessageHeaderEncoder headerEncoder = new MessageHeaderEncoder();
    private final ValueRecordEncoder encoder = new ValueRecordEncoder();
    private final MessageHeaderDecoder headerDecoder = new MessageHeaderDecoder();
    private final ValueRecordDecoder decoder = new ValueRecordDecoder();

    /** @param kind of the rumors that carry the values; this object must be its handler at the mill */
    public RobustMean(
            final GossipContext context,
            final RumorMill mill,
            final int kind,
            final Signer signer,
            final Verifier verifier) {
        this.context = context;
        this.mill = mill;
        this.kind = kind;
        this.signer = signer;
        this.verifier = verifier;
        numbers = new long[TOPICS_MAX][context.peerCount()];
        values = new double[TOPICS_MAX][context.peerCount()];
        sorted = new double[context.peerCount()];
    }

    /**
     * Says what this peer measured.
     *
     * @param number above that of its earlier values under the topic, over restarts too; at least 1
     * @throws IllegalArgumentException if the value is not finite, or topic or number is out of range
     */
    public void measure(final int topic, final long number, final double value) {
        if (!Double.isFinite(value) || topic < 0 || topic >= TOPICS_MAX || number <= numbers[topic][context.selfId()]) {
            throw new IllegalArgumentException("a value is finite, its topic below " + TOPICS_MAX
                    + " and its number rising, given " + value + ", " + topic + ", " + number);
        }
        encoder.wrapAndApplyHeader(record, 0, headerEncoder)
                .ownerId(context.selfId())
                .topic(topic)
                .number(number)
                .value(value);
        signer.sign(SigningDomain.VALUE, record, SIGNED_OFFSET, RECORD_LENGTH - SIGNED_OFFSET, record, HEADER_LENGTH);
        numbers[topic][context.selfId()] = number;
        values[topic][context.selfId()] = value;
        mill.spread(kind, record, 0, RECORD_LENGTH);
    }

    @Override
    public Verdict onRecord(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes != RECORD_LENGTH) {
            return Verdict.INVALID;
        }
        headerDecoder.wrap(buffer, offset);
        if (headerDecoder.templateId() != ValueRecordDecoder.TEMPLATE_ID
                || headerDecoder.schemaId() != MessageHeaderDecoder.SCHEMA_ID
                || headerDecoder.version() != MessageHeaderDecoder.SCHEMA_VERSION
                || headerDecoder.blockLength() != ValueRecordDecoder.BLOCK_LENGTH) {
            return Verdict.INVALID;
        }
        decoder.wrap(buffer, offset + HEADER_LENGTH, ValueRecordDecoder.BLOCK_LENGTH, 0);
        final int ownerId = decoder.ownerId();
        final long number = decoder.number();
        final double value = decoder.value();
        if (ownerId >= context.peerCount()
                || decoder.topic() < 0
                || decoder.topic() >= TOPICS_MAX
                || number < 1
                || !Double.isFinite(value)) {
            return Verdict.INVALID;
        }
        final int topic = (int) decoder.topic();
        if (!isNewer(topic, ownerId, number, value)) {
            return Verdict.OLD;
        }
        if (!verifier.verify(
                ownerId,
                SigningDomain.VALUE,
                buffer,
                offset + SIGNED_OFFSET,
                lengthBytes - SIGNED_OFFSET,
                buffer,
                offset + HEADER_LENGTH)) {
            return Verdict.INVALID;
        }
        numbers[topic][ownerId] = number;
        values[topic][ownerId] = value;
        return Verdict.NEW;
    }

    /** How many peers' values are known, the own one included. */
    public int heard(final int topic) {
        int count = 0;
        for (int peerId = 0; peerId < context.peerCount(); peerId++) {
            count += numbers[topic][peerId] > 0 ? 1 : 0;
        }
        return count;
    }

    /**
     * The mean of the values heard, without the lowest and the highest {@code faultyMax}.
     *
     * @return NaN if not more than twice as many were heard as are dropped at either end
     */
    public double mean(final int topic, final int faultyMax) {
        int count = 0;
        for (int peerId = 0; peerId < context.peerCount(); peerId++) {
            if (numbers[topic][peerId] > 0) {
                sorted[count++] = values[topic][peerId];
            }
        }
        final int kept = count - 2 * faultyMax;
        if (faultyMax < 0 || kept < 1) {
            return Double.NaN;
        }
        Arrays.sort(sorted, 0, count);
        double sum = 0;
        for (int place = faultyMax; place < count - faultyMax; place++) {
            // Divided first: a sum of large values must not run over.
            sum += sorted[place] / kept;
        }
        return sum;
    }

    /** Of two values that a liar signs under one number the one with the larger bits wins, on every peer. */
    private boolean isNewer(final int topic, final int ownerId, final long number, final double value) {
        final long known = numbers[topic][ownerId];
        return number > known
                || number == known
                        && Double.doubleToRawLongBits(value) > Double.doubleToRawLongBits(values[topic][ownerId]);
    }
}
