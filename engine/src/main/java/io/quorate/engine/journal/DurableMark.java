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
 * The highest number that a journal ever reported as durable, kept in a file outside its folder. A journal that ends below its
 * mark has lost what may have been said, or is an older copy of itself; without a mark the one would look like a torn tail, and the
 * other like the journal.
 *
 * <p>Two slots are written in turn, so that a torn write leaves one whole. The file is written at each report and forced
 * with each base: it survives the end of the process always, and a loss of power as of some earlier moment at least.
 */
final class DurableMark implements AutoCloseable {
    /** What {@link #read} answers where no slot is whole and its owner's. */
    static final long UNREADABLE = -1;

    private static final int SLOT_COUNT = 2;
    private static final int SLOT_LENGTH = 512;
    private static final int CRC_OFFSET = 16;

    private final FileChannel channel;
    private final long owner;
    private final ByteBuffer slot = ByteBuffer.allocateDirect(SLOT_LENGTH).order(LITTLE_ENDIAN);
    private final CRC32C crc = new CRC32C();
    private int turn;

    private DurableMark(final FileChannel channel, final long owner, final int turn) {
        this.channel = channel;
        this.owner = owner;
        this.turn = turn;
    }

    /** Opens the file for writing. If there is none yet, makes one, readable by its owner only, that says 0 and is on the disk. */
    static DurableMark open(final Path file, final long owner) throws IOException {
        final byte[] before = isMissing(file) ? new byte[0] : Files.readAllBytes(file);
        final FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        // Never over the newest: a torn write must leave the last one that was forced.
        final DurableMark mark = new DurableMark(channel, owner, (newestSlot(before, owner) + 1) % SLOT_COUNT);
        if (before.length == 0) {
            mark.write(0);
            mark.force();
            // The file is durable only once the folder is.
            try (FileChannel folder = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
                folder.force(true);
            }
        }
        return mark;
    }

    /** True if there is no mark: none was ever made, or somebody took it away. */
    static boolean isMissing(final Path file) throws IOException {
        return !Files.exists(file) || Files.size(file) == 0;
    }

    /** The mark in a file that is not missing. */
    static long read(final Path file, final long owner) throws IOException {
        final byte[] bytes = Files.readAllBytes(file);
        final int newest = newestSlot(bytes, owner);
        return newest < 0 ? UNREADABLE : slotAt(bytes, newest).getLong(0);
    }

    /** The slot with the highest mark that is whole and the owner's, or -1. */
    private static int newestSlot(final byte[] bytes, final long owner) {
        int newest = -1;
        for (int index = 0; (index + 1) * SLOT_LENGTH <= bytes.length && index < SLOT_COUNT; index++) {
            final ByteBuffer one = slotAt(bytes, index);
            final CRC32C sum = new CRC32C();
            sum.update(one.slice(0, CRC_OFFSET));
            final boolean isWhole = one.getInt(CRC_OFFSET) == (int) sum.getValue() && one.getLong(8) == owner;
            if (isWhole && (newest < 0 || one.getLong(0) > slotAt(bytes, newest).getLong(0))) {
                newest = index;
            }
        }
        return newest;
    }

    private static ByteBuffer slotAt(final byte[] bytes, final int index) {
        return ByteBuffer.wrap(bytes, index * SLOT_LENGTH, SLOT_LENGTH).slice().order(LITTLE_ENDIAN);
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
            turn = (turn + 1) % SLOT_COUNT;
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
