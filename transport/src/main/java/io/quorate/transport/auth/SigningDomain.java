package io.quorate.transport.auth;

/**
 * What kind of statement a signature covers, so that a signature from one place proves nothing in another.
 *
 * <p>The tag is part of the signed bytes: {@code tag (16 ASCII bytes, space padded) | group id (32) | roster epoch (uint32,
 * little-endian) | SHA-256(content) (32)}.
 */
public enum SigningDomain {
    REQUEST("quorate-request"),
    PRE_PREPARE("quorate-preprep"),
    CHECKPOINT("quorate-checkpt"),
    VIEW_CHANGE("quorate-viewchg"),
    NEW_VIEW("quorate-newview"),
    RESULT("quorate-result"),
    HANDSHAKE("quorate-handshk"),
    RECONFIGURE("quorate-reconfig"),
    HANDOVER("quorate-handovr"),
    VALUE("quorate-value"),
    MEMBER("quorate-member"),
    ACCUSATION("quorate-accuse"),
    ANNOUNCEMENT("quorate-announc");

    private final String tag;

    SigningDomain(final String tag) {
        this.tag = tag;
    }

    public String tag() {
        return tag;
    }
}
