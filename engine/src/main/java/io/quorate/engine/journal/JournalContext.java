package io.quorate.engine.journal;

import java.nio.file.Path;

/** Settings of an {@link ArchiveJournal}; fluent until {@link #conclude()}. */
public final class JournalContext {
    private static final long SPACE_MIN_BYTES = 16L * 1024 * 1024;

    private Path directory;
    private Path driverDirectory;
    private JournalIdentity identity;
    private int fileSyncLevel = 1;
    private int segmentLength = 4 * 1024 * 1024;
    private long lowSpaceBytes = SPACE_MIN_BYTES;
    private boolean isConcluded;

    /** Folder of the journal, inside the peer's private folder; made if it is not there, and beside it the journal's mark. */
    public JournalContext directory(final Path newDirectory) {
        changing();
        directory = newDirectory;
        return this;
    }

    Path directory() {
        return directory;
    }

    /** Folder of the media driver that carries records to the archive; best on a memory file system. */
    public JournalContext driverDirectory(final Path newDriverDirectory) {
        changing();
        driverDirectory = newDriverDirectory;
        return this;
    }

    Path driverDirectory() {
        return driverDirectory;
    }

    /** Whose journal it is. */
    public JournalContext identity(final JournalIdentity newIdentity) {
        changing();
        identity = newIdentity;
        return this;
    }

    JournalIdentity identity() {
        return identity;
    }

    /** 1: the data of every group of records is forced before it counts as durable; 2: the file's metadata, too. */
    public JournalContext fileSyncLevel(final int newFileSyncLevel) {
        changing();
        fileSyncLevel = newFileSyncLevel;
        return this;
    }

    int fileSyncLevel() {
        return fileSyncLevel;
    }

    /** Bytes of one file; what stands below the newest base is dropped file by file. A power of two from 1 MiB. */
    public JournalContext segmentLength(final int newSegmentLength) {
        changing();
        segmentLength = newSegmentLength;
        return this;
    }

    int segmentLength() {
        return segmentLength;
    }

    /** With less free space than this the journal stops, and so does the peer's vote. */
    public JournalContext lowSpaceBytes(final long newLowSpaceBytes) {
        changing();
        lowSpaceBytes = newLowSpaceBytes;
        return this;
    }

    long lowSpaceBytes() {
        return lowSpaceBytes;
    }

    /**
     * Checks and freezes.
     *
     * @throws IllegalArgumentException that says what is missing or wrong; level 0 would call durable what is not
     */
    public JournalContext conclude() {
        changing();
        require(directory != null && driverDirectory != null, "directory and driverDirectory are required", 0);
        require(identity != null, "identity is required", 0);
        require(fileSyncLevel == 1 || fileSyncLevel == 2, "fileSyncLevel is 1 or 2", fileSyncLevel);
        require(
                segmentLength >= 1 << 20 && segmentLength <= 1 << 27 && Integer.bitCount(segmentLength) == 1,
                "segmentLength is a power of two from 1 MiB to 128 MiB",
                segmentLength);
        require(lowSpaceBytes >= 0, "lowSpaceBytes is at least 0", lowSpaceBytes);
        isConcluded = true;
        return this;
    }

    private static void require(final boolean condition, final String rule, final long given) {
        if (!condition) {
            throw new IllegalArgumentException(rule + ", given " + given);
        }
    }

    private void changing() {
        if (isConcluded) {
            throw new IllegalStateException("the settings are concluded and can no longer change");
        }
    }
}
