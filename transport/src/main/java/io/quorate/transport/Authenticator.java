package io.quorate.transport;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * Tags under keys that only two peers hold: one says to the other that it said something, whoever passes it on (Castro's thesis,
 * MIT-LCS-TR-817, 3.2: an authenticator is a tag for each receiver). Nobody else can check a tag, so it proves nothing to third
 * parties. A key is for one direction, one group and one epoch.
 */
public interface Authenticator {
    int TAG_LENGTH = 16;

    /** Writes this peer's tag for another one. */
    void tag(
            int receiverId,
            DirectBuffer content,
            int offset,
            int lengthBytes,
            MutableDirectBuffer destination,
            int destinationOffset);

    /** True if the tag is the one that {@code senderId} makes for this peer; takes a time that does not depend on the bytes. */
    boolean matches(int senderId, DirectBuffer content, int offset, int lengthBytes, DirectBuffer tag, int tagOffset);
}
