package io.quorate.engine.simulator;

import io.quorate.engine.checker.SafetyChecker;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Sees every vote that one correct peer sends or signs, in all its lives, and tells the checker. A life that begins with an
 * intact journal goes on where the one before ended; any other has forgotten, and must not vote where it might have voted.
 */
final class VoteWatch implements Outbox, Signer {
    private static final int BASE_BITS = 40;

    private final SimPeer peer;
    private final SafetyChecker safety;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private Outbox port;
    private Signer signer;
    private SimEpoch epoch;
    private int selfId;
    private int life;
    private int memory;
    private int seenKind;
    private long seenView;
    private long seenSequence;
    private long seenDigest;
    private long votedMax;
    private long votedMaxBefore;

    /** Views begin anew in each epoch: their numbers lie so far apart for the checker. */
    private static final int VIEW_BITS = 40;

    VoteWatch(final SimPeer peer, final SimCluster cluster) {
        this.peer = peer;
        safety = cluster.safety();
    }

    /**
     * A life begins.
     *
     * @param isRemembering whether it knows what the life before said
     */
    void begin(final boolean isRemembering) {
        life++;
        seenKind = 0;
        if (!isRemembering) {
            memory++;
            votedMaxBefore = votedMax;
        }
    }

    /** From now on the peer speaks in an epoch, with its key there. */
    void enter(final SimEpoch newEpoch, final int newSelfId, final Signer newSigner, final Outbox newPort) {
        epoch = newEpoch;
        selfId = newSelfId;
        signer = newSigner;
        port = newPort;
        seenKind = 0;
    }

    private long inEpoch(final long view) {
        return (epoch.number() - SimNetwork.FIRST_EPOCH << VIEW_BITS) + view;
    }

    /** The peer has its vote back, where the stable checkpoint is {@code sequence}. */
    void onVotingAgain(final long sequence) {
        if (sequence < votedMaxBefore) {
            throw new SafetyChecker.Violation(
                    "amnesia",
                    peer + " votes again above sequence " + sequence + " but may have voted up to " + votedMaxBefore
                            + " in an earlier life");
        }
    }

    @Override
    public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
        header.wrap(message, offset);
        final int body = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        switch (header.templateId()) {
            case PrePrepareDecoder.TEMPLATE_ID ->
                onVote(
                        PrepareDecoder.TEMPLATE_ID,
                        message.getLong(body + PrePrepareDecoder.viewEncodingOffset()),
                        message.getLong(body + PrePrepareDecoder.sequenceEncodingOffset()),
                        message.getLong(body + PrePrepareDecoder.batchDigestEncodingOffset()));
            case PrepareDecoder.TEMPLATE_ID ->
                onVote(
                        PrepareDecoder.TEMPLATE_ID,
                        message.getLong(body + PrepareDecoder.viewEncodingOffset()),
                        message.getLong(body + PrepareDecoder.sequenceEncodingOffset()),
                        message.getLong(body + PrepareDecoder.batchDigestEncodingOffset()));
            case CommitDecoder.TEMPLATE_ID ->
                onVote(
                        CommitDecoder.TEMPLATE_ID,
                        message.getLong(body + CommitDecoder.viewEncodingOffset()),
                        message.getLong(body + CommitDecoder.sequenceEncodingOffset()),
                        message.getLong(body + CommitDecoder.batchDigestEncodingOffset()));
            case ViewChangeDecoder.TEMPLATE_ID, NewViewDecoder.TEMPLATE_ID ->
                onStatement(header.templateId(), message, body, offset + lengthBytes - body);
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

    private void onVote(final int kind, final long view, final long sequence, final long digest) {
        if (kind == seenKind && view == seenView && sequence == seenSequence && digest == seenDigest) {
            // The same vote to the next receiver, in the same life: a new one forgets what was seen last.
            return;
        }
        seenKind = kind;
        seenView = view;
        seenSequence = sequence;
        seenDigest = digest;
        requireVote("a vote", sequence > votedMaxBefore, sequence);
        votedMax = Math.max(votedMax, sequence);
        safety.onVote(peer.number(), kind, inEpoch(view), sequence, digest);
    }

    /** One view change a view and base, and one new view of its own, as long as it remembers, in all lives. */
    private void onStatement(final int templateId, final DirectBuffer message, final int body, final int lengthBytes) {
        final long view = message.getLong(body + Signer.SIGNATURE_LENGTH);
        final int signerId = templateId == ViewChangeDecoder.TEMPLATE_ID
                ? message.getShort(body + ViewChangeDecoder.replicaIdEncodingOffset()) & 0xFFFF
                : (int) (view % epoch.size());
        if (signerId == selfId) {
            final long base = templateId == ViewChangeDecoder.TEMPLATE_ID
                    ? message.getLong(body + ViewChangeDecoder.baseSequenceEncodingOffset())
                    : 0;
            safety.onVote(
                    peer.number(),
                    templateId,
                    inEpoch(view),
                    occasion(memory, base),
                    Trace.hash(templateId, message, body, lengthBytes));
        }
    }

    /** Who waits for a view asks anew when its checkpoint has moved; what it said from the one before is another statement. */
    private static long occasion(final long time, final long base) {
        return (time << BASE_BITS) + base;
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
        long base = 0;
        switch (domain) {
            case CHECKPOINT ->
                requireVote("a checkpoint", content.getLong(offset) >= votedMaxBefore, content.getLong(offset));
            case VIEW_CHANGE -> {
                base = content.getLong(
                        offset + ViewChangeDecoder.baseSequenceEncodingOffset() - Signer.SIGNATURE_LENGTH);
                requireVote("a view change", base >= votedMaxBefore, base);
            }
            case NEW_VIEW -> requireVote("a new view", true, 0);
            default -> {
                // Pre-prepares are watched on their way out; requests and results are no votes.
            }
        }
        signer.sign(domain, content, offset, lengthBytes, signature, signatureOffset);
        final long subject = content.getLong(offset);
        final boolean isOfView = domain == SigningDomain.VIEW_CHANGE || domain == SigningDomain.NEW_VIEW;
        safety.onSigned(
                peer.number(),
                occasion(life, base),
                domain,
                isOfView ? inEpoch(subject) : domain == SigningDomain.HANDOVER ? epoch.number() : subject,
                Trace.hash(domain.ordinal(), content, offset, lengthBytes));
    }

    private void requireVote(final String what, final boolean isAbove, final long sequence) {
        if (life > 1 && !(peer.isVoting() && isAbove)) {
            throw new SafetyChecker.Violation(
                    "amnesia",
                    peer + " sends " + what + " of sequence " + sequence
                            + (peer.isVoting() ? "" : " without a vote") + "; earlier lives voted up to "
                            + votedMaxBefore);
        }
    }
}
