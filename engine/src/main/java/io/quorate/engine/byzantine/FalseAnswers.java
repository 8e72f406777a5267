package io.quorate.engine.byzantine;

import io.quorate.transport.Outbox;
import io.quorate.transport.codecs.BatchDecoder;
import io.quorate.transport.codecs.CommittedDecoder;
import io.quorate.transport.codecs.HandoverCertificateDecoder;
import io.quorate.transport.codecs.ReadAnswerDecoder;
import io.quorate.transport.codecs.RecoveryAnswerDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.RequestDecoder;
import io.quorate.transport.codecs.SnapshotPageDecoder;
import io.quorate.transport.codecs.StatusDecoder;
import io.quorate.transport.codecs.TaggedRequestDecoder;

/** Lies to whoever asks, clients and peers that catch up; and what is no answer at all. */
final class FalseAnswers {
    private static final int NULL_BATCH_LENGTH =
            Bend.HEADER + BatchDecoder.BLOCK_LENGTH + BatchDecoder.requestDigestsHeaderLength();

    private final Bend bend;
    private final Outbox port;
    private final Scene scene;

    FalseAnswers(final Bend bend, final Outbox port, final Scene scene) {
        this.bend = bend;
        this.port = port;
        this.scene = scene;
    }

    boolean wrongResult(final int to) {
        if (bend.templateId() == ReplyDecoder.TEMPLATE_ID || bend.templateId() == ReadAnswerDecoder.TEMPLATE_ID) {
            bend.damageLast();
            scene.lied(to);
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    boolean badPages(final int to) {
        switch (bend.templateId()) {
            // Of a certificate the end of the roster that it proves.
            case SnapshotPageDecoder.TEMPLATE_ID, HandoverCertificateDecoder.TEMPLATE_ID -> {
                bend.damageLast();
                scene.lied(to);
            }
            case BatchDecoder.TEMPLATE_ID -> {
                if (bend.lengthBytes() > NULL_BATCH_LENGTH) {
                    bend.damageLast();
                    scene.lied(to);
                }
            }
            case RequestDecoder.TEMPLATE_ID -> {
                // Others' requests only, passed on: of its own it is the client.
                if (bend.bytes.getShort(Bend.HEADER + RequestDecoder.clientIdEncodingOffset()) != bend.senderId()) {
                    bend.damageLast();
                    scene.lied(to);
                }
            }
            case TaggedRequestDecoder.TEMPLATE_ID -> {
                // The tags.
                if (bend.bytes.getShort(Bend.HEADER + TaggedRequestDecoder.clientIdEncodingOffset())
                        != bend.senderId()) {
                    bend.damageLast();
                    scene.lied(to);
                }
            }
            default -> {
                // Everything else as it is.
            }
        }
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    boolean exaggerate(final int to) {
        switch (bend.templateId()) {
            case CommittedDecoder.TEMPLATE_ID -> bend.damageDigest(CommittedDecoder.batchDigestEncodingOffset());
            case RecoveryAnswerDecoder.TEMPLATE_ID -> bend.exaggerate(RecoveryAnswerDecoder.sequenceEncodingOffset());
            case StatusDecoder.TEMPLATE_ID -> {
                bend.exaggerate(StatusDecoder.stableSequenceEncodingOffset());
                bend.exaggerate(StatusDecoder.committedSequenceEncodingOffset());
                bend.exaggerate(StatusDecoder.executedSequenceEncodingOffset());
            }
            default -> {
                return port.send(to, bend.bytes, 0, bend.lengthBytes());
            }
        }
        scene.lied(to);
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }

    boolean garbled(final int to) {
        final int length = bend.lengthBytes();
        switch (bend.draw(4)) {
            case 0 -> bend.lengthBytes(1 + bend.draw(length));
            case 1 -> bend.lengthBytes(length + 1 + bend.draw(Long.BYTES));
            case 2 -> {
                final int at = bend.draw(length);
                bend.bytes.putByte(at, (byte) (bend.bytes.getByte(at) ^ 1 << bend.draw(Byte.SIZE)));
            }
            default -> {
                return port.send(to, bend.bytes, 0, length);
            }
        }
        scene.lied(to);
        return port.send(to, bend.bytes, 0, bend.lengthBytes());
    }
}
