package io.quorate.transport.frame;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.transport.DropReason;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.auth.MacKeyRing;
import io.quorate.transport.auth.Samples;
import io.quorate.transport.auth.SessionKeys;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(SessionKeys.Sealing.class)
class FrameDispatcherTest {
    private static final int PEERS = 4;
    private static final int LOCAL = 1;
    private static final int SENDER = 2;
    private static final long GROUP = 0x1122334455667788L;
    private static final long EPOCH = 9;
    private static final FrameFlyweight.Link LINK = new FrameFlyweight.Link(GROUP, EPOCH, SENDER, LOCAL);
    private static final FrameLimits LIMITS = FramePacker.limits(4096);

    @Parameter
    SessionKeys.Sealing sealing;

    private SessionKeys session;
    private final LinkCounters counters = new LinkCounters(PEERS);
    private final List<String> events = new ArrayList<>();
    private final FrameHandler handler = (senderId, buffer, offset, length) ->
            events.add(senderId + " says " + length + " " + buffer.getByte(offset + length - 1));
    private FrameDispatcher dispatcher;

    @BeforeEach
    void offerSession() {
        session = Samples.session(1, 1, sealing);
        final List<MacKeyRing> rings = new ArrayList<>();
        for (int id = 0; id < PEERS; id++) {
            rings.add(new MacKeyRing());
        }
        rings.get(SENDER).offer(Samples.session(1, 1, sealing), true);
        dispatcher = new FrameDispatcher(
                new FrameFlyweight.Link(GROUP, EPOCH, LOCAL, LOCAL), LIMITS, rings, counters, new RecordingLinks());
    }

    @Test
    void shouldDeliverEveryMessageInOrder() {
        assertThat(receive(frame(LINK, message(30, 8, 1), message(30, 13, 2), message(30, 600, 3))))
                .isTrue();
        assertThat(events).containsExactly("confirmed 2", "2 says 8 1", "2 says 13 2", "2 says 600 3");
        assertThat(counters.get(SENDER, LinkCounter.FRAMES_RECEIVED)).isEqualTo(1);
        assertThat(counters.get(SENDER, LinkCounter.MESSAGES_RECEIVED)).isEqualTo(3);
        assertThat(counters.droppedTotal()).isZero();
    }

    @Test
    void shouldGiveLinkMessagesToTheLinksOnly() {
        receive(frame(LINK, message(19, 8, 1), message(20, 8, 2)));
        assertThat(events).containsExactly("confirmed 2", "link 2 8", "2 says 8 2");
    }

    @Test
    void shouldDeliverAnEmptyBody() {
        assertThat(receive(frame(LINK))).isTrue();
        assertThat(events).containsExactly("confirmed 2");
    }

    @Test
    void shouldDropEveryTruncationAndExtension() {
        final byte[] good = frame(LINK, message(30, 40, 1));
        for (int length = 0; length < good.length; length++) {
            receive(Arrays.copyOf(good, length));
        }
        receive(Arrays.copyOf(good, good.length + 1));
        receive(Arrays.copyOf(good, good.length + 8));
        receive(Arrays.copyOf(good, LIMITS.frameLengthMax() + 8));
        assertThat(events).isEmpty();
        assertThat(counters.dropped(DropReason.LENGTH)).isEqualTo(good.length + 3);
        assertThat(counters.droppedTotal()).isEqualTo(good.length + 3);
        assertThat(receive(good)).isTrue();
    }

    @Test
    void shouldDropEveryFlippedBit() {
        final byte[] good = frame(LINK, message(30, 40, 1), message(30, 9, 2));
        for (int bit = 0; bit < good.length * 8; bit++) {
            final byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThat(receive(bad)).as("bit " + bit).isFalse();
            assertThat(counters.droppedTotal()).as("bit " + bit).isEqualTo(bit + 1);
        }
        assertThat(events).isEmpty();
        assertThat(receive(good)).isTrue();
    }

