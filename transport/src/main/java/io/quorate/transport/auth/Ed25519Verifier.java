package io.quorate.transport.auth;

import org.agrona.DirectBuffer;

/** Checks signatures against the keys of a roster. Not thread-safe: one instance a thread. */
public final class Ed25519Verifier implements Verifier {
    private final Ed25519Provider.VerifyingKey[] keys;
    private final Ed25519Signer.Statement statement;
    private final byte[] signatureBytes = new byte[Signer.SIGNATURE_LENGTH];

    public Ed25519Verifier(final Ed25519Provider provider, final Roster roster) {
        keys = new Ed25519Provider.VerifyingKey[roster.size()];
        for (int i = 0; i < keys.length; i++) {
            keys[i] = provider.verifyingKey(roster.peer(i).publicKey());
        }
        statement = new Ed25519Signer.Statement(roster);
    }

    @Override
    public boolean verify(
            final int peerId,
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes,
            final DirectBuffer signature,
            final int signatureOffset) {
        if (peerId < 0 || peerId >= keys.length) {
            return false;
        }
        signature.getBytes(signatureOffset, signatureBytes);
        return keys[peerId].verify(statement.bytes(domain, content, offset, lengthBytes), signatureBytes);
    }
}
