package io.quorate.engine.byzantine;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import org.agrona.concurrent.UnsafeBuffer;

/** Lies about views: what a liar claims to have prepared, and what it claims that others claimed. */
final class FalseViews {
    private static final int GROUP_HEADER = 4;
    private static final int COUNT_AT = 2;
    private static final int SIGNER_LENGTH = ViewChangeDecoder.SignersDecoder.sbeBlockLength();
    private static final int CLAIM_LENGTH = ViewChangeDecoder.PreparedDecoder.sbeBlockLength();
    private static final int SIGNERS_AT = Bend.HEADER + ViewChangeDecoder.BLOCK_LENGTH;
    private static final int VIEWS_AHEAD_MAX = 1_000;
    private static final long BEYOND = 1L << 31;

    /** Checkpoint intervals of the simulated groups divide this. */
    private static final long INTERVALS_MULTIPLE = 8;

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;
    private final Digest256 nullDigest = new Digest256();

    FalseViews(final Bend bend, final Outbox port, final Scene scene) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
        Batch.digestOf(new Digest(), bend.bytes, 0, 0, nullDigest);
    }

    boolean forgetful(final int to) {
        if (bend.templateId() == ViewChangeDecoder.TEMPLATE_ID) {
            forget();
            scene.lied(to);
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    void forget() {
        endWithoutClaims(preparedAt());
    }

    boolean inconsistent(final int to) {
        if (bend.templateId() == ViewChangeDecoder.TEMPLATE_ID) {
            switch (bend.draw(6)) {
                case 0 -> endWithoutClaims(preparedAt());
                case 1 -> beStale();
                case 2 -> invent(bend.isOneIn(2));
                case 3 -> {
                    bend.putLong(
                            ViewChangeDecoder.viewEncodingOffset(),
                            bend.getLong(ViewChangeDecoder.viewEncodingOffset()) + 1 + bend.draw(VIEWS_AHEAD_MAX));
                    sign(bend.lengthBytes());
                }
                case 4 -> beAhead();
                default -> {
                    // The truth, to one of six.
                    return port.send(to, bend.bytes, 0, bend.lengthBytes());
                }
            }
            scene.lied(to);
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    /** Claims, to everybody alike, that the null batch prepared in the view just left wherever its core prepared something. */
    void claimNulls() {
        invent(true);
    }

    /** Puts what the liars' other story says in the place of each claim that it has a word about. */
    boolean claimOtherStory(final Plot plot) {
        boolean isBent = false;
        int at = preparedAt();
        for (int group = 0; group < 2; group++) {
            final int count = bend.bytes.getShort(at + COUNT_AT);
            at += GROUP_HEADER;
            for (int claim = 0; claim < count; claim++) {
                final byte[] other = plot.digest(Plot.ALL, bend.bytes.getLong(at + Long.BYTES), bend.bytes.getLong(at));
                if (other != null) {
                    bend.bytes.putBytes(at + 2 * Long.BYTES, other);
                    isBent = true;
                }
                at += CLAIM_LENGTH;
            }
        }
        if (isBent) {
            sign(at);
        }
        return isBent;
    }

    /** Claims that something prepared at a sequence that no window reaches. */
    void claimBeyondEveryWindow() {
        final UnsafeBuffer bytes = bend.bytes;
        final int at = preparedAt();
        putGroup(at, 1);
        bytes.putLong(at + GROUP_HEADER, bend.getLong(ViewChangeDecoder.baseSequenceEncodingOffset()) + BEYOND);
        bytes.putLong(at + GROUP_HEADER + Long.BYTES, bend.getLong(ViewChangeDecoder.viewEncodingOffset()) - 1);
        nullDigest.write(bytes, at + GROUP_HEADER + 2 * Long.BYTES);
        final int end = at + GROUP_HEADER + CLAIM_LENGTH;
        putGroup(end, 0);
        sign(end + GROUP_HEADER);
    }

    private int preparedAt() {
        return SIGNERS_AT + GROUP_HEADER + bend.bytes.getShort(SIGNERS_AT + COUNT_AT) * SIGNER_LENGTH;
    }

    /** As after the start of everything: no checkpoint, nothing prepared. */
    private void beStale() {
        bend.putLong(ViewChangeDecoder.baseSequenceEncodingOffset(), 0);
        bend.bytes.setMemory(Bend.HEADER + ViewChangeDecoder.baseDigestEncodingOffset(), Digest.LENGTH, (byte) 0);
        bend.bytes.putShort(SIGNERS_AT + COUNT_AT, (short) 0);
        endWithoutClaims(SIGNERS_AT + GROUP_HEADER);
    }

    /** From a checkpoint that is still to come, with the signatures of another one. */
    private void beAhead() {
        bend.putLong(
                ViewChangeDecoder.baseSequenceEncodingOffset(),
                bend.getLong(ViewChangeDecoder.baseSequenceEncodingOffset())
                        + INTERVALS_MULTIPLE * (1L + bend.draw(4)));
        endWithoutClaims(preparedAt());
    }

    private void endWithoutClaims(final int preparedAt) {
        putGroup(preparedAt, 0);
        putGroup(preparedAt + GROUP_HEADER, 0);
        sign(preparedAt + 2 * GROUP_HEADER);
    }

    /** Claims that another digest, or the null batch, prepared in the view just left, and that it had voted for it. */
    private void invent(final boolean isNull) {
        final UnsafeBuffer bytes = bend.bytes;
        final int preparedAt = preparedAt();
        final int count = bytes.getShort(preparedAt + COUNT_AT);
        final long view = bend.getLong(ViewChangeDecoder.viewEncodingOffset());
        final int claims = Math.max(1, count);
        int at = preparedAt + GROUP_HEADER;
        for (int claim = 0; claim < claims; claim++) {
            if (count == 0) {
                bytes.setMemory(at, CLAIM_LENGTH, (byte) 0x5A);
                bytes.putLong(at, bend.getLong(ViewChangeDecoder.baseSequenceEncodingOffset()) + 1);
            }
            bytes.putLong(at + Long.BYTES, view - 1);
            final int digestAt = at + 2 * Long.BYTES;
            if (isNull) {
                // Everybody has its body, so a new view that believes this goes on with it.
                nullDigest.write(bytes, digestAt);
            } else {
                bytes.putByte(digestAt, (byte) (bytes.getByte(digestAt) ^ 0x55));
            }
            at += CLAIM_LENGTH;
        }
        putGroup(preparedAt, claims);
        putGroup(at, claims);
        bytes.putBytes(at + GROUP_HEADER, bytes, preparedAt + GROUP_HEADER, claims * CLAIM_LENGTH);
        sign(at + GROUP_HEADER + claims * CLAIM_LENGTH);
    }

    private void putGroup(final int at, final int count) {
        bend.bytes.putShort(at, (short) CLAIM_LENGTH);
        bend.bytes.putShort(at + COUNT_AT, (short) count);
    }

    private void sign(final int end) {
        bend.lengthBytes(end);
        bend.sign(SigningDomain.VIEW_CHANGE, ViewChangeDecoder.signatureEncodingOffset(), end);
    }

    /** Names a view change that nobody sent, or one fewer than its core did. */
    boolean falseNewView(final int to) {
        // Only its own: a new view of another primary, passed on, it cannot sign.
        if (bend.templateId() == NewViewDecoder.TEMPLATE_ID && scene.isPrimary()) {
            final int groupAt = Bend.HEADER + NewViewDecoder.BLOCK_LENGTH;
            final int entryLength = NewViewDecoder.ViewChangesDecoder.sbeBlockLength();
            final int count = bend.bytes.getShort(groupAt + COUNT_AT);
            if (bend.isOneIn(2)) {
                final int digestAt = groupAt + GROUP_HEADER + bend.draw(count) * entryLength + Short.BYTES;
                bend.bytes.putByte(digestAt, (byte) (bend.bytes.getByte(digestAt) ^ 0x55));
            } else {
                bend.bytes.putShort(groupAt + COUNT_AT, (short) (count - 1));
                bend.lengthBytes(bend.lengthBytes() - entryLength);
            }
            bend.sign(SigningDomain.NEW_VIEW, NewViewDecoder.signatureEncodingOffset(), bend.lengthBytes());
            scene.lied(to);
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }
}