    @Test
    void shouldNameTheReasonInTheOrderOfTheChecks() {
        final byte[] good = frame(LINK, message(30, 40, 1));
        expect(DropReason.VERSION, PEERS, patch(good, 0, 1));
        expect(DropReason.VERSION, PEERS, patch(good, 4, 2));
        expect(DropReason.VERSION, PEERS, patch(good, 5, 3));
        expect(DropReason.VERSION, PEERS, patch(good, 6, 56));
        expect(DropReason.VERSION, PEERS, patch(good, 44, 3));
        expect(DropReason.MAC, SENDER, patch(good, 44, 3 - sealing.suite()));
        expect(DropReason.VERSION, PEERS, patch(good, 45, 1));
        expect(DropReason.LENGTH, PEERS, patch(good, 40, 0x39));
        expect(DropReason.GROUP, PEERS, patch(good, 15, 0));
        expect(DropReason.EPOCH, SENDER, patch(good, 16, 8));
        expect(DropReason.RECEIVER, SENDER, patch(good, 22, 0));
        expect(DropReason.SENDER, PEERS, patch(good, 20, LOCAL));
        expect(DropReason.SENDER, PEERS, patch(good, 20, PEERS));
        expect(DropReason.SENDER, PEERS, patch(good, 21, 0xff));
        expect(DropReason.UNKNOWN_KEY, 3, patch(good, 20, 3));
        expect(DropReason.UNKNOWN_KEY, SENDER, patch(good, 24, ~good[24]));
        expect(DropReason.MAC, SENDER, patch(good, 32, 99));
        expect(DropReason.MAC, SENDER, patch(good, good.length - 1, ~good[good.length - 1]));
        assertThat(receive(good)).isTrue();
        expect(DropReason.REPLAY, SENDER, good);
        expect(DropReason.GROUP, PEERS, frame(new FrameFlyweight.Link(GROUP + 1, EPOCH, SENDER, LOCAL)));
        expect(DropReason.EPOCH, SENDER, frame(new FrameFlyweight.Link(GROUP, EPOCH + 1, SENDER, LOCAL)));
        expect(DropReason.RECEIVER, SENDER, frame(new FrameFlyweight.Link(GROUP, EPOCH, SENDER, 3)));
        expect(DropReason.MAC, SENDER, sealBy(Samples.session(77, 1, sealing), session.keyId()));
    }

    @Test
    void shouldDropBodiesThatAreNotWholeMessages() {
        expectMalformed(0, 7);
        expectMalformed(0, 0);
        expectMalformed(0, -1);
        expectMalformed(0, Integer.MAX_VALUE);
        expectMalformed(0, Integer.MIN_VALUE);
        expectMalformed(0, LIMITS.messageLengthMax() + 1);
        expectMalformed(0, 41);
        expectMalformed(4, 1);
        expectMalformed(12, 0);
        assertThat(events).containsExactly("confirmed 2");
    }

    @Test
    void shouldDeliverNothingOfABodyWithOneBadMessage() {
        final UnsafeBuffer bad = message(30, 24, 1);
        bad.putShort(0, (short) 17, ByteOrder.LITTLE_ENDIAN);
        receive(frame(LINK, message(30, 40, 1), bad));
        assertThat(events).containsExactly("confirmed 2");
        assertThat(counters.dropped(SENDER, DropReason.MALFORMED)).isEqualTo(1);
    }

    @Test
    void shouldPassHandshakesOnWithoutAMac() {
        final UnsafeBuffer destination = new UnsafeBuffer(new byte[512]);
        final int length = FramePacker.packHandshake(destination, LINK, message(1, 100, 5));
        final byte[] good = Arrays.copyOf(destination.byteArray(), length);
        assertThat(receive(good)).as("not a sealed frame").isFalse();
        assertThat(events).containsExactly("handshake 2 100");
        expect(DropReason.HANDSHAKE_MALFORMED, SENDER, patch(good, 48, 108));
        expect(DropReason.HANDSHAKE_MALFORMED, SENDER, patch(good, 48, 0));
        expect(DropReason.HANDSHAKE_MALFORMED, SENDER, patch(good, 51, 0x80));
        expect(DropReason.HANDSHAKE_MALFORMED, SENDER, patch(good, 24, 1));
        expect(DropReason.HANDSHAKE_MALFORMED, SENDER, patch(good, 32, 1));
        expect(DropReason.SENDER, PEERS, patch(good, 20, LOCAL));
        assertThat(events).hasSize(1);
    }

