package io.quorate.transport.frame;

import io.quorate.transport.FrameLimits;
import io.quorate.transport.auth.SessionKeys;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The frame that waits for one peer: messages are packed until it is full or handed over. Consensus thread only; allocates nothing
 * after construction but what a session allocates that encrypts.
 */
public final class FramePacker {
    private final UnsafeBuffer buffer;
    private final FrameFlyweight frame = new FrameFlyweight();
    private UnsafeBuffer result;
    private UnsafeBuffer ciphertext;
    private int end = FrameFlyweight.HEADER_LENGTH;
    private int messages;
    private boolean sealed;

    public FramePacker(final FrameLimits limits, final FrameFlyweight.Link link) {
        buffer = new UnsafeBuffer(new byte[limits.frameLengthMax()]);
        frame.create(buffer, FrameFlyweight.TYPE_SEALED, link);
    }

    /** The limits that follow from the longest frame. */
    public static FrameLimits limits(final int frameLengthMax) {
        final int overhead = FrameFlyweight.HEADER_LENGTH + FrameFlyweight.PREFIX_LENGTH + FrameFlyweight.TAG_LENGTH;
        return new FrameLimits(frameLengthMax, (frameLengthMax - overhead) & -FrameFlyweight.MESSAGE_ALIGNMENT);
    }

    /** Copies one message into the frame; false if it does not fit any more. */
    public boolean append(final DirectBuffer message, final int offset, final int lengthBytes) {
        if (end + FrameFlyweight.recordLength(lengthBytes) + FrameFlyweight.TAG_LENGTH > buffer.capacity()) {
            return false;
        }
        end += FrameFlyweight.putRecord(buffer, end, message, offset, lengthBytes);
        messages++;
        sealed = false;
        return true;
    }

    public boolean isEmpty() {
        return messages == 0;
    }

    public int messages() {
        return messages;
    }

    /**
     * Completes header and MAC, and encrypts where the session does. Sealing again without a new message keeps the counter; a changed frame takes a new one, so that
     * no two different frames ever share a counter.
     */
    public void seal(final SessionKeys session) {
        if (sealed && frame.keyId() == session.keyId()) {
            return;
        }
        final long counter = session.nextCounter();
        frame.session(session.keyId(), counter, session.sealing()).bodyLength(end - FrameFlyweight.HEADER_LENGTH);
        result = session.isEncrypting() ? ciphertext() : buffer;
        session.seal(buffer, FrameFlyweight.HEADER_LENGTH, end, counter, result);
        sealed = true;
    }

    private UnsafeBuffer ciphertext() {
        if (ciphertext == null) {
            ciphertext = new UnsafeBuffer(new byte[buffer.capacity()]);
        }
        return ciphertext;
    }

    /** The sealed frame, from 0 on. */
    public DirectBuffer buffer() {
        return result;
    }

    /** Length of the sealed frame in bytes. */
    public int length() {
        return end + FrameFlyweight.TAG_LENGTH;
    }

    /** Begins an empty frame. */
    public void clear() {
        end = FrameFlyweight.HEADER_LENGTH;
        messages = 0;
        sealed = false;
    }

    /** Writes a frame that carries one handshake message; returns its length. */
    public static int packHandshake(
            final UnsafeBuffer destination, final FrameFlyweight.Link link, final DirectBuffer message) {
        final FrameFlyweight frame = new FrameFlyweight().create(destination, FrameFlyweight.TYPE_HANDSHAKE, link);
        final int body =
                FrameFlyweight.putRecord(destination, FrameFlyweight.HEADER_LENGTH, message, 0, message.capacity());
        frame.bodyLength(body);
        return FrameFlyweight.HEADER_LENGTH + body;
    }
}
