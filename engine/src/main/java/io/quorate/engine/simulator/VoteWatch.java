package io.quorate.engine.simulator;

import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Sees every vote that a correct peer sends, in all its lives. */
final class VoteWatch implements Outbox, Signer {
    private final SimPeer peer;
    private final SimCluster cluster;
    private final Outbox port;
    private final Signer signer;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();

    VoteWatch(final SimPeer peer, final SimCluster cluster, final Outbox port, final Signer signer) {
        this.peer = peer;
        this.cluster = cluster;
        this.port = port;
        this.signer = signer;
    }

    @Override
    public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
        header.wrap(message, offset);
        final int body = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        switch (header.templateId()) {
            case PrePrepareDecoder.TEMPLATE_ID ->
                peer.onVote(
                        PrepareDecoder.TEMPLATE_ID,
                        message.getLong(body + PrePrepareDecoder.viewEncodingOffset()),
                        message.getLong(body + PrePrepareDecoder.sequenceEncodingOffset()),
                        message.getLong(body + PrePrepareDecoder.batchDigestEncodingOffset()));
            case PrepareDecoder.TEMPLATE_ID ->
                peer.onVote(
                        PrepareDecoder.TEMPLATE_ID,
                        message.getLong(body + PrepareDecoder.viewEncodingOffset()),
                        message.getLong(body + PrepareDecoder.sequenceEncodingOffset()),
                        message.getLong(body + PrepareDecoder.batchDigestEncodingOffset()));
            case CommitDecoder.TEMPLATE_ID ->
                peer.onVote(
                        CommitDecoder.TEMPLATE_ID,
                        message.getLong(body + CommitDecoder.viewEncodingOffset()),
                        message.getLong(body + CommitDecoder.sequenceEncodingOffset()),
                        message.getLong(body + CommitDecoder.batchDigestEncodingOffset()));
            default -> {
                // No vote.
            }
        }
        return port.send(to, message, offset, lengthBytes);
    }

    @Override
    public void flush() {
        port.flush();
    }

    /**
     * Sees every vote that is signed. It is watched here and not on its way out, because whoever passes on what it signed in an
     * earlier life does not vote.
     */
    @Override
    public void sign(
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer signature,
            final int signatureOffset) {
        switch (domain) {
            case CHECKPOINT ->
                peer.requireVote(
                        "a checkpoint", content.getLong(offset) >= peer.votedMaxBefore(), content.getLong(offset));
            case VIEW_CHANGE -> {
                final long base = content.getLong(
                        offset + ViewChangeDecoder.baseSequenceEncodingOffset() - Signer.SIGNATURE_LENGTH);
                peer.requireVote("a view change", base >= peer.votedMaxBefore(), base);
            }
            case NEW_VIEW -> peer.requireVote("a new view", true, 0);
            default -> {
                // Pre-prepares are watched on their way out; requests and results are no votes.
            }
        }
        signer.sign(domain, content, offset, lengthBytes, signature, signatureOffset);
        cluster.safety()
                .onSigned(
                        peer.id(),
                        peer.incarnation(),
                        domain,
                        content.getLong(offset),
                        Trace.hash(domain.ordinal(), content, offset, lengthBytes));
    }
}
