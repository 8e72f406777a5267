package io.quorate.engine.byzantine;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.CommitEncoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrePrepareEncoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A primary that begins its view on too few view changes: its own, which says nothing, and one of a peer that had prepared
 * nothing. Then it proposes null batches where others may have committed something.
 */
final class Usurper {
    private static final byte[] VOTE_TAG = "quorate-viewchange".getBytes(StandardCharsets.US_ASCII);
    private static final int GROUP_HEADER = 4;
    private static final int COUNT_AT = 2;
    private static final int PROPOSALS = 4;
    private static final int ENTRY_LENGTH = NewViewDecoder.ViewChangesDecoder.sbeBlockLength();
    private static final int SIGNERS_AT = Bend.HEADER + ViewChangeDecoder.BLOCK_LENGTH;
    private static final int SIGNER_LENGTH = ViewChangeDecoder.SignersDecoder.sbeBlockLength();

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;
    private final Digest sha256 = new Digest();
    private final Digest256 nullDigest = new Digest256();
    private final Named own = new Named();
    private final Named other = new Named();
    private final UnsafeBuffer proposal;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final PrePrepareEncoder prePrepare = new PrePrepareEncoder();
    private final CommitEncoder commit = new CommitEncoder();

    /** A view change by what a new view says of it. */
    private static final class Named {
        private final UnsafeBuffer digest = new UnsafeBuffer(new byte[Digest.LENGTH]);
        private int replicaId;
        private long view = -1;
        private long base;
    }

    Usurper(final Bend bend, final Outbox port, final Scene scene) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
        proposal = new UnsafeBuffer(new byte[Bend.HEADER + PrePrepareEncoder.BLOCK_LENGTH + Integer.BYTES]);
        Batch.digestOf(sha256, proposal, 0, 0, nullDigest);
    }

    /** A view change came: one whose sender had prepared nothing will do. */
    void onViewChange(final DirectBuffer message, final int offset, final int lengthBytes) {
        final int preparedAt =
                offset + SIGNERS_AT + GROUP_HEADER + message.getShort(offset + SIGNERS_AT + COUNT_AT) * SIGNER_LENGTH;
        if (message.getShort(preparedAt + COUNT_AT) == 0) {
            name(other, message, offset, lengthBytes);
        }
    }

    /** The liar's own view change, as it is sent. */
    void onOwnViewChange() {
        name(own, bend.bytes, 0, bend.lengthBytes());
    }

    private void name(final Named named, final DirectBuffer message, final int offset, final int lengthBytes) {
        final int field = offset + Bend.HEADER;
        named.replicaId = message.getShort(field + ViewChangeDecoder.replicaIdEncodingOffset());
        named.view = message.getLong(field + ViewChangeDecoder.viewEncodingOffset());
        named.base = message.getLong(field + ViewChangeDecoder.baseSequenceEncodingOffset());
        nameOf(sha256, message, offset, lengthBytes, named.digest, 0);
    }

    /** By what a new view names a view change. */
    static void nameOf(
            final Digest sha256,
            final DirectBuffer message,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer name,
            final int nameOffset) {
        final int signed = Bend.HEADER + Signer.SIGNATURE_LENGTH;
        sha256.update(VOTE_TAG)
                .update(message, offset + signed, lengthBytes - signed)
                .finish(name, nameOffset);
    }

    /** In place of the new view that its core made. */
    boolean newView(final int to) {
        scene.lied(to);
        final long view = bend.getLong(NewViewDecoder.viewEncodingOffset());
        if (own.view != view || other.view != view) {
            return true;
        }
        final boolean isOwnFirst = own.replicaId < other.replicaId;
        final int groupAt = Bend.HEADER + NewViewDecoder.BLOCK_LENGTH;
        bend.bytes.putShort(groupAt + COUNT_AT, (short) 2);
        final int end = put(isOwnFirst ? other : own, put(isOwnFirst ? own : other, groupAt + GROUP_HEADER));
        bend.lengthBytes(end);
        bend.sign(SigningDomain.NEW_VIEW, NewViewDecoder.signatureEncodingOffset(), end);
        final boolean isSent = port.send(to, bend.bytes, 0, end);
        final long base = Math.max(own.base, other.base);
        for (long sequence = base + 1; sequence <= base + PROPOSALS; sequence++) {
            propose(to, view, sequence);
        }
        return isSent;
    }

    private int put(final Named named, final int at) {
        bend.bytes.putShort(at, (short) named.replicaId);
        bend.bytes.putBytes(at + Short.BYTES, named.digest, 0, Digest.LENGTH);
        return at + ENTRY_LENGTH;
    }

    private void propose(final int to, final long view, final long sequence) {
        prePrepare.wrapAndApplyHeader(proposal, 0, header).view(view).sequence(sequence);
        nullDigest.write(proposal, Bend.HEADER + PrePrepareDecoder.batchDigestEncodingOffset());
        final int listAt = Bend.HEADER + PrePrepareEncoder.BLOCK_LENGTH;
        proposal.putInt(listAt, 0);
        bend.lengthBytes(listAt + Integer.BYTES);
        bend.bytes.putBytes(0, proposal, 0, bend.lengthBytes());
        bend.sign(SigningDomain.PRE_PREPARE, PrePrepareDecoder.signatureEncodingOffset(), listAt);
        port.send(to, bend.bytes, 0, bend.lengthBytes());
        commit.wrapAndApplyHeader(proposal, 0, header)
                .replicaId(bend.senderId())
                .view(view)
                .sequence(sequence);
        nullDigest.write(proposal, Bend.HEADER + CommitEncoder.batchDigestEncodingOffset());
        port.send(to, proposal, 0, Bend.HEADER + CommitEncoder.BLOCK_LENGTH);
    }
}
