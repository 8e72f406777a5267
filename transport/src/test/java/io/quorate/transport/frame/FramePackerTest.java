package io.quorate.transport.frame;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.auth.MacKeyRing;
import io.quorate.transport.auth.Samples;
import io.quorate.transport.auth.SessionKeys;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class FramePackerTest {
    private static final FrameFlyweight.Link LINK = new FrameFlyweight.Link(1, 2, 0, 1);
    private static final FrameLimits LIMITS = FramePacker.limits(8192);

    private final FramePacker packer = new FramePacker(LIMITS, LINK);
    private final SessionKeys session = Samples.session(1, 1);
    private final FrameFlyweight frame = new FrameFlyweight();

    @Test
    void shouldTakeTheLongestMessageAndNothingMore() {
        final UnsafeBuffer longest = message(LIMITS.messageLengthMax());
        assertThat(packer.append(longest, 0, longest.capacity())).isTrue();
        assertThat(packer.append(message(8), 0, 8)).isFalse();
        packer.seal(session);
        assertThat(packer.length()).isEqualTo(LIMITS.frameLengthMax());
        packer.clear();
        assertThat(packer.isEmpty()).isTrue();
        assertThat(packer.append(message(8), 0, 8)).isTrue();
    }

    @Test
    void shouldNeverUseOneCounterForTwoFrames() {
        packer.append(message(8), 0, 8);
        packer.seal(session);
        assertThat(counter()).isEqualTo(1);
        packer.seal(session);
        assertThat(counter()).as("the same frame again").isEqualTo(1);
        packer.append(message(8), 0, 8);
        packer.seal(session);
        assertThat(counter()).as("the frame has grown").isEqualTo(2);
        final SessionKeys renewed = Samples.session(2, 1);
        packer.seal(renewed);
        assertThat(counter()).as("another session").isEqualTo(1);
        assertThat(frame.keyId()).isEqualTo(renewed.keyId());
    }

    @Test
    void shouldLeaveNoOldBytesInThePadding() {
        final UnsafeBuffer full = message(64);
        full.setMemory(8, 56, (byte) 0x7f);
        packer.append(full, 0, 64);
        packer.clear();
        packer.append(message(9), 0, 9);
        packer.seal(session);
        for (int i = 9; i < 16; i++) {
            assertThat(packer.buffer().getByte(FrameFlyweight.HEADER_LENGTH + FrameFlyweight.PREFIX_LENGTH + i))
                    .isZero();
        }
    }

    /** Status frames and a lane that waits for room share a session. */
    @Test
    void shouldKeepASealedFrameWhateverElseTheSessionSeals() {
        for (final SessionKeys.Sealing sealing : SessionKeys.Sealing.values()) {
            final SessionKeys shared = Samples.session(5, 1, sealing);
            final FramePacker other = new FramePacker(LIMITS, LINK);
            final FramePacker waiting = new FramePacker(LIMITS, LINK);
            waiting.append(message(40), 0, 40);
            waiting.seal(shared);
            final byte[] first = new byte[waiting.length()];
            waiting.buffer().getBytes(0, first);
            other.append(message(16), 0, 16);
            other.seal(shared);
            waiting.seal(shared);
            final byte[] again = new byte[waiting.length()];
            waiting.buffer().getBytes(0, again);
            assertThat(again).as(sealing.label()).isEqualTo(first);
            waiting.append(message(24), 0, 24);
            waiting.seal(shared);
            frame.wrap(waiting.buffer(), 0, waiting.length());
            assertThat(frame.counter()).isEqualTo(3);
            assertThat(frame.suite()).isEqualTo(sealing.suite());
        }
    }

    @Test
    void shouldAllocateNothingFromPackingToDelivery() {
        final MacKeyRing ring = new MacKeyRing();
        ring.offer(Samples.session(1, 1), true);
        final long[] delivered = new long[1];
        final FrameHandler handler = (senderId, buffer, offset, length) -> delivered[0] += length;
        final FrameDispatcher dispatcher = new FrameDispatcher(
                new FrameFlyweight.Link(1, 2, 1, 1),
                LIMITS,
                List.of(ring, new MacKeyRing()),
                new LinkCounters(2),
                new SilentLinks());
        final UnsafeBuffer shortMessage = message(96);
        final UnsafeBuffer longMessage = message(5000);
        final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = Long.MAX_VALUE;
        for (int block = 0; block < 5 && allocated > 0; block++) {
            final long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 20_000; i++) {
                for (int m = 0; m < 10; m++) {
                    packer.append(shortMessage, 0, 96);
                }
                packer.append(longMessage, 0, 5000);
                packer.seal(session);
                dispatcher.onFrame(packer.buffer(), 0, packer.length(), handler);
                packer.clear();
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertThat(delivered[0]).isPositive();
        assertThat(delivered[0] % (20_000 * 5960))
                .as("every frame was accepted")
                .isZero();
        assertThat(allocated).as("bytes in 20,000 frames after warming up").isZero();
    }

    private long counter() {
        return frame.wrap(packer.buffer(), 0, packer.length()).counter();
    }

    private static UnsafeBuffer message(final int length) {
        final UnsafeBuffer message = new UnsafeBuffer(new byte[length]);
        new MessageHeaderEncoder()
                .wrap(message, 0)
                .blockLength(0)
                .templateId(30)
                .schemaId(MessageHeaderEncoder.SCHEMA_ID)
                .version(0);
        return message;
    }

    private static final class SilentLinks implements LinkHandler {
        @Override
        public void onHandshake(final int senderId, final DirectBuffer buffer, final int offset, final int length) {}

        @Override
        public void onLinkMessage(final int senderId, final DirectBuffer buffer, final int offset, final int length) {}

        @Override
        public void onSessionConfirmed(final int senderId) {}
    }
}
