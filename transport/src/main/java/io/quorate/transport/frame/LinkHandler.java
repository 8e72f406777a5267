package io.quorate.transport.frame;

import org.agrona.DirectBuffer;

/** Receives what concerns the links themselves; the buffers are valid only during the call. */
public interface LinkHandler {
    /** A handshake message, not authenticated yet, from the peer that the header claims. */
    void onHandshake(int senderId, DirectBuffer buffer, int offset, int lengthBytes);

    /** An authenticated message with a template id of the links. */
    void onLinkMessage(int senderId, DirectBuffer buffer, int offset, int lengthBytes);

    /** The sender proved that it holds a new session. */
    void onSessionConfirmed(int senderId);
}
