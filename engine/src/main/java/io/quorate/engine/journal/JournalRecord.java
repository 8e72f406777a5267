package io.quorate.engine.journal;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * One record as it lies on the disk: a header of {@value #HEADER_LENGTH} bytes and a body. The header holds the type, the
 * body's length, a CRC-32C over everything else, the entry's number, how many parts of the entry follow, whose journal it is,
 * and the hash of the record before it: a record that is damaged, misdirected, foreign or out of its place is recognised.
 *
 * <p>Layout, little-endian: {@code magic (4) | type (4) | length (4) | crc (4) | number (8) | parts left (4) | zero (4) |
 * owner (8) | incarnation (8) | chain (16)}.
 */
public final class JournalRecord {
    public static final int HEADER_LENGTH = 64;

    /** A base begins: the records up to {@link #BASE_END} hold a whole state. Empty body. */
    public static final int BASE_BEGIN = 1;

    /** The base is complete. Empty body. */
    public static final int BASE_END = 2;

    /** First type that is the writer's own. */
    public static final int TYPE_MIN = 16;

    /** Longest body of one record; a longer entry has several parts. */
    public static final int PART_LENGTH_MAX = 64 * 1024;

    private static final int MAGIC = 0x314A_5251;
    private static final int MAGIC_OFFSET = 0;
    private static final int TYPE_OFFSET = 4;
    private static final int LENGTH_OFFSET = 8;
    private static final int CRC_OFFSET = 12;
    private static final int NUMBER_OFFSET = 16;
    private static final int PARTS_LEFT_OFFSET = 24;
    private static final int ZERO_OFFSET = 28;
    private static final int OWNER_OFFSET = 32;
    private static final int INCARNATION_OFFSET = 40;
    private static final int CHAIN_OFFSET = 48;
    static final int CHAIN_LENGTH = 16;

    private JournalRecord() {}

    /** Writes a header into the first {@value #HEADER_LENGTH} bytes of a buffer; the body lies elsewhere. */
    static void encode(
            final MutableDirectBuffer header,
            final int type,
            final long number,
            final int partsLeft,
            final JournalIdentity identity,
            final DirectBuffer chain,
            final DirectBuffer body,
            final int offset,
            final int lengthBytes) {
        header.putInt(MAGIC_OFFSET, MAGIC, LITTLE_ENDIAN);
        header.putInt(TYPE_OFFSET, type, LITTLE_ENDIAN);
        header.putInt(LENGTH_OFFSET, lengthBytes, LITTLE_ENDIAN);
        header.putLong(NUMBER_OFFSET, number, LITTLE_ENDIAN);
        header.putInt(PARTS_LEFT_OFFSET, partsLeft, LITTLE_ENDIAN);
        header.putInt(ZERO_OFFSET, 0, LITTLE_ENDIAN);
        header.putLong(OWNER_OFFSET, identity.key(), LITTLE_ENDIAN);
        header.putLong(INCARNATION_OFFSET, identity.incarnation(), LITTLE_ENDIAN);
        header.putBytes(CHAIN_OFFSET, chain, 0, CHAIN_LENGTH);
        header.putInt(CRC_OFFSET, crc(header, 0, body, offset, lengthBytes), LITTLE_ENDIAN);
    }

    /** True if a whole, undamaged record stands here, whoever wrote it. */
    static boolean isSound(final DirectBuffer record, final int offset, final int lengthBytes) {
        return lengthBytes >= HEADER_LENGTH
                && record.getInt(offset + MAGIC_OFFSET, LITTLE_ENDIAN) == MAGIC
                && bodyLength(record, offset) == lengthBytes - HEADER_LENGTH
                && record.getInt(offset + CRC_OFFSET, LITTLE_ENDIAN)
                        == crc(record, offset, record, offset + HEADER_LENGTH, lengthBytes - HEADER_LENGTH);
    }

    static int type(final DirectBuffer record, final int offset) {
        return record.getInt(offset + TYPE_OFFSET, LITTLE_ENDIAN);
    }

    static int bodyLength(final DirectBuffer record, final int offset) {
        return record.getInt(offset + LENGTH_OFFSET, LITTLE_ENDIAN);
    }

    static long number(final DirectBuffer record, final int offset) {
        return record.getLong(offset + NUMBER_OFFSET, LITTLE_ENDIAN);
    }

    static int partsLeft(final DirectBuffer record, final int offset) {
        return record.getInt(offset + PARTS_LEFT_OFFSET, LITTLE_ENDIAN);
    }

    static long owner(final DirectBuffer record, final int offset) {
        return record.getLong(offset + OWNER_OFFSET, LITTLE_ENDIAN);
    }

    static long incarnation(final DirectBuffer record, final int offset) {
        return record.getLong(offset + INCARNATION_OFFSET, LITTLE_ENDIAN);
    }

    static boolean isChained(final DirectBuffer record, final int offset, final DirectBuffer chain) {
        return record.getLong(offset + CHAIN_OFFSET) == chain.getLong(0)
                && record.getLong(offset + CHAIN_OFFSET + Long.BYTES) == chain.getLong(Long.BYTES);
    }

    /** Over the whole header but the place of the CRC itself, and the body. */
    private static int crc(
            final DirectBuffer header,
            final int headerOffset,
            final DirectBuffer body,
            final int offset,
            final int lengthBytes) {
        final CRC32C crc = new CRC32C();
        update(crc, header, headerOffset, CRC_OFFSET);
        update(crc, header, headerOffset + NUMBER_OFFSET, HEADER_LENGTH - NUMBER_OFFSET);
        update(crc, body, offset, lengthBytes);
        return (int) crc.getValue();
    }

    private static void update(final CRC32C crc, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (lengthBytes == 0) {
            return;
        }
        if (buffer.byteArray() != null) {
            crc.update(buffer.byteArray(), buffer.wrapAdjustment() + offset, lengthBytes);
            return;
        }
        final ByteBuffer bytes = buffer.byteBuffer().duplicate();
        bytes.limit(buffer.wrapAdjustment() + offset + lengthBytes).position(buffer.wrapAdjustment() + offset);
        crc.update(bytes);
    }
}
