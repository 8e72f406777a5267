package io.quorate.transport.auth;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Signs statements with this peer's key. Not thread-safe: one instance a thread. The simulator has a symbolic one. */
public interface Signer {
    int SIGNATURE_LENGTH = 64;

    /** Writes the {@value #SIGNATURE_LENGTH}-byte signature of the content in the given domain. */
    void sign(
            SigningDomain domain,
            DirectBuffer content,
            int offset,
            int lengthBytes,
            MutableDirectBuffer signature,
            int signatureOffset);
}
