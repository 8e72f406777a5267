package io.quorate.engine.simulator;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommitEncoder;
import io.quorate.transport.codecs.CommittedDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ReadAnswerDecoder;
import io.quorate.transport.codecs.RecoveryAnswerDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.SnapshotPageDecoder;
import io.quorate.transport.codecs.StatusDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.util.HashMap;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A liar: a correct core whose messages are bent on their way out, and signed anew with its own key where a signature covers
 * them. It can say anything as itself and nothing as anybody else.
 */
public final class ByzantinePeer implements Outbox {
    /** How it lies. */
    public enum Strategy {
        /** Says nothing at all. */
        SILENT,
        /** Says nothing to some. */
        SILENT_TO_SOME,
        /** Tells two halves of the group different things, as primary and as voter. */
        EQUIVOCATE,
        /** Votes for digests that nobody proposed, and signs checkpoints that nobody has. */
        WRONG_DIGEST,
        /** Forgets in its view changes what it had prepared. */
        FORGETFUL,
        /** Answers clients and peers that catch up with falsehoods. */
        WRONG_ANSWERS,
        /** Sends everything late. */
        LATE,
        /** Sends earlier messages again, in place of new ones. */
        REPEAT
    }

    /** What several liars agreed to say to the other half: one digest a slot, in place of the true one. */
    static final class Plot {
        private final long otherHalf;
        private final Map<Long, byte[]> digests = new HashMap<>();

        /** @param otherHalf the peers that hear the other story, as bits; no liar among them */
        Plot(final long otherHalf) {
            this.otherHalf = otherHalf;
        }

        private boolean concerns(final int peerId) {
            return (otherHalf >>> peerId & 1) != 0;
        }

        private static long slot(final long view, final long sequence) {
            return view << 40 | sequence;
        }
    }

    private static final int HEADER = MessageHeaderDecoder.ENCODED_LENGTH;
    private static final int LATE_MAX_NS = 30_000_000;
    private static final int REMEMBERED_MAX = 64;
    private static final int HALF_PPM = SimRandom.CERTAIN_PPM / 2;

    private final Strategy strategy;
    private final Outbox port;
    private final Signer signer;
    private final SimClock clock;
    private final SimRandom random;
    private final Plot plot;
    private final Digest sha256 = new Digest();
    private final Digest256 otherDigest = new Digest256();
    private final UnsafeBuffer scratch = new UnsafeBuffer(new byte[SimNetwork.LIMITS.messageLengthMax()]);
    private final UnsafeBuffer voteScratch = new UnsafeBuffer(new byte[256]);
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final MessageHeaderEncoder headerEncoder = new MessageHeaderEncoder();
    private final CommitEncoder commitEncoder = new CommitEncoder();
    private final byte[][] remembered = new byte[REMEMBERED_MAX][];
    private final byte[] digest = new byte[Digest.LENGTH];
    private final int peerId;
    private long rememberedCount;

    ByzantinePeer(
            final int peerId,
            final Strategy strategy,
            final Outbox port,
            final Signer signer,
            final SimClock clock,
            final SimRandom random,
            final Plot plot) {
        this.peerId = peerId;
        this.strategy = strategy;
        this.port = port;
        this.signer = signer;
        this.clock = clock;
        this.random = random;
        this.plot = plot;
    }

    @Override
    public boolean send(final int to, final DirectBuffer message, final int offset, final int lengthBytes) {
        header.wrap(message, offset);
        final int templateId = header.templateId();
        scratch.putBytes(0, message, offset, lengthBytes);
        return switch (strategy) {
            case SILENT -> true;
            case SILENT_TO_SOME -> plot.concerns(to) || port.send(to, message, offset, lengthBytes);
            case EQUIVOCATE -> equivocate(to, templateId, lengthBytes);
            case WRONG_DIGEST -> sendWithWrongDigest(to, templateId, lengthBytes);
            case FORGETFUL -> sendForgetfully(to, templateId, lengthBytes);
            case WRONG_ANSWERS -> answerWrongly(to, templateId, lengthBytes);
            case LATE -> sendLate(to, lengthBytes);
            case REPEAT -> sendOld(to, lengthBytes);
        };
    }

    @Override
    public void flush() {
        port.flush();
    }

