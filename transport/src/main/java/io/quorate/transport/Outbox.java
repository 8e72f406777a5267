package io.quorate.transport;

import org.agrona.DirectBuffer;

/**
 * Where a protocol leaves its messages for other peers; called on the consensus thread only.
 *
 * <p>Messages for one peer are packed into one frame and carry one MAC; {@link #flush()} at the end of the duty cycle
 * sends what is waiting. Delivery is best effort: a protocol retransmits what must arrive.
 */
public interface Outbox {
    /**
     * Copies one SBE message (header included) into the frame that waits for a peer.
     *
     * @param peerId the receiver; never the own id
     * @return false if back-pressure or a missing link refused it: the message is dropped and counted
     * @throws IllegalArgumentException if the message is longer than {@link FrameLimits#messageLengthMax()}
     */
    boolean send(int peerId, DirectBuffer message, int offset, int lengthBytes);

    /**
     * As {@link #send}, for a message that may wait for others to the same peer, so that one frame carries them all. A way that
     * does not wait sends it as any other.
     *
     * @param holdNs how long it may wait at most
     */
    default boolean sendLater(
            final int peerId, final DirectBuffer message, final int offset, final int lengthBytes, final long holdNs) {
        return send(peerId, message, offset, lengthBytes);
    }

    /** Hands the waiting frames to the network. */
    void flush();
}
