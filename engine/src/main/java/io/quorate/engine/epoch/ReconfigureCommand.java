package io.quorate.engine.epoch;

import static io.quorate.transport.auth.Signer.SIGNATURE_LENGTH;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import io.quorate.transport.auth.Roster;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The request body that asks for another roster: {@code magic (8) | group id of this epoch (32) | length of the roster (uint32) |
 * canonical text of the next roster | count (uint16) | count x (signer (uint16) | signature (64))}, little-endian, signers rising.
 * Each signature is an approval: by the signer's key, in the domain RECONFIGURE, over the group id and the text.
 */
public final class ReconfigureCommand {
    /** "QRRECON1"; the commands of a decision begin otherwise. */
    static final long MAGIC = 0x314E4F4345525251L;

    private static final int GROUP_OFFSET = 8;
    private static final int LENGTH_OFFSET = GROUP_OFFSET + Roster.GROUP_ID_LENGTH;
    private static final int TEXT_OFFSET = LENGTH_OFFSET + 4;
    private static final int APPROVAL_LENGTH = 2 + SIGNATURE_LENGTH;

    private final DirectBuffer buffer;
    private final int offset;
    private final int textLength;
    private final int approvalCount;

    private ReconfigureCommand(
            final DirectBuffer buffer, final int offset, final int textLength, final int approvalCount) {
        this.buffer = buffer;
        this.offset = offset;
        this.textLength = textLength;
        this.approvalCount = approvalCount;
    }

    /** True if a request body claims to be such a command; no other body may begin like this. */
    public static boolean isClaimedBy(final DirectBuffer body, final int offset, final int lengthBytes) {
        return lengthBytes >= 8 && body.getLong(offset, LITTLE_ENDIAN) == MAGIC;
    }

    /** True if a request body has the form of such a command with so many approvals; whether they hold is not asked. */
    public static boolean isPlausible(
            final DirectBuffer body, final int offset, final int lengthBytes, final int approvals) {
        if (!isClaimedBy(body, offset, lengthBytes)) {
            return false;
        }
        final ReconfigureCommand command = wrap(body, offset, lengthBytes);
        return command != null && command.approvalCount() >= approvals;
    }

    /** True if every approval of a command, which {@link #encode} has made, holds. */
    public static boolean isApproved(final byte[] command, final Roster current, final Verifier verifier) {
        final ReconfigureCommand read = wrap(new UnsafeBuffer(command), 0, command.length);
        return read != null && read.areApprovalsValid(current, verifier);
    }

    /** Reads a command in place; null if the bytes have not exactly its form. */
    public static ReconfigureCommand wrap(final DirectBuffer body, final int offset, final int lengthBytes) {
        if (!isClaimedBy(body, offset, lengthBytes) || lengthBytes < TEXT_OFFSET + 2) {
            return null;
        }
        final int textLength = body.getInt(offset + LENGTH_OFFSET, LITTLE_ENDIAN);
        if (textLength < 0 || textLength > lengthBytes - TEXT_OFFSET - 2) {
            return null;
        }
        final int count = body.getShort(offset + TEXT_OFFSET + textLength, LITTLE_ENDIAN) & 0xFFFF;
        if (count > Roster.PEERS_MAX || lengthBytes != TEXT_OFFSET + textLength + 2 + count * APPROVAL_LENGTH) {
            return null;
        }
        final ReconfigureCommand command = new ReconfigureCommand(body, offset, textLength, count);
        for (int i = 1; i < count; i++) {
            if (command.signerId(i) <= command.signerId(i - 1)) {
                return null;
            }
        }
        return command;
    }

    /** What approvals sign: the group id of the current epoch, then the next roster. */
    private static UnsafeBuffer approved(final byte[] groupId, final byte[] text) {
        final UnsafeBuffer content = new UnsafeBuffer(new byte[groupId.length + text.length]);
        content.putBytes(0, groupId);
        content.putBytes(groupId.length, text);
        return content;
    }

    /** A peer of the current epoch approves the next roster; the {@value Signer#SIGNATURE_LENGTH} bytes of its signature. */
    public static byte[] approve(final Signer signer, final Roster current, final Roster next) {
        final UnsafeBuffer content =
                approved(current.groupId(), next.canonicalText().getBytes(StandardCharsets.US_ASCII));
        final byte[] signature = new byte[SIGNATURE_LENGTH];
        signer.sign(SigningDomain.RECONFIGURE, content, 0, content.capacity(), new UnsafeBuffer(signature), 0);
        return signature;
    }

    /** The command's bytes, with approvals by the ids of their signers. */
    public static byte[] encode(final Roster current, final Roster next, final Map<Integer, byte[]> approvals) {
        final byte[] text = next.canonicalText().getBytes(StandardCharsets.US_ASCII);
        final byte[] bytes = new byte[TEXT_OFFSET + text.length + 2 + approvals.size() * APPROVAL_LENGTH];
        final MutableDirectBuffer body = new UnsafeBuffer(bytes);
        body.putLong(0, MAGIC, LITTLE_ENDIAN);
        body.putBytes(GROUP_OFFSET, current.groupId());
        body.putInt(LENGTH_OFFSET, text.length, LITTLE_ENDIAN);
        body.putBytes(TEXT_OFFSET, text);
        int position = TEXT_OFFSET + text.length;
        body.putShort(position, (short) approvals.size(), LITTLE_ENDIAN);
        position += 2;
        for (final Map.Entry<Integer, byte[]> approval : new TreeMap<>(approvals).entrySet()) {
            body.putShort(position, approval.getKey().shortValue(), LITTLE_ENDIAN);
            body.putBytes(position + 2, approval.getValue(), 0, SIGNATURE_LENGTH);
            position += APPROVAL_LENGTH;
        }
        return bytes;
    }

    /** True if the command is meant for this group and epoch. */
    public boolean isFor(final byte[] groupId) {
        for (int i = 0; i < groupId.length; i++) {
            if (buffer.getByte(offset + GROUP_OFFSET + i) != groupId[i]) {
                return false;
            }
        }
        return true;
    }

    public String nextText() {
        return new String(nextBytes(), StandardCharsets.US_ASCII);
    }

    private byte[] nextBytes() {
        final byte[] text = new byte[textLength];
        buffer.getBytes(offset + TEXT_OFFSET, text);
        return text;
    }

    public int approvalCount() {
        return approvalCount;
    }

    private int signerId(final int index) {
        return buffer.getShort(approvalOffset(index), LITTLE_ENDIAN) & 0xFFFF;
    }

    private int approvalOffset(final int index) {
        return offset + TEXT_OFFSET + textLength + 2 + index * APPROVAL_LENGTH;
    }

    /** True if every approval is by a peer of the current roster and holds. Stops at the first that does not. */
    public boolean areApprovalsValid(final Roster current, final Verifier verifier) {
        final UnsafeBuffer content = approved(current.groupId(), nextBytes());
        for (int i = 0; i < approvalCount; i++) {
            if (signerId(i) >= current.size()
                    || !verifier.verify(
                            signerId(i),
                            SigningDomain.RECONFIGURE,
                            content,
                            0,
                            content.capacity(),
                            buffer,
                            approvalOffset(i) + 2)) {
                return false;
            }
        }
        return true;
    }
}