    private boolean equivocate(final int to, final int templateId, final int lengthBytes) {
        if (!plot.concerns(to)) {
            return port.send(to, scratch, 0, lengthBytes);
        }
        if (templateId == PrePrepareDecoder.TEMPLATE_ID) {
            return proposeOtherwise(to, lengthBytes);
        }
        if (templateId == PrepareDecoder.TEMPLATE_ID || templateId == CommitDecoder.TEMPLATE_ID) {
            final boolean isCommit = templateId == CommitDecoder.TEMPLATE_ID;
            final int digestAt = HEADER
                    + (isCommit
                            ? CommitDecoder.batchDigestEncodingOffset()
                            : PrepareDecoder.batchDigestEncodingOffset());
            final long view = scratch.getLong(
                    HEADER + (isCommit ? CommitDecoder.viewEncodingOffset() : PrepareDecoder.viewEncodingOffset()));
            final long sequence = scratch.getLong(HEADER
                    + (isCommit ? CommitDecoder.sequenceEncodingOffset() : PrepareDecoder.sequenceEncodingOffset()));
            final byte[] other = plot.digests.get(Plot.slot(view, sequence));
            if (other != null) {
                scratch.putBytes(digestAt, other);
                commitTo(to, view, sequence, other);
            }
        }
        return port.send(to, scratch, 0, lengthBytes);
    }

    /** The other half hears of the same requests backwards, or of none where there is only one. */
    private boolean proposeOtherwise(final int to, final int lengthBytes) {
        final int lengthAt = HEADER + PrePrepareDecoder.BLOCK_LENGTH;
        final int digestsAt = lengthAt + PrePrepareDecoder.requestDigestsHeaderLength();
        final int count = scratch.getInt(lengthAt) / Digest.LENGTH;
        final int newLength;
        if (count >= 2) {
            final byte[] first = new byte[Digest.LENGTH];
            final byte[] last = new byte[Digest.LENGTH];
            final int lastAt = digestsAt + (count - 1) * Digest.LENGTH;
            scratch.getBytes(digestsAt, first);
            scratch.getBytes(lastAt, last);
            scratch.putBytes(digestsAt, last);
            scratch.putBytes(lastAt, first);
            newLength = lengthBytes;
        } else {
            scratch.putInt(lengthAt, 0);
            newLength = digestsAt;
        }
        final int batchDigestAt = HEADER + PrePrepareDecoder.batchDigestEncodingOffset();
        Batch.digestOf(sha256, scratch, digestsAt, newLength - digestsAt, otherDigest);
        otherDigest.write(scratch, batchDigestAt);
        sign(SigningDomain.PRE_PREPARE, PrePrepareDecoder.signatureEncodingOffset(), lengthAt);
        final long view = scratch.getLong(HEADER + PrePrepareDecoder.viewEncodingOffset());
        final long sequence = scratch.getLong(HEADER + PrePrepareDecoder.sequenceEncodingOffset());
        final byte[] other = new byte[Digest.LENGTH];
        scratch.getBytes(batchDigestAt, other);
        plot.digests.put(Plot.slot(view, sequence), other);
        final boolean sent = port.send(to, scratch, 0, newLength);
        commitTo(to, view, sequence, other);
        return sent;
    }

    private void commitTo(final int to, final long view, final long sequence, final byte[] batchDigest) {
        commitEncoder
                .wrapAndApplyHeader(voteScratch, 0, headerEncoder)
                .replicaId(peerId)
                .view(view)
                .sequence(sequence)
                .putBatchDigest(batchDigest, 0, Digest.LENGTH);
        port.send(to, voteScratch, 0, HEADER + CommitEncoder.BLOCK_LENGTH);
    }

    private boolean sendWithWrongDigest(final int to, final int templateId, final int lengthBytes) {
        if (random.chance(HALF_PPM)) {
            switch (templateId) {
                case PrepareDecoder.TEMPLATE_ID -> damage(PrepareDecoder.batchDigestEncodingOffset());
                case CommitDecoder.TEMPLATE_ID -> damage(CommitDecoder.batchDigestEncodingOffset());
                case CheckpointDecoder.TEMPLATE_ID -> {
                    damage(CheckpointDecoder.stateDigestEncodingOffset());
                    sign(
                            SigningDomain.CHECKPOINT,
                            CheckpointDecoder.signatureEncodingOffset(),
                            HEADER + CheckpointDecoder.stateDigestEncodingOffset() + Digest.LENGTH);
                }
                default -> {
                    // Everything else as it is.
                }
            }
        }
        return port.send(to, scratch, 0, lengthBytes);
    }

