package io.quorate.engine.pbft;

import io.quorate.transport.auth.Digest;
import io.quorate.transport.auth.Signer;
import io.quorate.transport.auth.SigningDomain;
import io.quorate.transport.auth.Verifier;
import java.nio.charset.StandardCharsets;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Signatures for tests: a digest over signer, domain and content. Unforgeable as long as the test does not call the signer. */
final class SymbolicKeys implements Verifier {
    /** Signatures checked so far. */
    long checkCount;

    private final Digest digest = new Digest();
    private final UnsafeBuffer id = new UnsafeBuffer(new byte[4]);
    private final UnsafeBuffer expected = new UnsafeBuffer(new byte[Signer.SIGNATURE_LENGTH]);

    Signer signer(final int peerId) {
        return (domain, content, offset, lengthBytes, signature, signatureOffset) ->
                make(peerId, domain, content, offset, lengthBytes, signature, signatureOffset);
    }

    private void make(
            final int peerId,
            final SigningDomain domain,
            final DirectBuffer content,
            final int offset,
            final int lengthBytes,
            final MutableDirectBuffer signature,
            final int signatureOffset) {
        id.putInt(0, peerId);
        digest.update(id, 0, 4)
                .update(domain.tag().getBytes(StandardCharsets.US_ASCII))
                .update(content, offset, lengthBytes)
                .finish(signature, signatureOffset);
        signature.setMemory(signatureOffset + 32, 32, (byte) (peerId + 1));
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
        checkCount++;
        make(peerId, domain, content, offset, lengthBytes, expected, 0);
        for (int i = 0; i < Signer.SIGNATURE_LENGTH; i++) {
            if (expected.getByte(i) != signature.getByte(signatureOffset + i)) {
                return false;
            }
        }
        return true;
    }
}
