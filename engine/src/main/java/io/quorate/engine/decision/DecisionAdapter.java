package io.quorate.engine.decision;

import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.ResultQueryDecoder;
import io.quorate.transport.codecs.ResultVoteDecoder;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Decodes what other peers say to the {@link CertificateCollector}; bytes that are no such message are counted and dropped. */
public final class DecisionAdapter {
    private final CertificateCollector collector;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final ResultVoteDecoder vote = new ResultVoteDecoder();
    private final UnsafeBuffer digest = new UnsafeBuffer(0, 0);
    private final UnsafeBuffer signature = new UnsafeBuffer(0, 0);

    private long malformedCount;

    public DecisionAdapter(final CertificateCollector collector) {
        this.collector = collector;
    }

    /**
     * Takes one message of an authenticated sender.
     *
     * @return false if the message belongs to another room
     */
    public boolean onMessage(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        if (lengthBytes < MessageHeaderDecoder.ENCODED_LENGTH) {
            return false;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != ResultVoteDecoder.SCHEMA_ID) {
            return false;
        }
        switch (header.templateId()) {
            case ResultVoteDecoder.TEMPLATE_ID:
                onResultVote(senderId, buffer, offset, lengthBytes, nowNs);
                return true;
            case ResultQueryDecoder.TEMPLATE_ID:
                onResultQuery(senderId, buffer, offset, lengthBytes);
                return true;
            default:
                return false;
        }
    }

    /** Messages that were too short, of another version, or without a proper round name. */
    public long malformedCount() {
        return malformedCount;
    }

    private void onResultVote(
            final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes, final long nowNs) {
        final String round = roundAfter(ResultVoteDecoder.BLOCK_LENGTH, buffer, offset, lengthBytes);
        if (round == null) {
            malformedCount++;
            return;
        }
        vote.wrapAndApplyHeader(buffer, offset, header);
        vote.wrapDecisionDigest(digest);
        vote.wrapSignature(signature);
        collector.onResultVote(senderId, round, vote.epoch(), vote.sequence(), digest, signature, nowNs);
    }

    private void onResultQuery(final int senderId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final String round = roundAfter(ResultQueryDecoder.BLOCK_LENGTH, buffer, offset, lengthBytes);
        if (round == null) {
            malformedCount++;
            return;
        }
        collector.onResultQuery(senderId, round);
    }

    /** The name that fills the rest of the message after the fixed block, or null. */
    private String roundAfter(
            final int blockLength, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (header.version() != ResultVoteDecoder.SCHEMA_VERSION
                || header.blockLength() != blockLength
                || lengthBytes < MessageHeaderDecoder.ENCODED_LENGTH + blockLength) {
            return null;
        }
        return DeadlineCommand.readName(
                buffer, offset + MessageHeaderDecoder.ENCODED_LENGTH + blockLength, offset + lengthBytes);
    }
}
