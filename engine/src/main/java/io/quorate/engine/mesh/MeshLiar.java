package io.quorate.engine.mesh;

import io.quorate.engine.virtual.SimRandom;
import io.quorate.engine.virtual.Trace;
import io.quorate.transport.Outbox;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.codecs.AccusationsDecoder;
import io.quorate.transport.codecs.AccusationsEncoder;
import io.quorate.transport.codecs.AckDecoder;
import io.quorate.transport.codecs.MemberRecordsDecoder;
import io.quorate.transport.codecs.MemberRecordsEncoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import io.quorate.transport.codecs.PingReportDecoder;
import io.quorate.transport.codecs.PingReportEncoder;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a lying member adds to, and takes from, what a correct one would say. It signs with its own key only, and knows what all
 * liars know.
 */
final class MeshLiar {
    /** Ways of lying. */
    enum Lie {
        /** Accuses every correct member, again and again, also in others' names and many times in one message. */
        ACCUSE,
        /** Says again the records and accusations that it heard long ago. */
        REPLAY,
        /** Makes up newer records of others. */
        FORGE,
        /** Says as a helper that everybody answers, and accuses nobody. */
        VOUCH,
        /** Says as a helper that nobody answers, and answers every second member only. */
        DENY,
        /** Signs two records of one incarnation. */
        EQUIVOCATE,
        /** Sends bytes that are no message. */
        GARBLE
    }

    private static final long PAUSE_MIN_NS = 40_000_000;
    private static final long PAUSE_MAX_NS = 240_000_000;
    private static final int REMEMBERED_MAX = 64;
    private static final int GARBLE_PPM = 300_000;
    private static final int REPEATS = 12;
    private static final int RECORD_CONTENT_LENGTH = 13;
    private static final int ACCUSATION_CONTENT_LENGTH = 10;

