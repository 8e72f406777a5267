package io.quorate.engine.decision;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.ResultQueryEncoder;
import io.quorate.transport.codecs.ResultVoteEncoder;
import org.agrona.DirectBuffer;
import org.agrona.ExpandableArrayBuffer;

/** Encodes what the {@link CertificateCollector} says to other peers; each method tells whether the outbox took it. */
public final class DecisionPublisher {
    private final Outbox outbox;
    private final ExpandableArrayBuffer buffer = new ExpandableArrayBuffer();
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final ResultVoteEncoder vote = new ResultVoteEncoder();
    private final ResultQueryEncoder query = new ResultQueryEncoder();

    public DecisionPublisher(final Outbox outbox) {
        this.outbox = outbox;
    }

    boolean resultVote(
            final int peerId,
            final String round,
            final long epoch,
            final long sequence,
            final DirectBuffer decisionDigest,
            final DirectBuffer signature) {
        final byte[] name = round.getBytes(UTF_8);
        vote.wrapAndApplyHeader(buffer, 0, header)
                .epoch(epoch)
                .sequence(sequence)
                .putDecisionDigest(decisionDigest, 0, Digest.LENGTH)
                .putSignature(signature, 0, Signer.SIGNATURE_LENGTH)
                .putRound(name, 0, name.length);
        return outbox.send(peerId, buffer, 0, vote.limit());
    }

    boolean resultQuery(final int peerId, final String round) {
        final byte[] name = round.getBytes(UTF_8);
        query.wrapAndApplyHeader(buffer, 0, header).putRound(name, 0, name.length);
        return outbox.send(peerId, buffer, 0, query.limit());
    }
}
