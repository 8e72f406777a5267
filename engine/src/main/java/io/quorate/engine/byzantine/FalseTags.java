package io.quorate.engine.byzantine;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.engine.ordering.Batch;
import io.quorate.engine.ordering.Digest256;
import io.quorate.engine.ordering.Request;
import io.quorate.transport.Authenticator;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.StatusDecoder;
import io.quorate.transport.codecs.TaggedRequestDecoder;
import io.quorate.transport.codecs.TaggedRequestEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Lies with requests that are not signed: as a client tells one replica what others cannot check, in another client's name says what that
 * never said, as primary proposes such requests, and spoils the tags of what it passes on.
 */
final class FalseTags {
    /** A question and no command: what a liar writes would be news to the checkers. */
    private static final int BODY_LENGTH = 16;

    private static final int NUMBERS = 40;
    private static final int FORGED_SEQUENCES = 3;
    private static final int DIGESTS_AT =
            Bend.HEADER + PrePrepareDecoder.BLOCK_LENGTH + PrePrepareDecoder.requestDigestsHeaderLength();

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;
    private final Plot plot;
    private final Digest sha256 = new Digest();
    private final Digest256 digest = new Digest256();
    private final UnsafeBuffer digestBytes = new UnsafeBuffer(new byte[Digest256.LENGTH]);

    /** A message with room for a signature between header and content, where the digest expects one. */
    private final UnsafeBuffer forged;

    private final UnsafeBuffer body = new UnsafeBuffer(new byte[BODY_LENGTH]);
    private final UnsafeBuffer tags;
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final TaggedRequestEncoder request = new TaggedRequestEncoder();
    private long ownNumber;

    FalseTags(final Bend bend, final Outbox port, final Scene scene, final Plot plot) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
        this.plot = plot;
        tags = new UnsafeBuffer(new byte[scene.peerCount() * Authenticator.TAG_LENGTH]);
        forged = new UnsafeBuffer(new byte[512 + tags.capacity()]);
    }

    boolean badTags(final int to) {
        switch (bend.templateId()) {
            case StatusDecoder.TEMPLATE_ID -> {
                sendForged(to, bend.senderId(), ++ownNumber);
                sendForged(to, plot.victimId(), 1 + bend.draw(NUMBERS));
            }
            case TaggedRequestDecoder.TEMPLATE_ID -> {
                for (int at = bend.lengthBytes() - tags.capacity(); at < bend.lengthBytes(); at++) {
                    bend.bytes.putByte(at, (byte) ~bend.bytes.getByte(at));
                }
                scene.lied(to);
            }
            case PrePrepareDecoder.TEMPLATE_ID -> {
                final long sequence = bend.getLong(PrePrepareDecoder.sequenceEncodingOffset());
                if (sequence % FORGED_SEQUENCES == 0) {
                    proposeForged(to, sequence);
                    return true;
                }
            }
            default -> {
                // Everything else as it is.
            }
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    /** One request that its client never sent, the same to everybody, in place of the batch; and its body at once. */
    private void proposeForged(final int to, final long sequence) {
        final int length = forge(plot.victimId(), sequence);
        Request.digestOf(sha256, forged, 0, Request.contentEnd(forged, 0), digestBytes, digest);
        bend.bytes.putBytes(DIGESTS_AT, digestBytes, 0, Digest256.LENGTH);
        bend.bytes.putInt(DIGESTS_AT - Integer.BYTES, Digest256.LENGTH, LITTLE_ENDIAN);
        Batch.digestOf(sha256, bend.bytes, DIGESTS_AT, Digest256.LENGTH, digest);
        digest.write(bend.bytes, Bend.HEADER + PrePrepareDecoder.batchDigestEncodingOffset());
        bend.lengthBytes(DIGESTS_AT + Digest256.LENGTH);
        bend.sign(
                SigningDomain.PRE_PREPARE,
                PrePrepareDecoder.signatureEncodingOffset(),
                Bend.HEADER + PrePrepareDecoder.BLOCK_LENGTH);
        scene.lied(to);
        port.send(to, bend.bytes, 0, bend.lengthBytes());
        send(to, length);
    }

    private void sendForged(final int to, final int clientId, final long number) {
        final int length = forge(clientId, number);
        scene.lied(to);
        send(to, length);
    }

    /** Writes a request with tags that do not hold behind a place for a signature; returns where it ends. */
    private int forge(final int clientId, final long number) {
        for (int at = 0; at < BODY_LENGTH; at += Long.BYTES) {
            body.putLong(at, (clientId + 1) * 1_000_003L + number * 31 + at);
        }
        for (int at = 0; at < tags.capacity(); at++) {
            tags.putByte(at, (byte) (number + at));
        }
        request.wrap(forged, Request.SIGNATURE_LENGTH)
                .clientId(clientId)
                .requestNumber(number)
                .putBody(body, 0, BODY_LENGTH)
                .putTags(tags, 0, tags.capacity());
        return Request.SIGNATURE_LENGTH + request.encodedLength();
    }

    /** The header goes where the signature would be, right before the content. */
    private void send(final int to, final int end) {
        final int start = Request.SIGNATURE_LENGTH - Bend.HEADER;
        header.wrap(forged, start)
                .blockLength(TaggedRequestEncoder.BLOCK_LENGTH)
                .templateId(TaggedRequestEncoder.TEMPLATE_ID)
                .schemaId(TaggedRequestEncoder.SCHEMA_ID)
                .version(TaggedRequestEncoder.SCHEMA_VERSION);
        port.send(to, forged, start, end - start);
    }
}
