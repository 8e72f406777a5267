package io.quorate.engine.coordination;

import static io.quorate.engine.coordination.ContributionOutcome.ACCEPTED;
import static io.quorate.engine.coordination.ContributionOutcome.COMMAND_MALFORMED;
import static io.quorate.engine.coordination.ContributionOutcome.CONTENT_NOT_TEXT;
import static io.quorate.engine.coordination.ContributionOutcome.CONTENT_TOO_LONG;
import static io.quorate.engine.coordination.ContributionOutcome.DIMENSION_WRONG;
import static io.quorate.engine.coordination.ContributionOutcome.NOT_FINITE;
import static io.quorate.engine.coordination.ContributionOutcome.ROUND_NAME_REFUSED;
import static io.quorate.engine.coordination.ContributionOutcome.TYPE_REFUSED;
import static io.quorate.engine.coordination.ContributionOutcome.ZERO_VECTOR;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.quorate.transport.auth.Digest;
import io.quorate.transport.codecs.ContributionDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.MessageHeaderEncoder;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What one peer says in a round, as the bytes of its Contribution command: the round's name, the peer's type, its answer and
 * its vector. A flyweight; {@link #wrap} is the only door through which a peer's output comes in, from a file as from the
 * network.
 *
 * <p>The encoding is canonical: equal outputs have equal bytes, and bytes that are not the encoding of an output are refused.
 */
public final class PeerOutput {
    /** Longest round name in bytes of UTF-8. */
    public static final int ROUND_LENGTH_MAX = 64;

    /** Longest peer type in bytes of UTF-8. */
    public static final int TYPE_LENGTH_MAX = 64;

    private static final int LENGTH_FIELD = Integer.BYTES;
    private static final int FIELD_COUNT = 4;

    private final CoordinatorContext context;
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final int[] fieldOffset = new int[FIELD_COUNT];
    private final int[] fieldLength = new int[FIELD_COUNT];
    private final Digest sha256 = new Digest();
    private final byte[] digest = new byte[Digest.LENGTH];
    private final UnsafeBuffer digestBuffer = new UnsafeBuffer(digest);

    private DirectBuffer buffer;
    private String round;
    private String type;
    private String content;

    /** @param context concluded settings that say what is allowed */
    public PeerOutput(final CoordinatorContext context) {
        context.requireConcluded();
        this.context = context;
    }

    /** Length in bytes of the command for texts of these lengths in bytes. */
    public static int encodedLength(
            final int roundLength, final int typeLength, final int contentLength, final int dimension) {
        return MessageHeaderEncoder.ENCODED_LENGTH
                + FIELD_COUNT * LENGTH_FIELD
                + roundLength
                + typeLength
                + contentLength
                + dimension * Float.BYTES;
    }

    /**
     * Writes the command; the vector goes from the segment straight into the buffer.
     *
     * @param vector native-order float32, a whole number of them
     * @return length in bytes
     * @throws IndexOutOfBoundsException if the buffer is too short and cannot grow
     * @throws IllegalArgumentException if a text is no Unicode text
     */
    public static int encode(
            final MutableDirectBuffer destination,
            final int offset,
            final String round,
            final String type,
            final String content,
            final MemorySegment vector) {
        final int dimension = (int) (vector.byteSize() / Float.BYTES);
        final int start = encodeTexts(destination, offset, round, type, content, dimension);
        for (int i = 0; i < dimension; i++) {
            destination.putFloat(
                    start + i * Float.BYTES,
                    vector.get(ValueLayout.JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES),
                    LITTLE_ENDIAN);
        }
        return start + dimension * Float.BYTES - offset;
    }

    /** As {@link #encode(MutableDirectBuffer, int, String, String, String, MemorySegment)}, from an array. */
    public static int encode(
            final MutableDirectBuffer destination,
            final int offset,
            final String round,
            final String type,
            final String content,
            final float[] vector) {
        final int start = encodeTexts(destination, offset, round, type, content, vector.length);
        for (int i = 0; i < vector.length; i++) {
            destination.putFloat(start + i * Float.BYTES, vector[i], LITTLE_ENDIAN);
        }
        return start + vector.length * Float.BYTES - offset;
    }

    /** True if a round can have this name. */
    public static boolean isRoundName(final String name) {
        return !name.isEmpty() && isLabel(name, ROUND_LENGTH_MAX);
    }

    /** True if a peer can have this type; it may be empty. */
    public static boolean isType(final String type) {
        return isLabel(type, TYPE_LENGTH_MAX);
    }

    /**
     * Checks the bytes of a command completely and points the flyweight at them; never throws, whatever the bytes.
     *
     * @return {@link ContributionOutcome#ACCEPTED}, or why the command is refused; then the accessors mean nothing
     */
    public ContributionOutcome wrap(final DirectBuffer buffer, final int offset, final int lengthBytes) {
        this.buffer = buffer;
        if (!findFields(offset, lengthBytes)) {
            return COMMAND_MALFORMED;
        }
        round = fieldLength[0] <= ROUND_LENGTH_MAX ? text(0) : null;
        if (round == null || !isRoundName(round)) {
            return ROUND_NAME_REFUSED;
        }
        type = fieldLength[1] <= TYPE_LENGTH_MAX ? text(1) : null;
        if (type == null || !isType(type)) {
            return TYPE_REFUSED;
        }
        if (fieldLength[2] > context.contentLengthMax()) {
            return CONTENT_TOO_LONG;
        }
        content = text(2);
        if (content == null) {
            return CONTENT_NOT_TEXT;
        }
        final ContributionOutcome outcome = vectorOutcome();
        if (outcome == ACCEPTED) {
            sha256.digest(buffer, offset, lengthBytes, digestBuffer, 0);
        }
        return outcome;
    }

    public String round() {
        return round;
    }

    public String type() {
        return type;
    }

    public String content() {
        return content;
    }

    public float component(final int index) {
        return buffer.getFloat(fieldOffset[3] + index * Float.BYTES, LITTLE_ENDIAN);
    }

    /** SHA-256 of the whole command, header included; overwritten by the next {@link #wrap}. */
    byte[] digest() {
        return digest;
    }

    /** The text of UTF-8 bytes, or null if they are not UTF-8: then decoding puts replacement characters in and changes them. */
    static String textOf(final byte[] utf8) {
        final String text = new String(utf8, UTF_8);
        return Arrays.equals(utf8, text.getBytes(UTF_8)) ? text : null;
    }

    private boolean findFields(final int offset, final int lengthBytes) {
        if (lengthBytes < MessageHeaderDecoder.ENCODED_LENGTH) {
            return false;
        }
        header.wrap(buffer, offset);
        if (header.schemaId() != ContributionDecoder.SCHEMA_ID
                || header.templateId() != ContributionDecoder.TEMPLATE_ID
                || header.version() != ContributionDecoder.SCHEMA_VERSION
                || header.blockLength() != ContributionDecoder.BLOCK_LENGTH) {
            return false;
        }
        final int end = offset + lengthBytes;
        int position = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        for (int field = 0; field < FIELD_COUNT; field++) {
            if (end - position < LENGTH_FIELD) {
                return false;
            }
            final int length = buffer.getInt(position, LITTLE_ENDIAN);
            position += LENGTH_FIELD;
            if (length < 0 || length > end - position) {
                return false;
            }
            fieldOffset[field] = position;
            fieldLength[field] = length;
            position += length;
        }
        return position == end;
    }

    private String text(final int field) {
        final byte[] utf8 = new byte[fieldLength[field]];
        buffer.getBytes(fieldOffset[field], utf8);
        return textOf(utf8);
    }

    private ContributionOutcome vectorOutcome() {
        final int dimension = context.dimension();
        if (fieldLength[3] != dimension * Float.BYTES) {
            return DIMENSION_WRONG;
        }
        boolean isZero = true;
        for (int i = 0; i < dimension; i++) {
            final float component = component(i);
            if (!Float.isFinite(component)) {
                return NOT_FINITE;
            }
            isZero &= component == 0;
        }
        return isZero ? ZERO_VECTOR : ACCEPTED;
    }

    private static boolean isLabel(final String label, final int lengthMax) {
        for (int i = 0; i < label.length(); i++) {
            if (Character.isISOControl(label.charAt(i))) {
                return false;
            }
        }
        return label.getBytes(UTF_8).length <= lengthMax;
    }

    private static int encodeTexts(
            final MutableDirectBuffer destination,
            final int offset,
            final String round,
            final String type,
            final String content,
            final int dimension) {
        new MessageHeaderEncoder()
                .wrap(destination, offset)
                .blockLength(ContributionDecoder.BLOCK_LENGTH)
                .templateId(ContributionDecoder.TEMPLATE_ID)
                .schemaId(ContributionDecoder.SCHEMA_ID)
                .version(ContributionDecoder.SCHEMA_VERSION);
        int position = offset + MessageHeaderEncoder.ENCODED_LENGTH;
        position = putField(destination, position, utf8("round", round));
        position = putField(destination, position, utf8("type", type));
        position = putField(destination, position, utf8("content", content));
        destination.putInt(position, dimension * Float.BYTES, LITTLE_ENDIAN);
        return position + LENGTH_FIELD;
    }

    private static byte[] utf8(final String name, final String text) {
        final byte[] utf8 = text.getBytes(UTF_8);
        if (!text.equals(new String(utf8, UTF_8))) {
            throw new IllegalArgumentException(name + " has half a surrogate pair, which UTF-8 cannot carry");
        }
        return utf8;
    }

    private static int putField(final MutableDirectBuffer destination, final int position, final byte[] bytes) {
        destination.putInt(position, bytes.length, LITTLE_ENDIAN);
        destination.putBytes(position + LENGTH_FIELD, bytes);
        return position + LENGTH_FIELD + bytes.length;
    }
}
