package io.quorate.transport.auth;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Signs with this peer's roster key. Not thread-safe: one instance a thread. */
public final class Ed25519Signer implements Signer {
    private final Ed25519Provider.SigningKey key;
    private final Statement statement;

    public Ed25519Signer(final Ed25519Provider provider, final PeerIdentity identity, final Roster roster) {
        key = identity.signingKey(provider);
        statement = new Statement(roster);
    }

    @Override
    public void sign(
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer signature,
            final int signatureOffset) {
        signature.putBytes(signatureOffset, key.sign(statement.bytes(domain, content, offset, lengthBytes)));
    }

    /** The bytes that a signature covers, as {@link SigningDomain} lays them out. */
    static final class Statement {
        private static final int TAG_LENGTH = 16;
        private static final int EPOCH_OFFSET = TAG_LENGTH + Roster.GROUP_ID_LENGTH;
        private static final int DIGEST_OFFSET = EPOCH_OFFSET + Integer.BYTES;

        private final byte[] bytes = new byte[DIGEST_OFFSET + Digest.LENGTH];
        private final UnsafeBuffer buffer = new UnsafeBuffer(bytes);
        private final byte[][] tags = new byte[SigningDomain.values().length][];
        private final Digest digest = new Digest();

        Statement(final Roster roster) {
            for (final SigningDomain domain : SigningDomain.values()) {
                final byte[] tag = new byte[TAG_LENGTH];
                Arrays.fill(tag, (byte) ' ');
                final byte[] name = domain.tag().getBytes(StandardCharsets.US_ASCII);
                System.arraycopy(name, 0, tag, 0, name.length);
                tags[domain.ordinal()] = tag;
            }
            buffer.putBytes(TAG_LENGTH, roster.groupId());
            buffer.putInt(EPOCH_OFFSET, (int) roster.epoch(), ByteOrder.LITTLE_ENDIAN);
        }

        /** The array is this object's own and is overwritten by the next call. */
        byte[] bytes(final SigningDomain domain, final DirectBuffer content, final int offset, final int lengthBytes) {
            buffer.putBytes(0, tags[domain.ordinal()]);
            digest.digest(content, offset, lengthBytes, buffer, DIGEST_OFFSET);
            return bytes;
        }
    }
}
