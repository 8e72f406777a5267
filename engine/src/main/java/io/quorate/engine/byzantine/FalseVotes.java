package io.quorate.engine.byzantine;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommitEncoder;
import io.quorate.transport.codecs.HandoverCertificateDecoder;
import io.quorate.transport.codecs.HandoverDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/** Lies of the normal case: proposals and votes that say different things to different peers, or what nobody proposed. */
final class FalseVotes {
    private static final int VOTE_LENGTH_MAX = 256;

    /** Where the messages of one kind say what they vote for. */
    private record Fields(int view, int sequence, int digest) {
        private static final Fields PRE_PREPARE = new Fields(
                PrePrepareDecoder.viewEncodingOffset(),
                PrePrepareDecoder.sequenceEncodingOffset(),
                PrePrepareDecoder.batchDigestEncodingOffset());
        private static final Fields PREPARE = new Fields(
                PrepareDecoder.viewEncodingOffset(),
                PrepareDecoder.sequenceEncodingOffset(),
                PrepareDecoder.batchDigestEncodingOffset());
        private static final Fields COMMIT = new Fields(
                CommitDecoder.viewEncodingOffset(),
                CommitDecoder.sequenceEncodingOffset(),
                CommitDecoder.batchDigestEncodingOffset());

        /** Null if such a message is no vote. */
        private static Fields of(final int templateId) {
            return switch (templateId) {
                case PrePrepareDecoder.TEMPLATE_ID -> PRE_PREPARE;
                case PrepareDecoder.TEMPLATE_ID -> PREPARE;
                case CommitDecoder.TEMPLATE_ID -> COMMIT;
                default -> null;
            };
        }
    }

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;
    private final Plot plot;
    private final Digest sha256 = new Digest();
    private final Digest256 otherDigest = new Digest256();
    private final byte[] first = Plot.newDigest();
    private final byte[] last = Plot.newDigest();
    private final UnsafeBuffer vote = new UnsafeBuffer(new byte[VOTE_LENGTH_MAX]);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final CommitEncoder commit = new CommitEncoder();

