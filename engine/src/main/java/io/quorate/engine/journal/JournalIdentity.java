package io.quorate.engine.journal;

import io.quorate.transport.auth.Digest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Whose journal it is; each record carries it, so that a record of another peer, group or epoch is recognised.
 *
 * @param key hash over group id, epoch and peer id
 * @param incarnation how often this peer has started; rises with each start
 */
public record JournalIdentity(long key, long incarnation) {
    /**
     * The identity of one start of a peer.
     *
     * @param groupId SHA-256 of the roster
     */
    public static JournalIdentity of(final byte[] groupId, final long epoch, final int peerId, final long incarnation) {
        final ByteBuffer bytes = ByteBuffer.allocate(groupId.length + Long.BYTES + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(groupId)
                .putLong(epoch)
                .putInt(peerId);
        final long key = ByteBuffer.wrap(Digest.sha256(bytes.array()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .getLong();
        return new JournalIdentity(key, incarnation);
    }
}