    private final MeshWorld world;
    private final Lie lie;
    private final SimRandom random;
    private final List<byte[]> remembered = new ArrayList<>();
    private final UnsafeBuffer message = new UnsafeBuffer(new byte[4096]);
    private final UnsafeBuffer content = new UnsafeBuffer(new byte[16]);
    private final UnsafeBuffer signature = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);
    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final AccusationsEncoder accusations = new AccusationsEncoder();
    private final MemberRecordsEncoder records = new MemberRecordsEncoder();
    private MeshMember member;
    private Outbox outbox;
    private Signer signer;
    private int life;

    MeshLiar(final MeshWorld world, final Lie lie, final SimRandom random) {
        this.world = world;
        this.lie = lie;
        this.random = random;
    }

    Lie lie() {
        return lie;
    }

    /** The liar's process has begun. */
    void begin(final MeshMember newMember, final Outbox newOutbox, final Signer newSigner) {
        member = newMember;
        outbox = newOutbox;
        signer = newSigner;
        next(++life);
    }

    private void next(final int ofLife) {
        world.clock().schedule(random.between(PAUSE_MIN_NS, PAUSE_MAX_NS), () -> {
            if (ofLife == life && member.isRunning()) {
                speak();
                member.endTurn();
            }
            if (ofLife == life) {
                next(ofLife);
            }
        });
    }

    private void speak() {
        switch (lie) {
            case ACCUSE -> accuseAll();
            case REPLAY -> replay();
            case FORGE -> forgeRecords();
            case EQUIVOCATE -> equivocate();
            case VOUCH, DENY, GARBLE -> {}
        }
    }

    private void told(final int toId) {
        world.trace().record(world.clock().nowNs(), member.id(), Trace.Kind.LIE, toId, lie.ordinal());
    }

    private void toAll(final int lengthBytes) {
        for (int toId = 0; toId < world.memberCount(); toId++) {
            if (toId != member.id()) {
                told(toId);
                outbox.send(toId, message, 0, lengthBytes);
            }
        }
    }

    private void accuseAll() {
        for (int subjectId = 0; subjectId < world.memberCount(); subjectId++) {
            final long incarnation = member.swim().table().incarnation(subjectId);
            if (subjectId == member.id() || world.member(subjectId).isLiar() || incarnation < 1) {
                continue;
            }
            content.putShort(0, (short) subjectId, ByteOrder.LITTLE_ENDIAN);
            content.putLong(Short.BYTES, incarnation, ByteOrder.LITTLE_ENDIAN);
            signer.sign(SigningDomain.ACCUSATION, content, 0, ACCUSATION_CONTENT_LENGTH, signature, 0);
            accusations
                    .wrapAndApplyHeader(message, 0, header)
                    .subjectId(subjectId)
                    .incarnation(incarnation);
            final AccusationsEncoder.AccusersEncoder entries = accusations.accusersCount(REPEATS);
            for (int i = 0; i < REPEATS; i++) {
                final int named = i < REPEATS / 2 ? member.id() : random.nextInt(world.memberCount());
                entries.next()
                        .accuserId(named == subjectId ? member.id() : named)
                        .putSignature(signature, 0, Signer.SIGNATURE_LENGTH);
            }
            toAll(MessageHeaderEncoder.ENCODED_LENGTH + accusations.encodedLength());
        }
    }

    private void replay() {
        if (remembered.isEmpty()) {
            return;
        }
        final byte[] old = remembered.get(random.nextInt(remembered.size()));
        message.putBytes(0, old);
        toAll(old.length);
    }

    private void forgeRecords() {
        final int subjectId = random.nextInt(world.memberCount());
        if (subjectId != member.id()) {
            final long incarnation = member.swim().table().incarnation(subjectId) + 1;
            toAll(putRecord(subjectId, 0, random.nextInt(2), incarnation));
        }
    }

    private void equivocate() {
        final long incarnation = member.swim().incarnation() + 1;
        for (int toId = 0; toId < world.memberCount(); toId++) {
            if (toId != member.id()) {
                final int length = putRecord(member.id(), toId % 2, 0, incarnation);
                told(toId);
                outbox.send(toId, message, 0, length);
            }
        }
    }

    /** A record in somebody's name, signed with the own key. */
    private int putRecord(final int memberId, final int zone, final int status, final long incarnation) {
        content.putShort(0, (short) memberId, ByteOrder.LITTLE_ENDIAN);
        content.putShort(2, (short) zone, ByteOrder.LITTLE_ENDIAN);
        content.putByte(4, (byte) status);
        content.putLong(5, incarnation, ByteOrder.LITTLE_ENDIAN);
        signer.sign(SigningDomain.MEMBER, content, 0, RECORD_CONTENT_LENGTH, signature, 0);
        records.wrapAndApplyHeader(message, 0, header);
        records.recordsCount(1)
                .next()
                .memberId(memberId)
                .zone(zone)
                .status((short) status)
                .incarnation(incarnation)
                .putSignature(signature, 0, Signer.SIGNATURE_LENGTH);
        return MessageHeaderEncoder.ENCODED_LENGTH + records.encodedLength();
    }

    /** Keeps what may be said again. */
    void onHeard(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final int template = templateAt(buffer, offset);
        if (lie == Lie.REPLAY
                && lengthBytes <= message.capacity()
                && (template == MemberRecordsDecoder.TEMPLATE_ID || template == AccusationsDecoder.TEMPLATE_ID)) {
            final byte[] copy = new byte[lengthBytes];
            buffer.getBytes(offset, copy);
            if (remembered.size() < REMEMBERED_MAX) {
                remembered.add(copy);
            } else if (random.nextInt(4) == 0) {
                remembered.set(random.nextInt(REMEMBERED_MAX), copy);
            }
        }
    }

    private static int templateAt(final DirectBuffer buffer, final int offset) {
        return buffer.getShort(offset + MessageHeaderDecoder.templateIdEncodingOffset(), ByteOrder.LITTLE_ENDIAN);
    }

    /** What the correct core says passes through here. */
    Outbox bend(final Outbox plain) {
        return new Outbox() {
            @Override
            public boolean send(final int toId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
                return switch (lie) {
                    case VOUCH -> vouch(plain, toId, buffer, offset, lengthBytes);
                    case DENY -> deny(plain, toId, buffer, offset, lengthBytes);
                    case GARBLE -> garble(plain, toId, buffer, offset, lengthBytes);
                    case ACCUSE, REPLAY, FORGE, EQUIVOCATE -> plain.send(toId, buffer, offset, lengthBytes);
                };
            }

            @Override
            public void flush() {
                plain.flush();
            }
        };
    }

    private boolean vouch(
            final Outbox plain, final int toId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final int template = templateAt(buffer, offset);
        if (template == AccusationsDecoder.TEMPLATE_ID) {
            told(toId);
            return true;
        }
        return template == PingReportDecoder.TEMPLATE_ID
                ? report(plain, toId, buffer, offset, lengthBytes, 1)
                : plain.send(toId, buffer, offset, lengthBytes);
    }

    private boolean deny(
            final Outbox plain, final int toId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        final int template = templateAt(buffer, offset);
        if (template == AckDecoder.TEMPLATE_ID && toId % 2 == 0) {
            told(toId);
            return true;
        }
        return template == PingReportDecoder.TEMPLATE_ID
                ? report(plain, toId, buffer, offset, lengthBytes, 0)
                : plain.send(toId, buffer, offset, lengthBytes);
    }

    private boolean report(
            final Outbox plain,
            final int toId,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final int isAnswered) {
        told(toId);
        message.putBytes(0, buffer, offset, lengthBytes);
        message.putByte(
                MessageHeaderEncoder.ENCODED_LENGTH + PingReportEncoder.isAnsweredEncodingOffset(), (byte) isAnswered);
        return plain.send(toId, message, 0, lengthBytes);
    }

    private boolean garble(
            final Outbox plain, final int toId, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (!random.chance(GARBLE_PPM) || lengthBytes > message.capacity() - 1) {
            return plain.send(toId, buffer, offset, lengthBytes);
        }
        told(toId);
        message.putBytes(0, buffer, offset, lengthBytes);
        final int place = MessageHeaderEncoder.ENCODED_LENGTH - 1 + random.nextInt(lengthBytes);
        if (place < lengthBytes) {
            message.putByte(place, (byte) (message.getByte(place) ^ (1 << random.nextInt(8))));
        }
        final int length = MessageHeaderEncoder.ENCODED_LENGTH
                + random.nextInt(lengthBytes - MessageHeaderEncoder.ENCODED_LENGTH + 2);
        return plain.send(toId, message, 0, Math.min(length, lengthBytes + 1));
    }
}
