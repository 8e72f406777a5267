package io.quorate.engine.epoch;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The reply to a {@link ReconfigureCommand}: {@code code (uint8) | last sequence of the epoch (int64; 0 if no end is set)}.
 */
public enum Verdict {
    /** The epoch ends; the sequence says where. */
    ACCEPTED("the group goes on in the next epoch"),
    MALFORMED("the bytes are no command"),
    OTHER_GROUP("the command is for another group, or for another epoch of this one"),
    PENDING("another step was accepted before, and this epoch ends with it"),
    REFUSED_STEP("the roster is not one allowed step away, or the group cannot go on with it"),
    TOO_FEW_APPROVALS("fewer peers than a quorum have approved it"),
    BAD_APPROVAL("an approval does not hold"),
    /** A command has an effect, so it must be ordered. */
    NO_QUESTION("a command is no question");

    /**
     * What became of a command.
     *
     * @param endSequence the last sequence of the epoch; 0 if it has no end
     */
    public record Told(Verdict verdict, long endSequence) {}

    public static final int LENGTH = 1 + 8;

    private static final Verdict[] CODES = values();

    private final String sentence;

    Verdict(final String sentence) {
        this.sentence = sentence;
    }

    /** What it means, for people. */
    public String sentence() {
        return sentence;
    }

    int write(final MutableDirectBuffer reply, final int offset, final long endSequence) {
        reply.putByte(offset, (byte) ordinal());
        reply.putLong(offset + 1, endSequence, LITTLE_ENDIAN);
        return LENGTH;
    }

    /** @throws IllegalArgumentException if the bytes are no verdict */
    public static Verdict of(final DirectBuffer reply, final int offset, final int lengthBytes) {
        if (lengthBytes != LENGTH || (reply.getByte(offset) & 0xFF) >= CODES.length) {
            throw new IllegalArgumentException(lengthBytes + " bytes are no verdict");
        }
        return CODES[reply.getByte(offset)];
    }

    /** Both parts of a reply; otherwise as {@link #of}. */
    public static Told told(final DirectBuffer reply, final int offset, final int lengthBytes) {
        return new Told(of(reply, offset, lengthBytes), endSequence(reply, offset));
    }

    /** The last sequence of the epoch that a verdict tells of, 0 if it has no end. */
    public static long endSequence(final DirectBuffer reply, final int offset) {
        return reply.getLong(offset + 1, LITTLE_ENDIAN);
    }
}
