package io.quorate.transport.frame;

import io.quorate.transport.auth.SessionKeys;
import java.nio.ByteOrder;
import org.agrona.BitUtil;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A view of one frame in a buffer; docs/protocols/frame.md has the table. Little-endian, fixed header, then a body of messages that
 * each stand behind an 8-byte prefix and begin on an 8-byte boundary, then the MAC of everything before it.
 */
public final class FrameFlyweight {
    public static final int HEADER_LENGTH = 48;
    public static final int TAG_LENGTH = SessionKeys.TAG_LENGTH;
    /** Stands before every message: its length, then four bytes of zero. */
    public static final int PREFIX_LENGTH = 8;

    public static final int MESSAGE_ALIGNMENT = 8;

    /** "QRT1" when read as bytes. */
    public static final int MAGIC = 0x31545251;

    public static final int VERSION = 1;
    /** One handshake message in the clear, signed in itself; no MAC. */
    public static final int TYPE_HANDSHAKE = 1;
    /** Messages under a session's MAC. */
    public static final int TYPE_SEALED = 2;

    private static final int MAGIC_OFFSET = 0;
    private static final int VERSION_OFFSET = 4;
    private static final int TYPE_OFFSET = 5;
    private static final int HEADER_LENGTH_OFFSET = 6;
    private static final int GROUP_OFFSET = 8;
    private static final int EPOCH_OFFSET = 16;
    private static final int SENDER_OFFSET = 20;
    private static final int RECEIVER_OFFSET = 22;
    private static final int KEY_ID_OFFSET = 24;
    private static final int COUNTER_OFFSET = 32;
    private static final int BODY_LENGTH_OFFSET = 40;
    private static final int SUITE_OFFSET = 44;
    private static final int FLAGS_OFFSET = 45;
    private static final int RESERVED_OFFSET = 46;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private final UnsafeBuffer buffer = new UnsafeBuffer(0, 0);

    /** What every frame of a link has in common. */
    public record Link(long groupPrefix, long epoch, int senderId, int receiverId) {}

    /** Looks at a received frame; nothing is checked. The length must be at least the header's. */
    public FrameFlyweight wrap(final DirectBuffer source, final int offset, final int lengthBytes) {
        buffer.wrap(source, offset, lengthBytes);
        return this;
    }

    /** Writes the header of a frame; key id, counter, suite and body length stay zero. */
    public FrameFlyweight create(final MutableDirectBuffer destination, final int type, final Link link) {
        buffer.wrap(destination, 0, destination.capacity());
        buffer.setMemory(0, HEADER_LENGTH, (byte) 0);
        buffer.putInt(MAGIC_OFFSET, MAGIC, ORDER);
        buffer.putByte(VERSION_OFFSET, (byte) VERSION);
        buffer.putByte(TYPE_OFFSET, (byte) type);
        buffer.putShort(HEADER_LENGTH_OFFSET, (short) HEADER_LENGTH, ORDER);
        buffer.putLong(GROUP_OFFSET, link.groupPrefix(), ORDER);
        buffer.putInt(EPOCH_OFFSET, (int) link.epoch(), ORDER);
        buffer.putShort(SENDER_OFFSET, (short) link.senderId(), ORDER);
        buffer.putShort(RECEIVER_OFFSET, (short) link.receiverId(), ORDER);
        return this;
    }

    /** True if magic, version, type, suite, header length and the reserved places are those of this version. */
    public boolean isOurs() {
        final int type = type();
        final int suite = suite();
        return buffer.getInt(MAGIC_OFFSET, ORDER) == MAGIC
                && buffer.getByte(VERSION_OFFSET) == VERSION
                && (buffer.getShort(HEADER_LENGTH_OFFSET, ORDER) & 0xffff) == HEADER_LENGTH
                && buffer.getByte(FLAGS_OFFSET) == 0
                && buffer.getShort(RESERVED_OFFSET, ORDER) == 0
                && (type == TYPE_SEALED && SessionKeys.Sealing.isKnown(suite) || type == TYPE_HANDSHAKE && suite == 0);
    }

    public int type() {
        return buffer.getByte(TYPE_OFFSET);
    }

    public long groupPrefix() {
        return buffer.getLong(GROUP_OFFSET, ORDER);
    }

    public long epoch() {
        return buffer.getInt(EPOCH_OFFSET, ORDER) & 0xffff_ffffL;
    }

    public int senderId() {
        return buffer.getShort(SENDER_OFFSET, ORDER) & 0xffff;
    }

    public int receiverId() {
        return buffer.getShort(RECEIVER_OFFSET, ORDER) & 0xffff;
    }

    public long keyId() {
        return buffer.getLong(KEY_ID_OFFSET, ORDER);
    }

    public long counter() {
        return buffer.getLong(COUNTER_OFFSET, ORDER);
    }

    /** As claimed, 0 to 2^32 - 1. */
    public long bodyLength() {
        return buffer.getInt(BODY_LENGTH_OFFSET, ORDER) & 0xffff_ffffL;
    }

    /** How the frame says it is sealed: a number of {@link SessionKeys.Sealing}; 0 for a handshake. */
    public int suite() {
        return buffer.getByte(SUITE_OFFSET);
    }

    public FrameFlyweight session(final long keyId, final long counter, final SessionKeys.Sealing sealing) {
        buffer.putLong(KEY_ID_OFFSET, keyId, ORDER);
        buffer.putLong(COUNTER_OFFSET, counter, ORDER);
        buffer.putByte(SUITE_OFFSET, (byte) sealing.suite());
        return this;
    }

    public FrameFlyweight bodyLength(final int lengthBytes) {
        buffer.putInt(BODY_LENGTH_OFFSET, lengthBytes, ORDER);
        return this;
    }

    /** The first eight bytes of a group id as the header carries them. */
    public static long groupPrefix(final byte[] groupId) {
        return new UnsafeBuffer(groupId).getLong(0, ORDER);
    }

    /** Bytes that a message takes in a body: prefix, message, padding. */
    public static int recordLength(final int messageLength) {
        return PREFIX_LENGTH + BitUtil.align(messageLength, MESSAGE_ALIGNMENT);
    }

    /** Writes one message with its prefix and padding; returns the bytes taken. */
    static int putRecord(
            final MutableDirectBuffer destination,
            final int position,
            final DirectBuffer message,
            final int offset,
            final int lengthBytes) {
        final int recordLength = recordLength(lengthBytes);
        // The last eight bytes hold the padding, if there is any; the copy below overwrites the rest.
        destination.putLong(position + recordLength - MESSAGE_ALIGNMENT, 0);
        destination.putInt(position, lengthBytes, ORDER);
        destination.putInt(position + Integer.BYTES, 0, ORDER);
        destination.putBytes(position + PREFIX_LENGTH, message, offset, lengthBytes);
        return recordLength;
    }
}
