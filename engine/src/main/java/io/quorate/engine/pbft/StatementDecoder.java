package io.quorate.engine.pbft;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.NewViewDecoder.ViewChangesDecoder;
import io.quorate.transport.codecs.StableCheckpointDecoder;
import io.quorate.transport.codecs.StableCheckpointDecoder.SignersDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder.PreparedDecoder;
import org.agrona.DirectBuffer;

/**
 * Takes certificates, view changes and new views out of the bytes that were signed: those of a message, for the adapter, or
 * those of a journal's entry, for {@link Restart}. Whoever calls has checked that the groups end where the bytes end.
 */
final class StatementDecoder {
    static final int GROUP_HEADER_LENGTH = 4;

    private final int peerCount;
    private final Digest256 digest = new Digest256();
    private final ViewChangeDecoder viewChange = new ViewChangeDecoder();
    private final NewViewDecoder newView = new NewViewDecoder();
    private DirectBuffer buffer;
    private int offset;
    private int length;

    StatementDecoder(final int peerCount) {
        this.peerCount = peerCount;
    }

    /** The bytes at hand, signature first. */
    StatementDecoder wrap(final DirectBuffer newBuffer, final int newOffset, final int newLength) {
        buffer = newBuffer;
        offset = newOffset;
        length = newLength;
        return this;
    }

    /** Reads a group of signers; false if it has another shape, an unknown id or an id out of order. */
    boolean decodeSigners(final Checkpoints.Certificate into, final int groupOffset) {
        final int stride = StableCheckpointDecoder.SignersDecoder.sbeBlockLength();
        if (groupStride(groupOffset) != stride) {
            return false;
        }
        final int count = groupCount(groupOffset);
        for (int i = 0; i < count; i++) {
            final int entry = groupOffset + GROUP_HEADER_LENGTH + i * stride;
            final int replicaId = buffer.getShort(entry, LITTLE_ENDIAN) & 0xFFFF;
            if (!into.add(replicaId, buffer, entry + SignersDecoder.signatureEncodingOffset())) {
                return false;
            }
        }
        return true;
    }

    /** Copies a view change out of the message; null if a group has another shape. */
    NewView.Vote decodeVote() {
        viewChange.wrap(buffer, offset, ViewChangeDecoder.BLOCK_LENGTH, 0);
        final Checkpoints.Certificate base = new Checkpoints.Certificate(peerCount);
        base.begin(
                viewChange.baseSequence(), digest.set(buffer, offset + ViewChangeDecoder.baseDigestEncodingOffset()));
        final int signers = offset + ViewChangeDecoder.BLOCK_LENGTH;
        if (!decodeSigners(base, signers)) {
            return null;
        }
        final int prepared = (int) groupEnd(signers);
        final int prePrepared = (int) groupEnd(prepared);
        if (groupStride(prepared) != PreparedDecoder.sbeBlockLength()
                || groupStride(prePrepared) != PreparedDecoder.sbeBlockLength()) {
            return null;
        }
        final NewView.Vote vote = new NewView.Vote(
                viewChange.replicaId(),
                viewChange.view(),
                base,
                groupCount(prepared),
                groupCount(prePrepared),
                buffer,
                offset,
                length);
        decodeClaims(vote.prepared(), prepared);
        decodeClaims(vote.prePrepared(), prePrepared);
        return vote;
    }

    private void decodeClaims(final NewView.Claims claims, final int groupOffset) {
        for (int i = 0; i < claims.count(); i++) {
            final int entry = groupOffset + GROUP_HEADER_LENGTH + i * PreparedDecoder.sbeBlockLength();
            claims.set(
                    i,
                    buffer.getLong(entry + PreparedDecoder.sequenceEncodingOffset(), LITTLE_ENDIAN),
                    buffer.getLong(entry + PreparedDecoder.viewEncodingOffset(), LITTLE_ENDIAN),
                    digest.set(buffer, entry + PreparedDecoder.batchDigestEncodingOffset()));
        }
    }

    /** Copies a new view out of the message; null if it names unknown peers, or one twice. */
    NewView.Proposal decodeProposal() {
        newView.wrap(buffer, offset, NewViewDecoder.BLOCK_LENGTH, 0);
        final int group = offset + NewViewDecoder.BLOCK_LENGTH;
        final int count = groupCount(group);
        if (groupStride(group) != ViewChangesDecoder.sbeBlockLength() || count > peerCount) {
            return null;
        }
        final NewView.Proposal proposal = new NewView.Proposal(newView.view(), count, buffer, offset, length);
        int previousId = -1;
        for (int i = 0; i < count; i++) {
            final int entry = group + GROUP_HEADER_LENGTH + i * ViewChangesDecoder.sbeBlockLength();
            final int replicaId = buffer.getShort(entry, LITTLE_ENDIAN) & 0xFFFF;
            if (replicaId <= previousId || replicaId >= peerCount) {
                return null;
            }
            previousId = replicaId;
            digest.set(buffer, entry + ViewChangesDecoder.viewChangeDigestEncodingOffset());
            proposal.set(i, replicaId, digest);
        }
        return proposal;
    }

    private int groupStride(final int groupOffset) {
        return buffer.getShort(groupOffset, LITTLE_ENDIAN) & 0xFFFF;
    }

    private int groupCount(final int groupOffset) {
        return buffer.getShort(groupOffset + 2, LITTLE_ENDIAN) & 0xFFFF;
    }

    long groupEnd(final int groupOffset) {
        return groupOffset + GROUP_HEADER_LENGTH + (long) groupStride(groupOffset) * groupCount(groupOffset);
    }
}