    @Test
    void shouldNeverThrowOnAnyBytes() {
        final Random random = new Random(11);
        final byte[] good = frame(Samples.session(1, 1), LINK, message(30, 40, 1), message(1, 16, 2));
        for (int run = 0; run < 200_000; run++) {
            byte[] bytes;
            if (random.nextInt(4) == 0) {
                bytes = new byte[random.nextInt(200)];
                random.nextBytes(bytes);
            } else {
                bytes = Arrays.copyOf(good, random.nextInt(good.length + 20));
                for (int edits = random.nextInt(4); edits > 0 && bytes.length > 0; edits--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
                if (random.nextBoolean() && bytes.length >= 64) {
                    bytes = seal(bytes);
                }
            }
            receive(bytes);
        }
        assertThat(counters.droppedTotal()).isPositive();
    }

    private void expectMalformed(final int bodyOffset, final int value) {
        final byte[] bytes = frame(Samples.session(1, 1), LINK, message(30, 40, 1));
        new UnsafeBuffer(bytes).putInt(FrameFlyweight.HEADER_LENGTH + bodyOffset, value, ByteOrder.LITTLE_ENDIAN);
        expect(DropReason.MALFORMED, SENDER, seal(bytes));
    }

    /** Gives the frame a right MAC whatever its content, as a malicious member can. */
    private byte[] seal(final byte[] bytes) {
        return seal(bytes, session, session.keyId());
    }

    private static byte[] seal(final byte[] bytes, final SessionKeys by, final long keyId) {
        final UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        final UnsafeBuffer sealed = by.isEncrypting() ? new UnsafeBuffer(new byte[bytes.length]) : buffer;
        final long counter = by.nextCounter();
        buffer.putLong(24, keyId, ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(32, counter, ByteOrder.LITTLE_ENDIAN);
        buffer.putByte(44, (byte) by.sealing().suite());
        by.seal(buffer, FrameFlyweight.HEADER_LENGTH, bytes.length - FrameFlyweight.TAG_LENGTH, counter, sealed);
        return sealed.byteArray();
    }

    private static byte[] sealBy(final SessionKeys other, final long keyId) {
        return seal(frame(Samples.session(1, 1), LINK), other, keyId);
    }

    private void expect(final DropReason reason, final int row, final byte[] bytes) {
        final long before = counters.dropped(row, reason);
        final long totalBefore = counters.droppedTotal();
        assertThat(receive(bytes)).isFalse();
        assertThat(counters.dropped(row, reason)).as(reason.name()).isEqualTo(before + 1);
        assertThat(counters.droppedTotal()).isEqualTo(totalBefore + 1);
    }

    private boolean receive(final byte[] bytes) {
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[bytes.length + 16]);
        buffer.putBytes(8, bytes);
        return dispatcher.onFrame(buffer, 8, bytes.length, handler);
    }

    private byte[] frame(final FrameFlyweight.Link link, final UnsafeBuffer... messages) {
        return frame(session, link, messages);
    }

    private static byte[] frame(
            final SessionKeys session, final FrameFlyweight.Link link, final UnsafeBuffer... messages) {
        final FramePacker packer = new FramePacker(LIMITS, link);
        for (final UnsafeBuffer message : messages) {
            assertThat(packer.append(message, 0, message.capacity())).isTrue();
        }
        packer.seal(session);
        final byte[] bytes = new byte[packer.length()];
        packer.buffer().getBytes(0, bytes);
        return bytes;
    }

    private static byte[] patch(final byte[] bytes, final int offset, final int value) {
        final byte[] patched = bytes.clone();
        patched[offset] = (byte) value;
        return patched;
    }

    private static UnsafeBuffer message(final int templateId, final int length, final int last) {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[length]);
        new MessageHeaderEncoder()
                .wrap(message, 0)
                .blockLength(0)
                .templateId(templateId)
                .schemaId(MessageHeaderEncoder.SCHEMA_ID)
                .version(0);
        message.putByte(length - 1, (byte) last);
        return message;
    }

    private final class RecordingLinks implements LinkHandler {
        @Override
        public void onHandshake(final int senderId, final DirectBuffer buffer, final int offset, final int length) {
            events.add("handshake " + senderId + " " + length);
        }

        @Override
        public void onLinkMessage(final int senderId, final DirectBuffer buffer, final int offset, final int length) {
            events.add("link " + senderId + " " + length);
        }

        @Override
        public void onSessionConfirmed(final int senderId) {
            events.add("confirmed " + senderId);
        }
    }
}
