package io.quorate.engine.coordination;

/** What became of one command of a round; its code is the whole reply, so that a client learns the reason in one byte. */
public enum ContributionOutcome {
    ACCEPTED(0, "the contribution counts"),
    DUPLICATE(1, "the same contribution already counts"),
    CONFLICT(2, "a different contribution of this peer already counts; this one is kept as evidence"),
    ROUND_CLOSED(3, "the round is closed"),
    DEADLINE_COUNTED(4, "the wish to close the round is counted"),
    ROUND_UNKNOWN(5, "no such round is open"),
    ROUNDS_EXHAUSTED(6, "this peer has opened as many rounds as a peer may have open"),
    SENDER_UNKNOWN(7, "the sender is no member of the group"),
    COMMAND_MALFORMED(8, "the bytes are no command of this schema"),
    ROUND_NAME_REFUSED(9, "a round's name has 1 to 64 bytes of UTF-8 without control characters"),
    TYPE_REFUSED(10, "a peer's type has at most 64 bytes of UTF-8 without control characters"),
    CONTENT_TOO_LONG(11, "the content is longer than the group allows"),
    CONTENT_NOT_TEXT(12, "the content is not UTF-8"),
    DIMENSION_WRONG(13, "the vector does not have the group's dimension"),
    NOT_FINITE(14, "the vector has a NaN or an infinite component"),
    ZERO_VECTOR(15, "the vector is zero, so it has no direction");

    private static final ContributionOutcome[] BY_CODE = values();

    private final byte code;
    private final String sentence;

    ContributionOutcome(final int code, final String sentence) {
        this.code = (byte) code;
        this.sentence = sentence;
    }

    /** @throws IllegalArgumentException if no outcome has this code */
    public static ContributionOutcome of(final byte code) {
        if (code < 0 || code >= BY_CODE.length) {
            throw new IllegalArgumentException(
                    "outcomes have the codes 0 to " + (BY_CODE.length - 1) + ", given " + code);
        }
        return BY_CODE[code];
    }

    /** The reply's only byte; never changes between versions. */
    public byte code() {
        return code;
    }

    public String sentence() {
        return sentence;
    }

    /** True if the peer's contribution counts, now or since earlier. */
    public boolean isCounted() {
        return this == ACCEPTED || this == DUPLICATE;
    }
}
