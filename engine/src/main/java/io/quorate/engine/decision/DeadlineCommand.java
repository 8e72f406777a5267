package io.quorate.engine.decision;

import static io.quorate.engine.coordination.ContributionOutcome.ACCEPTED;
import static io.quorate.engine.coordination.ContributionOutcome.COMMAND_MALFORMED;
import static io.quorate.engine.coordination.ContributionOutcome.ROUND_NAME_REFUSED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.quorate.engine.coordination.ContributionOutcome;
import io.quorate.engine.coordination.PeerOutput;
import io.quorate.transport.codecs.DeadlineDecoder;
import io.quorate.transport.codecs.DeadlineEncoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** The command by which a member says that it has waited long enough for a round. */
public final class DeadlineCommand {
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private String round;

    /** Writes the command; returns its length in bytes. */
    public static int encode(final MutableDirectBuffer destination, final int offset, final String round) {
        final byte[] name = round.getBytes(UTF_8);
        final DeadlineEncoder encoder =
                new DeadlineEncoder().wrapAndApplyHeader(destination, offset, new MessageHeaderEncoder());
        encoder.putRound(name, 0, name.length);
        return MessageHeaderEncoder.ENCODED_LENGTH + encoder.encodedLength();
    }

    /** Checks the bytes completely; never throws. */
    ContributionOutcome wrap(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        if (lengthBytes < MessageHeaderDecoder.ENCODED_LENGTH) {
            return COMMAND_MALFORMED;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != DeadlineDecoder.SCHEMA_ID
                || header.templateId() != DeadlineDecoder.TEMPLATE_ID
                || header.version() != DeadlineDecoder.SCHEMA_VERSION
                || header.blockLength() != DeadlineDecoder.BLOCK_LENGTH) {
            return COMMAND_MALFORMED;
        }
        final int position = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        final int end = offset + lengthBytes;
        if (!isNameField(buffer, position, end)) {
            return COMMAND_MALFORMED;
        }
        round = readName(buffer, position, end);
        return round == null ? ROUND_NAME_REFUSED : ACCEPTED;
    }

    String round() {
        return round;
    }

    /** True if a length and exactly so many bytes lie between {@code position} and {@code end}. */
    static boolean isNameField(final DirectBuffer buffer, final int position, final int end) {
        return end - position >= Integer.BYTES
                && buffer.getInt(position, LITTLE_ENDIAN) == end - position - Integer.BYTES;
    }

    /** The round's name that fills the field, or null if the field or the name is none. */
    static String readName(final DirectBuffer buffer, final int position, final int end) {
        if (!isNameField(buffer, position, end) || end - position - Integer.BYTES > PeerOutput.ROUND_LENGTH_MAX) {
            return null;
        }
        final byte[] utf8 = new byte[end - position - Integer.BYTES];
        buffer.getBytes(position + Integer.BYTES, utf8);
        final String name = new String(utf8, UTF_8);
        // Bytes that are no UTF-8 do not survive the way there and back.
        return PeerOutput.isRoundName(name) && Arrays.equals(utf8, name.getBytes(UTF_8)) ? name : null;
    }
}
