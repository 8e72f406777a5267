package io.quorate.engine.node;

import org.agrona.DirectBuffer;

/** Hears what members announce; each announcement once, signed by its origin. On the node's thread. */
@FunctionalInterface
public interface AnnouncementListener {
    /**
     * @param number the origin's count; a later announcement replaces an earlier one, which may then never be heard
     * @param buffer valid only during the call
     */
    void onAnnouncement(int originId, long number, DirectBuffer buffer, int offset, int lengthBytes);
}
