package io.quorate.engine.journal;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.zip.CRC32C;

/**
 * The highest number that a journal ever reported as durable, kept in a file beside it. A journal that ends below its mark has
 * lost what may have been said; without a mark that would look like a torn tail.
 *
 * <p>Two slots are written in turn, so that a torn write leaves one whole. The file is written at each report and forced
 * with each base: it survives the end of the process always, and a loss of power as of some earlier moment at least.
 */
final class DurableMark implements AutoCloseable {
    private static final int SLOT_LENGTH = 512;
    private static final int CRC_OFFSET = 16;

    private final FileChannel channel;
    private final long owner;
    private final ByteBuffer slot = ByteBuffer.allocateDirect(SLOT_LENGTH).order(LITTLE_ENDIAN);
    private final CRC32C crc = new CRC32C();
    private int turn;

    private DurableMark(final FileChannel channel, final long owner) {
        this.channel = channel;
        this.owner = owner;
    }

    /** Opens the file for writing; makes it, readable by its owner only, if it is not there. */
    static DurableMark open(final Path file, final long owner) throws IOException {
        final FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return new DurableMark(channel, owner);
    }

    /** The mark in a file: 0 if there is no file, negative if no slot of it is whole and its owner's. */
    static long read(final Path file, final long owner) throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        final byte[] bytes = Files.readAllBytes(file);
        if (bytes.length == 0) {
            // Made, but the process ended before it wrote anything.
            return 0;
        }
        long highest = -1;
        for (int offset = 0; offset + SLOT_LENGTH <= bytes.length; offset += SLOT_LENGTH) {
            final ByteBuffer one =
                    ByteBuffer.wrap(bytes, offset, SLOT_LENGTH).slice().order(LITTLE_ENDIAN);
            final CRC32C sum = new CRC32C();
            sum.update(one.slice(0, CRC_OFFSET));
            if (one.getInt(CRC_OFFSET) == (int) sum.getValue() && one.getLong(8) == owner) {
                highest = Math.max(highest, one.getLong(0));
            }
        }
        return highest;
    }

    /** Writes the mark; to be called before anybody acts on it. */
    void write(final long number) {
        slot.clear().putLong(0, number).putLong(8, owner);
        crc.reset();
        crc.update(slot.slice(0, CRC_OFFSET));
        slot.putInt(CRC_OFFSET, (int) crc.getValue());
        try {
            slot.clear();
            channel.write(slot, (long) turn * SLOT_LENGTH);
            turn = 1 - turn;
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot write the journal's mark: " + e.getMessage(), e);
        }
    }

    void force() {
        try {
            channel.force(false);
        } catch (final IOException e) {
            throw new UncheckedIOException("cannot force the journal's mark: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
