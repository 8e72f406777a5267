package io.quorate.engine.virtual;

import io.quorate.transport.codecs.CheckpointDecoder;
import io.quorate.transport.codecs.CommitDecoder;
import io.quorate.transport.codecs.CommittedDecoder;
import io.quorate.transport.codecs.MessageHeaderDecoder;
import io.quorate.transport.codecs.NewViewDecoder;
import io.quorate.transport.codecs.PrePrepareDecoder;
import io.quorate.transport.codecs.PrepareDecoder;
import io.quorate.transport.codecs.ReplyDecoder;
import io.quorate.transport.codecs.RequestDecoder;
import io.quorate.transport.codecs.StableCheckpointDecoder;
import io.quorate.transport.codecs.StatusDecoder;
import io.quorate.transport.codecs.ViewChangeDecoder;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import org.agrona.DirectBuffer;

/**
 * What happened, as a running hash and as the last part in full. Equal seeds must give equal hashes: that is how the
 * simulator shows that it, and the protocol inside it, are deterministic.
 */
public final class Trace {
    /** How many records {@link #tail()} can give back. */
    public static final int TAIL_RECORDS = 256;

    private static final long MULTIPLIER = 0xD6E8FEB86659FD93L;
    private static final int FIELDS = 5;

    /** What a record tells; the name is printed. */
    public enum Kind {
        SEND("sends to"),
        DELIVER("receives from"),
        LOSE("loses a frame to"),
        CORRUPT("damages a frame to"),
        DUPLICATE("repeats a frame to"),
        BLOCK("cannot reach"),
        STALE("drops a frame of an ended session from"),
        REFUSE("is refused the way to"),
        SUBMIT("submits request"),
        REPLY("believes the reply to request"),
        APPLY("applies"),
        CHECKPOINT("takes a checkpoint at"),
        RESTORE("restores the checkpoint of"),
        CRASH("crashes, incarnation"),
        RESTART("restarts, incarnation"),
        PAUSE("pauses, ns"),
        LEAVE("leaves its view for"),
        ENTER("enters view"),
        VOTES("votes again, incarnation"),
        CLOCK("finds its clock moved, ns"),
        TURN("begins to lie, strategy"),
        LIE("lies to"),
        FORGED("drops a frame with a forged MAC, in the name of"),
        FAULT("fault"),
        CALM("faults stop"),
        ASK("asks for a roster of epoch"),
        OPEN("opens epoch"),
        GONE("is no peer any more from epoch"),
        HOLDS("thinks otherwise of");

        private final String words;

        Kind(final String words) {
            this.words = words;
        }
    }

    private static final Kind[] KINDS = Kind.values();

    private final long[] tail = new long[TAIL_RECORDS * FIELDS];
    private final long[] counts = new long[KINDS.length];
    private final Consumer<String> listener;
    private long count;
    private long hash = 0x6A09E667F3BCC909L;

    /** @param listener receives every record as a line at once, or null */
    public Trace(final Consumer<String> listener) {
        this.listener = listener;
    }

    /** Adds a record; what {@code subject} and {@code detail} are depends on the kind. */
    public void record(final long nowNs, final int peerId, final Kind kind, final long subject, final long detail) {
        long h = hash;
        h = (h ^ nowNs) * MULTIPLIER;
        h = (h ^ (h >>> 32) ^ ((long) peerId << 8) ^ kind.ordinal()) * MULTIPLIER;
        h = (h ^ (h >>> 32) ^ subject) * MULTIPLIER;
        h = (h ^ (h >>> 32) ^ detail) * MULTIPLIER;
        hash = h ^ (h >>> 29);
        counts[kind.ordinal()]++;
        final int base = (int) (count++ & TAIL_RECORDS - 1) * FIELDS;
        tail[base] = nowNs;
        tail[base + 1] = peerId;
        tail[base + 2] = kind.ordinal();
        tail[base + 3] = subject;
        tail[base + 4] = detail;
        if (listener != null) {
            listener.accept(line(base));
        }
    }

    /** Hands a line to the listener of the readable form; not part of the hash. */
    public void tell(final long nowNs, final String line) {
        if (listener != null) {
            listener.accept(time(nowNs) + "  " + line);
        }
    }

    public boolean isReadable() {
        return listener != null;
    }

    public long hash() {
        return hash;
    }

    public long recordCount() {
        return count;
    }

    /** How many records of a kind there are. */
    public long count(final Kind kind) {
        return counts[kind.ordinal()];
    }

    /** The last records, oldest first, one a line. */
    public String tail() {
        final StringBuilder text = new StringBuilder();
        for (long index = Math.max(0, count - TAIL_RECORDS); index < count; index++) {
            text.append(line((int) (index % TAIL_RECORDS) * FIELDS)).append('\n');
        }
        return text.toString();
    }

    private String line(final int base) {
        final Kind kind = KINDS[(int) tail[base + 2]];
        final String who = tail[base + 1] < 0 ? "all" : "peer " + tail[base + 1];
        return time(tail[base]) + "  " + who + " " + kind.words + " " + tail[base + 3] + " ["
                + Long.toHexString(tail[base + 4]) + "]";
    }

