package io.quorate.transport.auth;

import org.agrona.DirectBuffer;

/** Checks other peers' signatures against the roster. Not thread-safe: one instance a thread. */
public interface Verifier {
    /** True if the signature is the named peer's over this content in this domain, group and epoch. */
    boolean verify(
            int peerId,
            SigningDomain domain,
            DirectBuffer content,
            int offset,
            int lengthBytes,
            DirectBuffer signature,
            int signatureOffset);
}
