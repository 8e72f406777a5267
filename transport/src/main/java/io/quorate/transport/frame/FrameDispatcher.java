package io.quorate.transport.frame;

import io.quorate.transport.DropReason;
import io.quorate.transport.FrameHandler;
import io.quorate.transport.FrameLimits;
import io.quorate.transport.LinkCounter;
import io.quorate.transport.LinkCounters;
import io.quorate.transport.auth.MacKeyRing;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import java.nio.ByteOrder;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Checks a frame and hands its messages on. The order is length, version, group, epoch, receiver, sender, key, MAC, replay window,
 * message walk; nothing behind the fixed header is looked at before the MAC is right, except that a handshake message goes to the
 * {@link LinkHandler}. A frame that fails is counted and dropped; no bytes make this class throw. Consensus thread only.
 */
public final class FrameDispatcher {
    /** Template ids up to this one belong to the links. */
    public static final int LINK_TEMPLATE_ID_MAX = 19;

    private static final int SHORTEST_SEALED = FrameFlyweight.HEADER_LENGTH + FrameFlyweight.TAG_LENGTH;

    private final FrameFlyweight frame = new FrameFlyweight();
    private final MessageHeaderDecoder messageHeader = new MessageHeaderDecoder();
    private final UnsafeBuffer view = new UnsafeBuffer(0, 0);
    private final long groupPrefix;
    private final long epoch;
    private final int localId;
    private final FrameLimits limits;
    private final MacKeyRing[] rings;
    private final LinkCounters counters;
    private final LinkHandler links;

    /**
     * Made once a transport.
     *
     * @param link group, epoch and our own id as the sender of our frames; its receiver does not matter
     * @param rings the sessions of each peer by id; the own place may be null
     */
    public FrameDispatcher(
            final FrameFlyweight.Link link,
            final FrameLimits limits,
            final List<MacKeyRing> rings,
            final LinkCounters counters,
            final LinkHandler links) {
        groupPrefix = link.groupPrefix();
        epoch = link.epoch();
        localId = link.senderId();
        this.limits = limits;
        this.rings = rings.toArray(new MacKeyRing[0]);
        this.counters = counters;
        this.links = links;
    }

    /** Takes one frame as it came from the network; true if it was a sealed frame and passed every check. */
    public boolean onFrame(
            final DirectBuffer buffer, final int offset, final int lengthBytes, final FrameHandler handler) {
        if (lengthBytes < FrameFlyweight.HEADER_LENGTH || lengthBytes > limits.frameLengthMax()) {
            return drop(counters.unknownPeer(), DropReason.LENGTH);
        }
        frame.wrap(buffer, offset, lengthBytes);
        final int senderId = frame.senderId();
        if (!frame.isOurs()) {
            return drop(counters.unknownPeer(), DropReason.VERSION);
        }
        final boolean isSealed = frame.type() == FrameFlyweight.TYPE_SEALED;
        final int tail = isSealed ? FrameFlyweight.TAG_LENGTH : 0;
        final long bodyLength = frame.bodyLength();
        if (bodyLength + FrameFlyweight.HEADER_LENGTH + tail != lengthBytes
                || bodyLength % FrameFlyweight.MESSAGE_ALIGNMENT != 0) {
            return drop(counters.unknownPeer(), DropReason.LENGTH);
        }
        if (frame.groupPrefix() != groupPrefix) {
            return drop(counters.unknownPeer(), DropReason.GROUP);
        }
        if (frame.epoch() != epoch) {
            return drop(senderId, DropReason.EPOCH);
        }
        if (frame.receiverId() != localId) {
            return drop(senderId, DropReason.RECEIVER);
        }
        if (senderId == localId || senderId >= rings.length) {
            return drop(counters.unknownPeer(), DropReason.SENDER);
        }
        final int bodyOffset = offset + FrameFlyweight.HEADER_LENGTH;
        return isSealed
                ? onSealed(senderId, buffer, offset, lengthBytes, handler)
                : onHandshake(senderId, buffer, bodyOffset, (int) bodyLength);
    }