    FalseVotes(final Bend bend, final Outbox port, final Scene scene, final Plot plot) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
        this.plot = plot;
    }

    boolean equivocate(final int to) {
        if (plot.concerns(to)) {
            if (bend.templateId() == PrePrepareDecoder.TEMPLATE_ID) {
                return proposeOtherwise(to);
            }
            if (bend.templateId() == HandoverDecoder.TEMPLATE_ID) {
                handOverOtherwise(to);
            }
            if (bend.templateId() == HandoverCertificateDecoder.TEMPLATE_ID) {
                certifyAlone(to);
            }
            final Fields fields = Fields.of(bend.templateId());
            if (fields != null) {
                voteOtherwise(to, fields);
            }
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    private void voteOtherwise(final int to, final Fields fields) {
        final long view = bend.getLong(fields.view());
        final long sequence = bend.getLong(fields.sequence());
        final byte[] other = plot.digest(Plot.ALL, view, sequence);
        if (other != null) {
            bend.putDigest(fields.digest(), other);
            scene.lied(to);
            commitTo(to, view, sequence, other);
        }
    }

    /** The other half hears of the same requests backwards, or of none where there is only one. */
    private boolean proposeOtherwise(final int to) {
        final UnsafeBuffer bytes = bend.bytes;
        final int lengthAt = Bend.HEADER + PrePrepareDecoder.BLOCK_LENGTH;
        final int digestsAt = lengthAt + PrePrepareDecoder.requestDigestsHeaderLength();
        final int count = bytes.getInt(lengthAt) / Digest.LENGTH;
        if (count >= 2) {
            final int lastAt = digestsAt + (count - 1) * Digest.LENGTH;
            bytes.getBytes(digestsAt, first);
            bytes.getBytes(lastAt, last);
            bytes.putBytes(digestsAt, last);
            bytes.putBytes(lastAt, first);
        } else {
            bytes.putInt(lengthAt, 0);
            bend.lengthBytes(digestsAt);
        }
        Batch.digestOf(sha256, bytes, digestsAt, bend.lengthBytes() - digestsAt, otherDigest);
        otherDigest.write(bytes, Bend.HEADER + PrePrepareDecoder.batchDigestEncodingOffset());
        bend.sign(SigningDomain.PRE_PREPARE, PrePrepareDecoder.signatureEncodingOffset(), lengthAt);
        final long view = bend.getLong(PrePrepareDecoder.viewEncodingOffset());
        final long sequence = bend.getLong(PrePrepareDecoder.sequenceEncodingOffset());
        bytes.getBytes(Bend.HEADER + PrePrepareDecoder.batchDigestEncodingOffset(), first);
        plot.agree(Plot.ALL, view, sequence, first);
        scene.lied(to);
        final boolean sent = port.send(to, bytes, 0, bend.lengthBytes());
        commitTo(to, view, sequence, first);
        return sent;
    }

    /** Signs that the next epoch begins with another state. */
    private void handOverOtherwise(final int to) {
        bend.damageDigest(HandoverDecoder.stateDigestEncodingOffset());
        bend.sign(SigningDomain.HANDOVER, HandoverDecoder.signatureEncodingOffset(), bend.lengthBytes());
        scene.lied(to);
    }

    /** Shows a certificate for another state, with the one signature that it can make. */
    private void certifyAlone(final int to) {
        final UnsafeBuffer bytes = bend.bytes;
        final int signersAt = Bend.HEADER + HandoverCertificateDecoder.BLOCK_LENGTH;
        final int entriesAt = signersAt + HandoverCertificateDecoder.SignersDecoder.sbeHeaderSize();
        final int entry = HandoverCertificateDecoder.SignersDecoder.sbeBlockLength();
        final int rosterAt = entriesAt + bytes.getShort(signersAt + 2) * entry;
        final int rosterLength = bend.lengthBytes() - rosterAt;
        bend.damageDigest(HandoverCertificateDecoder.stateDigestEncodingOffset());
        bytes.putShort(signersAt + 2, (short) 1);
        bytes.putShort(entriesAt, (short) bend.senderId());
        bend.signInto(
                SigningDomain.HANDOVER,
                Bend.HEADER,
                HandoverCertificateDecoder.BLOCK_LENGTH,
                entriesAt + HandoverCertificateDecoder.SignersDecoder.signatureEncodingOffset());
        bytes.putBytes(entriesAt + entry, bytes, rosterAt, rosterLength);
        bend.lengthBytes(entriesAt + entry + rosterLength);
        scene.lied(to);
    }

    private void commitTo(final int to, final long view, final long sequence, final byte[] batchDigest) {
        commit.wrapAndApplyHeader(vote, 0, header)
                .replicaId(bend.senderId())
                .view(view)
                .sequence(sequence)
                .putBatchDigest(batchDigest, 0, Digest.LENGTH);
        port.send(to, vote, 0, Bend.HEADER + CommitEncoder.BLOCK_LENGTH);
    }

    boolean wrongDigest(final int to) {
        final boolean isVote =
                bend.templateId() == PrepareDecoder.TEMPLATE_ID || bend.templateId() == CommitDecoder.TEMPLATE_ID;
        if (isVote && bend.isOneIn(2)) {
            bend.damageDigest(Fields.of(bend.templateId()).digest());
            scene.lied(to);
        } else if (bend.templateId() == HandoverDecoder.TEMPLATE_ID) {
            handOverOtherwise(to);
        } else if (bend.templateId() == HandoverCertificateDecoder.TEMPLATE_ID) {
            certifyAlone(to);
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    boolean lyingCheckpoint(final int to) {
        if (bend.templateId() == CheckpointDecoder.TEMPLATE_ID) {
            if (bend.isOneIn(2)) {
                bend.damageDigest(CheckpointDecoder.stateDigestEncodingOffset());
            } else {
                // Of some interval ahead: intervals of the simulated groups divide this.
                bend.putLong(
                        CheckpointDecoder.sequenceEncodingOffset(),
                        bend.getLong(CheckpointDecoder.sequenceEncodingOffset()) + 8L * (1 + bend.draw(4)));
            }
            bend.sign(
                    SigningDomain.CHECKPOINT,
                    CheckpointDecoder.signatureEncodingOffset(),
                    Bend.HEADER + CheckpointDecoder.stateDigestEncodingOffset() + Digest.LENGTH);
            scene.lied(to);
        } else if (bend.templateId() == HandoverDecoder.TEMPLATE_ID) {
            // The epoch would end where it does not.
            final int sequenceField = HandoverDecoder.sequenceEncodingOffset();
            bend.putLong(sequenceField, bend.getLong(sequenceField) + 8L * (1 + bend.draw(4)));
            bend.sign(SigningDomain.HANDOVER, HandoverDecoder.signatureEncodingOffset(), bend.lengthBytes());
            scene.lied(to);
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    /** Its vote in the name of the next peer: as a forged frame, and in a frame of its own. */
    boolean forge(final int to) {
        final int replicaField = switch (bend.templateId()) {
            case PrepareDecoder.TEMPLATE_ID -> PrepareDecoder.replicaIdEncodingOffset();
            case CommitDecoder.TEMPLATE_ID -> CommitDecoder.replicaIdEncodingOffset();
            case CheckpointDecoder.TEMPLATE_ID -> CheckpointDecoder.replicaIdEncodingOffset();
            default -> -1;
        };
        final boolean sent = port.send(to, bend.bytes, 0, bend.lengthBytes());
        final int other = to == 0 ? 1 : to - 1;
        if (replicaField >= 0 && other != bend.senderId()) {
            bend.bytes.putShort(Bend.HEADER + replicaField, (short) other);
            scene.forge(other, to, bend.lengthBytes());
            scene.lied(to);
            port.send(to, bend.bytes, 0, bend.lengthBytes());
        }
        return sent;
    }

    /** Sends what the core says, and notes where the two halves of a twin voted for different things. */
    boolean twin(final int to) {
        final Fields fields = Fields.of(bend.templateId());
        if (fields != null) {
            compare(to, fields);
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    private void compare(final int to, final Fields fields) {
        final long view = bend.getLong(fields.view());
        final long sequence = bend.getLong(fields.sequence());
        bend.bytes.getBytes(Bend.HEADER + fields.digest(), first);
        final byte[] said = plot.digest(bend.senderId(), view, sequence);
        if (said == null) {
            plot.agree(bend.senderId(), view, sequence, first);
        } else if (!Arrays.equals(said, first)) {
            scene.lied(to);
        }
    }
}