    private boolean sendForgetfully(final int to, final int templateId, final int lengthBytes) {
        if (templateId != ViewChangeDecoder.TEMPLATE_ID) {
            return port.send(to, scratch, 0, lengthBytes);
        }
        final ViewChangeDecoder decoder = new ViewChangeDecoder();
        decoder.wrapAndApplyHeader(scratch, 0, header);
        for (final ViewChangeDecoder.SignersDecoder signer : decoder.signers()) {
            signer.replicaId();
        }
        final int preparedAt = decoder.limit();
        scratch.putShort(preparedAt + Short.BYTES, (short) 0);
        scratch.putInt(preparedAt + Integer.BYTES, scratch.getInt(preparedAt));
        scratch.putShort(preparedAt + Integer.BYTES, (short) prePreparedBlockLength());
        scratch.putShort(preparedAt + Integer.BYTES + Short.BYTES, (short) 0);
        final int end = preparedAt + 2 * Integer.BYTES;
        sign(SigningDomain.VIEW_CHANGE, ViewChangeDecoder.signatureEncodingOffset(), end);
        return port.send(to, scratch, 0, end);
    }

    private static int prePreparedBlockLength() {
        return ViewChangeDecoder.PrePreparedDecoder.sbeBlockLength();
    }

    private boolean answerWrongly(final int to, final int templateId, final int lengthBytes) {
        switch (templateId) {
            // The last byte, which is content: what does not decode is dropped before it could mislead.
            case ReplyDecoder.TEMPLATE_ID, ReadAnswerDecoder.TEMPLATE_ID, SnapshotPageDecoder.TEMPLATE_ID ->
                damageByte(lengthBytes - 1);
            case CommittedDecoder.TEMPLATE_ID -> damage(CommittedDecoder.batchDigestEncodingOffset());
            case RecoveryAnswerDecoder.TEMPLATE_ID -> exaggerate(RecoveryAnswerDecoder.sequenceEncodingOffset());
            case StatusDecoder.TEMPLATE_ID -> {
                exaggerate(StatusDecoder.stableSequenceEncodingOffset());
                exaggerate(StatusDecoder.committedSequenceEncodingOffset());
                exaggerate(StatusDecoder.executedSequenceEncodingOffset());
            }
            default -> {
                // Everything else as it is.
            }
        }
        return port.send(to, scratch, 0, lengthBytes);
    }

    private boolean sendLate(final int to, final int lengthBytes) {
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[lengthBytes]);
        copy.putBytes(0, scratch, 0, lengthBytes);
        clock.schedule(random.nextInt(LATE_MAX_NS), () -> {
            port.send(to, copy, 0, lengthBytes);
            port.flush();
        });
        return true;
    }

    private boolean sendOld(final int to, final int lengthBytes) {
        final byte[] copy = new byte[lengthBytes];
        scratch.getBytes(0, copy);
        remembered[(int) (rememberedCount++ % REMEMBERED_MAX)] = copy;
        if (random.chance(HALF_PPM)) {
            return port.send(to, scratch, 0, lengthBytes);
        }
        final byte[] old = remembered[random.nextInt((int) Math.min(rememberedCount, REMEMBERED_MAX))];
        return port.send(to, new UnsafeBuffer(old), 0, old.length);
    }

    private void damage(final int fieldOffset) {
        scratch.getBytes(HEADER + fieldOffset, digest);
        digest[random.nextInt(2)] ^= 0x55;
        scratch.putBytes(HEADER + fieldOffset, digest);
    }

    private void damageByte(final int index) {
        scratch.putByte(index, (byte) (scratch.getByte(index) ^ 0x55));
    }

    private void exaggerate(final int fieldOffset) {
        scratch.putLong(HEADER + fieldOffset, scratch.getLong(HEADER + fieldOffset) + random.nextInt(1 << 20));
    }

    private void sign(final SigningDomain domain, final int signatureFieldOffset, final int end) {
        final int signatureAt = HEADER + signatureFieldOffset;
        final int contentAt = signatureAt + Signer.SIGNATURE_LENGTH;
        signer.sign(domain, scratch, contentAt, end - contentAt, scratch, signatureAt);
    }
}
