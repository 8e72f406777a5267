package io.quorate.engine.byzantine;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.NewViewEncoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import io.quorate.transport.codecs.ViewChangeEncoder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Keeps every view change that it hears for a view of its own, also while it is still correct: the sender may forget it. Once it
 * lies it waits for a peer, the mark, that voted for a sequence and lacks another one below, which the rest commit. It leads the
 * mark into the old view, whose set is the mark's view change, its own, and the forgotten one, which is silent about all that is
 * missing; and claims in the view after that the null batches of the old view prepared (docs/protocols/pbft.md, section 7).
 */
final class Hoarder {
    private static final int GROUP_HEADER = 4;
    private static final int COUNT_AT = 2;
    private static final int CLAIM_LENGTH = ViewChangeDecoder.PreparedDecoder.sbeBlockLength();
    private static final int SIGNER_LENGTH = ViewChangeDecoder.SignersDecoder.sbeBlockLength();
    private static final int SIGNERS_AT = Bend.HEADER + ViewChangeDecoder.BLOCK_LENGTH;
    private static final int ENTRY_LENGTH = NewViewDecoder.ViewChangesDecoder.sbeBlockLength();

    private enum Stage {
        WAITING,
        BAITED,
        BEGUN
    }

    /** Votes for one sequence in the view of its core. */
    private static final class Votes {
        private final byte[] digest = new byte[Digest.LENGTH];
        private long prepared;
        private long committed;
    }

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;
    private final Digest sha256 = new Digest();
    private final byte[] nullDigest = new byte[Digest.LENGTH];
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final ViewChangeEncoder viewChange = new ViewChangeEncoder();
    private final NewViewEncoder newView = new NewViewEncoder();
    private final Map<Integer, UnsafeBuffer> relics = new HashMap<>();
    private final Map<Long, Votes> votes = new HashMap<>();
    private Stage stage = Stage.WAITING;
    private long coreView;
    private UnsafeBuffer relic;
    private int markId;
    private long aimSequence;

