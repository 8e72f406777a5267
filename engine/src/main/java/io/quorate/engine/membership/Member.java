package io.quorate.engine.membership;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What a member says of itself, signed by it: the record that joins, refutes, and leaves (SWIM, section 4.2: only the owner raises
 * its incarnation). Immutable; equal bytes are the same record, so that a signature is checked once.
 */
public final class Member {
    /** What the owner says it is doing. */
    public enum Status {
        ALIVE,
        LEFT
    }

    /** Bytes of a record as the MemberRecords message carries it: content, then signature. */
    public static final int ENTRY_LENGTH = 13 + Signer.SIGNATURE_LENGTH;

    public static final int ID_MAX = 0xffff;

    private static final int CONTENT_LENGTH = 13;
    private static final int ZONE_OFFSET = 2;
    private static final int STATUS_OFFSET = 4;
    private static final int INCARNATION_OFFSET = 5;
    private static final Status[] STATUSES = Status.values();

    private final UnsafeBuffer entry = new UnsafeBuffer(new byte[ENTRY_LENGTH]);

    private Member() {}

    /** A record of the signer's own. */
    public static Member sign(
            final int memberId, final int zone, final Status status, final long incarnation, final Signer signer) {
        if (memberId < 0 || memberId > ID_MAX || zone < 0 || zone > ID_MAX || incarnation < 1) {
            throw new IllegalArgumentException(
                    "a record has an id and a zone of 16 bits and an incarnation from 1, given " + memberId + ", "
                            + zone + ", " + incarnation);
        }
        final Member member = new Member();
        member.entry.putShort(0, (short) memberId, LITTLE_ENDIAN);
        member.entry.putShort(ZONE_OFFSET, (short) zone, LITTLE_ENDIAN);
        member.entry.putByte(STATUS_OFFSET, (byte) status.ordinal());
        member.entry.putLong(INCARNATION_OFFSET, incarnation, LITTLE_ENDIAN);
        signer.sign(SigningDomain.MEMBER, member.entry, 0, CONTENT_LENGTH, member.entry, CONTENT_LENGTH);
        return member;
    }

    /** Copies a received record; nothing is checked but its form. Null if it has none. */
    static Member copyOf(final DirectBuffer buffer, final int offset) {
        final int status = buffer.getByte(offset + STATUS_OFFSET);
        if (status < 0 || status >= STATUSES.length || incarnationAt(buffer, offset) < 1) {
            return null;
        }
        final Member member = new Member();
        member.entry.putBytes(0, buffer, offset, ENTRY_LENGTH);
        return member;
    }

    /** The owner of the entry that stands in a buffer. */
    static int idAt(final DirectBuffer buffer, final int offset) {
        return buffer.getShort(offset, LITTLE_ENDIAN) & ID_MAX;
    }

    static long incarnationAt(final DirectBuffer buffer, final int offset) {
        return buffer.getLong(offset + INCARNATION_OFFSET, LITTLE_ENDIAN);
    }

    public int id() {
        return idAt(entry, 0);
    }

    public int zone() {
        return entry.getShort(ZONE_OFFSET, LITTLE_ENDIAN) & ID_MAX;
    }

    public Status status() {
        return STATUSES[entry.getByte(STATUS_OFFSET)];
    }

    public long incarnation() {
        return incarnationAt(entry, 0);
    }

    /** Content and signature. */
    DirectBuffer entry() {
        return entry;
    }

    /** True if these are the record's bytes. */
    boolean isAt(final DirectBuffer buffer, final int offset) {
        for (int i = 0; i < ENTRY_LENGTH; i++) {
            if (entry.getByte(i) != buffer.getByte(offset + i)) {
                return false;
            }
        }
        return true;
    }

    /** True if the owner signed it in this group and epoch. */
    boolean isSigned(final Verifier verifier) {
        return verifier.verify(id(), SigningDomain.MEMBER, entry, 0, CONTENT_LENGTH, entry, CONTENT_LENGTH);
    }

    /**
     * True if this record replaces the other one of the same owner: by its incarnation. Two with one incarnation come from a liar; all
     * correct members settle on the same one, by its bytes.
     */
    boolean isNewerThan(final Member other) {
        final long mine = incarnation();
        final long its = other.incarnation();
        return mine != its ? mine > its : entry.compareTo(other.entry) > 0;
    }

    /** True if both cannot come from a correct owner. */
    boolean conflictsWith(final Member other) {
        return incarnation() == other.incarnation() && entry.compareTo(other.entry) != 0;
    }

    /** A hash that an owner cannot aim: out of its signature. */
    long hash() {
        return MemberTable.mix(entry.getLong(CONTENT_LENGTH, LITTLE_ENDIAN) ^ MemberTable.mix(id()));
    }

    @Override
    public String toString() {
        return "member " + id() + " " + status() + ", incarnation " + incarnation() + ", zone " + zone();
    }
}
