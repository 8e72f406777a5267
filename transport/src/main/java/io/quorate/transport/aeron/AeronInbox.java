package io.quorate.transport.aeron;

import io.aeron.Image;
import io.aeron.Subscription;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.Header;
import io.aeron.protocol.DataHeaderFlyweight;
import io.quorate.transport.DropReason;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.Inbox;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.frame.FrameDispatcher;
import java.util.Arrays;
import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.collections.Int2ObjectHashMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads the one subscription, puts long frames together and hands them to the dispatcher. Consensus thread only.
 *
 * <p>Anybody can send fragments to an open port, so nothing is kept for a stream (Aeron session) until one of its single-fragment
 * frames was accepted, and never more than the longest frame.
 */
public final class AeronInbox implements Inbox {
    private static final int FIRST_LENGTH = 4096;

    private final FrameDispatcher dispatcher;
    private final LinkCounters counters;
    private final int frameLengthMax;
    private final int streamsMax;
    private final Int2ObjectHashMap<Stream> streams = new Int2ObjectHashMap<>();
    private final FragmentHandler fragmentHandler = this::onFragment;
    private Subscription subscription;
    private FrameHandler handler;
    private int frames;
    private RuntimeException failure;

    AeronInbox(
            final FrameDispatcher dispatcher,
            final LinkCounters counters,
            final int frameLengthMax,
            final int streamsMax) {
        this.dispatcher = dispatcher;
        this.counters = counters;
        this.frameLengthMax = frameLengthMax;
        this.streamsMax = streamsMax;
    }

    @Override
    public int poll(final FrameHandler frameHandler, final int frameCountMax) {
        if (subscription == null || subscription.isClosed()) {
            return 0;
        }
        handler = frameHandler;
        frames = 0;
        final int fragments = subscription.poll(fragmentHandler, frameCountMax);
        handler = null;
        if (failure != null) {
            final RuntimeException thrown = failure;
            failure = null;
            throw thrown;
        }
        return Math.max(frames, Math.min(fragments, 1));
    }

    void subscription(final Subscription newSubscription) {
        streams.clear();
        subscription = newSubscription;
    }

    void onUnavailableImage(final Image image) {
        streams.remove(image.sessionId());
    }

    private void onFragment(final DirectBuffer buffer, final int offset, final int length, final Header header) {
        if (failure != null) {
            // The handler is broken and its agent will stop; what is left of this poll is lost like any datagram.
            return;
        }
        try {
            final byte flags = header.flags();
            if ((flags & FrameDescriptor.UNFRAGMENTED) == FrameDescriptor.UNFRAGMENTED) {
                onWhole(buffer, offset, length, header.sessionId());
            } else {
                onPart(buffer, offset, length, flags, header);
            }
        } catch (final RuntimeException e) {
            // Aeron would swallow it: it belongs to the caller of poll.
            failure = e;
        }
    }

    private void onWhole(final DirectBuffer buffer, final int offset, final int length, final int sessionId) {
        frames++;
        if (dispatcher.onFrame(buffer, offset, length, handler)
                && streams.size() < streamsMax
                && !streams.containsKey(sessionId)) {
            streams.put(sessionId, new Stream());
        }
    }

    private void onPart(
            final DirectBuffer buffer, final int offset, final int length, final byte flags, final Header header) {
        final Stream stream = streams.get(header.sessionId());
        if (stream == null) {
            if ((flags & FrameDescriptor.BEGIN_FRAG_FLAG) != 0) {
                counters.drop(counters.unknownPeer(), DropReason.LENGTH);
            }
            return;
        }
        if ((flags & FrameDescriptor.BEGIN_FRAG_FLAG) != 0) {
            stream.length = 0;
            stream.isOpen = true;
        } else if (!stream.isOpen || stream.nextTermOffset != header.termOffset()) {
            stream.isOpen = false;
            return;
        }
        if (stream.length + length > frameLengthMax) {
            stream.isOpen = false;
            counters.drop(counters.unknownPeer(), DropReason.LENGTH);
            return;
        }
        stream.append(buffer, offset, length, frameLengthMax);
        stream.nextTermOffset = BitUtil.align(
                header.termOffset() + length + DataHeaderFlyweight.HEADER_LENGTH, FrameDescriptor.FRAME_ALIGNMENT);
        if ((flags & FrameDescriptor.END_FRAG_FLAG) != 0) {
            stream.isOpen = false;
            frames++;
            dispatcher.onFrame(stream.buffer, 0, stream.length, handler);
        }
    }

    /** The frame that is being put together from one Aeron session. */
    private static final class Stream {
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[FIRST_LENGTH]);
        int length;
        int nextTermOffset;
        boolean isOpen;

        void append(final DirectBuffer source, final int offset, final int lengthBytes, final int lengthMax) {
            if (length + lengthBytes > buffer.capacity()) {
                final int larger = Math.min(lengthMax, BitUtil.findNextPositivePowerOfTwo(length + lengthBytes));
                buffer.wrap(Arrays.copyOf(buffer.byteArray(), larger));
            }
            buffer.putBytes(length, source, offset, lengthBytes);
            length += lengthBytes;
        }
    }
}