    private boolean onHandshake(final int senderId, final DirectBuffer buffer, final int offset, final int bodyLength) {
        if (frame.keyId() != 0 || frame.counter() != 0 || bodyLength < FrameFlyweight.PREFIX_LENGTH) {
            return drop(senderId, DropReason.HANDSHAKE_MALFORMED);
        }
        final int length = buffer.getInt(offset, ByteOrder.LITTLE_ENDIAN);
        if (length < 1
                || length > bodyLength - FrameFlyweight.PREFIX_LENGTH
                || FrameFlyweight.recordLength(length) != bodyLength) {
            return drop(senderId, DropReason.HANDSHAKE_MALFORMED);
        }
        links.onHandshake(senderId, buffer, offset + FrameFlyweight.PREFIX_LENGTH, length);
        return false;
    }

    private boolean onSealed(
            final int senderId,
            final DirectBuffer buffer,
            final int offset,
            final int lengthBytes,
            final FrameHandler handler) {
        final int macOffset = offset + lengthBytes - FrameFlyweight.TAG_LENGTH;
        final MacKeyRing.Verdict verdict = rings[senderId].open(
                frame.keyId(), frame.counter(), frame.suite(), buffer, offset, FrameFlyweight.HEADER_LENGTH, macOffset);
        switch (verdict) {
            case UNKNOWN_KEY:
                return drop(senderId, DropReason.UNKNOWN_KEY);
            case WRONG_MAC:
                return drop(senderId, DropReason.MAC);
            case REPLAYED:
                return drop(senderId, DropReason.REPLAY);
            case CONFIRMED:
                links.onSessionConfirmed(senderId);
                break;
            default:
                break;
        }
        final DirectBuffer opened = rings[senderId].opened();
        final DirectBuffer body = opened == null ? buffer : opened;
        final int begin = opened == null ? offset + FrameFlyweight.HEADER_LENGTH : 0;
        final int end = begin + lengthBytes - SHORTEST_SEALED;
        final int messages = countMessages(body, begin, end);
        if (messages < 0) {
            return drop(senderId, DropReason.MALFORMED);
        }
        counters.increment(senderId, LinkCounter.FRAMES_RECEIVED);
        counters.add(senderId, LinkCounter.BYTES_RECEIVED, lengthBytes);
        counters.add(senderId, LinkCounter.MESSAGES_RECEIVED, messages);
        deliver(senderId, body, begin, end, handler);
        return true;
    }

    /** Walks the body without acting on it: the number of messages, or -1 if the body is not whole messages of our schema. */
    private int countMessages(final DirectBuffer buffer, final int begin, final int end) {
        int messages = 0;
        int position = begin;
        while (position < end) {
            final int length = buffer.getInt(position, ByteOrder.LITTLE_ENDIAN);
            final int reserved = buffer.getInt(position + Integer.BYTES, ByteOrder.LITTLE_ENDIAN);
            if (length < MessageHeaderDecoder.ENCODED_LENGTH
                    || length > limits.messageLengthMax()
                    || reserved != 0
                    || FrameFlyweight.recordLength(length) > end - position) {
                return -1;
            }
            messageHeader.wrap(buffer, position + FrameFlyweight.PREFIX_LENGTH);
            if (messageHeader.schemaId() != MessageHeaderDecoder.SCHEMA_ID
                    || messageHeader.blockLength() > length - MessageHeaderDecoder.ENCODED_LENGTH) {
                return -1;
            }
            position += FrameFlyweight.recordLength(length);
            messages++;
        }
        return messages;
    }

    private void deliver(
            final int senderId, final DirectBuffer buffer, final int begin, final int end, final FrameHandler handler) {
        int position = begin;
        while (position < end) {
            final int length = buffer.getInt(position, ByteOrder.LITTLE_ENDIAN);
            final int messageOffset = position + FrameFlyweight.PREFIX_LENGTH;
            messageHeader.wrap(buffer, messageOffset);
            if (messageHeader.templateId() <= LINK_TEMPLATE_ID_MAX) {
                links.onLinkMessage(senderId, buffer, messageOffset, length);
            } else {
                // A view that ends with the message: a decoder that believes a false inner length runs into a bounds
                // check
                // and not into the next message.
                view.wrap(buffer, messageOffset, length);
                handler.onMessage(senderId, view, 0, length);
            }
            position += FrameFlyweight.recordLength(length);
        }
    }

    private boolean drop(final int peerId, final DropReason reason) {
        counters.drop(peerId, reason);
        return false;
    }
}