    Hoarder(final Bend bend, final Outbox port, final Scene scene) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
        final Digest256 digest = new Digest256();
        Batch.digestOf(sha256, bend.bytes, 0, 0, digest);
        digest.write(new UnsafeBuffer(nullDigest), 0);
    }

    /** Something came in: it is kept, counted, or what the scheme waited for. */
    void onHeard(
            final int senderId, final int templateId, final DirectBuffer message, final int offset, final int length) {
        final int body = offset + Bend.HEADER;
        switch (templateId) {
            case ViewChangeDecoder.TEMPLATE_ID -> onViewChange(message, offset, length);
            case PrepareDecoder.TEMPLATE_ID -> {
                final long sequence = message.getLong(body + PrepareDecoder.sequenceEncodingOffset());
                if (message.getLong(body + PrepareDecoder.viewEncodingOffset()) == coreView) {
                    final Votes ofSequence = votes.computeIfAbsent(sequence, any -> new Votes());
                    ofSequence.prepared |= 1L << senderId;
                    message.getBytes(body + PrepareDecoder.batchDigestEncodingOffset(), ofSequence.digest);
                    bait(senderId, sequence);
                }
            }
            case CommitDecoder.TEMPLATE_ID -> {
                if (message.getLong(body + CommitDecoder.viewEncodingOffset()) == coreView) {
                    final long sequence = message.getLong(body + CommitDecoder.sequenceEncodingOffset());
                    votes.computeIfAbsent(sequence, any -> new Votes()).committed |= 1L << senderId;
                }
            }
            default -> {
                // The rest says nothing about views.
            }
        }
    }

    private void onViewChange(final DirectBuffer message, final int offset, final int length) {
        final int body = offset + Bend.HEADER;
        final int replicaId = message.getShort(body + ViewChangeDecoder.replicaIdEncodingOffset());
        final long view = message.getLong(body + ViewChangeDecoder.viewEncodingOffset());
        if (stage == Stage.BAITED && replicaId == markId && view == view(relic)) {
            begin(copy(message, offset, length), view);
        } else if (view % scene.peerCount() == bend.senderId() && replicaId != bend.senderId()) {
            final UnsafeBuffer kept = relics.get(replicaId);
            if (kept == null || view(kept) < view) {
                relics.put(replicaId, copy(message, offset, length));
            }
        }
    }

    /** What its core says is noted, and half of it held back. */
    boolean send(final int to) {
        switch (bend.templateId()) {
            case ViewChangeDecoder.TEMPLATE_ID, NewViewDecoder.TEMPLATE_ID -> {
                if (stage != Stage.WAITING) {
                    return keepFrom(to);
                }
            }
            case PrepareDecoder.TEMPLATE_ID -> {
                enter(bend.getLong(PrepareDecoder.viewEncodingOffset()));
                if (isMark(to)) {
                    // So the mark prepares later than the others.
                    return keepFrom(to);
                }
            }
            case CommitDecoder.TEMPLATE_ID -> {
                enter(bend.getLong(CommitDecoder.viewEncodingOffset()));
                final long sequence = bend.getLong(CommitDecoder.sequenceEncodingOffset());
                votes.computeIfAbsent(sequence, any -> new Votes()).committed |= 1L << bend.senderId();
            }
            default -> {
                // As its core means it.
            }
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    private void enter(final long view) {
        if (view > coreView) {
            coreView = view;
            votes.clear();
        }
    }

    /** A backup that does not have the forgotten view change behind it. */
    private boolean isMark(final int peerId) {
        final UnsafeBuffer kept = usable(peerId);
        return kept != null && peerId != coreView % scene.peerCount();
    }

    /** A kept view change of somebody else, for a view that is still to come; null if there is none. */
    private UnsafeBuffer usable(final int exceptId) {
        for (final Map.Entry<Integer, UnsafeBuffer> kept : relics.entrySet()) {
            if (kept.getKey() != exceptId && view(kept.getValue()) > coreView) {
                return kept.getValue();
            }
        }
        return null;
    }

    /** The mark voted for a sequence: if it lacks one below that this peer has, it is shown who asks for the old view. */
    private void bait(final int peerId, final long sequence) {
        if (stage != Stage.WAITING || !scene.isLying() || !isMark(peerId) || !lacksBelow(peerId, sequence)) {
            return;
        }
        stage = Stage.BAITED;
        relic = usable(peerId);
        markId = peerId;
        aimSequence = sequence;
        scene.lied(peerId);
        port.send(peerId, relic, 0, relic.capacity());
        bend.bytes.setMemory(0, SIGNERS_AT, (byte) 0);
        viewChange.wrapAndApplyHeader(bend.bytes, 0, header).view(view(relic)).replicaId(bend.senderId());
        final int end = putGroup(putGroup(putGroup(SIGNERS_AT, SIGNER_LENGTH, 0), CLAIM_LENGTH, 0), CLAIM_LENGTH, 0);
        signAndSend(SigningDomain.VIEW_CHANGE, ViewChangeDecoder.signatureEncodingOffset(), end, peerId);
        scene.later(scene.timeoutNs(), () -> stage = stage == Stage.BAITED ? Stage.WAITING : stage);
    }

    private boolean lacksBelow(final int peerId, final long sequence) {
        for (final Map.Entry<Long, Votes> entry : votes.entrySet()) {
            final long committed = entry.getValue().committed;
            final boolean isOwn = (committed >>> bend.senderId() & 1) == 1;
            if (entry.getKey() < sequence && isOwn && (committed >>> peerId & 1) == 0) {
                return true;
            }
        }
        return false;
    }

    /** The mark asks for the old view: the view begins, for the mark alone, with a set that decides. */
    private void begin(final UnsafeBuffer ofMark, final long view) {
        final int preparedAt = SIGNERS_AT + GROUP_HEADER + ofMark.getShort(SIGNERS_AT + COUNT_AT) * SIGNER_LENGTH;
        final int preparedCount = ofMark.getShort(preparedAt + COUNT_AT);
        int at = preparedAt + GROUP_HEADER;
        final int preparedEnd = at + preparedCount * CLAIM_LENGTH;
        while (at < preparedEnd && ofMark.getLong(at) < aimSequence) {
            at += CLAIM_LENGTH;
        }
        if (at < preparedEnd && ofMark.getLong(at) == aimSequence) {
            stage = Stage.WAITING;
            return;
        }
        stage = Stage.BEGUN;
        scene.lied(markId);
        final UnsafeBuffer own = claimAlike(ofMark, preparedAt, preparedCount, at);
        final UnsafeBuffer[] set = {own, ofMark, relic};
        Arrays.sort(set, (one, other) -> replicaId(one) - replicaId(other));
        bend.bytes.setMemory(0, Bend.HEADER + NewViewDecoder.BLOCK_LENGTH, (byte) 0);
        newView.wrapAndApplyHeader(bend.bytes, 0, header).view(view);
        int end = putGroup(Bend.HEADER + NewViewDecoder.BLOCK_LENGTH, ENTRY_LENGTH, set.length);
        for (final UnsafeBuffer member : set) {
            bend.bytes.putShort(end, (short) replicaId(member));
            Usurper.nameOf(sha256, member, 0, member.capacity(), bend.bytes, end + Short.BYTES);
            end += ENTRY_LENGTH;
        }
        signAndSend(SigningDomain.NEW_VIEW, NewViewDecoder.signatureEncodingOffset(), end, markId);
        port.send(markId, own, 0, own.capacity());
        port.send(markId, relic, 0, relic.capacity());
        claimNulls(ofMark, preparedAt, preparedCount, view);
    }

    /** Its own view change says what the mark's says, and that what the mark voted for last had prepared. */
    private UnsafeBuffer claimAlike(
            final UnsafeBuffer ofMark, final int preparedAt, final int preparedCount, final int insertAt) {
        final UnsafeBuffer bytes = bend.bytes;
        bytes.putBytes(0, ofMark, 0, insertAt);
        bytes.putBytes(insertAt + CLAIM_LENGTH, ofMark, insertAt, ofMark.capacity() - insertAt);
        putClaim(insertAt, aimSequence, coreView, votes.get(aimSequence).digest);
        bytes.putShort(preparedAt + COUNT_AT, (short) (preparedCount + 1));
        bytes.putShort(Bend.HEADER + ViewChangeDecoder.replicaIdEncodingOffset(), (short) bend.senderId());
        final int end = ofMark.capacity() + CLAIM_LENGTH;
        bend.lengthBytes(end);
        bend.sign(SigningDomain.VIEW_CHANGE, ViewChangeDecoder.signatureEncodingOffset(), end);
        return copy(bytes, 0, end);
    }

    /** In the view after the old one: that the null batches prepared which the mark votes for now. */
    private void claimNulls(
            final UnsafeBuffer ofMark, final int preparedAt, final int preparedCount, final long oldView) {
        final UnsafeBuffer bytes = bend.bytes;
        bytes.putBytes(0, ofMark, 0, preparedAt);
        bytes.putShort(Bend.HEADER + ViewChangeDecoder.replicaIdEncodingOffset(), (short) bend.senderId());
        bend.putLong(ViewChangeDecoder.viewEncodingOffset(), oldView + 1);
        int at = preparedAt + GROUP_HEADER;
        int count = 0;
        int said = 0;
        final long base = bend.getLong(ViewChangeDecoder.baseSequenceEncodingOffset());
        for (long sequence = base + 1; sequence < aimSequence; sequence++) {
            final int ofMarkAt = preparedAt + GROUP_HEADER + said * CLAIM_LENGTH;
            if (said < preparedCount && ofMark.getLong(ofMarkAt) == sequence) {
                said++;
            } else {
                putClaim(at, sequence, oldView, nullDigest);
                at += CLAIM_LENGTH;
                count++;
            }
        }
        putGroup(preparedAt, CLAIM_LENGTH, count);
        putGroup(at, CLAIM_LENGTH, count);
        bytes.putBytes(at + GROUP_HEADER, bytes, preparedAt + GROUP_HEADER, count * CLAIM_LENGTH);
        final int end = at + GROUP_HEADER + count * CLAIM_LENGTH;
        for (int peerId = 0; peerId < scene.peerCount(); peerId++) {
            if (peerId != bend.senderId()) {
                scene.lied(peerId);
                signAndSend(SigningDomain.VIEW_CHANGE, ViewChangeDecoder.signatureEncodingOffset(), end, peerId);
            }
        }
    }

    private void putClaim(final int at, final long sequence, final long view, final byte[] digest) {
        bend.bytes.putLong(at, sequence);
        bend.bytes.putLong(at + Long.BYTES, view);
        bend.bytes.putBytes(at + 2 * Long.BYTES, digest);
    }

    private int putGroup(final int at, final int entryLength, final int count) {
        bend.bytes.putShort(at, (short) entryLength);
        bend.bytes.putShort(at + COUNT_AT, (short) count);
        return at + GROUP_HEADER;
    }

    private void signAndSend(final SigningDomain domain, final int signatureField, final int end, final int to) {
        bend.lengthBytes(end);
        bend.sign(domain, signatureField, end);
        port.send(to, bend.bytes, 0, end);
    }

    private boolean keepFrom(final int to) {
        scene.lied(to);
        return true;
    }

    private static UnsafeBuffer copy(final DirectBuffer message, final int offset, final int length) {
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[length]);
        copy.putBytes(0, message, offset, length);
        return copy;
    }

    private static long view(final UnsafeBuffer kept) {
        return kept.getLong(Bend.HEADER + ViewChangeDecoder.viewEncodingOffset());
    }

    private static int replicaId(final UnsafeBuffer kept) {
        return kept.getShort(Bend.HEADER + ViewChangeDecoder.replicaIdEncodingOffset());
    }
}
