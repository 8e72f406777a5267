package io.quorate.transport;

import org.agrona.DirectBuffer;

/** Receives each message of each frame that passed length, version, group, MAC and replay checks. */
@FunctionalInterface
public interface FrameHandler {
    /**
     * One message, decoded in place: the buffer belongs to the transport and is valid only during the call.
     *
     * <p>The sender is authenticated, not trusted: template, version and the lengths within the message are the handler's to check. The
     * buffer ends with the message, so reading on throws {@link IndexOutOfBoundsException}; whatever a handler throws comes out of
     * {@link Inbox#poll}.
     *
     * @param senderId the authenticated sender's peer id
     * @param offset of the SBE message header
     * @param lengthBytes of the message, header included
     */
    void onMessage(int senderId, DirectBuffer buffer, int offset, int lengthBytes);
}