    /** A message of pBFT in a few words, for the readable trace. */
    public static String describe(final DirectBuffer message, final int offset) {
        final MessageHeaderDecoder header = new MessageHeaderDecoder();
        header.wrap(message, offset);
        final int body = offset + MessageHeaderDecoder.ENCODED_LENGTH;
        return switch (header.templateId()) {
            case RequestDecoder.TEMPLATE_ID ->
                "request " + message.getLong(body + RequestDecoder.requestNumberEncodingOffset()) + " of client "
                        + message.getShort(body + RequestDecoder.clientIdEncodingOffset());
            case PrePrepareDecoder.TEMPLATE_ID ->
                "pre-prepare"
                        + slot(
                                message,
                                body + PrePrepareDecoder.viewEncodingOffset(),
                                body + PrePrepareDecoder.sequenceEncodingOffset(),
                                body + PrePrepareDecoder.batchDigestEncodingOffset());
            case PrepareDecoder.TEMPLATE_ID ->
                "prepare"
                        + slot(
                                message,
                                body + PrepareDecoder.viewEncodingOffset(),
                                body + PrepareDecoder.sequenceEncodingOffset(),
                                body + PrepareDecoder.batchDigestEncodingOffset());
            case CommitDecoder.TEMPLATE_ID ->
                "commit"
                        + slot(
                                message,
                                body + CommitDecoder.viewEncodingOffset(),
                                body + CommitDecoder.sequenceEncodingOffset(),
                                body + CommitDecoder.batchDigestEncodingOffset());
            case ReplyDecoder.TEMPLATE_ID ->
                "reply to request " + message.getLong(body + ReplyDecoder.requestNumberEncodingOffset());
            case CheckpointDecoder.TEMPLATE_ID ->
                "checkpoint of sequence " + message.getLong(body + CheckpointDecoder.sequenceEncodingOffset());
            case StableCheckpointDecoder.TEMPLATE_ID ->
                "stable checkpoint of sequence "
                        + message.getLong(body + StableCheckpointDecoder.sequenceEncodingOffset());
            case ViewChangeDecoder.TEMPLATE_ID -> viewChange(message, offset, header);
            case NewViewDecoder.TEMPLATE_ID ->
                "new view " + message.getLong(body + NewViewDecoder.viewEncodingOffset());
            case StatusDecoder.TEMPLATE_ID ->
                "status: view "
                        + message.getLong(body + StatusDecoder.viewEncodingOffset()) + ", stable "
                        + message.getLong(body + StatusDecoder.stableSequenceEncodingOffset()) + ", committed "
                        + message.getLong(body + StatusDecoder.committedSequenceEncodingOffset()) + ", executed "
                        + message.getLong(body + StatusDecoder.executedSequenceEncodingOffset()) + ", flags "
                        + message.getByte(body + StatusDecoder.flagsEncodingOffset());
            case CommittedDecoder.TEMPLATE_ID ->
                "committed sequence "
                        + message.getLong(body + CommittedDecoder.sequenceEncodingOffset()) + ", digest "
                        + Integer.toHexString(message.getInt(
                                body + CommittedDecoder.batchDigestEncodingOffset(), ByteOrder.BIG_ENDIAN));
            default -> "message " + header.templateId();
        };
    }

    private static String viewChange(final DirectBuffer message, final int offset, final MessageHeaderDecoder header) {
        final ViewChangeDecoder decoder = new ViewChangeDecoder();
        decoder.wrapAndApplyHeader(message, offset, header);
        final StringBuilder text = new StringBuilder("view change to view ")
                .append(decoder.view())
                .append(" of peer ")
                .append(decoder.replicaId())
                .append(" from base ")
                .append(decoder.baseSequence());
        decoder.signers().forEach(ViewChangeDecoder.SignersDecoder::replicaId);
        text.append(", P:");
        for (final ViewChangeDecoder.PreparedDecoder claim : decoder.prepared()) {
            text.append(" (")
                    .append(claim.sequence())
                    .append(", view ")
                    .append(claim.view())
                    .append(", ");
            text.append(String.format("%02x%02x)", claim.batchDigest(0), claim.batchDigest(1)));
        }
        text.append(", Q:");
        for (final ViewChangeDecoder.PrePreparedDecoder claim : decoder.prePrepared()) {
            text.append(" (")
                    .append(claim.sequence())
                    .append(", view ")
                    .append(claim.view())
                    .append(", ");
            text.append(String.format("%02x%02x)", claim.batchDigest(0), claim.batchDigest(1)));
        }
        return text.toString();
    }

    private static String slot(final DirectBuffer message, final int viewAt, final int sequenceAt, final int digestAt) {
        return " of view " + message.getLong(viewAt) + ", sequence " + message.getLong(sequenceAt) + ", digest "
                + Integer.toHexString(message.getInt(digestAt, ByteOrder.BIG_ENDIAN));
    }

    private static String time(final long nowNs) {
        final String digits =
                Long.toString(nowNs / 1_000 % 1_000_000 + 1_000_000).substring(1);
        return nowNs / 1_000_000_000L + "." + digits + " s";
    }

    /** A 64-bit keyed hash of bytes, a word at a time. */
    public static long hash(final long key, final DirectBuffer buffer, final int offset, final int lengthBytes) {
        long h = key ^ (lengthBytes * MULTIPLIER);
        int index = offset;
        final int end = offset + lengthBytes;
        for (; index + Long.BYTES <= end; index += Long.BYTES) {
            h = (h ^ buffer.getLong(index)) * MULTIPLIER;
            h ^= h >>> 32;
        }
        long rest = 0;
        for (; index < end; index++) {
            rest = (rest << 8) | (buffer.getByte(index) & 0xFF);
        }
        return SimRandom.mix(h ^ rest ^ key);
    }
}
